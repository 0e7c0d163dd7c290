"""Which files a folder or a pattern stands for.

A folder stands for every file below it, hidden ones too, but for what tools leave there by themselves
(``.git``, ``__pycache__``, ``.ipynb_checkpoints``, ``.DS_Store``) and for prun's own folders. A pattern
has ``*``, ``?``, ``[...]`` within a name and ``**`` for any folders; a name that starts with a dot must
be asked for by one. Links are followed; one that leads back to a folder above it is not entered again.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator

_IGNORED = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".prun"})
_MAGIC = re.compile(r"[*?\[]")
_Inodes = tuple[tuple[int, int], ...]


def is_pattern(text: str) -> bool:
    return _MAGIC.search(text) is not None


def files_below(folder: str, ignore: frozenset[str] = frozenset()) -> list[str]:
    """Every file below a folder, sorted. ``ignore``: absolute paths that are not entered."""

    def wanted(entry: os.DirEntry[str]) -> bool:
        return entry.name not in _IGNORED and entry.path not in ignore

    return sorted(_walk(folder, wanted, ()))


def files_matching(pattern: str) -> list[str]:
    """The files that an absolute pattern stands for, sorted."""
    parts = pattern.replace(os.sep, "/").split("/")
    fixed = next(i for i, part in enumerate(parts) if is_pattern(part))
    start = "/".join(parts[:fixed]) or "/"
    return sorted(set(_match(start + "/" if start.endswith(":") else start, parts[fixed:], ())))


def _match(folder: str, parts: list[str], above: _Inodes) -> Iterator[str]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _match_any_depth(folder, rest, above)
        return
    if not is_pattern(head):
        path = os.path.join(folder, head)
        if rest:
            yield from _match(path, rest, above)
        elif os.path.isfile(path):
            yield path
        return
    fits = re.compile(fnmatch.translate(os.path.normcase(head))).match
    hidden = head.startswith(".")
    for entry in _scan(folder):
        name = entry.name
        if (hidden or name[0] != ".") and fits(name if os.sep == "/" else os.path.normcase(name)):
            if not rest:
                if not entry.is_dir():
                    yield entry.path
            elif entry.is_dir():
                yield from _match(entry.path, rest, above)


def _match_any_depth(folder: str, rest: list[str], above: _Inodes) -> Iterator[str]:
    def visible(entry: os.DirEntry[str]) -> bool:
        return not entry.name.startswith(".")

    if not rest:
        yield from _walk(folder, visible, above)
        return
    here = _enter(folder, above)
    if here is not None:
        yield from _match(folder, rest, above)
        for entry in _scan(folder):
            if visible(entry) and entry.is_dir():
                yield from _match_any_depth(entry.path, rest, here)


def _walk(folder: str, wanted: Callable[[os.DirEntry[str]], bool], above: _Inodes) -> Iterator[str]:
    here = _enter(folder, above)
    if here is None:
        return
    for entry in _scan(folder):
        if wanted(entry):
            if entry.is_dir():
                yield from _walk(entry.path, wanted, here)
            else:
                yield entry.path


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _enter(folder: str, above: _Inodes) -> _Inodes | None:
    """Where we are, below what; None in a circle of links."""
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        return None
    here = (found.st_dev, found.st_ino)
    return None if here in above else (*above, here)
