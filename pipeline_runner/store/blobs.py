"""Blobs: stored bytes, named by their content.

A plain blob is named by the digest of its bytes. A segmented blob (a pickle with its buffers laid
beside it) starts with a header that holds the digest and the place of each segment, and is named by
the digest of that header: so a buffer whose digest is known already is not digested again, and
segments begin at multiples of 64 bytes, ready to be mapped into memory.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from ..errors import BlobLost, StoreError
from ..keys.digest import digest
from .local import read_file, refuse
from .proofs import Proofs, Stamp
from .segments import Laid, Pieces, aligned, is_whole, lay, read_header, write

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .files import FileStore
    from .local import LocalFiles
    from .stage import Stage

_SMALL = 1 << 16  # bytes up to which a blob is read rather than mapped


class Segments(NamedTuple):
    """A segmented blob, mapped: its parts, writable without touching the file (copy on write)."""

    parts: list[memoryview]
    refs: list[str]  # blobs that this one names


class Staged(NamedTuple):
    """A blob that is written but not stored yet."""

    name: str
    size: int
    pieces: list[Pieces]  # of each part, with their digests
    keep: Callable[[], None]


class Blobs:
    """Stored bytes by their digest; each is verified when it is first read in this process."""

    def __init__(self, files: FileStore, *, careful: bool = False) -> None:
        self._files = files
        self._careful = careful and files.is_local  # others may write here while we read
        self.doubtful = False  # what is there already is read before it is taken for written
        self.proofs = Proofs()

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
        laid = lay([[(len(v), d or digest(v))] for v, d in zip(views, digests, strict=True)], refs)
        pieces: list[Any] = [laid.head]
        for i, view in enumerate(views):
            pieces.append(view)
            if i < len(views) - 1:
                pieces.append(bytes(aligned(len(view)) - len(view)))
        self._write(laid.name, pieces)
        return laid.name, laid.size

    @contextmanager
    def staged(
        self, parts: Sequence[Buffer], cuts: Sequence[Sequence[int]], refs: Sequence[str] = ()
    ) -> Iterator[Staged]:
        """Write a segmented blob of a local store and digest it in one go (``segments.write``).

        It is stored by ``keep``, or else gone at the end.
        """
        from .stage import staged

        views = [memoryview(p).cast("B") for p in parts]
        with staged(cast("LocalFiles", self._files)) as stage:
            try:
                laid, pieces = write(stage.file, views, cuts, refs)
            except OSError as e:
                refuse(self._files.url, e)
            yield Staged(laid.name, laid.size, pieces, partial(self._keep, stage, laid))

    def _keep(self, stage: Stage, laid: Laid) -> None:
        if self._is_there(laid.name, laid.size):
            self._files.touch(_path(laid.name))
            return
        self.proofs.add(laid.name, stage.publish(_path(laid.name)))

    def _write(self, name: str, parts: Sequence[Any]) -> None:
        path = _path(name)
        size = sum(memoryview(p).nbytes for p in parts)
        if not self._is_there(name, size):
            self._files.write(path, parts)
        elif self._files.is_local:
            self._files.touch(path)  # so that `cache gc` sees that it is in use

    def _is_there(self, name: str, size: int) -> bool:
        there = self._files.size(_path(name)) if self._files.is_local or size > _SMALL else None
        return there == size and (not self.doubtful or (self._files.is_local and self.verify(name)))

    # ---- reading ---------------------------------------------------------------------------------

    def size(self, name: str) -> int | None:
        return self._files.size(_path(name)) if name.isalnum() else None

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
            header, start = read_header(view)
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
        try:
            _path(name)  # or what was proved of it could lie anywhere, too
            self.proofs.drop(name)
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
        if not self._careful and self.proofs.hold(name, seen):
            return view
        whole = is_whole(view, name)
        if not whole and not self._files.is_local:
            view.release()  # Windows removes nothing that is mapped
            self._files.forget_copy(_path(name))  # perhaps only our own copy is damaged
            view, seen = self._open(self._local(name), name)
            whole = is_whole(view, name)
        if not whole:
            view.release()
            self._lost(name, damaged=True)
        self.proofs.add(name, seen)
        return view

    def _open(self, path: str, name: str) -> tuple[memoryview, Stamp]:
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
        return memoryview(raw), Stamp.of(stat)

    def _lost(self, name: str, damaged: bool) -> NoReturn:
        """Report it; a damaged one is removed, or its producer would find it there and keep it."""
        self.proofs.drop(name)
        if damaged:
            try:
                self._files.delete(_path(name))
            except StoreError:
                pass  # a store that is only read: nothing will be written there either
        raise BlobLost(name, damaged)


def blob_file(name: str) -> str:
    return f"blobs/{name[:2]}/{name}"


def _path(name: str) -> str:
    if not name.isalnum():  # an entry that somebody made up may name anything, and what is no blob goes
        raise BlobLost(name, True)
    return blob_file(name)
