"""Files and folders as values: stored by content, handed on as read-only paths.

A file lies ready at ``files/<digest>/content<suffix>`` (one that can be run at ``.../run<suffix>``), a
folder at ``trees/<digest>/content``: a step sees the suffix, which tells the format, but never the name
that the producer used, which is not part of the content. Executable bits are.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlobLost, StoreError
from ..keys.digest import combine
from ..keys.stamps import proves
from ..keys.trees import (
    Node,
    bytes_digest,
    content_of_file,
    content_of_tree,
    suffix,
    tree_nodes,
)
from ..model.artifact import Artifact
from .disk import discard, link, replace
from .local import LocalFiles

if TYPE_CHECKING:
    from .store import Store

_EXECUTABLE = "executable "  # stands before the type of such a file
_KINDS = ("file", "link", "folder")
_LARGE = 1 << 20  # bytes from which a copy costs more than it protects
_NT = re.compile(r"[\\/:]")
_proved: dict[str, tuple[int, ...]] = {}  # local path -> size, mtime, inode when it was proved


class Paths:
    """Files and folders of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._local = LocalFiles(store.local_dir)

    # ---- keeping -----------------------------------------------------------------------------------

    def keep(self, path: Path) -> Artifact:
        """Store a file or a folder. ``OSError`` says why it cannot be."""
        text = os.path.abspath(path)
        mode = os.stat(text).st_mode
        if stat.S_ISDIR(mode):
            return self._keep_tree(text)
        if not stat.S_ISREG(mode):
            raise OSError("it is neither a file nor a folder")
        blob, size = self._store.blobs.put_file(text)
        content, kind = content_of_file(blob, text), f"file{suffix(text)}"
        if os.name != "nt" and mode & 0o100:
            content, kind = combine("executable", [content]), _EXECUTABLE + kind
        return Artifact(content, "file", size, blob=blob, type=kind)

    def _keep_tree(self, root: str) -> Artifact:
        if _is_below(self._store.local_dir, root):
            raise OSError(
                "this folder holds the store itself; return its name as text if that is what is meant"
            )
        nodes = tree_nodes(root)
        contents, total = [], 0
        for node in nodes:
            blob, size = ("", 0)
            if node.kind == "file":
                blob, size = self._store.blobs.put_file(os.path.join(root, node.path))
            contents.append(blob)
            total += size
        manifest = [[*node, blob] for node, blob in zip(nodes, contents, strict=True)]
        blob = self._store.blobs.put(json.dumps({"tree": manifest}, separators=(",", ":")).encode())
        files = sum(n.kind == "file" for n in nodes)
        kind = f"folder of {files} file" + ("" if files == 1 else "s")
        return Artifact(content_of_tree(nodes, contents), "tree", total, blob=blob, type=kind)

    # ---- handing on --------------------------------------------------------------------------------

    def restore(self, codec: str, blob: str, kind: str) -> Path:
        """The read-only path of a stored file or folder. Raises ``BlobLost``."""
        if not blob.isalnum():  # made up: no digest
            raise BlobLost(blob, True)
        if codec == "tree":
            return Path(self._restore_tree(blob))
        executable = kind.startswith(_EXECUTABLE)
        ending = kind.removeprefix(_EXECUTABLE).removeprefix("file")
        return Path(self._restore_file(blob, os.path.basename(ending), executable=executable))

    def _restore_file(self, blob: str, ending: str, *, executable: bool) -> str:
        folder = os.path.join(self._local.url, "files", blob[:2], blob)
        path = os.path.join(folder, ("run" if executable else "content") + ending)
        if self._is_proved(path, blob):
            return path
        source = self._store.blobs.path(blob)
        os.makedirs(folder, exist_ok=True)
        self._place(source, path, executable)
        _prove(path)
        return path

    def _restore_tree(self, blob: str) -> str:
        manifest = _manifest(self._store.blobs.read(blob), blob)
        top = os.path.join(self._local.url, "trees", blob[:2], blob)
        root = os.path.join(top, "content")
        if os.path.isdir(root) and self._is_whole(root, manifest):
            return root
        temporary = self._local.temporary()
        try:
            self._make_tree(os.path.join(temporary, "content"), manifest, blob)
            os.makedirs(os.path.dirname(top), exist_ok=True)
            discard(top)
            replace(temporary, top)
        except OSError as e:
            if not self._is_whole(root, manifest):  # nor was another process quicker
                raise StoreError(f"cannot write to {self._local.url}: {e.strerror or e}") from e
        finally:
            discard(temporary)
        return root

    def _make_tree(self, made: str, manifest: list[Any], blob: str) -> None:
        os.makedirs(made)
        links = [row for row in manifest if row[1] == "link"]
        for row in [row for row in manifest if row[1] != "link"] + links:  # Windows asks what they lead to
            self._place_node(made, Node(*row[:4]), row[4])
        try:
            if links:
                tree_nodes(made)
        except OSError:  # a link that leads out of the folder
            raise BlobLost(blob, True) from None

    def _place_node(self, root: str, node: Node, blob: str) -> None:
        path = os.path.join(root, *node.path.split("/"))
        os.makedirs(path if node.kind == "folder" else os.path.dirname(path), exist_ok=True)
        if node.kind == "link":
            link(node.target, path)
        elif node.kind == "file":
            self._place(self._store.blobs.path(blob), path, node.executable)

    def _is_whole(self, root: str, manifest: list[Any]) -> bool:
        try:
            if tree_nodes(root) != [_as_here(Node(*row[:4])) for row in manifest]:
                return False
        except OSError:
            return False
        return all(
            self._is_proved(os.path.join(root, *row[0].split("/")), row[4])
            for row in manifest
            if row[1] == "file"
        )

    def _is_proved(self, path: str, blob: str) -> bool:
        """Whether the file has the bytes it should: read once in each process."""
        try:
            if _proved.get(path) == _stamp(path):
                return True
            if bytes_digest(path) != blob:
                return False
        except OSError:
            return False
        _prove(path)
        return True

    def _place(self, source: str, path: str, executable: bool) -> None:
        """Make a read-only file of a blob: large ones as a second name of the same file.

        Who overwrites that in spite of its mode damages the blob, which is found like any damage.
        """
        temporary = self._local.temporary()
        try:
            if executable or not _linked(source, temporary):
                shutil.copyfile(source, temporary)  # copy-on-write where the file system can
            os.chmod(temporary, 0o555 if executable else 0o444)
            replace(temporary, path)
            discard(temporary)  # which is still there if both were the same file already
        except OSError as e:
            discard(temporary)
            raise StoreError(f"cannot write to {self._local.url}: {e.strerror or e}") from e


def _manifest(data: bytes, blob: str) -> list[Any]:
    """What a folder holds. One that would reach out of it, as nobody but an attacker writes it, is as
    good as damaged: who may write to a store may not write elsewhere through it."""
    try:
        rows: list[Any] = json.loads(data)["tree"]
        links = {row[0] for row in rows if row[1] == "link"}
        for path, kind, target, _, part in rows:
            if kind not in _KINDS or type(target) is not str or type(part) is not str:
                raise ValueError(path)
            parts = path.split("/")
            above = ("/".join(parts[:i]) for i in range(1, len(parts)))
            if not all(map(_is_name, parts)) or not links.isdisjoint(above):
                raise ValueError(path)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise BlobLost(blob, True) from None
    return rows


def _as_here(node: Node) -> Node:
    """Windows has no executable bits."""
    return node._replace(executable=node.executable and os.name != "nt")


def _is_name(part: str) -> bool:
    """Whether a part of a path stays in its folder."""
    return part not in ("", ".", "..") and "\0" not in part and not (os.name == "nt" and _NT.search(part))


def _linked(source: str, path: str) -> bool:
    try:
        if os.stat(source).st_size < _LARGE:
            return False
        os.link(source, path)
    except OSError:
        return False
    return True


def _stamp(path: str) -> tuple[int, ...]:
    s = os.stat(path)
    return s.st_size, s.st_mtime_ns, s.st_ino


def _prove(path: str) -> None:
    with contextlib.suppress(OSError):
        stamp = _stamp(path)
        if proves(stamp[1], time.time_ns()):
            _proved[path] = stamp


def _is_below(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:  # another drive
        return False
