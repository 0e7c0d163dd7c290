"""Where the standard library's sources are."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

NOT_PYTHONS_OWN = {"site-packages", "dist-packages"}  # installed later


class Module(TypedDict):
    """A source file: its dotted name, where it is, and whether it is there for tests only."""

    name: str
    path: str
    kind: str


def find(packages: list[str]) -> list[Module]:
    """Every module of the running Python's standard library, by name; or those of some packages."""
    root = Path(sysconfig.get_path("stdlib"))
    found: dict[str, Module] = {}
    for path in _sources(root):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if not parts or not all(part.isidentifier() for part in parts):
            continue  # a script, such as config-3.11-darwin/python-config.py
        if packages and parts[0] not in packages:
            continue
        name = ".".join(parts)
        found.setdefault(name, Module(name=name, path=str(path), kind=_kind(parts)))
    if not found:
        raise FileNotFoundError(f"no Python sources of {packages or 'the standard library'} below {root}")
    return [found[name] for name in sorted(found)]


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - NOT_PYTHONS_OWN)
        yield from (Path(folder, file) for file in sorted(files) if file.endswith(".py"))


def _kind(parts: tuple[str, ...]) -> str:
    is_test = any(part in ("test", "tests", "idle_test") for part in parts)
    return "test" if is_test else "library"
