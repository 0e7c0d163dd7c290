"""The content of a file or of a folder, whatever it is called and wherever it lies."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from .digest import Hasher, combine

_PIECE = 1 << 20
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".lz4", ".br"})


# what tells that a file is unchanged: mode, size, modification, change, inode
Stamps: TypeAlias = tuple[int, int, int, int, int]
stamps_of: Callable[[os.stat_result], Stamps] = attrgetter(
    "st_mode", "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"
)


class Node(NamedTuple):
    """A file, a link or an empty folder in a tree; ``path`` is relative, with ``/``."""

    path: str
    kind: str  # "file", "link", "folder"
    target: str  # of a link
    executable: bool


def bytes_digest(path: str) -> str:
    """The digest of a file's bytes. ``OSError`` for what is not a regular file."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags)  # non-blocking: opening a pipe would wait for a writer
    try:
        return opened_digest(fd, path)
    finally:
        os.close(fd)


def opened_digest(fd: int, path: str) -> str:
    """The same, of an open file. A file that changes meanwhile is an ``OSError``."""
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        raise OSError(f"{path} is {kind_of(before.st_mode)}, not a regular file")
    hasher = Hasher()
    count = 0  # no memory map: a file that is cut short meanwhile would end the process
    while piece := os.read(fd, min(before.st_size, _PIECE) + 1):
        hasher.update(piece)
        count += len(piece)
        if count > before.st_size > 0:  # (what has no size is told by its end alone)
            break
    after = os.fstat(fd)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OSError(f"{path} changed while it was read")
    return hasher.hexdigest()


def suffix(path: str) -> str:
    """What tells a file's format: ``.csv``, ``.tar.gz``."""
    base, last = os.path.splitext(os.path.basename(path))
    return os.path.splitext(base)[1] + last if last in _PACKED else last


def content_of_file(content: str, name: str) -> str:
    """The digest of a file as a value: its bytes' digest and its suffix."""
    return combine("file", [content, suffix(name)])


def content_of_tree(nodes: list[Node], contents: list[str]) -> str:
    """The digest of a folder as a value: relative names, content, executable bits, links inside.

    ``contents``: of each node the digest of its bytes, "" where it is no file.
    """
    parts = []
    for node, content in zip(nodes, contents, strict=True):
        parts += [node.path, node.kind, node.target, "x" if node.executable else "", content]
    return combine("tree", parts)


def tree_nodes(root: str) -> list[Node]:
    """All that is in a folder, sorted. ``OSError`` for links that lead out of it, and for what is
    neither a file, a folder nor a link."""
    nodes: list[Node] = []
    top = os.path.realpath(root)
    left = [("", root)]
    while left:
        prefix, folder = left.pop()
        count = 0
        with os.scandir(folder) as found:
            for entry in found:
                count += 1
                path = prefix + entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    nodes.append(Node(path, "link", _link(entry.path, top), False))
                elif stat.S_ISDIR(mode):
                    left.append((path + "/", entry.path))
                elif stat.S_ISREG(mode):
                    nodes.append(Node(path, "file", "", os.name != "nt" and bool(mode & 0o100)))
                else:
                    raise OSError(f"{entry.path} is {kind_of(mode)}, which cannot be stored")
        if not count and prefix:
            nodes.append(Node(prefix[:-1], "folder", "", False))
    nodes.sort()
    return nodes


def _link(path: str, top: str) -> str:
    target = os.readlink(path)
    inside = os.path.realpath(path)
    if os.path.isabs(target) or os.path.commonpath([top, inside]) != top:
        raise OSError(f"{path} is a link that leads out of the folder (to {target})")
    return target.replace(os.sep, "/")


def kind_of(mode: int) -> str:
    """What a file is, for people."""
    for is_it, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if is_it(mode):
            return name
    return "a special file"
