"""Tracked files must be, while a task reads them, what its cache key was made from."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..keys.trees import Stamps, bytes_digest, stamps_of
from ..model.bound import Bound, FileArg


def changed_file(args: Iterable[Bound]) -> str | None:
    """The first tracked file that does not hold what was seen when the key was made.

    A file is read again only where its size, time stamps or inode tell that it was touched, or
    where it was so new that they prove nothing.
    """
    for bound in args:
        if isinstance(bound, FileArg):
            for path, seen in zip(bound.paths, bound.seen, strict=False):
                if seen and not _is_same(path, *seen):
                    return path
    return None


def _is_same(path: str, content: str, stamps: Stamps | None = None) -> bool:
    try:
        return (stamps is not None and stamps_of(os.stat(path)) == stamps) or bytes_digest(path) == content
    except OSError:
        return False
