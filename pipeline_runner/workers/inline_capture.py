"""What tasks print that run in a process of others, kept with their outcomes."""

from __future__ import annotations

import codecs
import io
import os
import sys
import tempfile
import threading
from contextlib import suppress
from typing import BinaryIO, Protocol

from . import streams
from .capture import APPEND, LIMIT, MARGIN, Mask, flush_c, read_bounded


class Capture(Protocol):
    """Of one task after the other, in one thread."""

    def begin(self) -> None: ...
    def end(self, mask: Mask) -> str:
        """What the task printed."""

    def so_far(self, mask: Mask) -> str:
        """What the task that runs has printed. From any thread."""

    def restore(self) -> None:
        """After an exception that hit between begin and end. Idempotent."""

    def close(self) -> None:
        """No more tasks come."""


class Buffer:
    """Text in memory: the first and the last megabyte."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: list[str] = []
        self._room = LIMIT
        self._tail_size = 0
        self._dropped = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, text: str) -> None:
        if self._room > 0:
            self._head.append(text)
            self._room -= len(text)
            return
        self._tail.append(text)
        self._tail_size += len(text)
        if self._tail_size > 4 * LIMIT:
            self._shrink()

    def write_bytes(self, data: bytes) -> None:
        self.write(self._decoder.decode(data))

    def _shrink(self) -> None:
        tail = "".join(self._tail)
        keep = tail[-LIMIT - MARGIN :]
        self._dropped += len(tail) - len(keep)
        self._tail, self._tail_size = [keep], len(keep)

    def text(self, mask: Mask, *, shrink: bool = True) -> str:
        if shrink and self._tail_size > 2 * LIMIT:
            self._shrink()
        if not self._dropped:
            return mask("".join(self._head + self._tail))
        head, tail = mask("".join(self._head)), mask("".join(self._tail))[MARGIN:]
        return f"{head}\n... {self._dropped / 1e6:.1f} MB left out ...\n{tail}"


class ThreadCapture:
    """Of one thread among several: what Python code prints in it. Child processes and C code write
    to the descriptors of the whole process, and nobody can say for whom."""

    def __init__(self) -> None:
        self._buffer: Buffer | None = None

    def begin(self) -> None:
        self._buffer = Buffer()
        streams.begin(self._buffer, of_thread=True)

    def end(self, mask: Mask) -> str:
        buffer, self._buffer = self._buffer, None
        if buffer is None:
            return ""
        streams.end(buffer)
        return buffer.text(mask)

    def so_far(self, mask: Mask) -> str:
        buffer = self._buffer
        return "" if buffer is None else buffer.text(mask, shrink=False)

    def restore(self) -> None:
        self.end(str)

    def close(self) -> None:
        pass


class ProcessCapture:
    """Of tasks that have the process to themselves: all that any thread, child process or C code
    writes while one runs, by way of a file to which descriptors 1 and 2 lead: from the first task of a
    batch until ``restore``, as leading them there and back takes longer than a tiny task."""

    def __init__(self) -> None:
        self._file: _LogFile | None = None
        self._redirection = streams.Redirection()
        self._running = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            if self._file is None:
                self._file = _LogFile()
            if self._redirection.holds:
                self._redirection.again(self._file.fd)
            else:
                _flush_streams()
                self._redirection.lead(self._file.fd)
            self._file.empty()
            streams.begin(self._file, of_thread=False)
            self._running = True

    def end(self, mask: Mask) -> str:
        self._over()
        with self._lock:
            return "" if self._file is None else self._file.text(mask)

    def so_far(self, mask: Mask) -> str:
        with self._lock:
            return self._file.text(mask) if self._running and self._file is not None else ""

    def _over(self) -> None:
        self._running = False
        if self._file is not None:
            streams.end(self._file)
        _flush_streams()

    def restore(self) -> None:
        self._over()
        self._redirection.undo()

    def close(self) -> None:
        self.restore()
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()


class _LogFile:
    """A temporary file that is written through one descriptor and read through another."""

    def __init__(self) -> None:
        handle, self._path = tempfile.mkstemp(prefix="prun-log-")
        os.close(handle)
        self.fd = os.open(self._path, APPEND, 0o600)
        self._reader: BinaryIO = open(self._path, "rb", buffering=0)  # noqa: SIM115
        self._writer = io.TextIOWrapper(
            open(self.fd, "wb", closefd=False),  # noqa: SIM115
            "utf-8",
            "backslashreplace",
            line_buffering=True,
        )
        with suppress(OSError):  # Windows removes no open file
            os.unlink(self._path)

    def write(self, text: str) -> None:
        self._writer.write(text)

    def write_bytes(self, data: bytes) -> None:
        self._writer.flush()
        while data:
            data = data[os.write(self.fd, data) :]

    def empty(self) -> None:
        if os.fstat(self.fd).st_size:
            os.ftruncate(self.fd, 0)

    def text(self, mask: Mask) -> str:
        with suppress(OSError, ValueError):
            self._writer.flush()
        return read_bounded(self._reader, mask)

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._writer.close()
        self._reader.close()
        os.close(self.fd)
        with suppress(OSError):
            os.unlink(self._path)


def _flush_streams() -> None:
    """What waits in this process's own streams goes where they lead now."""
    for stream in (*streams.behind(), sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except Exception:  # closed, or the user's
            pass
    flush_c()
