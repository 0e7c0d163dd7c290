"""Copies of outputs at paths that people can find (`publish:`), restored when they are lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..keys.digest import digest
from ..model.artifact import Artifact
from ..model.bound import Bound, Inline, Many, Named, Stored

if TYPE_CHECKING:
    from ..store.store import Store

SUFFIXES = (".json", ".csv", ".parquet", ".npy", ".pkl")


class FilePublisher:
    """The engine's ``Publisher`` port. Remembers what it wrote in a local index.

    The index says of each path which content was published there and what the file looked like;
    a file that was changed since is written anew.
    """

    def __init__(self, store: Store, root: str) -> None:
        self.store = store
        self.root = root
        self._file = os.path.join(store.index_dir, "published.json")
        self._known: dict[str, Any] | None = None
        self._changed = False
        self.asked: dict[str, str] = {}  # path -> content that belongs there

    def current(self, path: str, digest: str) -> bool:
        self.asked[path] = digest
        target = self._absolute(path)
        known = self._index().get(target)
        if not isinstance(known, dict) or known.get("digest") != digest:
            return False
        signature = _signature(target)
        if signature is None:
            return False
        if signature == known.get("stat"):
            return True
        same = _content(target) == known.get("content")
        if same:
            self._remember(target, digest)
        return same

    def write(self, path: str, bound: Bound) -> bool:
        target = self._absolute(path)
        suffix = os.path.splitext(target)[1].lower()
        if isinstance(bound, Stored) and bound.artifact.codec in ("file", "tree"):
            self._copy(bound.artifact, target)
        elif (data := self._bytes(bound, suffix)) is not None:
            self._put(target, data)
        elif suffix not in SUFFIXES:
            raise ValueError(
                f"{path}: {self._type(bound)} cannot be written as {suffix or 'a file without suffix'!r}"
                f" (text, bytes, files, or one of {' '.join(SUFFIXES)})"
            )
        else:
            return False
        self._remember(target, bound.digest)
        return True

    def place(self, path: str, rendered: Artifact, digest: str) -> None:
        target = self._absolute(path)
        self._copy(rendered, target)
        self._remember(target, digest)

    def shown(self, path: str) -> str:
        absolute = self._absolute(path)
        shown = os.path.relpath(absolute, self.root) if absolute.startswith(self.root + os.sep) else absolute
        return shown.replace(os.sep, "/")

    def save(self) -> None:
        """Keep the index; losing it only costs writing again."""
        if not self._changed or self._known is None:
            return
        try:
            os.makedirs(os.path.dirname(self._file), exist_ok=True)
            _atomic(self._file, json.dumps(self._known).encode())
        except OSError:
            pass

    # ---- inside ----------------------------------------------------------------------------------

    def _absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.root, os.path.expanduser(path)))

    def _index(self) -> dict[str, Any]:
        if self._known is None:
            try:
                with open(self._file, "rb") as f:
                    found = json.load(f)
            except (OSError, ValueError):
                found = {}
            self._known = found if isinstance(found, dict) else {}
        return self._known

    def _remember(self, target: str, digest_: str) -> None:
        self._index()[target] = {"digest": digest_, "stat": _signature(target), "content": _content(target)}
        self._changed = True

    def _bytes(self, bound: Bound, suffix: str) -> bytes | None:
        """The file's bytes where no worker is needed: text, bytes, plain data as JSON."""
        if not self._is_plain(bound):
            return None
        if suffix in SUFFIXES and suffix != ".json" and not self._is_text(bound):
            return None
        value = self._plain(bound)
        if isinstance(value, str):
            return value.encode("utf-8")
        if isinstance(value, bytes):
            return value
        if suffix == ".json":
            try:
                return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=True) + "\n").encode()
            except (TypeError, ValueError):
                return None  # dates, sets ...: the worker's codec knows them
        return None

    def _is_plain(self, bound: Bound) -> bool:
        if isinstance(bound, Stored):
            return bound.artifact.codec in ("data", "bytes")
        if isinstance(bound, Many):
            return all(map(self._is_plain, bound.items))
        if isinstance(bound, Named):
            return all(self._is_plain(b) for _, b in bound.items)
        return isinstance(bound, Inline)

    def _is_text(self, bound: Bound) -> bool:
        return isinstance(bound, Stored) and (
            bound.artifact.codec == "bytes" or bound.artifact.type.startswith(("str", "bytes"))
        )

    def _plain(self, bound: Bound) -> Any:
        if isinstance(bound, Inline):
            return bound.value
        if isinstance(bound, Many):
            return [self._plain(b) for b in bound.items]
        if isinstance(bound, Named):
            return {name: self._plain(b) for name, b in bound.items}
        assert isinstance(bound, Stored)
        return self.store.plain(bound.artifact)

    def _type(self, bound: Bound) -> str:
        if isinstance(bound, Stored):
            return bound.artifact.type or bound.artifact.codec
        return "a mapping of outputs" if isinstance(bound, Named) else "a value"

    def _copy(self, artifact: Artifact, target: str) -> None:
        from ..store.codecs import decode

        source = str(decode(artifact, self.store))
        if os.path.isdir(source):
            self._copy_tree(source, target)
        else:
            self._put_file(source, target)

    def _copy_tree(self, source: str, target: str) -> None:
        if os.path.isfile(target):
            raise ValueError(f"{target} is a file, and a folder should be published there")
        wanted = {os.path.relpath(os.path.join(d, f), source) for d, _, fs in os.walk(source) for f in fs}
        for name in sorted(wanted):
            self._put_file(os.path.join(source, name), os.path.join(target, name))
        for folder, _, _ in os.walk(source):  # empty ones, too
            os.makedirs(os.path.join(target, os.path.relpath(folder, source)), exist_ok=True)
        for folder, _, names in os.walk(target):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.relpath(path, target) not in wanted:
                    os.unlink(path)

    def _put_file(self, source: str, target: str) -> None:
        import shutil  # not on the warm path, where there is nothing to write
        import tempfile

        _make_room(target)
        fd, temporary = tempfile.mkstemp(prefix=".prun-", dir=os.path.dirname(target))
        os.close(fd)
        try:
            shutil.copyfile(source, temporary)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            _unlink(temporary)
            raise

    def _put(self, target: str, data: bytes) -> None:
        _make_room(target)
        _atomic(target, data)


def _make_room(target: str) -> None:
    if os.path.isdir(target):
        raise ValueError(f"{target} is a folder, and a file should be published there")
    os.makedirs(os.path.dirname(target), exist_ok=True)


def _atomic(target: str, data: bytes) -> None:
    import tempfile

    fd, temporary = tempfile.mkstemp(prefix=".prun-", dir=os.path.dirname(target))
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        _unlink(temporary)
        raise


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _signature(path: str) -> list[Any] | None:
    """What a file or a folder looks like without being read; None where there is none."""
    try:
        if not os.path.isdir(path):
            s = os.stat(path)
            return [s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino]
        return [[os.path.relpath(f, path), *_signature_of(f)] for f in _files(path)]
    except OSError:
        return None


def _signature_of(path: str) -> list[int]:
    s = os.stat(path)
    return [s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino]


def _files(folder: str) -> Iterable[str]:
    return sorted(os.path.join(d, f) for d, _, fs in os.walk(folder) for f in fs)


def _content(path: str) -> str | None:
    try:
        if os.path.isdir(path):
            return digest(
                "\0".join(f"{os.path.relpath(f, path)}\0{_content(f)}" for f in _files(path)).encode()
            )
        with open(path, "rb") as f:
            return digest(f.read())
    except OSError:
        return None
