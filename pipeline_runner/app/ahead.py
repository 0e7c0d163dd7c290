"""Entries of the last run, fetched in a few round trips before a far-away store is asked step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..model.artifact import CacheKey
from ..model.table import Found

if TYPE_CHECKING:
    from ..model.artifact import Artifact, Damaged, Entry
    from ..store.store import Store

MANY = 1000  # keys of a recipe from which on they are looked for as columns


class Ahead:
    """A ``Cache`` over a remote store. ``likely`` gives the keys that will probably be asked for.

    Without it a run in which nothing changed costs a round trip for each level of the graph: what a
    step gave has to be known before the keys of its readers are. What is not among the likely ones is
    looked up when it is asked for; so is a large fan-out: as columns it takes less than that costs.
    """

    def __init__(self, store: Store, likely: Callable[[], Iterable[CacheKey]]) -> None:
        self._store = store
        self._likely = likely
        self._known: dict[CacheKey, Entry | Damaged] | None = None

    def lookup(self, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        if self._known is None:
            likely = list(dict.fromkeys(self._likely()))
            many = {recipe for recipe, n in Counter(key.recipe for key in likely).items() if n >= MANY}
            self._known = self._store.lookup([key for key in likely if key.recipe not in many])
        known = self._known
        found = {key: known[key] for key in keys if key in known}
        if len(found) < len(keys):
            found.update(self._store.lookup([key for key in keys if key not in found]))
        return found

    def ahead(self, recipe: str) -> None:
        self._store.ahead(recipe)

    def recipe_entries(self, recipe: str) -> Iterable[Entry]:
        return self._store.recipe_entries(recipe)

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        if len(args) >= MANY:
            return self._store.find(recipe, args)
        return Found.of(recipe, args, self.lookup([CacheKey(recipe, a) for a in args]))

    def prove(self, outputs: Mapping[str, Artifact], thorough: bool) -> Damaged | None:
        return self._store.prove(outputs, thorough)

    def plain(self, artifact: Artifact) -> Any:
        return self._store.plain(artifact)

    def commit(self, entries: Sequence[Entry], replace: bool = False) -> None:
        for entry in entries:
            if self._known is not None:
                self._known.pop(entry.key, None)
        self._store.commit(entries, replace)
