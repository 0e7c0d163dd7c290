from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.store import locks
from pipeline_runner.store.locks import FileLock, FileLocks, NoLock, sweep

SPAWN = multiprocessing.get_context("spawn")


def hold(folder: str, held: Any, let_go: Any) -> None:
    lock = FileLocks(folder).take("a-b")
    held.set()
    let_go.wait(30)
    if lock is not None:
        lock.release()


def count(folder: str, rounds: int) -> None:
    """Adds to a number that is wrong in the end if two are there at once."""
    locks = FileLocks(folder)
    for _ in range(rounds):
        while (lock := locks.take("number")) is None:
            time.sleep(0.0005)
        path = Path(folder, "number.txt")
        number = int(path.read_text())
        path.write_text(str(number + 1))
        lock.release()


def test_a_lock_is_held_once_and_leaves_nothing(tmp_path: Path) -> None:
    locks = FileLocks(str(tmp_path / "locks"))
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
    assert os.listdir(tmp_path / "locks") == []


@pytest.mark.parametrize("kill", [False, True])
def test_another_process_waits_until_it_is_released_or_killed(tmp_path: Path, kill: bool) -> None:
    held, let_go = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(str(tmp_path), held, let_go))
    process.start()
    assert held.wait(30)
    locks = FileLocks(str(tmp_path))
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


def test_never_two_at_once_between_processes(tmp_path: Path) -> None:
    (tmp_path / "number.txt").write_text("0")
    processes = [SPAWN.Process(target=count, args=(str(tmp_path), 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert (tmp_path / "number.txt").read_text() == "600"


def test_never_two_at_once_between_threads(tmp_path: Path) -> None:
    (tmp_path / "number.txt").write_text("0")
    threads = [threading.Thread(target=count, args=(str(tmp_path), 100)) for _ in range(3)]
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

    monkeypatch.setattr(locks, "WINDOWS", True)
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


def test_where_locks_do_not_work_everybody_may_go_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lock = FileLocks(str(tmp_path / "file" / "locks")).take("a")
    assert isinstance(lock, NoLock)
    lock.release()
