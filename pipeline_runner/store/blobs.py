"""Blobs: stored bytes, named by their content.

A plain blob is named by the digest of its bytes. A segmented blob (a pickle with its buffers laid
beside it) starts with a header that holds the digest and the place of each segment, and is named by
the digest of that header: so a buffer whose digest is known already is not digested again, and
segments begin at multiples of 64 bytes, ready to be mapped into memory.
"""

from __future__ import annotations

import json
import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ..errors import BlobLost, StoreError
from ..keys.digest import combine, digest
from ..keys.stamps import proves
from .local import read_file

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .files import FileStore

ALIGN = 64
_MAGIC = b"prun segments 1\n"
_HEAD = len(_MAGIC) + 8  # the magic, the header's length
_SMALL = 1 << 16  # bytes up to which a blob is read rather than mapped


class Segments(NamedTuple):
    """A segmented blob, mapped: its parts, writable without touching the file (copy on write)."""

    parts: list[memoryview]
    refs: list[str]  # blobs that this one names


class Blobs:
    """Stored bytes by their digest; each is verified when it is first read in this process."""

    def __init__(self, files: FileStore, *, careful: bool = False) -> None:
        self._files = files
        self._careful = careful and files.is_local  # others may write here while we read
        self.doubtful = False  # what is there already is read before it is taken for written
        self._proved: dict[str, tuple[int, int, int]] = {}  # blob -> size, mtime, inode when proved

    # ---- writing ---------------------------------------------------------------------------------

    def put(self, data: Buffer | Sequence[Buffer]) -> str:
        """Store bytes (or the sequence of some buffers); their digest."""
        parts: Sequence[Any] = data if isinstance(data, (list, tuple)) else [data]
        if len(parts) == 1:
            name = digest(parts[0])
        else:
            from ..keys.digest import Hasher

            hasher = Hasher()
            for part in parts:
                hasher.update(part)
            name = hasher.hexdigest()
        self._write(name, parts)
        return name

    def put_file(self, path: str) -> tuple[str, int]:
        """Store a file's bytes; its digest and size."""
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _SMALL:
                data = file.read()
                return self.put(data), len(data)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                return self.put(view), len(view)

    def put_segments(
        self, parts: Sequence[Buffer], digests: Sequence[str | None], refs: Sequence[str] = ()
    ) -> tuple[str, int]:
        """Store a segmented blob; its name and size. ``digests`` holds those that are known."""
        views = [memoryview(p).cast("B") for p in parts]
        table, offset = [], 0
        for view, known in zip(views, digests, strict=True):
            table.append([offset, len(view), known or digest(view)])
            offset = _aligned(offset + len(view))
        header = json.dumps({"segments": table, "refs": list(refs)}, separators=(",", ":")).encode()
        head = _MAGIC + len(header).to_bytes(8, "little") + header
        pieces: list[Any] = [head, bytes(_aligned(len(head)) - len(head))]
        for i, view in enumerate(views):
            pieces.append(view)
            if i < len(views) - 1:
                pieces.append(bytes(_aligned(len(view)) - len(view)))
        name = combine("segments", [header])
        self._write(name, pieces)
        return name, sum(len(p) for p in pieces)

    def _write(self, name: str, parts: Sequence[Any]) -> None:
        path = _path(name)
        size = sum(memoryview(p).nbytes for p in parts)
        there = self._files.size(path) if self._files.is_local or size > _SMALL else None
        if there != size or (self.doubtful and not (self._files.is_local and self.verify(name))):
            self._files.write(path, parts)
        elif self._files.is_local:
            self._files.touch(path)  # so that `cache gc` sees that it is in use

    # ---- reading ---------------------------------------------------------------------------------

    def size(self, name: str) -> int | None:
        return self._files.size(_path(name))

    def read(self, name: str) -> bytes:
        """The bytes of a plain blob, verified. Raises ``BlobLost``."""
        if not self._files.is_local:
            with self._mapped(name) as view:
                return bytes(view)
        data = self._bytes(name)
        if digest(data) != name:
            self._lost(name, damaged=True)
        return data

    def read_segments(self, name: str) -> Segments:
        """The parts of a segmented blob, verified, mapped copy-on-write. Raises ``BlobLost``."""
        path = self._local(name)
        view = self._map(path, name)
        try:
            header, start = _header(view)
        except ValueError:
            self._lost(name, damaged=True)
        parts = [view[start + offset : start + offset + size] for offset, size, _ in header["segments"]]
        return Segments(parts, header["refs"])

    def path(self, name: str) -> str:
        """The path of a local file with a plain blob's bytes, verified. Raises ``BlobLost``."""
        path = self._local(name)
        with self._mapped(name):
            return path

    def verify(self, name: str) -> bool:
        """Whether a blob is there and whole; reads all of it, whatever was proved before."""
        self._proved.pop(name, None)
        try:
            with self._mapped(name):
                return True
        except BlobLost:
            return False

    def _local(self, name: str) -> str:
        try:
            return self._files.local_path(_path(name))
        except FileNotFoundError:
            self._lost(name, damaged=False)

    def _bytes(self, name: str) -> bytes:
        try:
            return read_file(self._local(name))
        except (FileNotFoundError, NotADirectoryError):
            self._lost(name, damaged=False)
        except PermissionError as e:
            raise StoreError(f"cannot read from the store {self._files.url}: {e}") from e
        except OSError:
            self._lost(name, damaged=True)

    @contextmanager
    def _mapped(self, name: str) -> Iterator[memoryview]:
        view = self._map(self._local(name), name)
        try:
            yield view
        finally:
            view.release()

    def _map(self, path: str, name: str) -> memoryview:
        view, seen = self._open(path, name)
        if self._proved.get(name) == seen and not self._careful:
            return view
        whole = is_whole(view, name)
        if not whole and not self._files.is_local:
            self._files.forget_copy(_path(name))  # perhaps only our own copy is damaged
            view, seen = self._open(self._local(name), name)
            whole = is_whole(view, name)
        if not whole:
            view.release()
            self._lost(name, damaged=True)
        if proves(seen[1], time.time_ns()):
            self._proved[name] = seen
        return view

    def _open(self, path: str, name: str) -> tuple[memoryview, tuple[int, int, int]]:
        try:
            with open(path, "rb") as file:
                stat = os.fstat(file.fileno())
                size = stat.st_size
                raw: Any = (
                    bytearray(file.read())
                    if size <= _SMALL or self._careful  # a map would follow later changes of the file
                    else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
                )
        except (FileNotFoundError, NotADirectoryError):
            self._lost(name, damaged=False)
        except PermissionError as e:
            raise StoreError(f"cannot read from the store {self._files.url}: {e}") from e
        except OSError:
            self._lost(name, damaged=True)
        return memoryview(raw), (size, stat.st_mtime_ns, stat.st_ino)

    def _lost(self, name: str, damaged: bool) -> NoReturn:
        """Report it; a damaged one is removed, or its producer would find it there and keep it."""
        self._proved.pop(name, None)
        if damaged:
            try:
                self._files.delete(_path(name))
            except StoreError:
                pass  # a store that is only read: nothing will be written there either
        raise BlobLost(name, damaged)


def is_whole(view: memoryview, name: str) -> bool:
    """Whether these are the bytes that the name stands for."""
    if view[: len(_MAGIC)] == _MAGIC:
        try:
            header, start = _header(view)
        except ValueError:
            header = None
        if header is not None and combine("segments", [_raw_header(view)]) == name:
            table = header["segments"]
            offset, size, _ = table[-1]
            return len(view) == start + offset + size and all(
                digest(view[start + o : start + o + s]) == d for o, s, d in table
            )
    return digest(view) == name


def head_of(data: bytes, more: Callable[[int], bytes]) -> dict[str, Any] | None:
    """The header of a segmented blob from its first bytes, unproved; ``more(n)`` gives the first n."""
    if not data.startswith(_MAGIC):
        return None
    size = _HEAD + int.from_bytes(data[len(_MAGIC) : _HEAD], "little")
    found, _ = _header(memoryview(data if len(data) >= size else more(size)))
    header: dict[str, Any] = found
    return header


def _raw_header(view: memoryview) -> bytes:
    return bytes(view[_HEAD : _HEAD + int.from_bytes(view[len(_MAGIC) : _HEAD], "little")])


def _header(view: memoryview) -> tuple[Any, int]:
    """The header and where the segments start; ``ValueError`` if it is none."""
    raw = _raw_header(view)
    header = json.loads(raw)
    if type(header) is not dict or not header.get("segments"):
        raise ValueError("no header")
    return header, _aligned(_HEAD + len(raw))


def _aligned(n: int) -> int:
    return -(-n // ALIGN) * ALIGN


def _path(name: str) -> str:
    return f"blobs/{name[:2]}/{name}"
