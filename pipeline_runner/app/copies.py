"""Copies of files and folders outside the store: each file appears whole, and what is there is compared
by content, links and executable bits.

A folder may hold files of the user's beside those that were copied there: only what is known to be a
copy is ever removed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from ..keys.digest import combine
from ..keys.trees import Node, bytes_digest, content_of_tree, tree_nodes
from ..store.disk import discard, link, remove, replace


def put_bytes(target: str, data: bytes) -> None:
    """Raises ``ValueError`` where a folder is in the way, ``OSError`` where it cannot be written."""
    _make_room(target)
    with _Temporary(target) as temporary:
        with open(temporary, "wb") as file:
            file.write(data)
        replace(temporary, target)


def put_file(source: str, target: str) -> None:
    """The file's bytes, and whether it is executable; neither its other rights nor its time stamps."""
    import shutil  # not on the warm path, where there is nothing to write

    _make_room(target)
    with _Temporary(target, executable=is_executable(os.stat(source))) as temporary:
        shutil.copyfile(source, temporary)
        replace(temporary, target)


def put_tree(source: str, target: str, before: Sequence[Node] = ()) -> list[Node]:
    """A folder's files, links and empty folders; what there is of them now.

    ``before``: what an earlier call put there; of that goes what the folder no longer holds.
    """
    if os.path.lexists(target) and not os.path.isdir(target):
        raise ValueError(f"{target} is a file, and a folder should be published there")
    nodes = tree_nodes(source)
    wanted = {node.path for node in nodes}
    _remove(target, [node for node in before if node.path not in wanted])
    os.makedirs(target, exist_ok=True)
    for node in sorted(nodes, key=lambda node: node.kind == "link"):  # Windows asks what they lead to
        path = _below(target, node.path)
        _make_way(target, node.path)
        if node.kind == "file":
            put_file(_below(source, node.path), path)
        elif node.kind == "link":
            _put_link(node.target, path)
        else:
            os.makedirs(path, exist_ok=True)
    return nodes


def is_executable(found: os.stat_result) -> bool:
    return os.name != "nt" and bool(found.st_mode & 0o100)


# ---- looking at what is there --------------------------------------------------------------------------


def look(path: str, nodes: Iterable[Node] | None) -> list[list[int]] | None:
    """What a copy looks like without being read; None where it is not what it should be."""
    try:
        if nodes is None:
            found = os.stat(path)
            return [_stamp(found)] if stat.S_ISREG(found.st_mode) else None
        return [_stamp(os.lstat(_below(path, node.path))) for node in nodes if node.kind != "folder"]
    except OSError:
        return None


def content(path: str, nodes: Iterable[Node] | None, *, modes: bool) -> str | None:
    """The digest of a copy; None where it is not whole. ``modes``: whether executable bits count."""
    try:
        if nodes is None:
            mark = "x" if modes and is_executable(os.stat(path)) else ""
            return combine("copy", [bytes_digest(path), mark])
        there = [_node(path, node.path) for node in nodes]
        digests = [bytes_digest(_below(path, n.path)) if n.kind == "file" else "" for n in there]
        return content_of_tree(there, digests)
    except OSError:
        return None


def _node(root: str, name: str) -> Node:
    path = _below(root, name)
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return Node(name, "link", os.readlink(path).replace(os.sep, "/"), False)
    if stat.S_ISDIR(found.st_mode):
        return Node(name, "folder", "", False)
    return Node(name, "file", "", is_executable(found))


def _stamp(found: os.stat_result) -> list[int]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


# ---- inside --------------------------------------------------------------------------------------------


def _below(root: str, name: str) -> str:
    return os.path.join(root, *name.split("/"))


def _parents(name: str) -> Iterator[str]:
    """``a/b/c`` -> ``a``, ``a/b``."""
    parts = name.split("/")
    return ("/".join(parts[:i]) for i in range(1, len(parts)))


def _make_way(root: str, name: str) -> None:
    """Folders above a name are folders, not links that lead elsewhere."""
    for parent in _parents(name):
        path = _below(root, parent)
        if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
            os.unlink(path)
    path = _below(root, name)
    if os.path.islink(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)


def _remove(root: str, nodes: Iterable[Node]) -> None:
    """Copies that are no longer wanted, and the folders that are empty then."""
    folders: set[str] = set()
    for node in nodes:
        if any(os.path.islink(_below(root, parent)) for parent in _parents(node.path)):
            continue  # no copy of ours: it lies elsewhere
        path = _below(root, node.path)
        try:
            if os.path.islink(path) or os.path.isfile(path):
                remove(path)
        except FileNotFoundError:
            pass
        folders.update(_parents(node.path))
        folders.add(node.path)
    for folder in sorted(folders, key=len, reverse=True):
        try:
            os.rmdir(_below(root, folder))
        except OSError:  # not empty, or no folder
            pass


def _put_link(to: str, path: str) -> None:
    if os.path.isdir(path):
        raise ValueError(f"{path} is a folder, and a link should be published there")
    if os.path.lexists(path):
        os.unlink(path)
    link(to, path)


def _make_room(target: str) -> None:
    if os.path.isdir(target):
        raise ValueError(f"{target} is a folder, and a file should be published there")
    os.makedirs(os.path.dirname(target), exist_ok=True)


class _Temporary:
    """A new file beside the target, with the rights that any new file gets; gone at the end if it was
    not put in place."""

    def __init__(self, target: str, *, executable: bool = False) -> None:
        self.path = os.path.join(os.path.dirname(target), f".prun-{os.urandom(8).hex()}")
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if executable else 0o666))

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *error: object) -> None:
        discard(self.path)
