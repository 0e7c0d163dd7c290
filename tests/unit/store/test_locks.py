from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.store import locks as module
from pipeline_runner.store.locks import ByteLock, ByteLocks, FileLock, FileLocks, Locks, NoLock, sweep

KINDS = ["file"] if os.name == "nt" else ["file", "byte"]
SPAWN = multiprocessing.get_context("spawn")


def of_kind(kind: str, folder: str) -> Locks:
    return FileLocks(folder) if kind == "file" else ByteLocks(os.path.join(folder, "a-b"))


def hold(kind: str, folder: str, held: Any, let_go: Any) -> None:
    lock = of_kind(kind, folder).take("a-b")
    held.set()
    let_go.wait(30)
    if lock is not None:
        lock.release()


def count(kind: str, folder: str, rounds: int) -> None:
    """Adds to a number that is wrong in the end if two are there at once."""
    locks = of_kind(kind, folder)
    for _ in range(rounds):
        while (lock := locks.take("number")) is None:
            time.sleep(0.0005)
        path = Path(folder, "number.txt")
        number = int(path.read_text())
        path.write_text(str(number + 1))
        lock.release()


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_held_once_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    locks = of_kind(kind, str(tmp_path / "locks"))
    lock = locks.take("a-b")
    assert lock is not None
    assert locks.take("a-b") is None
    other = locks.take("a-c")
    assert other is not None
    lock.release()
    again = locks.take("a-b")
    assert again is not None
    again.release()
    other.release()
    assert os.listdir(tmp_path / "locks") == ([] if kind == "file" else ["a-b"])


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_another_process_waits_until_it_is_released_or_killed(tmp_path: Path, kind: str, kill: bool) -> None:
    held, let_go = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(kind, str(tmp_path), held, let_go))
    process.start()
    assert held.wait(30)
    locks = of_kind(kind, str(tmp_path))
    assert locks.take("a-b") is None
    assert not sweep(str(tmp_path / "a-b"))
    if kill:
        assert process.pid is not None
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    let_go.set() if not kill else None
    process.join(30)
    lock = locks.take("a-b")
    assert lock is not None
    lock.release()


@pytest.mark.parametrize("kind", KINDS)
def test_never_two_at_once_between_processes(tmp_path: Path, kind: str) -> None:
    (tmp_path / "number.txt").write_text("0")
    processes = [SPAWN.Process(target=count, args=(kind, str(tmp_path), 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert (tmp_path / "number.txt").read_text() == "600"


@pytest.mark.parametrize("kind", KINDS)
def test_never_two_at_once_between_threads(tmp_path: Path, kind: str) -> None:
    (tmp_path / "number.txt").write_text("0")
    threads = [threading.Thread(target=count, args=(kind, str(tmp_path), 100)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (tmp_path / "number.txt").read_text() == "300"


@pytest.mark.parametrize(("refused", "kind"), [(2, FileLock), (1000, NoLock)])
def test_windows_refuses_to_open_what_is_about_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int, kind: type
) -> None:
    refusals = iter(range(refused))
    real = os.open

    def busy(*args: Any) -> int:
        if next(refusals, None) is not None:
            raise PermissionError(13, "Access is denied")
        return real(*args)

    monkeypatch.setattr(module, "WINDOWS", True)
    monkeypatch.setattr(os, "open", busy)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    lock = FileLocks(str(tmp_path)).take("a")
    assert isinstance(lock, kind)
    lock.release()


def test_what_was_left_behind_is_swept(tmp_path: Path) -> None:
    (tmp_path / "a-b").write_bytes(b"")
    assert sweep(str(tmp_path / "a-b"))
    assert os.listdir(tmp_path) == []
    assert not sweep(str(tmp_path / "a-b"))


@pytest.mark.skipif(os.name == "nt", reason="a file for each lock there")
def test_the_file_of_many_locks_may_vanish_and_be_closed(tmp_path: Path) -> None:
    locks = ByteLocks(str(tmp_path / "tasks"))
    for lose in (lambda: sweep(str(tmp_path / "tasks")), lambda: os.unlink(tmp_path / "tasks"), close_all):
        lock = locks.take("a")
        assert isinstance(lock, ByteLock)
        assert os.listdir(tmp_path) == ["tasks"]
        lock.release()
        lose()
    lock = locks.take("a")
    assert isinstance(lock, ByteLock)
    lock.release()


def close_all() -> None:
    """As a task may do."""
    for fd in module._open.values():
        os.close(fd)


@pytest.mark.skipif(os.name == "nt", reason="a file for each lock there")
def test_a_swept_file_of_locks_is_not_the_one_that_this_process_locks(tmp_path: Path) -> None:
    lock = ByteLocks(str(tmp_path / "tasks")).take("a")
    assert not sweep(str(tmp_path / "tasks"))  # to open and close it would let go of the lock
    process = SPAWN.Process(target=refused, args=(str(tmp_path / "tasks"),))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert lock is not None
    lock.release()


def refused(path: str) -> None:
    assert ByteLocks(path).take("a") is None
    assert not sweep(path)


@pytest.mark.parametrize("kind", KINDS)
def test_where_locks_do_not_work_everybody_may_go_on(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    lock = of_kind(kind, str(tmp_path / "file" / "locks")).take("a")
    assert isinstance(lock, NoLock)
    lock.release()
