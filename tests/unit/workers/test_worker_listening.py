"""A pool that is listened to: its answers stay as they are, and what is printed is passed on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline_runner.model.artifact import CacheKey
from pipeline_runner.model.work import Job, Project, Task
from pipeline_runner.workers.listening import ListeningPool, Printed


class Slot:
    def __init__(self, log: Path, batch: Any) -> None:
        self.log, self.batch = str(log), batch
        self.position = 0

    def running(self) -> Any:
        return SimpleNamespace(position=self.position)


class Pool:
    """One slot that prints a line each time somebody waits."""

    inline = False

    def __init__(self, folder: Path, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        job = Job(
            "call",
            "a",
            "m:f",
            "store",
            Project(str(folder), (str(folder),)),
            "r1",
            secrets={"S": "file:secret"},
        )
        tasks = tuple(Task(k, f"a[{k}]", CacheKey("r", str(k)), {}, {}) for k in range(2))
        self.slots = [Slot(folder / "log", SimpleNamespace(job=job, tasks=tasks))]
        self.stopped: list[float] = []

    def places(self) -> list[Slot]:
        return self.slots

    def wait(self, timeout: float | None) -> list[str]:
        if not self.lines:
            return ["done"]
        text = self.lines.pop(0)
        if text == "next":
            self.slots[0].position = 1
            Path(self.slots[0].log).write_text("")
        else:
            with open(self.slots[0].log, "a") as log:
                log.write(text)
        return []

    def stop(self, grace: float) -> None:
        self.stopped.append(grace)


def test_what_is_printed_is_heard(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("swordfish")
    heard: list[Printed] = []
    idle: list[int] = []
    pool: Any = Pool(tmp_path, ["one\n", "two swordfish\n", "next", "three\n"])
    listening = ListeningPool(pool, heard.append, 0.0, lambda: idle.append(1))
    assert listening.wait(None) == ["done"]
    assert [(p.task.id, p.text) for p in heard] == [
        ("a[0]", "one\n"),
        ("a[0]", "one\ntwo ***\n"),
        ("a[1]", "three\n"),
    ]
    assert idle


def test_everything_else_is_the_pools(tmp_path: Path) -> None:
    pool: Any = Pool(tmp_path, [])
    listening = ListeningPool(pool, lambda printed: None, 1.0)
    assert listening.inline is False
    listening.stop(2.0)
    assert pool.stopped == [2.0]
    pool.slots = []
    assert listening.wait(0.0) == ["done"]


def test_a_pool_without_processes_has_nothing_to_hear(tmp_path: Path) -> None:
    pool: Any = SimpleNamespace(wait=lambda timeout: ["done"])
    heard: list[Printed] = []
    assert ListeningPool(pool, heard.append, 0.0).wait(1.0) == ["done"]
    assert heard == []


class Inline:
    """Runs its one task in the thread that waits, until it was heard."""

    inline = True
    busy = False

    def __init__(self, folder: Path, heard: list[Printed]) -> None:
        self.job = Job("call", "a", "m:f", "store", Project(str(folder), (str(folder),)), "r1")
        self.heard = heard
        self.now: list[Any] = []

    def running(self) -> list[Any]:
        return list(self.now)

    def wait(self, timeout: float | None) -> list[str]:
        task = Task(0, "a", CacheKey("r", "0"), {}, {})
        self.now = [SimpleNamespace(job=self.job, task=task, capture=self)]
        end = time.monotonic() + 30
        while not self.heard and time.monotonic() < end:
            time.sleep(0.01)
        self.now = []
        return ["done"]

    def so_far(self, mask: Any) -> str:
        return "working\n"

    def close(self) -> None:
        pass


def test_a_task_in_the_waiting_thread_is_heard_while_it_runs(tmp_path: Path) -> None:
    heard: list[Printed] = []
    pool: Any = Inline(tmp_path, heard)
    listening = ListeningPool(pool, heard.append, 0.0)
    assert listening.wait(None) == ["done"]
    assert [(p.task.id, p.text) for p in heard] == [("a", "working\n")]
    listening.close()
