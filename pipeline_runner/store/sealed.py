"""Sealed records: JSON behind a checksum, so that nothing torn is ever read.

A record is a line with the BLAKE3 digest of the rest, then the JSON.
"""

from __future__ import annotations

import json
from typing import Any

from ..keys.digest import LENGTH, digest

_SUM = 2 * LENGTH
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().raw_decode  # what was sealed has neither blanks around it nor a BOM


def seal(value: Any) -> bytes:
    body = _encode(value).encode()
    return b"%s\n%s" % (digest(body).encode(), body)


def unseal(data: bytes) -> Any:
    """The value; ``ValueError`` if the bytes are not what was sealed."""
    body = data[_SUM + 1 :]
    if data[_SUM : _SUM + 1] != b"\n" or digest(body).encode() != data[:_SUM]:
        raise ValueError("the checksum does not match")
    return _decode(body.decode(), 0)[0]


def seal_line(name: str, value: Any) -> bytes:
    """A record as one line of a file with many; ``name`` can be read without reading the rest."""
    body = b"%s %s" % (name.encode(), _encode(value).encode())
    return b"%s %s\n" % (digest(body).encode(), body)


def unseal_line(line: bytes) -> Any:
    body = line[_SUM + 1 :]
    if line[_SUM : _SUM + 1] != b" " or digest(body).encode() != line[:_SUM]:
        raise ValueError("the checksum does not match")
    return _decode(body.decode(), body.index(b" ") + 1)[0]


def line_name(line: bytes) -> str:
    """The name of a line, unproved; "" where it cannot be read."""
    end = line.find(b" ", _SUM + 1)
    return line[_SUM + 1 : end].decode("ascii", "replace") if end > 0 else ""
