"""A note on disk for each batch that is run by workers of others: who took it, and how far it is.

joblib's backends tell neither. Whoever makes the note first has the batch: the worker that begins it, or
the pool that takes it back; so a batch that was taken back never begins. A worker on another machine does
not see these notes, and is known by its answer alone.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from typing import NamedTuple

_FORMAT = struct.Struct("<qqd?")
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Seen(NamedTuple):
    """What a note says."""

    pid: int
    position: int  # of the task that runs; -1 before the first
    since: float
    over: bool  # the answer is on its way


class Ticket:
    """In the worker. Raises ``FileExistsError`` if the batch was taken back."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, _NEW, 0o600)
        self._write(-1, False)

    def task(self, position: int) -> None:
        self._write(position, False)

    def over(self) -> None:
        self._write(-1, True)
        os.close(self._fd)

    def _write(self, position: int, over: bool) -> None:
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, _FORMAT.pack(os.getpid(), position, time.monotonic(), over))


def look(path: str) -> Seen | None:
    """None if no worker is known to have begun the batch."""
    try:
        with open(path, "rb") as file:
            return Seen(*_FORMAT.unpack(file.read()))
    except (OSError, struct.error):
        return None


def take_back(path: str) -> bool:
    """Whether the batch has not begun; then it never will."""
    try:
        os.close(os.open(path, _NEW, 0o600))
    except OSError:
        return False
    return True


def tear_up(path: str) -> None:
    """The batch was answered by who took it."""
    with contextlib.suppress(OSError):
        os.unlink(path)
