"""What of a step's items is there already, what is being computed, and what has to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..model.artifact import CacheKey, Damaged, Entry
from ..model.graph import Step
from . import messages as m
from .ports import History
from .prepare import Candidate, Preparer
from .reasons import damage, in_words, since_the_last


class Reuse:
    """Looks items up, and remembers for the run which task computes which key."""

    def __init__(self, preparer: Preparer, history: History) -> None:
        self.preparer = preparer
        self.binder = preparer.binder
        self.history = history
        self.candidates: dict[tuple[str, int], Candidate] = {}  # what is to be computed
        self._entries: dict[CacheKey, Entry] = {}  # made or found in this run
        self._computing: dict[CacheKey, tuple[str, int]] = {}

    def prepare(self, at: float, step: Step, items: Sequence[int], again: bool) -> m.Prepared:
        """Bind items, make their keys, look them up. ``again``: their results were lost.

        Raises:
            BlobLost: something that a key is made from cannot be read.
        """
        self.binder.forget_bindings(step.name)
        found = self.preparer.candidates(step, items)
        reuse = not again and self.preparer.reusable(step)
        known = self._known(step, [c.key for c in found.ready]) if reuse else {}
        hits: list[int] = []
        misses: list[int] = []
        same: list[tuple[int, tuple[str, int]]] = []
        saved = 0.0
        reason = "its result was lost" if again else ""
        for candidate in found.ready:
            k, key = candidate.item, candidate.key
            entry = known.get(key)
            if isinstance(entry, Entry):
                self._entries[key] = entry
                self.binder.result(step.name).set_entry(k, entry)
                hits.append(k)
                saved += entry.seconds
                continue
            if reuse and key in self._computing:
                same.append((k, self._computing[key]))
                continue
            if reuse:
                self._computing[key] = (step.name, k)
            self.candidates[step.name, k] = candidate
            reason = reason or self._reason(step, candidate, entry)
            misses.append(k)
        return m.Prepared(at, step.name, hits, saved, misses, reason, same, found.skipped, found.failed,
                          misses if again else ())  # fmt: skip

    def _known(self, step: Step, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        found: dict[CacheKey, Entry | Damaged] = {}
        if self._entries:
            found = {k: self._entries[k] for k in keys if k in self._entries}
        rest = [k for k in keys if k not in found and k not in self._computing]
        found.update(self.preparer.look_up(step, rest))
        return found

    def _reason(self, step: Step, candidate: Candidate, found: Entry | Damaged | None) -> str:
        if isinstance(found, Damaged):
            return in_words([damage(found)])
        if not step.cache.enabled:
            return "cache off"
        if step.name in self.preparer.forced:
            return "forced"
        parts = self.preparer.parts(step, candidate)
        items = self.binder.result(step.name).items
        key = items.keys[candidate.item] if items is not None else None
        recipe = self.preparer.code.recipe(step.name)
        return in_words(since_the_last(self.history, recipe, step.name, key, candidate.key, parts))

    # ---- what becomes of what is computed ----------------------------------------------------------

    def landed(self, step: Step, k: int, entry: Entry) -> None:
        """A task has its result."""
        candidate = self.candidates.pop((step.name, k))
        self.binder.result(step.name).set_entry(k, entry)
        self._computing.pop(candidate.key, None)
        if step.cache.enabled:
            self._entries[candidate.key] = entry

    def missed(self, step: str, k: int) -> None:
        """A task came back without a result; it may go again."""
        self._computing.pop(self.candidates[step, k].key, None)

    def given_up(self, step: str, items: Iterable[int]) -> None:
        """Tasks that will never be computed: nobody may wait for them."""
        for k in items:
            candidate = self.candidates.pop((step, k), None)
            if candidate is not None:
                self._computing.pop(candidate.key, None)

    def lost(self, step: Step, blobs: Sequence[str]) -> list[tuple[str, int]]:
        """The tasks that a step needs and that gave these blobs, so that they run again."""
        wanted = set(blobs)
        producers = []
        for name in step.needs:
            for j, entry in enumerate(self.binder.result(name).entries):
                if entry is not None and any(a.blob in wanted for a in entry.outputs.values()):
                    producers.append((name, j))
                    self._entries.pop(entry.key, None)
        return producers
