"""What starts beside the first worker."""

from __future__ import annotations

import sys

import pytest
from harness import Project, ran

TASKS = """\
import os
from pathlib import Path

def priorities():
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            command = process.joinpath("cmdline").read_text().split(chr(0))
        except OSError:
            continue
        if int(parent) == os.getppid():
            what = "tracker" if "resource_tracker" in str(command) else "worker"
            found.setdefault(what, set()).add(os.getpriority(os.PRIO_PROCESS, int(process.name)))
    runner = os.getpriority(os.PRIO_PROCESS, os.getppid())
    assert found["worker"] == {runner}, (found, runner)
    assert all(tracker > runner for tracker in found["tracker"]), (found, runner)
    return len(found["tracker"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_trackers_give_way_to_workers(project: Project) -> None:
    project.file("tasks.py", TASKS)
    project.pipeline("steps: {look: {call: tasks:priorities}}")
    run = project.run("--backend", "loky")
    assert ran(run) == {"look"}, run.text


@pytest.mark.parametrize("name", ["random", "queue", "signal", "loky", "types"])
def test_no_module_of_the_project_stands_in_the_way(project: Project, name: str) -> None:
    project.file(f"{name}.py", "raise SystemExit('the project has its own')")
    project.file("tasks.py", "import os\ndef f(): assert 'PYTHONSAFEPATH' not in os.environ")
    project.pipeline("steps: {a: {call: tasks:f}}")
    result = project.run("--backend", "loky", "--quiet")
    assert ran(result) == {"a"}
    assert result.err == ""
