"""``prun plan``: the same decisions as a run's, from look-ups alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..errors import BlobLost
from ..model.artifact import ArgPart, CacheKey, Damaged, Entry
from ..model.decision import REUSE, RUN, SKIP, UNDECIDED, PlannedTask, Reason
from ..model.graph import Graph, Step
from ..model.names import task_id
from ..model.outcome import SKIPPED, SUCCEEDED, ErrorInfo
from ..resolve.order import waves
from . import rules
from .bind import Binder
from .depends import gone_over, when_varies
from .expand import Expander, SplitNeeded
from .items import pick
from .ports import Code, History
from .prepare import Candidate, Candidates, Preparer
from .prospects import Prospects
from .reasons import damage, explain, first, since_the_last
from .references import BindError
from .results import Unknown


class Planner:
    """Walks the steps in order and says of each task whether it would run, and why."""

    def __init__(
        self,
        graph: Graph,
        binder: Binder,
        expander: Expander,
        preparer: Preparer,
        code: Code,
        history: History,
    ) -> None:
        self.graph = graph
        self.binder = binder
        self.expander = expander
        self.preparer = preparer
        self.code = code
        self.history = history
        self.wave = waves({name: step.needs for name, step in graph.steps.items()})
        self.prospects = Prospects()
        self.rows: list[PlannedTask] = []

    def plan(self) -> list[PlannedTask]:
        """A row for each task; one for a fan-out whose items are not known."""
        for step in self.graph.steps.values():
            try:
                self._step(step)
                if self.binder.result(step.name).unknown or self.prospects.blame(step):
                    self.prospects.unsure.add(step.name)
            except BlobLost as lost:
                if not self._lost(lost):
                    raise
                return self._again()
        return self.rows

    def _again(self) -> list[PlannedTask]:
        self.binder.results.clear()
        for name in self.graph.steps:
            self.binder.forget_bindings(name)
        self.prospects.clear()
        self.rows.clear()
        return self.plan()

    def _lost(self, lost: BlobLost) -> bool:
        """A blob that a decision needs cannot be read: its producer has to run."""
        if lost.blob in self.preparer.lost:
            return False
        self.preparer.lost[lost.blob] = "corrupt" if lost.damaged else "missing"
        return True

    # ---- a step ----------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        result = self.binder.result(step.name)
        verdict = self.prospects.verdict(step)
        holds = self._holds(step)
        if verdict == SKIPPED and self.prospects.asked_by_item(step) and holds is not False:
            self._skip_items(step)
            return
        if verdict == rules.RUN and holds is False and step.fanout is not None:
            verdict = SKIPPED
        if verdict == rules.RUN and any(self.binder.result(name).skipped for name in gone_over(step)):
            verdict = SKIPPED  # there is no list
        if verdict != rules.RUN:
            self._skip(step)
            return
        if holds is None or not self.prospects.certain(step):
            self.prospects.skippable.add(step.name)
        self.prospects.states[step.name] = SUCCEEDED
        if step.fanout is None:
            self._items(step, [0])
            return
        try:
            result.expand(self.expander.expand(step))
        except SplitNeeded as split:
            found = self._splits(split)
            if found:
                self._step(step)
            else:
                self._unsized(step)
        except Unknown:
            self._unsized(step)
        except BindError as error:
            result.unknown = True  # a run ends it there: nothing can be reused
            self._row(step, None, None, RUN, [Reason("new", "", error.message)])
        else:
            self._items(step, range(len(result.table)))

    def _splits(self, split: SplitNeeded) -> bool:
        keys = {self.preparer.split_key(b): b for b in split.lists}
        for key, entry in self.preparer.cache.lookup(list(keys)).items():
            if isinstance(entry, Entry):
                self.expander.add_split(keys.pop(key), entry)
        return not keys

    def _holds(self, step: Step) -> bool | None:
        """What ``when`` says of the step as a whole, None where that cannot be told yet."""
        if step.when is None or when_varies(step):
            return True  # asked for each item
        try:
            return self.binder.holds(step, None)
        except Unknown:
            return None
        except BindError:
            return True  # told with the task

    def _skip_items(self, step: Step) -> None:
        """Skip each item, but not the step: what is gathered from it is an empty list."""
        result = self.binder.result(step.name)
        items = self.expander.expand(step)
        result.expand(items)
        result.omitted.update(range(len(items)))
        self.prospects.states[step.name] = SUCCEEDED
        for k, key in enumerate(items.keys):
            self._row(step, k, key, SKIP, [])

    def _skip(self, step: Step) -> None:
        result = self.binder.result(step.name)
        keys: Sequence[str | None] = [None]
        if step.fanout is not None:
            try:
                result.expand(self.expander.expand(step))  # those that follow it are named by it
                keys = list(result.items.keys if result.items is not None else ()) or [None]
            except (Unknown, SplitNeeded, BindError):
                pass
        result.skipped = True
        self.prospects.states[step.name] = SKIPPED
        for k, key in enumerate(keys):
            self._row(step, k if key is not None else None, key, SKIP, [])

    def _unsized(self, step: Step) -> None:
        self.binder.result(step.name).unknown = True
        action, reasons = self._guess(step, None)
        self._row(step, None, None, action, reasons)

    # ---- items -----------------------------------------------------------------------------------

    def _items(self, step: Step, items: Sequence[int]) -> None:
        result = self.binder.result(step.name)
        decided: dict[int, tuple[str, list[Reason]]] = {}
        left_out, waiting = self._by_rule(step, items)
        decided.update((k, (SKIP, [])) for k in left_out)
        found, unknown = self._candidates(step, [k for k in items if k not in decided])
        decided.update((k, (SKIP, [])) for k in found.skipped)
        decided.update((k, (RUN, [Reason("new", "", error.message)])) for k, error in found.failed)
        decided.update((k, self._guess(step, k)) for k in unknown)
        known = self.preparer.look_up(step, found.recipe, found.args)
        there = known.table.there()
        if waiting:
            there = [i for i in there if found.items[i] not in waiting]
        result.set_rows(pick(found.items, there), known.table, there)
        for i, k in enumerate(found.items):
            if known.table.has(i):
                decided[k] = (UNDECIDED, first(self.prospects.blame(step))) if k in waiting else (REUSE, [])
            else:
                decided[k] = (RUN, self._why_not(step, found.candidate(i), known.damaged.get(i)))
        for k in items:
            action, reasons = decided[k]
            key = result.items.keys[k] if result.items is not None else None
            self._row(step, k, key, action, reasons)
            if action in (RUN, UNDECIDED):
                result.unknown = True
            elif action == SKIP:
                result.omitted.add(k)
        if step.fanout is None and decided[0][0] == SKIP:
            result.skipped = True
            self.prospects.states[step.name] = SKIPPED
        elif step.name in self.prospects.skippable:
            result.unknown = True  # a list even of no items may be none

    def _by_rule(self, step: Step, items: Sequence[int]) -> tuple[Collection[int], Collection[int]]:
        """Items that are left out by what they follow; and those that may be, so nothing is reused yet."""
        if step.follows is None:
            return (), (() if self.prospects.certain(step) else items)
        followed = self.binder.result(step.follows)
        omitted = [k for k in items if k in followed.omitted]
        if self.prospects.certain(step, (SUCCEEDED,)):
            return omitted, ()
        if self.prospects.verdict(step, SUCCEEDED) != rules.RUN:
            omitted += [k for k in items if followed.present(k)]
        return omitted, set(items).difference(omitted)

    def _candidates(self, step: Step, items: Sequence[int]) -> tuple[Candidates, list[int]]:
        """All items at once; one by one where some of them depend on what has to run first."""
        try:
            return self.preparer.candidates(step, items), []
        except Unknown:
            pass
        ready: list[Candidate] = []
        skipped: list[int] = []
        failed: list[tuple[int, ErrorInfo]] = []
        unknown: list[int] = []
        for k in items:
            try:
                found = self.preparer.candidates(step, [k])
            except Unknown:
                unknown.append(k)
            else:
                ready += [found.candidate(i) for i in range(len(found.items))]
                skipped += found.skipped
                failed += found.failed
        recipe = ready[0].key.recipe if ready else ""
        known = [c.item for c in ready], recipe, [c.key.args for c in ready]
        own = {c.item: c.own for c in ready if c.own is not None}
        return Candidates(*known, own, skipped, failed), unknown

    def _why_not(self, step: Step, candidate: Candidate, damaged: Damaged | None) -> list[Reason]:
        if damaged is not None:
            return [damage(damaged)]
        return self._why(step, candidate.item, self.preparer.parts(step, candidate), candidate.key)

    def _why(
        self, step: Step, k: int | None, parts: Mapping[str, ArgPart], at: CacheKey | None = None
    ) -> list[Reason]:
        if not step.cache.enabled:
            return [Reason("cache-off")]
        if step.name in self.preparer.forced:
            return [Reason("forced")]
        items = self.binder.result(step.name).items
        key = items.keys[k] if items is not None and k is not None else None
        return since_the_last(self.history, self.code.recipe(step.name), step.name, key, at, parts)

    def _guess(self, step: Step, k: int | None) -> tuple[str, list[Reason]]:
        """Of a task whose inputs are not known: can anything that they may give be reused?"""
        if not self.preparer.reusable(step):
            return RUN, self._why(step, k, {})
        try:
            parts, unknown = self.binder.known_parts(step, k)
        except BindError as error:
            return RUN, [Reason("new", "", error.message)]
        recipe = self.code.recipe(step.name).digest
        for entry in self.preparer.cache.recipe_entries(recipe):
            same = all(
                name in entry.parts and entry.parts[name].digest == p.digest for name, p in parts.items()
            )
            if same and set(entry.parts) == {*parts, *unknown}:
                waiting = [n for n in step.needs if self.binder.result(n).unknown]
                return UNDECIDED, first(waiting)
        reasons = self._why_static(step, k, parts, unknown)
        return RUN, reasons

    def _why_static(
        self, step: Step, k: int | None, parts: Mapping[str, ArgPart], unknown: set[str]
    ) -> list[Reason]:
        items = self.binder.result(step.name).items
        key = items.keys[k] if items is not None and k is not None else None
        previous = self.history.previous(step.name, key, parts)
        if previous is None:
            gone = self.history.gone(step.name, key, self.code.recipe(step.name).digest)
            return [Reason("new") if gone is None else damage(gone)]
        kept = {n: p for n, p in previous.parts.items() if n not in unknown}
        before = self.history.recipe(previous.key.recipe)
        return explain(self.code.recipe(step.name), parts, previous._replace(parts=kept), before)

    def _row(
        self, step: Step, k: int | None, key: str | None, action: str, reasons: Sequence[Reason]
    ) -> None:
        needs = []
        for need in step.needs:
            if need == step.follows and key is not None and k is not None:
                source = self.binder.result(need).items
                needs.append(task_id(need, source.keys[k] if source is not None else None))
            else:
                needs.append(need)
        seconds = self.history.seconds(step.name) if action in (RUN, UNDECIDED) else None
        if seconds is not None and step.fanout is not None and key is None:
            seconds *= self.history.tasks(step.name) or 1  # all of its items, as many as there were
        self.rows.append(
            PlannedTask(
                task_id(step.name, key), step.name, key, action, self.wave[step.name],
                tuple(needs), tuple(reasons), seconds,
            )
        )  # fmt: skip
