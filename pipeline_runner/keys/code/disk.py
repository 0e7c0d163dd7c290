"""The index of the project's code, as it is kept from run to run."""

from __future__ import annotations

from typing import Any

from .. import kept

FORMAT = 8
_NAME = f"code index {FORMAT}"
SECTIONS = ("files", "folders", "sites", "memo")

Sections = dict[str, dict[str, Any]]


def empty() -> Sections:
    return {name: {} for name in SECTIONS}


def load(path: str | None) -> Sections:
    found = kept.load(path, _NAME) if path is not None else None
    return found if isinstance(found, dict) and set(found) == set(SECTIONS) else empty()


def save(path: str, sections: Sections) -> None:
    """Write the index; a folder that can't be written costs speed, never the run."""
    kept.save(path, _NAME, sections)
