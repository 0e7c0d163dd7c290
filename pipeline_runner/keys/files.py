"""Tracked files: what a path, a pattern, a folder or a URL stands for, and the digest of it."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import file_urls
from .digest import combine
from .known_files import KnownFiles
from .listing import files_below, files_matching, is_pattern
from .trees import stamps_of


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
        self._paranoid = paranoid
        self._ignore = frozenset(os.path.abspath(p) for p in ignore)
        self._remote = remote
        self._known = KnownFiles(path, paranoid, clock)

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

    def save(self) -> None:
        """Keep what was learned. Never fails: without an index, files are only read again."""
        self._known.save()

    # ---- what a text stands for ----------------------------------------------------------------------

    def _track_one(self, text: str) -> Tracked:
        if not text:
            raise ValueError("an empty path")
        if "\0" in text:
            raise ValueError(f"{text!r} is no path: it has a zero in it")
        if text.startswith(file_urls.SCHEMES):  # what reads it is given a path, as for any other file here
            return self._track_one(file_urls.path_of(text))
        if "://" in text:
            if self._remote is None:
                raise ValueError(f"{text}: files behind a URL cannot be tracked here")
            paths, parts, many = self._remote(text, self._paranoid)
            return Tracked(tuple(paths), _together(many, parts), many, text, ((),) * len(paths))
        path = os.path.normpath(os.path.join(self._root, os.path.expanduser(text)))
        try:
            found = os.stat(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EINVAL):
                raise
            return self._pattern(path, text)
        if stat.S_ISDIR(found.st_mode):
            return self._many(files_below(path, self._ignore), text)
        name = self._name(path, text)
        seen = self._known.seen(path, stamps_of(found))
        return Tracked((path,), _together(False, [name, seen[0]]), False, text, (seen,))

    def _pattern(self, path: str, text: str) -> Tracked:
        if os.path.lexists(path):
            raise _dangling(path)
        if not is_pattern(text):
            raise FileNotFoundError(f"there is no file {text}{self._hint(path)}")
        found = files_matching(path, self._ignore)
        if not found:
            raise FileNotFoundError(f"no file matches {text}{self._hint(path)}")
        return self._many(found, text)

    def _many(self, paths: list[str], text: str) -> Tracked:
        try:
            stamps = list(map(stamps_of, map(os.stat, paths)))
        except FileNotFoundError as error:
            raise _dangling(error.filename) if os.path.islink(error.filename) else error from None
        kept = f"{self._root}\0{text}"
        known = self._known.unchanged(kept, paths, stamps)
        if known is None:
            seen = tuple(map(self._known.seen, paths, stamps))
            parts = [
                part for path, s in zip(paths, seen, strict=True) for part in (self._name(path, text), s[0])
            ]
            known = _together(True, parts), seen
            self._known.keep(kept, paths, *known)
        return Tracked(tuple(paths), known[0], True, text, known[1])

    def _name(self, path: str, text: str) -> str:
        """Relative to the root, with ``/``; absolute outside of it, unless it was written relatively."""
        if path.startswith(self._prefix):
            name = path[len(self._prefix) :]
        elif os.path.isabs(os.path.expanduser(text)):
            name = path
        else:
            name = os.path.relpath(path, self._root)
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
        shown = self._name(folder, "") if folder != self._root else "the pipeline's folder"
        near = [] if is_pattern(name) else difflib.get_close_matches(name, names, 3, 0.6)
        if near:
            return f": did you mean {' or '.join(near)}? (in {shown})"
        if not names:
            return f": {shown} is empty"
        return f": in {shown} there {'is' if len(names) == 1 else 'are'} {_some(names)}"


def _together(many: bool, parts: Sequence[str]) -> str:
    return combine("many files" if many else "one file", parts)


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def _dangling(path: str) -> FileNotFoundError:
    return FileNotFoundError(f"{path} is a link to {os.readlink(path)}, which is not there")
