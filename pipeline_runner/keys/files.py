"""Tracked files: digests of what they hold, kept in an index so that unchanged ones are not read.

The index says what a file held when it had a certain size, modification time, change time and inode.
A file that was modified less than two seconds before it was read is not entered: it may change again
within the resolution of its time stamps. What is damaged in the index is as if it were not there.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .digest import combine, digest
from .listing import files_below, files_matching, is_pattern
from .trees import bytes_digest, file_digest, kind_of, tree_digest

_VERSION = "prun files 1"
_SETTLED_NS = 2_000_000_000
_KEPT = 10_000  # rows that are kept although nothing asked for them lately

__all__ = ["FileIndex", "Tracked", "file_digest", "tree_digest"]


class Tracked(NamedTuple):
    """Has the fields of ``engine.ports.TrackedFile``."""

    paths: tuple[str, ...]  # absolute; URLs as they are
    digest: str  # content and relative paths
    many: bool
    what: str  # for people
    seen: tuple[tuple[Any, ...], ...] = ()


# URL, paranoid -> URLs, parts of their digest, whether there may be many
Remote = Callable[[str, bool], tuple[list[str], list[str], bool]]


class FileIndex:
    """``FileTracker`` for the files of a pipeline.

    ``root``: the pipeline's folder. ``path``: where the index is kept, a local file; None for no
    index. ``ignore``: folders that are never part of a tracked folder (the store). ``remote`` tracks
    what is behind a URL (``store.urls.track_url``).
    """

    def __init__(
        self,
        root: str,
        path: str | None = None,
        *,
        paranoid: bool = False,
        ignore: Sequence[str] = (),
        remote: Remote | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._root = os.path.abspath(root)
        self._prefix = self._root if self._root.endswith(os.sep) else self._root + os.sep
        self._path = path
        self._paranoid = paranoid
        self._ignore = frozenset(os.path.abspath(p) for p in ignore)
        self._remote = remote
        self._clock = clock
        self._rows: dict[str, list[Any]] | None = None
        self._used: set[str] = set()
        self._changed = False

    def track(self, value: str | Sequence[str]) -> Tracked:
        """A path, a pattern, a folder, a URL, or a list of these, relative to the root.

        One file stands for itself; anything else for a list. ``OSError`` or ``ValueError`` with a
        message for the user.
        """
        if isinstance(value, str):
            return self._track_one(value)
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            raise ValueError(f"a path or a list of paths is needed, not {type(value).__name__}")
        found = [self._track_one(v) for v in value]
        what = found[0].what if len(found) == 1 else f"{len(found)} paths"
        return Tracked(
            tuple(p for f in found for p in f.paths),
            combine("files", [f.digest for f in found]),
            True,
            what,
            tuple(s for f in found for s in f.seen),
        )

    def digest_of(self, path: str) -> str:
        """The digest of a regular file's bytes, from the index if the file is unchanged."""
        return self._content(self._name(path), path)

    def save(self) -> None:
        """Keep what was learned. Never fails: without an index, files are only read again."""
        if self._path is None or not self._changed or self._rows is None:
            return
        rows = self._rows
        if len(rows) > max(_KEPT, 2 * len(self._used)):
            rows = {name: row for name, row in rows.items() if name in self._used}
        body = json.dumps([_VERSION, rows], separators=(",", ":")).encode()
        temporary = f"{self._path}.{os.getpid()}.tmp"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(digest(body).encode() + b"\n" + body)
            os.replace(temporary, self._path)
            self._changed = False
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    # ---- what a text stands for ----------------------------------------------------------------------

    def _track_one(self, text: str) -> Tracked:
        if not text:
            raise ValueError("an empty path")
        if "://" in text:
            if self._remote is None:
                raise ValueError(f"{text}: files behind a URL cannot be tracked here")
            paths, parts, many = self._remote(text, self._paranoid)
            return Tracked(tuple(paths), _together(many, parts), many, text, ((),) * len(paths))
        path = os.path.normpath(os.path.join(self._root, os.path.expanduser(text)))
        if is_pattern(text) and not os.path.lexists(path):
            found = files_matching(path)
            if not found:
                raise FileNotFoundError(f"no file matches {text}{self._hint(path)}")
            return self._many(found, text)
        if os.path.isdir(path):
            return self._many(files_below(path, self._ignore), text)
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no file {text}{self._hint(path)}")
        name = self._name(path)
        content = self._content(name, path)
        return Tracked((path,), _together(False, [name, content]), False, text, (self._seen(name, content),))

    def _many(self, paths: list[str], what: str) -> Tracked:
        parts, seen = [], []
        for path in paths:
            name = self._name(path)
            content = self._content(name, path)
            parts += [name, content]
            seen.append(self._seen(name, content))
        return Tracked(tuple(paths), _together(True, parts), True, what, tuple(seen))

    def _seen(self, name: str, content: str) -> tuple[Any, ...]:
        """What tells later whether a file still holds the same."""
        row = (self._rows or {}).get(name)
        return (content,) if row is None else (content, tuple(row[:4]))

    def _name(self, path: str) -> str:
        """Relative to the root, with ``/``; absolute outside of it."""
        name = path[len(self._prefix) :] if path.startswith(self._prefix) else path
        return name if os.sep == "/" else name.replace(os.sep, "/")

    def _hint(self, path: str) -> str:
        """What is there instead."""
        import difflib

        folder, name = os.path.split(path)
        while not os.path.isdir(folder):
            folder, name = os.path.split(folder)
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return ""
        shown = self._name(folder) if folder != self._root else "the pipeline's folder"
        near = [] if is_pattern(name) else difflib.get_close_matches(name, names, 3, 0.6)
        if near:
            return f": did you mean {' or '.join(near)}? (in {shown})"
        if not names:
            return f": {shown} is empty"
        return f": in {shown} there {'is' if len(names) == 1 else 'are'} {_some(names)}"

    # ---- the index -----------------------------------------------------------------------------------

    def _content(self, name: str, path: str) -> str:
        found = os.stat(path)
        rows = self._rows if self._rows is not None else self._load()
        row = rows.get(name)
        if (
            row is not None
            and row[1] == found.st_mtime_ns
            and row[0] == found.st_size
            and row[2] == found.st_ctime_ns
            and row[3] == found.st_ino
            and (not self._paranoid or name in self._used)  # used: it was read a moment ago
        ):
            self._used.add(name)
            content: str = row[4]
            return content
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is {kind_of(found.st_mode)}, not a regular file")
        return self._read(name, path, rows)

    def _read(self, name: str, path: str, rows: dict[str, list[Any]]) -> str:
        before = os.stat(path)
        content = bytes_digest(path)
        after = os.stat(path)
        seen = [after.st_size, after.st_mtime_ns, after.st_ctime_ns, after.st_ino]
        settled = self._clock() - max(after.st_mtime_ns, after.st_ctime_ns) > _SETTLED_NS
        if settled and seen == [before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino]:
            rows[name] = [*seen, content]
            self._used.add(name)
            self._changed = True
        elif rows.pop(name, None) is not None:
            self._changed = True
        return content

    def _load(self) -> dict[str, list[Any]]:
        self._rows = {}
        if self._path is not None:
            try:
                with open(self._path, "rb") as file:
                    data = file.read()
                checksum, _, body = data.partition(b"\n")
                version, rows = json.loads(body) if digest(body).encode() == checksum else ("", {})
                if version == _VERSION:
                    self._rows = rows
            except (OSError, ValueError, TypeError):
                pass
        return self._rows


def _together(many: bool, parts: Sequence[str]) -> str:
    return combine("many files" if many else "one file", parts)


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
