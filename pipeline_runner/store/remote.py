"""A store behind any fsspec URL. Blobs are read through copies in a local folder: bytes that are
named by their content never go stale.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import Problem, StoreError
from .disk import discard, replace
from .files import Fact
from .local import LocalFiles

if TYPE_CHECKING:
    from typing_extensions import Buffer

_T = TypeVar("_T")
_CACHES = ("simplecache::", "filecache::", "blockcache::", "cached::")  # fsspec's
_ATTEMPTS = 5
_DELAY = 0.2  # seconds before the first repetition; doubled each time
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_ANSWERS = (*_ABSENT, FileExistsError, NotImplementedError)  # they say how it is
_FINAL = (PermissionError,)
# libraries whose errors are not OSErrors, though they tell of a network that failed
_CLIENTS = frozenset(
    {"aiohttp", "azure", "botocore", "gcsfs", "google", "http", "requests", "s3fs", "ssl", "urllib3"}
)


class RemoteFiles:
    """``FileStore`` behind fsspec."""

    is_local = False

    def __init__(self, url: str, local_dir: str) -> None:
        self.url = url.rstrip("/")
        self._copies = LocalFiles(local_dir)
        self.local_dir = self._copies.local_dir
        self.prepare: Callable[[], None] | None = None
        self._parts: dict[str, int] = {}
        self._fs, self._root = _connect(self.url)

    def read(self, name: str) -> bytes:
        data: bytes = self._again(lambda: self._fs.cat_file(self._path(name)))
        return data

    def read_many(self, names: Iterable[str]) -> dict[str, bytes | OSError]:
        by_path = {self._path(n): n for n in names}
        if not by_path:
            return {}
        got = self._again(lambda: self._fs.cat(list(by_path), on_error="return"))
        found: dict[str, bytes | OSError] = {}
        for path, data in got.items():
            name = by_path.get(path) or by_path.get("/" + path.lstrip("/")) or by_path[path.lstrip("/")]
            if isinstance(data, (bytes, bytearray)):
                found[name] = bytes(data)
            elif not isinstance(data, _ABSENT):
                with contextlib.suppress(*_ABSENT):
                    found[name] = self.read(name)  # with its own repetitions
        return found

    def write(self, name: str, parts: Sequence[Buffer]) -> None:
        if name.startswith("blobs/"):
            self._copies.write(name, parts)  # whoever wrote it is likely to read it
            self._put(lambda: self._fs.put_file(self._copies.local_path(name), self._path(name)))
        else:
            data = _joined(parts)
            self._put(lambda: self._fs.pipe_file(self._path(name), data))

    def _put(self, work: Callable[[], None]) -> None:
        try:
            self._write(work)
        except _ABSENT as e:  # a file system that makes no folders
            raise StoreError(f"cannot write to the store {self.url}: {e}") from e

    def create(self, name: str, parts: Sequence[Buffer]) -> bool:
        data = _joined(parts)

        def put() -> bool:
            try:
                self._fs.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            except OSError:  # what losers of a race get differs from store to store
                if self._fs.exists(self._path(name)):
                    return False
                raise
            except (TypeError, ValueError, NotImplementedError):  # a file system without such a mode
                if self._fs.exists(self._path(name)):
                    return False
                self._fs.pipe_file(self._path(name), data)
            return True

        return self._write(put)

    def append(self, name: str, data: bytes) -> None:
        """Object stores cannot append: each piece is an object of its own (``read_pieces``)."""
        count = self._parts[name] = self._parts.get(name, 0) + 1
        self.write(f"{name}.parts/{time.time_ns() // 1000:014x}-{count:06d}", [data])

    def size(self, name: str) -> int | None:
        try:
            size: int = self._again(lambda: self._fs.size(self._path(name)))
        except _ABSENT:
            return None
        return size

    def list(self, folder: str) -> Sequence[str]:
        path = self._path(folder)

        def ls() -> Sequence[str]:
            self._fs.invalidate_cache(path)
            return self._fs.ls(path, detail=False)  # type: ignore[no-any-return]

        try:
            found = self._again(ls)
        except _ABSENT:
            return ()
        return [p.rstrip("/").rpartition("/")[2] for p in found]

    def list_many(self, folders: Iterable[str]) -> dict[str, Sequence[str]]:
        folders = list(folders)
        if len(folders) < 2:
            return {f: self.list(f) for f in folders}
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(16, len(folders))) as threads:
            return dict(zip(folders, threads.map(self.list, folders), strict=True))

    def delete(self, name: str) -> None:
        self.forget_copy(name)
        self._remove(name)

    def walk(self, folder: str) -> dict[str, Fact]:
        path = self._path(folder).rstrip("/")

        def find() -> dict[str, Any]:
            self._fs.invalidate_cache()
            return self._fs.find(path, detail=True)  # type: ignore[no-any-return]

        try:
            found = self._again(find)
        except _ABSENT:
            return {}
        start = len(self._root.strip("/")) + 1
        return {p.strip("/")[start:]: Fact(i.get("size") or 0, _mtime(i)) for p, i in found.items()}

    def fact(self, name: str) -> Fact | None:
        try:
            info = self._again(lambda: self._fs.info(self._path(name)))
        except _ABSENT:
            return None
        return Fact(info.get("size") or 0, _mtime(info))

    def head(self, name: str, size: int) -> bytes:
        data: bytes = self._again(lambda: self._fs.cat_file(self._path(name), start=0, end=size))
        return data

    def touch(self, name: str) -> None:
        pass

    def delete_many(self, names: Sequence[str]) -> Sequence[str]:
        copies = os.path.exists(self._copies.local_path("format"))  # else they are a store of their own
        for start in range(0, len(names), 500):
            some = names[start : start + 500]
            if not copies:
                self._copies.delete_many([n for n in some if n.startswith("blobs/")])
            try:
                self._write(lambda: self._fs.rm([self._path(n) for n in some]))  # noqa: B023
            except _ABSENT:  # somebody was quicker: then one by one
                for name in some:
                    self._remove(name)
        return ()

    def _remove(self, name: str) -> None:
        with contextlib.suppress(*_ABSENT):
            self._write(lambda: self._fs.rm_file(self._path(name)))

    def local_path(self, name: str) -> str:
        path = self._copies.local_path(name)
        if not os.path.exists(path):
            temporary = self._copies.temporary()
            try:
                self._again(lambda: self._fs.get_file(self._path(name), temporary))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                replace(temporary, path)
            except PermissionError:  # Windows: another process was quicker, and has it open
                discard(temporary)
                if not os.path.exists(path):
                    raise
            except BaseException:
                discard(temporary)
                raise
        return path

    def forget_copy(self, name: str) -> None:
        self._copies.delete(name)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _write(self, work: Callable[[], _T]) -> _T:
        if self.prepare:
            prepare, self.prepare = self.prepare, None
            prepare()
        return self._again(work, "write to")

    def _again(self, work: Callable[[], _T], what: str = "read from") -> _T:
        """Do it; errors that may pass are tried again, after growing delays.

        Absence is raised as it is; what does not pass is a ``StoreError``.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return work()
            except _ANSWERS:
                raise
            except Exception as e:
                if not _may_pass(e) or attempt == _ATTEMPTS - 1:
                    if not isinstance(e, OSError) and not _is_of_a_client(e):
                        raise
                    tried = f" ({_ATTEMPTS} attempts)" if _may_pass(e) else ""
                    why = str(e) or type(e).__name__
                    raise StoreError(f"cannot {what} the store {self.url}: {why}{tried}") from e
            time.sleep(_DELAY * 2**attempt * (0.5 + random.random()))
        raise AssertionError


def _mtime(info: dict[str, Any]) -> float:
    """When a file was written, as far as its file system says; else just now: it is left alone then."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        found: Any = info.get(key)
        if isinstance(found, (int, float)):
            return float(found)
        if hasattr(found, "timestamp"):
            return float(found.timestamp())
        if isinstance(found, str):
            from datetime import datetime

            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(found).timestamp()
    return time.time()


def _is_of_a_client(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _CLIENTS


def _may_pass(error: Exception) -> bool:
    """Whether trying again may help: a network that failed, a store that is busy."""
    if isinstance(error, OSError):
        return not isinstance(error, _FINAL)
    return _is_of_a_client(error)


def _joined(parts: Sequence[Buffer]) -> bytes:
    return b"".join(bytes(p) for p in parts) if len(parts) != 1 else bytes(parts[0])


def _connect(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped,unused-ignore]

    if url.startswith(_CACHES):
        hint = "leave the cache away: prun itself keeps copies of what never changes"
        what = f"the store {url} is behind a cache that does not see what changes there"
        raise StoreError(Problem("store", what, None, hint))
    try:
        fs, root = url_to_fs(url)
    except ImportError as e:
        raise StoreError(f"the store {url} needs a package that is not installed: {e}") from e
    except ValueError as e:
        raise StoreError(f"{url!r} is no URL of a store: {e}") from e
    except Exception as e:  # a server that is not there, options that are missing: each says it its own way
        raise StoreError(f"the store {url} cannot be opened: {type(e).__name__}: {e}") from e
    return fs, root.rstrip("/")
