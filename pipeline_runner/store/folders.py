"""What the folders of recipes hold, listed as seldom as may be."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .files import FileStore

_MANY = 50  # names in a folder from which on listing it is dear
_SHARE = 50  # at least this many times what that takes lies between two listings
_SETTLED = 2.0  # seconds after which a folder's time stamp tells of every change


class Folder(NamedTuple):
    """What one recipe's folder held when it was listed."""

    stamp: tuple[int, int] | None  # mtime_ns, inode; None: never to be trusted again
    singles: frozenset[str]
    packs: tuple[str, ...]  # in the order of their time
    until: float = 0.0  # monotonic time up to which it is not listed again, whatever its stamp


class Folders:
    """The folders below ``entries/``."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._folders: dict[str, Folder] = {}

    def forget(self, recipe: str | None = None) -> None:
        """List one (or all) anew when it is asked for."""
        if recipe is None:
            self._folders.clear()
        else:
            self._folders.pop(recipe, None)

    def list(self, recipes: Iterable[str]) -> dict[str, Folder]:
        """What folders hold. While a run writes to one it changes all the time, so that listing it for
        each task would take longer than the tasks: what others write may be seen a moment late."""
        recipes = list(recipes)
        began = time.monotonic()
        old = [r for r in recipes if r not in self._folders or self._folders[r].until < began]
        stamps = {r: self._stamp(r) for r in old}
        stale = [
            r for r, s in stamps.items() if r not in self._folders or not s or self._folders[r].stamp != s
        ]
        if not self._files.is_local:  # listed once: a listing is a round trip
            stale = [r for r in stale if r not in self._folders]
        if stale:
            listed = self._files.list_many(f"entries/{r}" for r in stale)
            for folder, names in listed.items():
                recipe = folder.partition("/")[2]
                singles = frozenset([n[:-5] for n in names if n.endswith(".json")])
                packs = tuple(sorted([n for n in names if n.endswith(".pack")]))
                now = time.monotonic()
                until = now + (now - began) * _SHARE if len(names) > _MANY else 0.0
                self._folders[recipe] = Folder(stamps[recipe], singles, packs, until)
        return {r: self._folders[r] for r in recipes}

    def _stamp(self, recipe: str) -> tuple[int, int] | None:
        """What tells that a local folder has not changed; None while it may change unnoticed."""
        if not self._files.is_local:
            return None
        try:
            stat = os.stat(self._files.local_path(f"entries/{recipe}"))
        except OSError:
            return (0, 0)
        if abs(time.time() - stat.st_mtime) < _SETTLED:
            return None
        return stat.st_mtime_ns, stat.st_ino
