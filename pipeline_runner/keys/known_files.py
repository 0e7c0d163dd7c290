"""What files held when they were last read, so that unchanged ones are not read again.

A file is unchanged while its mode, size, time stamps and inode are. One that was modified less than two
seconds before it was read is not kept: it may change again within the resolution of its time stamps.
Lists of files are kept, too: while none of a list's files differs, one comparison answers for all.
"""

from __future__ import annotations

import marshal
import os
import stat
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from . import kept
from .digest import digest
from .trees import Stamps, bytes_digest, kind_of, stamps_of

_NAME = "files 2"
_SETTLED_NS = 2_000_000_000
_KEPT = 10_000  # rows that are kept although nothing asked for them lately
_KEPT_LISTS = 100
_LISTS = ".lists"  # behind the index's name

# a file's content and, where they prove that it is unchanged, its stamps
Seen: TypeAlias = tuple[str] | tuple[str, Stamps]


class KnownFiles:
    """The index. ``path``: a local file, None for no index; ``paranoid``: believe nothing of it."""

    def __init__(self, path: str | None, paranoid: bool, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._paranoid = paranoid
        self._clock = clock
        self._rows: dict[str, tuple[str, Stamps]] | None = None
        self._lists: dict[str, bytes] | None = None
        self._used: set[str] = set()
        self._used_lists: dict[str, Sequence[str]] = {}
        self._changed = self._changed_lists = False

    # ---- one file --------------------------------------------------------------------------------

    def seen(self, path: str, stamps: Stamps) -> Seen:
        """The content of a regular file. ``OSError`` for what is none, or changes meanwhile."""
        rows = self._all_rows()
        row = rows.get(path)
        if row is not None and row[1] == stamps and (not self._paranoid or path in self._used):
            self._used.add(path)
            return row
        if not stat.S_ISREG(stamps[0]):
            raise OSError(f"{path} is {kind_of(stamps[0])}, not a regular file")
        before = stamps_of(os.stat(path))
        content = bytes_digest(path)
        after = stamps_of(os.stat(path))
        if before == after and self._clock() - max(after[2], after[3]) > _SETTLED_NS:
            self._changed = self._changed or row != (content, after)
            self._used.add(path)  # a paranoid index reads a file once
            rows[path] = (content, after)
            return rows[path]
        self._changed = rows.pop(path, None) is not None or self._changed
        return (content,)

    # ---- lists -------------------------------------------------------------------------------------

    def unchanged(
        self, name: str, paths: Sequence[str], stamps: Sequence[Stamps]
    ) -> tuple[str, tuple[Seen, ...]] | None:
        """What was kept of a list under that name, if these are its files, and none of them differs."""
        known = None if self._paranoid else self._all_lists().get(name)
        if known is None:
            return None
        made_from, whole, contents = marshal.loads(known)
        if made_from != _list_digest(paths, stamps):
            return None
        self._used_lists[name] = paths
        return whole, tuple(zip(contents, stamps, strict=True))

    def keep(self, name: str, paths: Sequence[str], whole: str, seen: Sequence[Seen]) -> None:
        """Keep a list with its digest, if each of its files can be told to be unchanged."""
        lists = self._all_lists()
        settled = [s for s in seen if len(s) == 2]
        if len(settled) == len(seen):
            made_from = _list_digest(paths, [s[1] for s in settled])
            known = marshal.dumps((made_from, whole, [s[0] for s in settled]), 2)
            self._used_lists[name] = paths
            self._changed_lists = self._changed_lists or lists.get(name) != known
            lists[name] = known

    # ---- the file ----------------------------------------------------------------------------------

    def save(self) -> None:
        """Keep what was learned. Never fails: without an index, files are only read again."""
        if self._path is None:
            return
        if self._changed_lists:
            lists = self._all_lists()
            if len(lists) > max(_KEPT_LISTS, 2 * len(self._used_lists)):
                lists = {name: known for name, known in lists.items() if name in self._used_lists}
            self._changed_lists = not kept.save(self._path + _LISTS, _NAME, lists)
        if self._changed:
            rows = self._all_rows()
            used = self._used.union(*self._used_lists.values())
            if len(rows) > max(_KEPT, 2 * len(used)):
                rows = {path: row for path, row in rows.items() if path in used}
            self._changed = not kept.save(self._path, _NAME, rows)

    def _all_rows(self) -> dict[str, tuple[str, Stamps]]:
        """Loaded when something differs: a list that is as it was answers without them."""
        if self._rows is None:
            self._rows = (kept.load(self._path, _NAME) if self._path is not None else None) or {}
        return self._rows

    def _all_lists(self) -> dict[str, bytes]:
        if self._lists is None:
            self._lists = (kept.load(self._path + _LISTS, _NAME) if self._path is not None else None) or {}
        return self._lists


def _list_digest(paths: Sequence[str], stamps: Sequence[Stamps]) -> str:
    return digest(marshal.dumps((list(paths), list(stamps)), 2))  # 2: alike for what is equal
