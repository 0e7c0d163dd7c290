"""``sys.stdout`` and ``sys.stderr`` of a process that is not ours, shared out among tasks and others."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from .capture import identity


class Sink(Protocol):
    """Takes what a task prints."""

    def write(self, text: str) -> None: ...
    def write_bytes(self, data: bytes) -> None: ...


class _Proxy:
    """Stands in for ``sys.stdout``: a task's text goes to its sink, other text to the stream.

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

    def behind(self) -> Any:
        """The stream for which it stands in, or will."""
        current = getattr(sys, self._name)
        return self._stream if current is self else current

    def write(self, text: str) -> int:
        sink = _sink()
        if sink is None:
            return self._pass_on(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        sink.write(text)
        return len(text)

    def _pass_on(self, text: str) -> int:
        kept = _kept.get(_descriptor(self._stream)) if _kept else None
        if kept is None:
            return int(self._stream.write(text) or 0)
        os.write(kept, text.encode(getattr(self._stream, "encoding", None) or "utf-8", "replace"))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _sink() is None and self._stream is not None:
            self._stream.flush()

    def isatty(self) -> bool:
        return _sink() is None and bool(self._stream.isatty())

    def close(self) -> None:  # a task may not close the streams of this process
        pass

    @property
    def buffer(self) -> Any:
        sink = _sink()
        return self._stream.buffer if sink is None else _Bytes(sink)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Bytes(io.RawIOBase):
    """``sys.stdout.buffer`` of a task."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._sink.write_bytes(raw)
        return len(raw)


_streams = (_Proxy("stdout"), _Proxy("stderr"))
_own = threading.local()  # .sinks: of the tasks of this thread, the innermost last; .outside
_shared: list[Sink] = []  # of tasks that have the process to themselves
_kept: dict[int, int] = {}  # descriptor that leads to a task's log -> where it led before
_lock = threading.Lock()
_users = 0


def behind() -> list[Any]:
    """``sys.stdout`` and ``sys.stderr`` but for us, if the system does not have them already."""
    found = [stream.behind() for stream in _streams]
    return [f for f in found if f is not sys.__stdout__ and f is not sys.__stderr__]


def _sink() -> Sink | None:
    own = getattr(_own, "sinks", None)
    if own:
        found: Sink = own[-1]
        return found
    return _shared[-1] if _shared and not getattr(_own, "outside", False) else None


def _descriptor(stream: Any) -> int:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return -1


def hold() -> None:
    """Stand in for the streams until ``release``."""
    global _users
    with _lock:
        _users += 1
        for stream in _streams:
            stream.install()


def release() -> None:
    global _users
    with _lock:
        _users -= 1
        if not _users:
            for stream in _streams:
                stream.remove()


def begin(sink: Sink, *, of_thread: bool) -> None:
    """What this thread (or every thread) prints goes to the sink until ``end``."""
    hold()
    if not of_thread:
        _shared.append(sink)
        return
    if not hasattr(_own, "sinks"):
        _own.sinks = []
    _own.sinks.append(sink)


def end(sink: Sink) -> None:
    """Nothing more goes there. Idempotent."""
    for sinks in (getattr(_own, "sinks", []), _shared):
        if sink in sinks:
            sinks.remove(sink)
            release()


@contextmanager
def outside() -> Iterator[None]:
    """What this thread prints is nobody's task's."""
    before = getattr(_own, "outside", False)
    _own.outside = True
    try:
        yield
    finally:
        _own.outside = before


class Redirection:
    """Descriptors 1 and 2 lead to a file: what child processes and C code write is there, too.

    One thread at a time may have them, for nested tasks more than once; another goes without. Meanwhile
    what goes through Python's streams and is no task's still reaches where they led before.
    """

    _thread: int | None = None  # that has them

    def __init__(self) -> None:
        self._before: dict[int, int] = {}
        self._outermost = False
        self._led: tuple[int, int] | None = None  # device and inode of the file

    @property
    def holds(self) -> bool:
        """Whether it has them."""
        return bool(self._before)

    def again(self, fd: int) -> None:
        """Lead them there once more, wherever a task has led them."""
        for target in self._before:
            if identity(target) != self._led:
                os.dup2(fd, target)

    def lead(self, fd: int) -> None:
        """Lead them to the file, until ``undo``."""
        me = threading.get_ident()
        with _lock:
            if Redirection._thread not in (None, me):
                return
            self._outermost = Redirection._thread is None
            Redirection._thread = me
        for target in (1, 2):
            try:
                self._before[target] = os.dup(target)
                os.dup2(fd, target)
            except OSError:  # closed, as in a service: there is nothing to lead elsewhere
                continue
            if self._outermost:
                _kept[target] = self._before[target]
        if self._before:
            self._led = identity(fd)
            hold()

    def undo(self) -> None:
        """Idempotent."""
        if self._before:
            release()
        if self._outermost:
            _kept.clear()
        while self._before:
            target, before = self._before.popitem()
            os.dup2(before, target)
            os.close(before)
        if self._outermost:
            self._outermost = False
            Redirection._thread = None
