"""Digests: BLAKE3, 24 bytes, as 48 hex digits.

192 bits leave no room for accidents or for forged collisions, and keep names and keys short.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    from typing_extensions import Buffer

LENGTH = 24  # bytes
_MANY = 100  # parts from which on they are looked at together


def digest(data: Buffer) -> str:
    """The digest of some bytes (anything with a contiguous buffer)."""
    return blake3(data).hexdigest(LENGTH)


def digest_each(data: Iterable[bytes]) -> list[str]:
    """The digest of each of many pieces."""
    return [blake3(piece).hexdigest(LENGTH) for piece in data]


def combine(tag: str, parts: Iterable[str | bytes]) -> str:
    """The digest of a sequence of texts or bytes; ``tag`` says of what kind the sequence is.

    Each part stands with its length before it, so no two different sequences collide; a text and
    its UTF-8 bytes count as the same part. Lone surrogates are allowed.
    """
    hasher = blake3()
    for piece in _sequence(tag, parts):
        hasher.update(piece)
    return hasher.hexdigest(LENGTH)


def combine_alike(tag: str, text: str, width: int) -> str:
    """``combine`` of the parts that an ASCII text is of, each so long."""
    hasher = blake3(_head(tag, len(text) // width, f"{width}," * (len(text) // width)))
    hasher.update(text.encode())
    return hasher.hexdigest(LENGTH)


def sequence_bytes(tag: str, parts: Iterable[str | bytes]) -> bytes:
    """What ``combine`` digests."""
    return b"".join(_sequence(tag, parts))


def _sequence(tag: str, parts: Iterable[str | bytes]) -> tuple[bytes, ...]:
    parts = list(parts)
    if len(parts) >= _MANY and (found := _texts(tag, parts)) is not None:
        return found
    raw = [tag.encode("utf-8", "surrogatepass")]
    raw.extend([p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in parts])
    head = b",".join([b"%d" % len(p) for p in raw])
    return (b"%d:%b;%b" % (len(raw), head, b"".join(raw)),)


def _texts(tag: str, parts: list[str | bytes]) -> tuple[bytes, bytes] | None:
    """The same, where all are ASCII texts: a long list of digests is put together in a moment."""
    try:
        text = "".join(parts)  # type: ignore[arg-type]
    except TypeError:
        return None
    if not (text.isascii() and tag.isascii()):
        return None
    sizes = set(map(len, parts))
    alike = len(sizes) == 1
    told = f"{sizes.pop()}," * len(parts) if alike else "".join([f"{len(part)}," for part in parts])
    return _head(tag, len(parts), told), text.encode()


def _head(tag: str, count: int, sizes: str) -> bytes:
    """What stands before the parts; ``sizes``: of each, with a comma behind it."""
    return f"{count + 1}:{len(tag)},{sizes}"[:-1].encode() + f";{tag}".encode()


class Hasher:
    """Digest of bytes that arrive in pieces."""

    __slots__ = ("_inner", "update")

    def __init__(self) -> None:
        self._inner = blake3()
        self.update = self._inner.update

    def hexdigest(self) -> str:
        return self._inner.hexdigest(LENGTH)
