"""Ctrl-C and SIGTERM, once and twice: real processes, and nothing of them left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from harness import Project, Result, reused, statuses

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

TASKS = """\
import subprocess, sys, time
from pathlib import Path

from calls import called

def note(x):
    called(f"note {x}")
    return x
def mark(x):
    Path(f"begun-{x}").touch()
def short(x):
    mark(x)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        time.sleep(0.01)
    called(f"short {x}")
    return x
def hang(x):
    mark(x)
    time.sleep(600)
def hang_with_a_child(x):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    mark(x)
    child.wait()
def writes(x):
    # as if it were killed while it wrote its result
    from pipeline_runner.store import local
    def slow(path, parts):
        Path(path).touch()
        mark(x)
        time.sleep(600)
    local._write_file = slow
    return "x" * 100_000
def stubborn(x):
    mark(x)
    while True:
        try:
            time.sleep(600)
        except BaseException:
            called("would not stop")
            if Path("enough").exists():
                raise
            Path("enough").touch()
"""


class Interrupted:
    """A run that hangs in the tasks of step ``f``, and signals for it."""

    def __init__(self, project: Project, backend: str, function: str) -> None:
        project.file("tasks.py", TASKS)
        project.pipeline(
            f"""
            executor: {{backend: {backend}, workers: 2}}
            steps:
              first: {{call: tasks:note, foreach: [1, 2], inputs: {{x: item}}}}
              f: {{call: tasks:{function}, needs: [first], foreach: [1, 2, 3, 4], inputs: {{x: item}}}}
              last: {{call: tasks:note, inputs: {{x: f}}}}
            """
        )
        self.project = project
        self.temporary = project.folder.parent / "temporary"
        self.temporary.mkdir()
        self.args = ("run", "--json")
        self.process = project.start(*self.args, env={"TMPDIR": str(self.temporary)})
        self.wait_for("begun-1")

    def wait_for(self, name: str) -> None:
        end = time.monotonic() + 60
        while not self.project.has(name):
            assert time.monotonic() < end, "the task does not begin"
            time.sleep(0.02)

    def signal(self, number: int) -> Interrupted:
        os.kill(self.process.pid, number)
        return self

    def finish(self) -> Result:
        result = self.project.finish(self.process, *self.args)
        assert result.exit == 130, result
        assert "Traceback" not in result.err, result.err
        self.leaves_nothing()
        return result

    def leaves_nothing(self) -> None:
        end = time.monotonic() + 20
        while found := relatives(self.project):
            assert time.monotonic() < end, f"still there: {found}"
            time.sleep(0.1)
        assert [p.name for p in self.temporary.iterdir()] == []
        rests = self.project.folder / ".prun" / "tmp"
        assert not rests.exists() or list(rests.iterdir()) == []

    def record(self) -> str:
        """The status in the list of runs."""
        return str(self.project.python(LAST_STATUS).out.strip())


LAST_STATUS = "from pipeline_runner import Run\nprint(Run.latest().status)\n"


def relatives(project: Project) -> list[str]:
    """Processes that were started, directly or not, by a command of this project."""
    mark = f"CALLS={project.log}".encode()
    found = []
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else ():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_once_nothing_more_starts_and_what_runs_may_end(
    project: Project, backend: str, number: signal.Signals
) -> None:
    run = Interrupted(project, backend, "short")
    found = statuses(run.signal(number).finish())
    assert found["f[1]"] == "succeeded"
    assert found["last"] == "cancelled"
    assert "cancelled" in {found[f"f[{k}]"] for k in (2, 3, 4)}
    assert run.record() == "cancelled"
    done = {task for task, state in found.items() if state == "succeeded"}
    assert done <= reused(project.run("--backend", backend))


@pytest.mark.parametrize("function", ["hang", "hang_with_a_child"])
@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_once_the_grace_is_not_for_ever(project: Project, backend: str, function: str) -> None:
    run = Interrupted(project, backend, function)
    result = run.signal(signal.SIGINT).finish()
    found = statuses(result)
    assert {found[f"f[{k}]"] for k in (1, 2, 3, 4)} == {"cancelled"}
    assert "Stopping: nothing more starts, f[1]" in result.err
    assert "5.0 s to end (Ctrl-C again ends at once)" in result.err
    assert run.record() == "cancelled"


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_twice_what_runs_ends_at_once(project: Project, backend: str) -> None:
    run = Interrupted(project, backend, "short")
    run.signal(signal.SIGINT)
    time.sleep(0.3)  # two signals of a kind at one moment are one
    result = run.signal(signal.SIGINT).finish()
    found = statuses(result)
    assert "Ending what runs at once" in result.err
    assert {found[f"f[{k}]"] for k in (1, 2, 3, 4)} == {"cancelled"}
    assert "short 1" not in project.calls()
    assert run.record() == "cancelled"
    assert [result.tasks[task]["attempts"] for task in ("f[1]", "f[4]", "last")] == [1, 0, 0]
    assert "f[1] printed nothing in run" in (printed := project.prun("logs", "f[1]").err)
    assert printed.endswith(" until it was cancelled\n")
    assert "it did not run" in project.prun("logs", "f[4]").err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can say whose children they are")
def test_a_timeout_in_this_process_ends_what_the_task_started(project: Project) -> None:
    project.file("tasks.py", TASKS)
    project.pipeline(
        """
        steps:
          f: {call: tasks:hang_with_a_child, timeout: 1s, foreach: [1], inputs: {x: item}}
          g: {call: tasks:note, trigger_rule: all_done, needs: [f], inputs: {x: run.id}}
        """
    )
    result = project.run("--backend", "sequential", exit=1)
    assert "timed out" in result.tasks["f[1]"]["error"] or "longer than" in result.tasks["f[1]"]["error"]
    assert relatives(project) == []


def test_half_written_results_of_killed_workers_are_removed(project: Project) -> None:
    run = Interrupted(project, "loky", "writes")
    assert list((project.folder / ".prun" / "tmp").iterdir()) != []
    run.signal(signal.SIGINT)
    time.sleep(0.3)
    run.signal(signal.SIGINT).finish()  # which looks into the folder


def test_a_task_that_catches_everything_is_asked_again(project: Project) -> None:
    run = Interrupted(project, "sequential", "stubborn")
    found = statuses(run.signal(signal.SIGINT).finish())
    assert found["f[1]"] == "cancelled"
    assert project.calls().count("would not stop") == 2


def test_a_run_that_waits_for_a_retry_is_stopped_at_once(project: Project) -> None:
    project.file(
        "tasks.py", "from pathlib import Path\ndef fail():\n    Path('begun').touch()\n    raise ValueError\n"
    )
    project.pipeline("steps: {a: {call: tasks:fail, retry: {limit: 1, delay: 1h}}}")
    process = project.start("run", "--json")
    end = time.monotonic() + 60
    while not project.has("begun") and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGTERM)
    result = project.finish(process, "run")
    assert result.exit == 130
    assert statuses(result) == {"a": "cancelled"}


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_what_a_task_forks_does_not_take_signals_for_the_run(project: Project, backend: str) -> None:
    project.file(
        "tasks.py",
        """\
        import multiprocessing, time

        def forks():
            child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
            child.start()
            time.sleep(0.2)
            child.terminate()
            child.join(10)
            assert child.exitcode == -15, child.exitcode
        """,
    )
    project.pipeline("steps: {a: {call: tasks:forks}}")
    result = project.run("--backend", backend)
    assert "Stopping" not in result.err
