"""A fluent black-box builder: write a project, run the real ``prun`` command, look at what it did.

    project.file("tasks.py", "...").pipeline("...").run()

Nothing here imports the package under test. Functions of a test project may call
``calls.called("name")``; ``Project.calls()`` gives what was really executed, in order.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CALLS = '''\
"""Notes what was executed, for the test."""
import os
import time


def called(what):
    with open(os.environ["CALLS"], "a") as log:
        log.write(f"{time.monotonic()} {what}\\n")
'''

# Variables of the surroundings that would change what a command prints or does.
UNWANTED = (
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "COLUMNS",
)


def command() -> list[str]:
    """How to start prun: the script beside this Python, else the package itself."""
    found = shutil.which("prun", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-m", "pipeline_runner"]


class Result:
    """What one command did."""

    def __init__(self, args: tuple[str, ...], exit: int, out: str, err: str) -> None:
        self.args, self.exit, self.out, self.err = args, exit, out, err

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"stdout is not one JSON value\n{self}") from None

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The rows of --json by task id."""
        rows = self.json["tasks"]
        found = {row["id"]: row for row in rows}
        assert len(found) == len(rows), f"a task id twice\n{self}"
        return found

    def __repr__(self) -> str:
        shown = " ".join(self.args)
        return f"$ prun {shown}\n[exit {self.exit}]\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def statuses(result: Result) -> dict[str, str]:
    """Task id -> final state, of `run --json`."""
    return {id: row["status"] for id, row in result.tasks.items()}


def having(result: Result, status: str) -> set[str]:
    return {id for id, found in statuses(result).items() if found == status}


def ran(result: Result) -> set[str]:
    return having(result, "succeeded")


def reused(result: Result) -> set[str]:
    return having(result, "reused")


def actions(plan: Result) -> dict[str, str]:
    """Task id -> action, of `plan --json`."""
    return {id: row["action"] for id, row in plan.tasks.items()}


def reasons(plan: Result, task: str) -> set[str]:
    """The kinds of the reasons why a task would run."""
    return {reason["kind"] for reason in plan.tasks[task]["reasons"]}


class Project:
    """A folder with a pipeline in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.calls"
        folder.mkdir(parents=True, exist_ok=True)
        self.file("calls.py", CALLS)

    # --- what the project holds

    def file(self, path: str, content: str | bytes = "") -> Project:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = textwrap.dedent(content).encode()
        target.write_bytes(content)
        return self

    def pipeline(self, content: str | Mapping[str, Any], path: str = "pipeline.yaml") -> Project:
        """Write the pipeline: YAML text, or a mapping. The name is added where none is given."""
        if not isinstance(content, str):
            return self.file(path, json.dumps({"name": "demo", **content}, indent=1))
        content = textwrap.dedent(content).strip("\n") + "\n"
        if not any(line.startswith("name:") for line in content.splitlines()):
            content += "name: demo\n"  # at the end: line numbers stay
        return self.file(path, content)

    def edit(self, path: str, old: str, new: str) -> Project:
        text = self.text(path)
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        (self.folder / path).write_bytes(text.replace(old, new).encode())
        return self

    def remove(self, path: str) -> Project:
        target = self.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        return self

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def data(self, path: str) -> Any:
        """A JSON file, read."""
        return json.loads(self.text(path))

    def has(self, path: str) -> bool:
        return (self.folder / path).exists()

    # --- what was executed

    def calls(self) -> list[str]:
        """What was noted since the last look, in order; looking clears it."""
        return [what for _, what in self.timed_calls()]

    def timed_calls(self) -> list[tuple[float, str]]:
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        self.log.unlink()
        return [(float(at), what) for at, what in (line.split(" ", 1) for line in lines)]

    # --- commands

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        if os.name == "nt":
            kept.setdefault("PYTHONUTF8", "1")  # what is read back here is UTF-8
        return {**kept, "CALLS": str(self.log), **(env or {})}

    def start(
        self, *args: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own and come back at once."""
        return subprocess.Popen(
            [*command(), *args],
            cwd=cwd or self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[bytes], *args: str, seconds: float = 90) -> Result:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise AssertionError(f"prun {' '.join(args)} did not end within {seconds} s") from None
        return Result(args, process.returncode, _text(out), _text(err))

    def prun(
        self,
        *args: str,
        exit: int | None = 0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Any command; ``exit`` is the exit code that it must have (None: any)."""
        result = self.finish(self.start(*args, env=env, cwd=cwd), *args)
        assert "Traceback (most recent call last)" not in result.text or exit == 1, result
        assert exit is None or result.exit == exit, result
        return result

    def run(self, *args: str, exit: int | None = 0, env: Mapping[str, str] | None = None) -> Result:
        """`prun run --json`, in one process unless a backend is named."""
        backend = () if "--backend" in args else ("--backend", "sequential")
        return self.prun("run", *args, *backend, "--json", exit=exit, env=env)

    def plan(self, *args: str, exit: int | None = 0, env: Mapping[str, str] | None = None) -> Result:
        return self.prun("plan", *args, "--json", exit=exit, env=env)

    def check(self, *args: str, exit: int | None = 0) -> Result:
        return self.prun("check", *args, exit=exit)

    def why(self, task: str, *args: str, exit: int | None = 0) -> Result:
        return self.prun("why", task, *args, exit=exit)

    def python(self, script: str, *, exit: int = 0, env: Mapping[str, str] | None = None) -> Result:
        """A Python script in the project's folder."""
        self.file("script_under_test.py", script)
        process = subprocess.run(
            [sys.executable, "script_under_test.py"],
            cwd=self.folder,
            env=self.environment(env),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        result = Result(("python",), process.returncode, process.stdout, process.stderr)
        assert result.exit == exit, result
        return result

    def stored_files(self) -> list[Path]:
        """Every file of the default store, biggest first."""
        files = [path for path in (self.folder / ".prun").rglob("*") if path.is_file()]
        return sorted(files, key=lambda path: path.stat().st_size, reverse=True)


def _text(printed: bytes) -> str:
    return printed.decode().replace(os.linesep, "\n")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9 for a command and all that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait(timeout=30)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
