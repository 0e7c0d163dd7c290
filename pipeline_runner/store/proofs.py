"""Which blobs were proved to be whole: by this process, and by others of the same run.

A run reads a large blob in many workers; one of them has written it just now, or digested all of it, and
tells the others through a folder of the run. What is told counts for one file with one size, time stamp and
inode, and only where the stamp would tell of another write.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import NamedTuple

from ..keys.stamps import proves

_WORTH = 1 << 20  # bytes from which on digesting takes longer than telling


class Stamp(NamedTuple):
    """Of a blob's file."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Stamp:
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino)


class Proofs:
    """Blob -> the stamp that its file had when it was proved. ``folder``: where processes tell each other."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self._own: dict[str, Stamp] = {}

    def hold(self, name: str, stamp: Stamp) -> bool:
        """Whether this very file was proved."""
        if self._own.get(name) == stamp:
            return True
        if stamp.size < _WORTH or self._told(name) != b"%d %d %d" % stamp:
            return False
        self._own[name] = stamp
        return True

    def add(self, name: str, stamp: Stamp) -> None:
        """The file with this stamp has been read or written as a whole just now."""
        if not proves(stamp.mtime_ns, time.time_ns()):
            return
        self._own[name] = stamp
        if self.folder is not None and stamp.size >= _WORTH:
            with contextlib.suppress(OSError), open(self._path(name), "wb", buffering=0) as file:
                file.write(b"%d %d %d" % stamp)

    def drop(self, name: str) -> None:
        self._own.pop(name, None)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path(name))

    def _told(self, name: str) -> bytes:
        if self.folder is None:
            return b""
        try:
            with open(self._path(name), "rb", buffering=0) as file:
                return file.read()
        except OSError:
            return b""

    def _path(self, name: str) -> str:
        return os.path.join(str(self.folder), f"proved-{name}")
