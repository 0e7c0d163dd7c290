"""Doubts about what steps give, as workers met them: local, by recipe, for ``prun check`` to tell.

A recipe says what a callable does, so an edit that mends it leaves its doubts behind.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TypeAlias

from ..keys import kept

_NAME = "doubts 1"
_MOST = 200  # recipes with doubts that are remembered

Doubts: TypeAlias = Mapping[str, tuple[str, str, str]]  # output ("" if undeclared) -> type, why, what to do


def read_doubts(index_dir: str, recipe: str) -> Doubts:
    found: Doubts | None = kept.load(os.path.join(index_dir, "doubts", recipe), _NAME)
    return found or {}


def add_doubts(index_dir: str, recipe: str, doubts: Doubts) -> None:
    """Remember doubts; losing them costs a warning only."""
    known = read_doubts(index_dir, recipe)
    if doubts.items() <= known.items():
        return
    folder = os.path.join(index_dir, "doubts")
    if kept.save(os.path.join(folder, recipe), _NAME, {**known, **doubts}) and not known:
        with contextlib.suppress(OSError):
            paths = [entry.path for entry in os.scandir(folder)]
            for path in sorted(paths, key=os.path.getmtime)[:-_MOST]:
                os.unlink(path)
