"""Sealed records: JSON behind a checksum, so that nothing torn is ever read, and with a key signed.

A record is a line with the BLAKE3 digest of the rest, then the JSON. A signed one has ``+`` and a
keyed BLAKE3 digest behind the checksum, over the record and the place where it stands, so a signed
record cannot be put elsewhere. Who has no key can read both; who has one reads what is signed alone.
Where long texts belong to a record, they stand behind a line of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from blake3 import blake3

from ..keys.digest import LENGTH, digest

_SUM = 2 * LENGTH
_BOTH = 2 * _SUM + 1  # checksum, "+", signature
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().raw_decode  # what was sealed has neither blanks around it nor a BOM


class Unsigned(ValueError):
    """Whole, but not signed with our key."""


class Seals:
    """Seals and unseals. ``key``: 32 bytes; ``place`` says where a record stands (see above)."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    @property
    def key_id(self) -> str:
        """Tells keys apart without telling them."""
        return "" if self._key is None else _sign(self._key, b"", "which key")[:16].decode()

    @property
    def signs(self) -> bool:
        return self._key is not None

    def seal(self, value: Any, place: str = "") -> bytes:
        return b"".join(self._sealed(_encode(value).encode(), place))

    def unseal(self, data: bytes, place: str = "") -> Any:
        """The value; ``ValueError`` if the bytes are not what was sealed, ``Unsigned`` likewise."""
        return _decode(self._body(data, place).decode(), 0)[0]

    def seal_texts(self, value: Any, texts: Sequence[str], place: str = "") -> list[bytes]:
        """A value with long texts, which stand behind it as they are: to escape and to unescape them as
        JSON would take longer than all the rest. The pieces of a file."""
        raw = [text.encode("utf-8", "surrogatepass") for text in texts]
        head = _encode([value, [len(text) for text in raw]]).encode()
        return self._sealed(b"".join([head, b"\n", *raw]), place)

    def unseal_texts(self, data: bytes, place: str = "") -> tuple[Any, list[str]]:
        """The value and its texts; errors as of ``unseal``."""
        body = self._body(data, place)
        start = body.index(b"\n") + 1
        value, sizes = _decode(body[: start - 1].decode(), 0)[0]
        texts = []
        for size in sizes:
            texts.append(body[start : start + size].decode("utf-8", "surrogatepass"))
            start += size
        return value, texts

    def _sealed(self, body: bytes, place: str) -> list[bytes]:
        return [self._head(body, place), b"\n", body]

    def _body(self, data: bytes, place: str) -> bytes:
        """What was sealed, proved."""
        end = _BOTH if data[_SUM : _SUM + 1] == b"+" else _SUM
        body = data[end + 1 :]
        if data[end : end + 1] != b"\n":
            raise ValueError("the checksum does not match")
        self._prove(data[:end], body, place)
        return body

    def seal_line(self, name: str, value: Any, place: str = "") -> bytes:
        """A record as one line of a file with many; ``name`` can be read without reading the rest."""
        body = b"%s %s" % (name.encode(), _encode(value).encode())
        return b"%s %s\n" % (self._head(body, place), body)

    def unseal_line(self, line: bytes, place: str = "") -> Any:
        end = _BOTH if line[_SUM : _SUM + 1] == b"+" else _SUM
        body = line[end + 1 :]
        if line[end : end + 1] != b" ":
            raise ValueError("the checksum does not match")
        self._prove(line[:end], body, place)
        return _decode(body.decode(), body.index(b" ") + 1)[0]

    def _head(self, body: bytes, place: str) -> bytes:
        head = digest(body).encode()
        return head if self._key is None else b"%s+%s" % (head, _sign(self._key, body, place))

    def _prove(self, head: bytes, body: bytes, place: str) -> None:
        if digest(body).encode() != head[:_SUM]:
            raise ValueError("the checksum does not match")
        if self._key is not None and not _same(head[_SUM + 1 :], _sign(self._key, body, place)):
            raise Unsigned("not signed with the store's key")


def _sign(key: bytes, body: bytes, place: str) -> bytes:
    return blake3(b"%s\0%s" % (place.encode(), body), key=key).hexdigest(LENGTH).encode()


def line_name(line: bytes) -> str:
    """The name of a line, unproved; "" where it cannot be read."""
    start = (_BOTH if line[_SUM : _SUM + 1] == b"+" else _SUM) + 1
    end = line.find(b" ", start)
    return line[start:end].decode("ascii", "replace") if end > 0 else ""


_plain = Seals()
seal, unseal = _plain.seal, _plain.unseal
seal_line, unseal_line = _plain.seal_line, _plain.unseal_line


def _same(a: bytes, b: bytes) -> bool:
    from hmac import compare_digest  # a signed store only: start-up counts

    return compare_digest(a, b)
