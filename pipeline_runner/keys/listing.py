"""Which files a folder or a pattern stands for.

A folder stands for every file below it, hidden ones too, but for what tools leave there by themselves
(``.git``, ``__pycache__``, ``.ipynb_checkpoints``, ``.DS_Store``) and for prun's own folders. A pattern
has ``*``, ``?``, ``[...]`` within a name and ``**`` for any folders, none of which stands for those; a
name that starts with a dot must be asked for by one. Links are followed; one that leads back to a folder
above it is not entered again.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

_IGNORED = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".prun"})
_MAGIC = re.compile(r"[*?\[]")
_Inodes = tuple[tuple[int, int | str], ...]


def is_pattern(text: str) -> bool:
    return _MAGIC.search(text) is not None


def files_below(folder: str, ignore: frozenset[str] = frozenset()) -> list[str]:
    """Every file below a folder, sorted. ``ignore``: absolute paths of folders that are not entered."""
    search = _Search(ignore)
    search.walk(folder, lambda name: name not in _IGNORED, ())
    return _sorted(search.found)


def files_matching(pattern: str, ignore: frozenset[str] = frozenset()) -> list[str]:
    """The files that an absolute pattern stands for, sorted."""
    parts = pattern.replace(os.sep, "/").split("/")
    fixed = next(i for i, part in enumerate(parts) if is_pattern(part))
    start = os.sep.join(parts[:fixed]) or os.sep
    search = _Search(ignore)
    search.match(start + os.sep if start.endswith(":") else start, parts[fixed:], ())
    return _sorted(set(search.found) if parts.count("**") > 1 else search.found)


class _Search:
    """Collects the files of one folder or pattern."""

    def __init__(self, ignore: frozenset[str]) -> None:
        self.found: list[str] = []
        self._ignore = ignore

    def match(self, folder: str, parts: list[str], above: _Inodes) -> None:
        head, rest = parts[0], parts[1:]
        if head == "**":
            self._match_any_depth(folder, rest, above)
        elif is_pattern(head):
            self._match_names(folder, head, rest, above)
        elif rest:
            self.match(os.path.join(folder, head), rest, above)
        elif os.path.isfile(path := os.path.join(folder, head)):
            self.found.append(path)

    def _match_names(self, folder: str, head: str, rest: list[str], above: _Inodes) -> None:
        fits = _fits(head)
        hidden = head[0] == "."
        with _scan(folder) as entries:
            if not rest:
                self.found += [
                    entry.path
                    for entry in entries
                    if ((name := entry.name)[0] != "." or hidden) and fits(name) and not entry.is_dir()
                ]
                return
            folders = [entry for entry in entries if entry.is_dir() and entry.name not in _IGNORED]
        for entry in folders:
            if (hidden or entry.name[0] != ".") and fits(entry.name) and entry.path not in self._ignore:
                self.match(entry.path, rest, above)

    def _match_any_depth(self, folder: str, rest: list[str], above: _Inodes) -> None:
        if not rest:
            self.walk(folder, _visible, above)
            return
        here = _enter(folder, above)
        if here is not None:
            self.match(folder, rest, above)
            with _scan(folder) as entries:
                folders = [e.path for e in entries if _visible(e.name) and e.is_dir()]
            for path in folders:
                if path not in self._ignore:
                    self._match_any_depth(path, rest, here)

    def walk(self, folder: str, wanted: Callable[[str], bool], above: _Inodes) -> None:
        here = _enter(folder, above)
        if here is None:
            return
        folders: list[str] = []
        with _scan(folder) as entries:
            for entry in entries:
                if wanted(entry.name):
                    (folders if entry.is_dir() else self.found).append(entry.path)
        for path in folders:
            if path not in self._ignore:
                self.walk(path, wanted, here)


def _sorted(paths: Iterable[str]) -> list[str]:
    """In the same order on every system."""
    return sorted(paths) if os.sep == "/" else sorted(paths, key=lambda path: path.replace(os.sep, "/"))


def _fits(part: str) -> Callable[[str], object]:
    match = re.compile(fnmatch.translate(os.path.normcase(part))).match
    return match if os.sep == "/" else lambda name: match(os.path.normcase(name))


def _visible(name: str) -> bool:
    return name[0] != "." and name not in _IGNORED


def _scan(folder: str) -> AbstractContextManager[Iterable[os.DirEntry[str]]]:
    try:
        return os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return nullcontext(())


def _enter(folder: str, above: _Inodes) -> _Inodes | None:
    """Where we are, below what; None in a circle of links."""
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        return None
    here = (found.st_dev, found.st_ino or os.path.realpath(folder))  # some network drives number nothing
    return None if here in above else (*above, here)
