"""A local file of plain values: one checksummed marshal, replaced by a rename.

What it holds is for speed alone. Whatever is wrong with it, it is as if there were none; a folder that
cannot be written to is no error.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from typing import Any

from .digest import LENGTH, digest

_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.implementation.name}"
_SUM = 2 * LENGTH


def load(path: str, name: str) -> Any:
    """What was kept under ``name``, which says what and in which format; None if there is nothing."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        head = _head(name)
        body = memoryview(data)[len(head) + _SUM :]
        if data.startswith(head) and data[len(head) : len(head) + _SUM] == digest(body).encode():
            return marshal.loads(body)
    except (OSError, ValueError, EOFError, TypeError):
        pass
    return None


def save(path: str, name: str, value: Any) -> bool:
    """Keep a value; whether that went well."""
    body = marshal.dumps(value)
    folder = os.path.dirname(os.path.abspath(path))
    temporary = os.path.join(folder, f".{os.path.basename(path)}-{os.getpid()}-{os.urandom(6).hex()}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(_head(name) + digest(body).encode() + body)
        os.replace(temporary, path)
        return True
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        return False


def _head(name: str) -> bytes:
    return f"prun {name} {_PYTHON}\n".encode()
