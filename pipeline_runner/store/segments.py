"""How a segmented blob is laid out, and how it is made while its digests are.

A header holds the place and the digest of each segment, and the digest of the header is the blob's name.
Segments begin at multiples of 64 bytes, ready to be mapped into memory. The digest of a segment may be given
piece by piece: a frame's block is one piece of memory, and each of its columns has a digest of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

from ..keys.digest import Hasher, combine, digest

if TYPE_CHECKING:
    from typing_extensions import Buffer

ALIGN = 64
_MAGIC = b"prun segments 1\n"
_HEAD = len(_MAGIC) + 8  # the magic, the header's length
_CHUNK = 1 << 18  # bytes that stay in the processor's cache while they are digested and written
_UNKNOWN = digest(b"")

Pieces: TypeAlias = Sequence[tuple[int, str]]  # bytes and digest, one after the other


class Laid(NamedTuple):
    """A blob's name, what stands before its first segment, and where the segments are."""

    name: str
    head: bytes
    offsets: list[int]  # from the end of the head
    size: int


def lay(segments: Iterable[Pieces], refs: Sequence[str]) -> Laid:
    """The layout of segments with these digests."""
    table: list[list[Any]] = []
    offset = end = 0
    for pieces in segments:
        size = sum(n for n, _ in pieces)
        table.append([offset, size, pieces[0][1] if len(pieces) == 1 else [list(p) for p in pieces]])
        end = offset + size
        offset = aligned(end)
    header = json.dumps({"segments": table, "refs": list(refs)}, separators=(",", ":")).encode()
    head = _MAGIC + len(header).to_bytes(8, "little") + header
    head += bytes(aligned(len(head)) - len(head))
    return Laid(combine("segments", [header]), head, [row[0] for row in table], len(head) + end)


def write(
    file: BinaryIO, parts: Sequence[memoryview], cuts: Sequence[Sequence[int]], refs: Sequence[str]
) -> tuple[Laid, list[Pieces]]:
    """Write a blob, digesting the very bytes that are written, in one go over the memory.

    What is digested is a copy that nobody else can change: so the blob is whole, even if a thread of the
    task still works on an array. ``cuts``: the sizes of the pieces of each part.
    """
    unknown = [[(n, _UNKNOWN) for n in sizes] for sizes in cuts]
    laid = lay(unknown, refs)
    found: list[Pieces] = []
    for part, sizes, offset in zip(parts, cuts, laid.offsets, strict=True):
        file.seek(len(laid.head) + offset)
        pieces, at = [], 0
        for n in sizes:
            pieces.append((n, _copy(file, part[at : at + n])))
            at += n
        found.append(pieces)
    done = lay(found, refs)
    file.seek(0)
    _write_all(file, memoryview(done.head))
    return done, found


def _copy(file: BinaryIO, data: memoryview) -> str:
    hasher = Hasher()
    chunk = memoryview(bytearray(min(_CHUNK, len(data))))
    for at in range(0, len(data), _CHUNK):
        piece = data[at : at + _CHUNK]
        mine = chunk[: len(piece)]
        mine[:] = piece
        hasher.update(mine)
        _write_all(file, mine)
    return hasher.hexdigest()


def _write_all(file: BinaryIO, data: memoryview) -> None:
    """A full disk may take a part, and refuse the rest only when it is asked again."""
    while len(data):
        data = data[file.write(data) :]


def is_whole(view: memoryview, name: str) -> bool:
    """Whether these are the bytes that the name stands for."""
    if view[: len(_MAGIC)] == _MAGIC:
        try:
            header, start = read_header(view)
        except ValueError:
            header = None
        if header is not None and combine("segments", [_raw_header(view)]) == name:
            table = header["segments"]
            offset, size, _ = table[-1]
            return len(view) == start + offset + size and all(
                _is(view[start + o : start + o + s], d) for o, s, d in table
            )
    return digest(view) == name


def _is(segment: memoryview, known: str | list[tuple[int, str]]) -> bool:
    if isinstance(known, str):
        return digest(segment) == known
    at = 0
    for size, piece in known:
        if digest(segment[at : at + size]) != piece:
            return False
        at += size
    return at == len(segment)


def head_of(data: bytes, more: Callable[[int], bytes]) -> dict[str, Any] | None:
    """The header of a segmented blob from its first bytes, unproved; ``more(n)`` gives the first n."""
    if not data.startswith(_MAGIC):
        return None
    size = _HEAD + int.from_bytes(data[len(_MAGIC) : _HEAD], "little")
    found, _ = read_header(memoryview(data if len(data) >= size else more(size)))
    header: dict[str, Any] = found
    return header


def _raw_header(view: Buffer) -> bytes:
    view = memoryview(view)
    return bytes(view[_HEAD : _HEAD + int.from_bytes(view[len(_MAGIC) : _HEAD], "little")])


def read_header(view: memoryview) -> tuple[Any, int]:
    """The header and where the segments start; ``ValueError`` if it is none."""
    raw = _raw_header(view)
    header = json.loads(raw)
    if not _is_header(header):
        raise ValueError("no header")
    return header, aligned(_HEAD + len(raw))


def _is_header(value: Any) -> bool:
    """Whether it is what ``lay`` writes: others may have written to the store what they made up."""
    try:
        return (
            type(value["refs"]) is list
            and bool(value["segments"])
            and all(
                type(offset) is type(size) is int
                and (type(known) is str or all(type(n) is int and type(d) is str for n, d in known))
                for offset, size, known in value["segments"]
            )
        )
    except (TypeError, ValueError, KeyError):
        return False


def aligned(n: int) -> int:
    return -(-n // ALIGN) * ALIGN
