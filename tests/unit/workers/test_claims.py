"""Who computes a task, when several runs want it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from worker_kit import Kit

from pipeline_runner.model.artifact import Entry
from pipeline_runner.model.outcome import Failed, Succeeded
from pipeline_runner.model.work import Job, Task
from pipeline_runner.store.codecs import encode
from pipeline_runner.store.runs import new_run_id

CODE = """
    import os
    from pipeline_runner.store import locks
    def run(x=1):
        assert sum(of.startswith(os.getcwd()) for of in locks._held) == 1  # by the task, or by the test
        return x + 1
    def fails():
        raise ValueError
"""


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    kit = Kit(tmp_path)
    kit.module(CODE)
    kit.store.runs.write_latest("demo", {})
    return kit


def job(kit: Kit, call: str = "run", **fields: Any) -> Job:
    return kit.job(call, **fields)._replace(run=new_run_id(time.time()))


def made(kit: Kit, task: Task, value: Any, created: float) -> Entry:
    artifact = encode(value, kit.store, lambda module: False)
    return Entry(task.key, {"": artifact}, {}, 3.0, created, "another", "t")


def is_free(kit: Kit, task: Task) -> bool:
    held = kit.store.task_locks.take(name(task))  # type: ignore[union-attr]
    if held is not None:
        held.release()
    return held is not None


def name(task: Task) -> str:
    return f"{task.key.recipe}-{task.key.args}"


def test_the_lock_is_held_while_computing_and_not_after(kit: Kit) -> None:
    task = kit.task(x=1)
    [outcome] = kit.run(job(kit), task)
    assert isinstance(outcome, Succeeded), outcome
    assert is_free(kit, task)


def test_the_lock_is_let_go_after_a_failure(kit: Kit) -> None:
    task = kit.task()
    [outcome] = kit.run(job(kit, "fails"), task)
    assert isinstance(outcome, Failed)
    assert is_free(kit, task)


def test_what_another_run_has_made_meanwhile_is_taken(kit: Kit) -> None:
    task = kit.task(x=1)
    kit.store.commit([made(kit, task, "theirs", time.time())])
    [outcome] = kit.run(job(kit), task)
    assert isinstance(outcome, Succeeded)
    assert (outcome.entry.outputs[""].inline, outcome.seconds) == ('"theirs"', 3.0)


def test_what_was_there_before_the_run_is_not_what_it_waits_for(kit: Kit) -> None:
    """The run has seen it, and wants it made again: its bytes were lost."""
    task = kit.task(x=1)
    kit.store.commit([made(kit, task, "old", time.time() - 3600)])
    [outcome] = kit.run(job(kit), task)
    assert isinstance(outcome, Succeeded)
    assert outcome.entry.outputs[""].inline == "2"


def test_an_entry_whose_bytes_are_gone_is_not_taken(kit: Kit) -> None:
    task = kit.task(x=1)
    folder = kit.root / "made"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    kit.store.commit([made(kit, task, folder, time.time())])
    for path in (kit.root / ".prun" / "blobs").rglob("*"):
        if path.is_file() and path.read_bytes() == b"a":
            path.unlink()  # a file within the folder
    [outcome] = kit.run(job(kit), task)
    assert isinstance(outcome, Succeeded)
    assert outcome.entry.outputs[""].inline == "2"


@pytest.mark.parametrize("fields", [{"replace": True}, {}])
def test_forced_and_uncached_tasks_take_no_lock(kit: Kit, fields: dict[str, Any]) -> None:
    task = kit.task(x=1)
    if not fields:
        task = task._replace(key=task.key._replace(recipe="run-20260101-000000-abcdef"))
    lock = kit.store.task_locks.take(name(task))  # type: ignore[union-attr]
    [outcome] = kit.run(job(kit, **fields), task)  # does not wait
    assert isinstance(outcome, Succeeded)
    assert lock is not None
    lock.release()


def test_batches_of_tiny_tasks_take_no_locks(kit: Kit) -> None:
    tasks = [kit.task(i, x=i) for i in range(3)]
    lock = kit.store.task_locks.take(name(tasks[1]))  # type: ignore[union-attr]
    assert lock is not None
    assert all(isinstance(o, Succeeded) for o in kit.run(job(kit), *tasks))
    lock.release()


def test_who_waits_goes_on_when_the_lock_is_free(kit: Kit) -> None:
    task = kit.task(x=1)
    lock = kit.store.task_locks.take(name(task))  # type: ignore[union-attr]
    assert lock is not None

    def other() -> None:
        time.sleep(0.3)
        kit.store.commit([made(kit, task, "theirs", time.time())])
        lock.release()

    thread = threading.Thread(target=other)
    thread.start()
    [outcome] = kit.run(job(kit), task)
    thread.join()
    assert isinstance(outcome, Succeeded)
    assert outcome.entry.outputs[""].inline == '"theirs"'
