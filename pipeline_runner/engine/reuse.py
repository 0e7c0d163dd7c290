"""What of a step's items is there already, what is being computed, and what has to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..model.artifact import CacheKey, Damaged, Entry
from ..model.graph import Step
from ..model.table import Found, Table, stretch
from . import messages as m
from .items import pick
from .known import MANY
from .ports import History
from .prepare import Candidate, Candidates, Preparer
from .reasons import damage, in_words, since_the_last


class Reuse:
    """Looks items up, and remembers for the run which task computes which key."""

    def __init__(self, preparer: Preparer, history: History) -> None:
        self.preparer = preparer
        self.binder = preparer.binder
        self.history = history
        self.expect: Callable[[], None] = lambda: None  # called once there is something to compute
        self.candidates: dict[tuple[str, int], Candidate] = {}  # what is to be computed
        # by recipe, then args: which task of this run has made it, which one is about to
        self._made: dict[str, dict[str, tuple[str, int]]] = {}
        self._computing: dict[str, dict[str, tuple[str, int]]] = {}

        steps = self.binder.graph.steps.values()
        self._ahead = deque(s for s in steps if s.fanout is not None and preparer.reusable(s))

    def ahead(self) -> None:
        """While workers are busy: read what the next large fan-out will be looked up in."""
        while self._ahead:
            step = self._ahead.popleft()
            unknown = self.binder.result(step.name).items is None
            if unknown and (self.history.tasks(step.name) or 0) >= MANY:
                self.binder.fanouts.items(step)
                self.preparer.cache.ahead(self.preparer.code.recipe(step.name).digest)
                self.history.ahead(step.name)
                return

    def prepare(self, at: float, step: Step, items: Sequence[int], again: bool) -> m.Prepared:
        """Bind items, make their keys, look them up. ``again``: their results were lost.

        Raises:
            BlobLost: something that a key is made from cannot be read.
        """
        self.binder.forget_bindings(step.name)
        found = self.preparer.candidates(step, items)
        reuse = not again and self.preparer.reusable(step)
        known = self._known(step, found) if reuse else Found(Table(len(found.items)), {})
        missing = known.table.missing()
        there = known.table.there(missing)
        hits = stretch(pick(found.items, there))
        self.binder.result(step.name).set_rows(hits, known.table, there)
        misses: list[int] = []
        same: list[tuple[int, tuple[str, int]]] = []
        reason = "its result was lost" if again else ""
        computing = self._computing.setdefault(found.recipe, {})
        for i in missing:
            k, args = found.items[i], found.args[i]
            if reuse and args in computing:
                same.append((k, computing[args]))
                continue
            if reuse:
                computing[args] = (step.name, k)
            if not misses:
                self.expect()  # workers start while the reason is looked for
            candidate = self.candidates[step.name, k] = found.candidate(i)
            reason = reason or self._reason(step, candidate, known.damaged.get(i))
            misses.append(k)
        return m.Prepared(
            at, step.name, hits, known.table.took(), misses, reason, same, found.skipped, found.failed,
            misses if again else (),
        )  # fmt: skip

    def _known(self, step: Step, items: Candidates) -> Found:
        """What was made in this run, or is in the cache."""
        made = self._made.get(items.recipe)
        computing = self._computing.get(items.recipe)
        if not made and not computing:
            return self.preparer.look_up(step, items.recipe, items.args)
        made, computing = made or {}, computing or {}
        rest = [i for i, a in enumerate(items.args) if a not in made and a not in computing]
        looked = self.preparer.look_up(step, items.recipe, pick(items.args, rest))
        found = Found(
            Table(len(items.args), items.recipe), {rest[i]: what for i, what in looked.damaged.items()}
        )
        there = looked.table.there()
        found.table.take(pick(rest, there), looked.table, there)
        for i, a in enumerate(items.args) if made else ():
            if a in made:
                name, k = made[a]
                if self.binder.result(name).present(k):
                    found.table.take([i], self.binder.result(name).table, [k])
        return found

    def _reason(self, step: Step, candidate: Candidate, damaged: Damaged | None) -> str:
        if damaged is not None:
            return in_words([damage(damaged)])
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
        self._over(candidate)
        if step.cache.enabled:
            self._made.setdefault(candidate.key.recipe, {})[candidate.key.args] = (step.name, k)

    def missed(self, step: str, k: int) -> None:
        """A task came back without a result; it may go again."""
        self._over(self.candidates[step, k])

    def given_up(self, step: str, items: Iterable[int]) -> None:
        """Tasks that will never be computed: nobody may wait for them."""
        for k in items:
            candidate = self.candidates.pop((step, k), None)
            if candidate is not None:
                self._over(candidate)

    def failed(self, step: str, k: int) -> None:
        """A task has failed for good; what it gave before, and was lost, is no result any more."""
        result = self.binder.result(step)
        if result.present(k):
            self._forget(result.table.key(k))
            result.set_entry(k, None)

    def lost(self, step: Step, blobs: Sequence[str]) -> list[tuple[str, int]]:
        """The tasks that a step needs and that gave these blobs, so that they run again."""
        wanted = set(blobs)
        producers = []
        for name in step.needs:
            table = self.binder.result(name).table
            for k in table.holding(wanted):
                producers.append((name, k))
                self._forget(table.key(k))
        return producers

    def _over(self, candidate: Candidate) -> None:
        self._computing.get(candidate.key.recipe, {}).pop(candidate.key.args, None)

    def _forget(self, key: CacheKey | None) -> None:
        if key is not None:
            self._made.get(key.recipe, {}).pop(key.args, None)
