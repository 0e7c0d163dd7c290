"""The import path, and what in its folders can be a module."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES

SUFFIXES = (*EXTENSION_SUFFIXES, ".py", ".pyc")


def importable(entry: str) -> bool:
    """Whether a folder's entry can be a module or a package."""
    return ("." not in entry and entry != "__pycache__") or entry.endswith(SUFFIXES)


def search_path(first: Sequence[str]) -> tuple[str, ...]:
    """The import path of a task: the project's folders, then this interpreter's own path."""
    entries = [*first, *(p if p else os.getcwd() for p in sys.path)]
    return tuple(dict.fromkeys(os.path.abspath(p) for p in entries))
