"""The runner killed at random instants, again and again: what it had told stays done, nothing is torn.

A seed makes a story of kills: after so many results and a little more time, the runner alone or with
all its workers. ``PRUN_CHAOS=300`` goes on with new seeds for 300 seconds; ``PRUN_CHAOS_SEED=7``
tells one story again.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from harness import Project, reused

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")

KILLS = 5
SECONDS = 60.0  # what one undisturbed run may take at most

TASKS = """\
import hashlib, time

from calls import called

def numbers(n): return list(range(n))
def big(x):
    called(f"big[{x}]")
    time.sleep(0.02)
    return {"x": x, "bytes": hashlib.sha256(str(x).encode()).digest() * 2000}
def shrink(item):
    called(f"shrink[{item['x']}]")
    time.sleep(0.01)
    return hashlib.sha256(item["bytes"]).hexdigest()
def tiny(x):
    called(f"tiny[{x}]")
    return x * x
class Thing:
    def __init__(self, text): self.text = text
def pickled(x):
    called(f"pickled[{x}]")
    return Thing(f"{x}" * 5000)
def total(shrunk, squares, things):
    called("total")
    return {"shrunk": shrunk, "squares": sum(squares), "things": [len(t.text) for t in things]}
"""

PIPELINE = """
    executor: {backend: loky, workers: 2}
    steps:
      numbers: {call: tasks:numbers, with: {n: 30}}
      big: {call: tasks:big, foreach: numbers, inputs: {x: item}}
      shrink: {call: tasks:shrink, foreach: big, inputs: {item: item}}
      many: {call: tasks:numbers, with: {n: 300}}
      tiny: {call: tasks:tiny, foreach: many, inputs: {x: item}}
      pickled: {call: tasks:pickled, foreach: [1, 2, 3, 4, 5, 6], inputs: {x: item}}
      total:
        call: tasks:total
        inputs: {shrunk: shrink, squares: tiny, things: pickled}
        publish: total.json
"""

DRIVER = """\
import os, sys
from pipeline_runner import Pipeline

told = os.open("told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
keys = {}

def observe(event):
    kind = type(event).__name__
    if kind == "StepExpanded":
        keys[event.step] = event.keys
    elif kind in ("TasksSucceeded", "TasksReused"):
        named = keys[event.step]
        ids = [event.step if named is None else f"{event.step}[{named[k]}]" for k in event.items]
        os.write(told, "".join(f"done {task}\\n" for task in ids).encode())
    elif kind == "InputsLost" or (kind == "TasksStarted" and event.reason not in ("", "new")):
        os.write(told, f"wrong {event!r}\\n".encode())

if __name__ == "__main__":
    run = Pipeline.load("pipeline.yaml").run(observers=[observe])
    sys.exit(0 if run.status == "succeeded" else 1)
"""


def chaos(folder: Path) -> Project:
    project = Project(folder)
    return project.file("tasks.py", TASKS).pipeline(PIPELINE).file("driver.py", DRIVER)


class Story:
    """One project, and a seeded row of kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.project = chaos(folder)
        self.rng = random.Random(seed)
        self.done: set[str] = set()  # tasks that were told to be done

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "driver.py"],
            cwd=self.project.folder,
            env=self.project.environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def lines(self) -> list[str]:
        if not self.project.has("told"):
            return []
        return self.project.text("told").splitlines()

    def round(self, *, kill: bool) -> int | None:
        """A run, killed or not. Whatever it called, it was nothing that had been done before."""
        process = self.start()
        if kill:
            self.kill(process)
        try:
            code = process.wait(timeout=SECONDS)
        finally:
            for pid in self.relatives() if process.poll() is None else []:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        self.wait_for_workers()
        called = self.project.calls()
        again = self.done & set(called)
        assert not again, f"computed again: {sorted(again)}"
        lines = self.lines()
        assert [line for line in lines if line.startswith("wrong")] == []
        self.done = {line.removeprefix("done ") for line in lines}
        return code

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """After some more results and a little time; it may be over by then."""
        wanted = len(self.lines()) + self.rng.choice([0, 1, 5, 20, 60, 150])
        end = time.monotonic() + SECONDS
        while len(self.lines()) < wanted and process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(self.rng.random() ** 2)
        workers = self.relatives() if self.rng.random() < 0.5 else []
        self.rng.shuffle(workers)
        for pid in [process.pid, *workers] if self.rng.random() < 0.5 else [*workers, process.pid]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def relatives(self) -> list[int]:
        """The processes that this project's runs started."""
        mark = f"CALLS={self.project.log}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def wait_for_workers(self) -> None:
        end = time.monotonic() + 20
        while left := self.relatives():
            assert time.monotonic() < end, f"workers outlive their runner: {left}"
            time.sleep(0.02)


def result_of(project: Project) -> Any:
    return project.data("total.json")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    story = Story(tmp_path_factory.mktemp("undisturbed") / "project", 0)
    assert story.round(kill=False) == 0
    return result_of(story.project)


def tell(folder: Path, seed: int, expected: Any) -> None:
    story = Story(folder, seed)
    try:
        for _ in range(KILLS):
            if story.round(kill=True) == 0:
                break  # it was over before it could be killed
        assert story.round(kill=False) == 0
        assert result_of(story.project) == expected
        # every byte that is left is read, and all of it is sound
        last = story.project.run("--paranoid")
        assert len(reused(last)) == len(last.tasks)
        assert story.project.calls() == []
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error


def seeds() -> list[int]:
    one = os.environ.get("PRUN_CHAOS_SEED")
    return [int(one)] if one else [1, 2]


@pytest.mark.parametrize("seed", seeds())
def test_what_was_told_to_be_done_stays_done(tmp_path: Path, seed: int, undisturbed: Any) -> None:
    tell(tmp_path / "project", seed, undisturbed)


@pytest.mark.skipif("PRUN_CHAOS" not in os.environ, reason="PRUN_CHAOS=SECONDS goes on for so long")
def test_for_as_long_as_you_like(tmp_path: Path, undisturbed: Any) -> None:
    end = time.monotonic() + float(os.environ["PRUN_CHAOS"])
    seed = random.SystemRandom().randrange(10**9)
    while time.monotonic() < end:
        seed += 1
        tell(tmp_path / str(seed), seed, undisturbed)
