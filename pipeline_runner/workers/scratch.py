"""The temporary folder of a run's workers, and those that killed runs left behind."""

from __future__ import annotations

import contextlib
import os
import tempfile

from ..store.disk import discard
from ..store.locks import lock_opened

_PREFIX = "prun-run-"
_LOCK = "lock"


class Scratch:
    """A folder that is locked as long as this process lives.

    Workers remove it when their parent was killed. If they were killed with it, the next run finds
    a folder that nobody has locked.
    """

    def __init__(self) -> None:
        _sweep()
        self.path, self._lock = _new()
        for _ in range(2):
            if self._lock is None:  # another run swept it before it was locked, or there are no locks here
                discard(self.path)
                self.path, self._lock = _new()

    def remove(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        discard(self.path)


def _new() -> tuple[str, int | None]:
    path = tempfile.mkdtemp(prefix=_PREFIX)
    file = os.path.join(path, _LOCK)
    lock = _try_lock(file, os.O_RDWR | os.O_CREAT)
    if lock is not None and not os.path.exists(file):  # removed between opening and locking
        os.close(lock)
        lock = None
    return path, lock


def _sweep() -> None:
    """Remove what nobody has locked. A folder without a lock file is being made just now."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(tempfile.gettempdir())):
            if entry.name.startswith(_PREFIX):
                lock = _try_lock(os.path.join(entry.path, _LOCK), os.O_RDWR)
                if lock is not None and os.name == "nt":
                    os.close(lock)  # first: nobody removes an open file there, nor one that is made just now
                    discard(entry.path)
                elif lock is not None:
                    discard(entry.path)
                    os.close(lock)  # last: whoever makes the folder just now finds that it is taken


def _try_lock(path: str, flags: int) -> int | None:
    """The descriptor of the locked file; None if it is not there, taken, or cannot be locked."""
    try:
        fd = os.open(path, flags, 0o600)
    except OSError:
        return None
    try:
        lock_opened(fd)
    except OSError:
        os.close(fd)
        return None
    return fd
