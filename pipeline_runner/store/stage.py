"""A file of a local store that is written before its name is known."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from .disk import discard
from .local import refuse
from .proofs import Stamp

if TYPE_CHECKING:
    from .local import LocalFiles

_AGE = 50_000_000  # ns


class Stage:
    """``file`` is written, then published or not."""

    def __init__(self, files: LocalFiles, path: str, file: BinaryIO) -> None:
        self.file = file
        self._files = files
        self._path = path

    def publish(self, name: str) -> Stamp:
        """Give the file its name; its stamp, which tells of whoever writes to it from now on.

        For that it is a little older than it is: a stamp of this very moment would prove nothing.
        """
        try:
            self.file.close()
            written = time.time_ns() - _AGE
            os.utime(self._path, ns=(written, written))
            stamp = Stamp.of(os.stat(self._path))
        except OSError as e:
            refuse(self._files.url, e)
        self._files.publish(self._path, name)
        return stamp


@contextmanager
def staged(files: LocalFiles) -> Iterator[Stage]:
    """A stage; the file is gone at the end unless it was published."""
    try:
        path = files.new_file()
        file = open(path, "xb", buffering=0)  # noqa: SIM115 - what is raised while it is used is not ours
    except OSError as e:
        refuse(files.url, e)
    try:
        with file:
            yield Stage(files, path, cast(BinaryIO, file))
    finally:
        discard(path)
