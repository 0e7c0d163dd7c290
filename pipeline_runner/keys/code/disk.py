"""The index file: one checksummed marshal, written by rename. Whatever is wrong with it, it is empty."""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from typing import Any

from ..digest import digest

FORMAT = 5
_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.implementation.name}"
_HEAD = f"prun code index {FORMAT} {_PYTHON}\n".encode()
_DIGEST = 48
SECTIONS = ("files", "folders", "sites", "memo")

Sections = dict[str, dict[str, Any]]


def empty() -> Sections:
    return {name: {} for name in SECTIONS}


def load(path: str | None) -> Sections:
    if path is None:
        return empty()
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError:
        return empty()
    start = len(_HEAD) + _DIGEST
    body = memoryview(data)[start:]
    if not data.startswith(_HEAD) or data[len(_HEAD) : start].decode("ascii", "replace") != digest(body):
        return empty()
    try:
        found = marshal.loads(body)
    except (ValueError, EOFError, TypeError):
        return empty()
    return found if isinstance(found, dict) and set(found) == set(SECTIONS) else empty()


def save(path: str, sections: Sections) -> None:
    """Write the index; a folder that can't be written costs speed, never the run."""
    body = marshal.dumps(sections)
    folder = os.path.dirname(os.path.abspath(path))
    temporary = ""
    try:
        os.makedirs(folder, exist_ok=True)
        temporary = os.path.join(folder, f".code-{os.getpid()}-{os.urandom(6).hex()}")
        with open(temporary, "xb") as f:
            f.write(_HEAD + digest(body).encode() + body)
        os.replace(temporary, path)
    except OSError:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
