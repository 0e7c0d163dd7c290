"""Arguments with their values bound, as a worker receives them.

Each carries the content digest that stands for it in the cache key; all are small and pickle
fast. The worker turns them into Python values (`workers/load.py`).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from .artifact import Artifact


class Inline(NamedTuple):
    """Plain data, here."""

    digest: str
    value: Any


class Stored(NamedTuple):
    """An artifact in the store."""

    digest: str
    artifact: Artifact


class Deep(NamedTuple):
    """A part of something that only a worker can open."""

    digest: str
    base: Bound
    path: tuple[str | int, ...]


class Many(NamedTuple):
    """A list: what a fan-out's items gave."""

    digest: str
    items: tuple[Bound, ...]


class Named(NamedTuple):
    """A mapping: a step's declared outputs."""

    digest: str
    items: tuple[tuple[str, Bound], ...]


class FileArg(NamedTuple):
    """Tracked files: absolute path(s) as text. ``many`` for a pattern, a folder or a list.

    ``seen``: of each path the digest of its bytes and, where they prove that these are unchanged,
    its size, time stamps and inode; () for what cannot be looked at again (a URL).
    """

    digest: str
    paths: tuple[str, ...]
    many: bool
    seen: tuple[tuple[Any, ...], ...] = ()


class Secret(NamedTuple):
    """Read by the worker from ``source`` ("env:NAME" or "file:PATH"); never part of a key."""

    name: str
    source: str
    digest: str = ""


Bound: TypeAlias = Inline | Stored | Deep | Many | Named | FileArg | Secret
