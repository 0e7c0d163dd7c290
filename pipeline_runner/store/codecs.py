"""Values to artifacts and back. Runs in workers: only here are pickles read.

Plain data is stored as canonical text, files and folders as they are, anything else as a pickle of
protocol 5 whose buffers (arrays, frames' blocks) lie beside it in one blob, each at a multiple of 64
bytes: read back, they are a private memory map that nobody copied.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..keys.canonical import loads, plain_digest, stored_text
from ..keys.objects import Content, Memory, content
from ..keys.unhashable import NotPlain, Unhashable
from ..model.artifact import Artifact
from .describe import describe, what_does_not_pickle
from .paths import Paths

if TYPE_CHECKING:
    from .store import Store

INLINE = 16 * 1024  # bytes of text up to which plain data stands in the entry itself
_IN_BAND = 4096  # bytes below which a buffer is not worth its alignment


class Unstorable(Exception):
    """A result that cannot be stored: what it is, at which path, and what to return instead."""

    hint = ""


class PickleRefused(ValueError):
    """A pickle, where none may be read."""


def encode(
    value: Any,
    store: Store,
    is_project: Callable[[str], bool],
    plain_digest: Callable[[Any], str] = plain_digest,
) -> Artifact:
    """Store a value. Raises ``Unstorable``; ``StoreError`` if the store cannot be written."""
    if isinstance(value, Path):
        return _encode_path(value, store)
    try:
        text = stored_text(value)
    except NotPlain:
        return _encode_safe(value, store) if store.at.safe else _encode_pickle(value, store, is_project)
    digest, kind = plain_digest(value), describe(value)
    data = text.encode()
    if len(data) <= INLINE:
        return Artifact(digest, "data", len(data), inline=text, type=kind)
    if type(value) is bytes:  # as they are: their text would be twice as long
        return Artifact(digest, "bytes", len(value), blob=store.blobs.put(value), type=kind)
    return Artifact(digest, "data", len(data), blob=store.blobs.put(data), type=kind)


def decode(artifact: Artifact, store: Store) -> Any:
    """The value of an artifact. Raises ``BlobLost`` if its bytes are gone or damaged."""
    if artifact.inline is not None:
        return loads(artifact.inline)
    if artifact.blob is None:
        raise ValueError("an artifact without bytes")
    if artifact.codec in ("data", "bytes"):
        return store.plain(artifact)
    if artifact.codec in ("file", "tree"):
        return Paths(store).restore(artifact.codec, artifact.blob, artifact.type)
    if artifact.codec == "parts":
        from .safe import decode_parts

        return decode_parts(store.blobs.read_segments(artifact.blob).parts, Paths(store).restore)
    if artifact.codec != "pickle":
        raise ValueError(f"unknown codec {artifact.codec!r}: stored by a newer prun?")
    if store.at.safe:
        raise PickleRefused(f"`serializers: safe` forbids to load a pickle ({artifact.type})")
    segments = store.blobs.read_segments(artifact.blob)
    return _Unpickler(segments.parts, Paths(store)).load()


# ---- paths -----------------------------------------------------------------------------------------


def _encode_path(value: Path, store: Store) -> Artifact:
    try:
        return Paths(store).keep(value)
    except OSError as e:
        raise Unstorable(f"{type(value).__name__} {str(value)!r}: {_reason(e)}") from None


def _reason(e: OSError) -> str:
    if isinstance(e, FileNotFoundError):
        return "there is no such file; write it before you return its path"
    return e.strerror or str(e)


def _nested_paths(value: Any, found: dict[int, Path], seen: set[int]) -> None:
    """Paths of existing files in lists, tuples, sets and mappings, however deep."""
    left = [value]
    while left:
        v = left.pop()
        if isinstance(v, Path):
            if v.exists():
                found[id(v)] = v
        elif type(v) in (list, tuple, set, frozenset, dict) and id(v) not in seen:
            seen.add(id(v))
            left.extend(v.values() if type(v) is dict else v)


def _encode_safe(value: Any, store: Store) -> Artifact:
    from .safe import NotSafe, encode_parts

    try:
        return encode_parts(value, store, Paths(store))
    except NotSafe as e:
        error = Unstorable(str(e))
        error.hint = e.hint
        raise error from None
    except OSError as e:
        raise Unstorable(f"a path in it cannot be stored: {_reason(e)}") from None


# ---- pickles ---------------------------------------------------------------------------------------


def _encode_pickle(value: Any, store: Store, is_project: Callable[[str], bool]) -> Artifact:
    nested: dict[int, Path] = {}
    _nested_paths(value, nested, set())
    paths = Paths(store)
    kept = {i: _keep_nested(p, paths) for i, p in nested.items()}
    memory = Memory()
    look = partial(_content, value, is_project, kept)
    made = look(memory if store.files.is_local else None)
    buffers: list[Any] = []
    stream = io.BytesIO()
    try:
        _Pickler(stream, buffers, kept).dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError, ValueError, RuntimeError) as e:
        raise Unstorable(what_does_not_pickle(value, e)) from None
    parts = [stream.getbuffer(), *buffers]
    refs = sorted({a.blob for a in kept.values() if a.blob})
    if memory.later:
        blob, size, made = _put_large(parts, memory, look, refs, store)
    else:
        digests = [made.buffer_digest(*_place(b)) for b in buffers]
        blob, size = store.blobs.put_segments(parts, [None, *digests], refs)
    return Artifact(made.digest, "pickle", size, blob=blob, classes=made.classes, type=describe(value))


def _put_large(
    parts: list[Any], memory: Memory, look: Callable[[Memory], Content], refs: list[str], store: Store
) -> tuple[str, int, Content]:
    """Digest much memory while it is written, then the value from these digests."""
    places = [(0, parts[0].nbytes), *(_place(b) for b in parts[1:])]
    cuts = [_cuts(place, memory.later or ()) for place in places]
    with store.blobs.staged(parts, cuts, refs) as staged:
        known: dict[tuple[int, int], tuple[str, Any]] = {}
        for (at, _), pieces, part in zip(places[1:], staged.pieces[1:], parts[1:], strict=True):
            for size, digest in pieces:
                known[at, size] = digest, part
                at += size
        memory.knows(known)
        made = look(memory)
        staged.keep()
        return staged.name, staged.size, made


def _cuts(place: tuple[int, int], later: Iterable[tuple[int, int]]) -> list[int]:
    """The sizes of the pieces of a buffer, where those that have digests of their own make it up."""
    at, end = place[0], place[0] + place[1]
    inside = dict(sorted(p for p in later if at <= p[0] and p[0] + p[1] <= end))  # of two, the larger
    sizes = []
    while at in inside:
        sizes.append(inside[at])
        at += inside[at]
    return sizes if sizes and at == end else [place[1]]


def _keep_nested(path: Path, paths: Paths) -> Artifact:
    try:
        return paths.keep(path)
    except OSError as e:
        raise Unstorable(f"{type(path).__name__} {str(path)!r}: {_reason(e)}") from None


def _content(
    value: Any, is_project: Callable[[str], bool], kept: dict[int, Artifact], memory: Memory | None
) -> Content:
    def path_digest(path: Any) -> str | None:
        artifact = kept.get(id(path))
        return artifact.digest if artifact else None

    try:
        return content(value, is_project, path_digest, memory)
    except Unhashable as e:
        raise Unstorable(f"cannot store a value of type {e.said}") from None


def _place(view: memoryview) -> tuple[int, int]:
    import numpy

    return numpy.frombuffer(view, dtype=numpy.uint8).ctypes.data, view.nbytes


class _Pickler(pickle.Pickler):
    """Puts large buffers beside the stream and stored files by reference."""

    def __init__(self, stream: io.BytesIO, buffers: list[Any], kept: dict[int, Artifact]) -> None:
        super().__init__(stream, protocol=5, buffer_callback=self._aside)
        self._buffers = buffers
        self._kept = kept

    def _aside(self, buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < _IN_BAND:
            return True
        self._buffers.append(view)
        return False

    def persistent_id(self, obj: Any) -> Any:
        artifact = self._kept.get(id(obj)) if self._kept else None
        return None if artifact is None else (artifact.codec, artifact.blob, artifact.type)

    def reducer_override(self, obj: Any) -> Any:
        """A strided array lies in one piece once stored: then it can lie beside the stream."""
        if type(obj).__module__ == "numpy" and type(obj).__name__ == "ndarray":
            flags = obj.flags
            if not (flags.c_contiguous or flags.f_contiguous or obj.dtype.hasobject):
                return obj.copy().__reduce_ex__(5)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, parts: list[memoryview], paths: Paths) -> None:
        super().__init__(io.BytesIO(parts[0]), buffers=parts[1:])
        self._paths = paths

    def persistent_load(self, pid: Any) -> Any:
        codec, blob, name = pid
        return self._paths.restore(codec, blob, name)
