"""What a task prints, kept with its outcome.

In a worker process the file descriptors 1 and 2 lead to a file of the slot, so output of C code
and of child processes is there too, and the parent can still read it when the worker was killed.
In a process that is not ours, ``sys.stdout`` and ``sys.stderr`` are replaced while tasks run.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

LIMIT = 1024 * 1024  # bytes kept of the beginning, and as many of the end
_MARGIN = 4096  # read beyond the cut, so that a secret lying across it is still found

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)

Mask = Callable[[str], str]


def read_bounded(file: BinaryIO, mask: Mask) -> str:
    """The text of a log file; of a long one the first and the last megabyte."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return ""
    file.seek(0)
    if size <= 2 * LIMIT:
        return mask(_text(file.read()))
    head = mask(_text(file.read(LIMIT + _MARGIN)))[:-_MARGIN]
    file.seek(size - LIMIT - _MARGIN)
    tail = mask(_text(file.read()))[_MARGIN:]
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


class FileCapture:
    """The slot's log file, emptied before every task."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, _FLAGS, 0o600)
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 (lives as long as the worker)
        self._identity = self._id(self._fd)
        self._null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(self._null, 0)  # a task that asks the terminal gets "end of file", not a hang
        self._streams: list[Any] = [None, None]
        self._attach()

    @staticmethod
    def _id(fd: int) -> tuple[int, int] | None:
        try:
            found = os.fstat(fd)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _attach(self) -> None:
        """Descriptors and streams as they should be, whatever the task before did to them."""
        for fd in (1, 2):
            if self._id(fd) != self._identity:
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
        if not os.fstat(self._fd).st_size:
            return ""
        return read_bounded(self._file, mask)


class Buffer:
    """Text in memory: the first and the last megabyte."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: list[str] = []
        self._room = LIMIT
        self._tail_size = 0
        self._dropped = 0

    def write(self, text: str) -> None:
        if self._room > 0:
            self._head.append(text)
            self._room -= len(text)
            return
        self._tail.append(text)
        self._tail_size += len(text)
        if self._tail_size > 4 * LIMIT:
            self._shrink()

    def _shrink(self) -> None:
        tail = "".join(self._tail)
        keep = tail[-LIMIT - _MARGIN :]
        self._dropped += len(tail) - len(keep)
        self._tail, self._tail_size = [keep], len(keep)

    def text(self, mask: Mask) -> str:
        if self._tail_size > 2 * LIMIT:
            self._shrink()
        if not self._dropped:
            return mask("".join(self._head + self._tail))
        head, tail = mask("".join(self._head)), mask("".join(self._tail))[_MARGIN:]
        return f"{head}\n... {self._dropped / 1e6:.1f} MB left out ...\n{tail}"


class _Proxy:
    """Stands in for ``sys.stdout``: a task's text goes to its buffer, other text to the stream.

    There is one for each stream in the life of the process, because a logging handler that is
    made in one task keeps it for all later ones.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stream: Any = None

    def install(self) -> None:
        if getattr(sys, self._name) is not self:
            self._stream = getattr(sys, self._name)
            setattr(sys, self._name, self)

    def remove(self) -> None:
        if getattr(sys, self._name) is self:
            setattr(sys, self._name, self._stream)

    def write(self, text: str) -> int:
        buffer = _buffer()
        if buffer is None:
            return int(self._stream.write(text) or 0)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        buffer.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _buffer() is None and self._stream is not None:
            self._stream.flush()

    def isatty(self) -> bool:
        return _buffer() is None and bool(self._stream.isatty())

    def close(self) -> None:  # a task may not close the streams of this process
        pass

    @property
    def buffer(self) -> Any:
        return self._stream.buffer if _buffer() is None else _Bytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Bytes(io.RawIOBase):
    """``sys.stdout.buffer`` of a task."""

    def __init__(self, proxy: _Proxy) -> None:
        self._proxy = proxy

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._proxy.write(raw.decode("utf-8", "replace"))
        return len(raw)


_streams = (_Proxy("stdout"), _Proxy("stderr"))
_own = threading.local()  # .buffers: of the tasks of this thread, the innermost last
_shared: list[Buffer] = []  # of tasks that have the process to themselves
_lock = threading.Lock()
_users = 0


def _buffer() -> Buffer | None:
    own = getattr(_own, "buffers", None) or _shared
    return own[-1] if own else None


class StreamCapture:
    """Capture in this process. ``threads``: each worker thread has its own buffer; else the text
    of all threads is the task's."""

    def __init__(self, threads: bool) -> None:
        self._threads = threads

    def _buffers(self) -> list[Buffer]:
        if not self._threads:
            return _shared
        if not hasattr(_own, "buffers"):
            _own.buffers = []
        own: list[Buffer] = _own.buffers
        return own

    def begin(self) -> None:
        global _users
        with _lock:
            _users += 1
            for stream in _streams:
                stream.install()
        self._buffers().append(Buffer())

    def end(self, mask: Mask) -> str:
        global _users
        buffer = self._buffers().pop()
        with _lock:
            _users -= 1
            if not _users:
                for stream in _streams:
                    stream.remove()
        return buffer.text(mask)
