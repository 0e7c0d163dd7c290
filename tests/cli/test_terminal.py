"""What people see on a real terminal, and what a start does not import."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from harness import Project, command

TASKS = """
import time
def slow(n):
    time.sleep(0.3)
    if n == 3:
        raise ValueError("three")
    return n
"""
PIPELINE = """
executor: {workers: 2}
steps:
  a_step_with_a_rather_long_name_that_does_not_fit:
    call: tasks:slow
    foreach: [1, 2, 3, 4]
    inputs: {n: item}
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def project(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(PIPELINE)


def on_a_terminal(project: Project, *args: str, columns: int = 80, **env: str) -> str:
    """Everything that the command writes to a terminal of that width."""
    if sys.platform == "win32":
        pytest.skip("no pseudo-terminals")
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**project.environment(), "TERM": "xterm-256color", **env}
    process = subprocess.Popen(
        [*command(), *args], cwd=project.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        text += data
    os.close(ours)
    process.wait(60)
    return text.decode()


def test_the_moving_picture(project: Project) -> None:
    text = on_a_terminal(project, "run")
    assert "running" in text
    assert "\x1b[" in text
    assert "ValueError: three" in text
    plain = CONTROL.sub("", text).replace("\r", "")
    assert "FAILED 4 tasks: 1 failed, 3 run in" in plain
    assert text.rstrip().endswith("reuses what succeeded") or "prun run" in plain.splitlines()[-1]
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor is given back"


@pytest.mark.parametrize("columns", [30, 50, 100])
def test_no_line_of_the_picture_is_wider_than_the_terminal(project: Project, columns: int) -> None:
    text = on_a_terminal(project, "run", columns=columns)
    lines = CONTROL.sub("", text).replace("\r", "\n").split("\n")
    frames = [line for line in lines if re.search(r"\d of 4 tasks|\d/4", line)]
    assert len(frames) > 2
    assert max(map(len, frames)) <= columns


def test_no_colour(project: Project) -> None:
    text = on_a_terminal(project, "run", NO_COLOR="1")
    assert "running" in text
    assert not [
        code for code in COLOUR.findall(text) if code not in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;2m")
    ]


def test_a_dumb_terminal_gets_plain_lines(project: Project) -> None:
    assert "\x1b" not in on_a_terminal(project, "run", TERM="dumb")


def test_a_reused_run_is_one_line_on_a_terminal(project: Project) -> None:
    project.edit("tasks.py", "n == 3", "n == 30")
    project.prun("run")
    text = CONTROL.sub("", on_a_terminal(project, "run"))
    assert text.count("\n") == 1
    assert "4 tasks: all reused, nothing run" in text


def test_a_pipe_gets_no_control_characters(project: Project) -> None:
    result = project.prun("run", "--verbose", exit=1)
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", result.text)
    forced = project.prun("run", "--verbose", exit=1, env={"FORCE_COLOR": "1"})
    assert "\x1b[" in forced.text


def test_a_reused_run_imports_nothing_heavy(project: Project) -> None:
    project.edit("tasks.py", "n == 3", "n == 30")
    project.prun("run")
    script = (
        "import sys\n"
        "from pipeline_runner.cli.main import cli\n"
        "try:\n    cli(sys.argv[1:], prog_name='prun')\nexcept SystemExit: pass\n"
        "heavy = {'joblib', 'loky', 'numpy', 'rich', 'pydantic', 'fsspec', 'yaml', 'tasks'}\n"
        "print('HEAVY', *sorted(heavy & {m.partition('.')[0] for m in sys.modules}))\n"
    )
    for args in (["run"], ["plan"], ["run", "--events", "e.jsonl"], ["run", "--logs"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *args], cwd=project.folder, env=project.environment(),
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1] == "HEAVY", (args, done.stdout, done.stderr)


def test_what_a_task_printed_plays_no_tricks_on_a_terminal(project: Project) -> None:
    project.file("tasks.py", r"""
        def nasty():
            print("\x1b[31mred\x1b[0m \x1b[2J\x1b]0;owned\x07\x1b]52;c;QUFB\x07\x9b2J\x00 end")
        """).pipeline({"steps": {"nasty": {"call": "tasks:nasty"}}})  # fmt: skip
    project.run()
    text = on_a_terminal(project, "logs", "nasty")
    assert "\x1b[31mred\x1b[0m" in text
    assert COLOUR.sub("", text).rstrip().endswith("?2J? end")
    assert not {"\x07", "\x9b", "\x00"} & {*text}
    assert "owned" not in COLOUR.sub("", text)
    assert "QUFB" not in text
