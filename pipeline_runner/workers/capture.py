"""What a task prints, kept with its outcome.

In a worker process the file descriptors 1 and 2 lead to a file of the slot, so output of C code
and of child processes is there too, and the parent can still read it when the worker was killed.
(For tasks that run in a process of others see ``inline_capture``.)
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, BinaryIO

LIMIT = 1024 * 1024  # bytes kept of the beginning, and as many of the end
MARGIN = 4096  # read beyond the cut, so that a secret lying across it is still found

APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)

Mask = Callable[[str], str]


def read_bounded(file: BinaryIO, mask: Mask) -> str:
    """The text of a log file; of a long one the first and the last megabyte."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return ""
    file.seek(0)
    if size <= 2 * LIMIT:
        return mask(_text(file.read()))
    head = mask(_text(file.read(LIMIT + MARGIN)))[:-MARGIN]
    file.seek(size - LIMIT - MARGIN)
    tail = mask(_text(file.read()))[MARGIN:]
    return f"{head}\n... {(size - 2 * LIMIT) / 1e6:.1f} MB left out ...\n{tail}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


def read_log(path: str, mask: Mask) -> str:
    """For the parent: what a task that was killed had printed."""
    try:
        with open(path, "rb") as file:
            return read_bounded(file, mask)
    except OSError:
        return ""


def flush_c() -> None:
    """What C code wrote through stdio waits in a buffer of its own. Code that can call C has mostly
    imported ctypes (numpy does); for the rest it is not worth its import."""
    if "ctypes" in sys.modules and (fflush := _fflush()) is not None:
        fflush(None)


@lru_cache(maxsize=1)
def _fflush() -> Callable[[None], object] | None:
    import ctypes

    try:
        function: Callable[[None], object] = ctypes.CDLL(None).fflush
    except (OSError, AttributeError, TypeError):  # Windows has no library of all that is loaded
        return None
    return function


def identity(fd: int) -> tuple[int, int] | None:
    """Device and inode of the file to which a descriptor leads; None if it is closed."""
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class FileCapture:
    """The slot's log file, emptied before every task."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, APPEND, 0o600)
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 (lives as long as the worker)
        self._identity = identity(self._fd)
        self._null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(self._null, 0)  # a task that asks the terminal gets "end of file", not a hang
        self._streams: list[Any] = [None, None]
        self._attach()

    def _attach(self) -> None:
        """Descriptors and streams as they should be, whatever the task before did to them."""
        for fd in (1, 2):
            if identity(fd) != self._identity:
                os.dup2(self._fd, fd)
        for i, fd in enumerate((1, 2)):
            if self._streams[i] is None or self._streams[i].closed:
                raw = open(fd, "wb", buffering=0 if fd == 2 else -1, closefd=False)  # noqa: SIM115
                self._streams[i] = io.TextIOWrapper(
                    raw, "utf-8", "backslashreplace", line_buffering=True, write_through=fd == 2
                )
        sys.stdout, sys.stderr = self._streams
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def begin(self) -> None:
        self._attach()
        if os.fstat(self._fd).st_size:
            os.ftruncate(self._fd, 0)

    def end(self, mask: Mask) -> str:
        for stream in {sys.stdout, sys.stderr, *self._streams}:
            try:
                stream.flush()
            except BaseException:  # a stream of the user's, or a closed one
                pass
        flush_c()
        if not os.fstat(self._fd).st_size:
            return ""
        return read_bounded(self._file, mask)
