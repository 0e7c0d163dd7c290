"""How far a worker is, told through a few bytes of shared memory: time-outs are per task.

A worker that is hung or killed cannot answer; the parent reads here which task of the batch was
running, and since when. The clock is the system's monotonic one, the same in all processes.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from typing import NamedTuple

_FORMAT = struct.Struct("<qqd")  # batch, position of the task that runs in it, since when


class Progress(NamedTuple):
    batch: int
    position: int
    since: float


class ProgressWriter:
    """In the worker."""

    def __init__(self, path: str) -> None:
        self._map = _mapped(path)
        self._batch = 0

    def batch(self, number: int) -> None:
        self._batch = number

    def task(self, position: int) -> None:
        self._map[: _FORMAT.size] = _FORMAT.pack(self._batch, position, time.monotonic())


class ProgressReader:
    """In the parent."""

    def __init__(self, path: str) -> None:
        self._map = _mapped(path)

    def read(self) -> Progress:
        while True:
            first = self._map[: _FORMAT.size]
            if first == self._map[: _FORMAT.size]:  # not in the middle of a write
                return Progress(*_FORMAT.unpack(first))

    def close(self) -> None:
        self._map.close()


def _mapped(path: str) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if os.fstat(fd).st_size < _FORMAT.size:
            os.write(fd, bytes(_FORMAT.size))
        return mmap.mmap(fd, _FORMAT.size)
    finally:
        os.close(fd)
