"""A session as people have it, recorded: a first run, an edit, a plan, a rerun, a failure, its mending.

``tests/golden/session.txt`` is the recording; PRUN_RENEW_GOLDEN=1 makes it anew. Run ids, times and
keys are replaced by ones that stay.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from harness import Project, command

GOLDEN = Path(__file__).parents[1] / "golden" / "session.txt"


class Session:
    """Commands, what they print, and what is edited between them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.lines: list[str] = []
        self.runs: list[str] = []

    def prun(self, *args: str, typed: tuple[str, ...] = (), exit: int = 0) -> str:
        done = subprocess.run(
            [*command(), *args],
            cwd=self.project.folder,
            env=self.project.environment(),
            input="".join(f"{line}\n" for line in typed),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == exit, done.stdout
        text = done.stdout
        for line in typed:
            text = text.replace("(Pdb) ", f"(Pdb)_{line}\n", 1)
        text = text.replace("(Pdb)_", "(Pdb) ")
        shown = " ".join(f'"{a}"' if "[" in a else a for a in args)
        self.lines += [f"$ prun {shown}", *text.splitlines(), ""]
        return text

    def edit(self, path: str, old: str, new: str, words: str) -> None:
        self.project.edit(path, old, new)
        self.lines += [f"# {path}: {words}", ""]

    def text(self) -> str:
        text = "\n".join(self.lines).rstrip() + "\n"
        text = text.replace(str(self.project.folder.resolve()) + os.sep, "").replace(
            str(self.project.folder) + os.sep, ""
        )
        for run in dict.fromkeys(re.findall(r"\d{8}-\d{6}-[0-9a-f]{6}", text)):
            self.runs.append(run)
            text = text.replace(run, f"20260105-10{len(self.runs):02d}00-abc{len(self.runs):03d}")
        text = re.sub(r"key [0-9a-f]{48}/[0-9a-f]{48}", "key 1f0c.../9b2e...", text)
        text = re.sub(r" on \d{4}-\d\d-\d\d at \d\d:\d\d:\d\d", " on 2026-01-05 at 10:00:00", text)
        text = re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "0.1 s", text)
        text = re.sub(r" \(saved 0.1 s\)", "", text)
        text = re.sub(r"^\w+: (\d+ )?run in 0.1 s\n", "", text, flags=re.MULTILINE)  # told of slow steps
        text = re.sub(r"^\d+ of \d+ tasks done.*\n", "", text, flags=re.MULTILINE)  # told after long silence
        text = re.sub(r" \(\d+ workers?\)", " (4 workers)", text)
        text = re.sub(r"\d+ min ago", "just now", text)
        text = re.sub(r"(; about|; under) 0.1 s", "", text)
        text = re.sub(r"^Python 3\.\d+.*$", "Python 3.12", text, flags=re.MULTILINE)
        return re.sub(r"  Python 3\.\d+", "  Python 3.12", text)


def recorded(project: Project) -> str:
    session = Session(project)
    subprocess.run(
        [*command(), "init", "."],
        cwd=project.folder,
        env=project.environment(),
        check=True,
        capture_output=True,
    )
    project.file(
        "pipeline.yaml",
        re.sub(r"^name: .*$", "name: weather", project.text("pipeline.yaml"), flags=re.MULTILINE),
    )
    with (project.folder / "pipeline.yaml").open("a") as pipeline:
        pipeline.write("\nexecutor: {workers: 4}\n")  # else it depends on the machine
    session.prun("plan")
    session.prun("run")
    session.prun("run")
    session.edit("weather.py", "round(mean(celsius), 1)", "round(mean(celsius), 2)", "round to two digits")
    session.prun("plan")
    session.prun("why", "describe[Oslo]")
    session.prun("run")
    with (project.folder / "data" / "temperatures.csv").open("a") as data:
        data.write("Oslo,13,mild\n")
    session.lines += ["# data/temperatures.csv: somebody adds the row `Oslo,13,mild`", ""]
    session.prun("run", exit=1)
    session.prun("debug", "cities", "--pdb", typed=("p row", "q"), exit=1)
    session.edit(
        "weather.py",
        "    for row in rows:\n",
        '    for row in rows:\n        if row["celsius"] == "mild":\n            continue\n',
        "leave such a row out",
    )
    out = session.prun("debug", "cities")
    assert "nothing stored" in out
    session.prun("run")
    session.prun("graph")
    session.prun("show", "describe[Oslo]")
    return session.text()


def test_the_session(project: Project) -> None:
    text = recorded(project)
    if os.environ.get("PRUN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8", newline="\n")
    expected = GOLDEN.read_text(encoding="utf-8")
    if sys.version_info[:2] == (3, 11):
        assert text == expected
    else:  # pdb and tracebacks say things a little differently in each version
        assert text.count("$ prun") == expected.count("$ prun")
