"""Locks between the processes of one machine: who computes a task holds its lock.

A lock is a file under ``locks/`` that the system locks for the process that computes, and lets go
when that process ends, however it ends. Nothing is wrong if locks do not work (a file system without
them): then two runs compute a task twice.

Making and removing a file takes longer than many a task, so those of tasks are bytes of one file where
the system can lock these by themselves: anywhere but on Windows.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Protocol

from ..keys.digest import digest
from .disk import WINDOWS

TASKS = "tasks"  # the file that stays
_held: set[str] = set()  # POSIX locks do not exclude threads of one process
_open: dict[str, int] = {}  # files of ``ByteLocks``: to close one lets go of all that we hold of it
_guard = threading.Lock()
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02)  # seconds
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Held(Protocol):
    """A lock that is held."""

    def release(self) -> None: ...


class Locks(Protocol):
    """Locks by name."""

    def take(self, name: str) -> Held | None:
        """The lock, or None while another holds it."""


class FileLock:
    """A locked file. It is removed with the lock, so that none are left behind."""

    __slots__ = ("_fd", "_path")

    def __init__(self, path: str, fd: int) -> None:
        self._path = path
        self._fd = fd

    def release(self) -> None:
        with _guard:
            _held.discard(self._path)
            if os.name != "nt":
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
            os.close(self._fd)
            if os.name == "nt":
                with contextlib.suppress(OSError):  # another process has it open: that one removes it
                    os.unlink(self._path)


class NoLock:
    """Where locks do not work, everybody may go on."""

    def release(self) -> None:
        pass


class FileLocks:
    """``Locks`` in a folder."""

    def __init__(self, folder: str) -> None:
        self._prefix = folder + os.sep

    def take(self, name: str) -> Held | None:
        return _take(self._prefix + name)


class ByteLock:
    """A locked byte."""

    __slots__ = ("_at", "_fd", "_mark")

    def __init__(self, mark: str, fd: int, at: int) -> None:
        self._mark = mark
        self._fd = fd
        self._at = at

    def release(self) -> None:
        with _guard:
            _held.discard(self._mark)
            with contextlib.suppress(OSError):
                _unlock_byte(self._fd, self._at)


class ByteLocks:
    """``Locks`` in one file, which stays: two names share a byte once in 10 ** 18 times."""

    def __init__(self, path: str) -> None:
        self._path = path

    def take(self, name: str) -> Held | None:
        at = int(digest(name.encode())[:15], 16)
        mark = f"{self._path}:{at}"
        with _guard:
            if mark in _held:
                return None
            for _ in _PAUSES:
                try:
                    fd = self._opened()
                    _lock_byte(fd, at)
                except (BlockingIOError, PermissionError):
                    return None
                except OSError:
                    _open.pop(self._path, None)  # a task may have closed it
                    continue
                if _is_at(fd, self._path):
                    _held.add(mark)
                    return ByteLock(mark, fd, at)
                _open.pop(self._path, None)  # somebody has removed it since
        return NoLock()

    def _opened(self) -> int:
        fd = _open.get(self._path)
        if fd is None:
            fd = _open[self._path] = _opened(self._path)
        return fd


def task_locks(folder: str) -> Locks:
    """Who computes which task, in the store's folder of locks."""
    return FileLocks(folder) if os.name == "nt" else ByteLocks(os.path.join(folder, TASKS))


def _take(path: str) -> Held | None:
    with _guard:
        if path in _held:
            return None
        while True:
            try:
                fd = _opened(path)
            except OSError:
                return NoLock()
            try:
                _lock(fd)
                if _is_at(fd, path):
                    _held.add(path)
                    return FileLock(path, fd)
            except (BlockingIOError, PermissionError):
                os.close(fd)
                return None
            except OSError:
                os.close(fd)
                return NoLock()
            os.close(fd)  # removed between opening and locking: that was the former holder's


def _opened(path: str) -> int:
    for pause in _PAUSES:
        try:
            return os.open(path, _FLAGS, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        except PermissionError:
            if not WINDOWS:
                raise
            time.sleep(pause)  # Windows refuses so what its last holder is about to remove
    return os.open(path, _FLAGS, 0o666)


def sweep(path: str) -> bool:
    """Remove a lock's file that was left behind, unless the lock is held."""
    lock = _take(path) if os.path.exists(path) and path not in _open else None
    if lock is None:
        return False
    lock.release()
    return True


if os.name == "nt":
    import msvcrt

    def _lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]

    lock_opened = _lock

    def _is_at(fd: int, path: str) -> bool:
        return True  # an open file cannot be removed there
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def lock_opened(fd: int) -> None:
        """Lock a file for who opened it here, also against others of this process; ``OSError`` if taken."""
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _lock_byte(fd: int, at: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)

    def _unlock_byte(fd: int, at: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_UN, 1, at)

    def _is_at(fd: int, path: str) -> bool:
        try:
            there, here = os.stat(path), os.fstat(fd)
        except OSError:
            return False
        return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)
