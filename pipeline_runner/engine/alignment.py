"""Which items of fan-outs a step gathers, so that its lists belong together item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from ..model.graph import Graph, Step
from .depends import family, outer_of, step_refs
from .results import Selection, StepResult, Unknown


class Alignment:
    """Over the results of a run or a plan, as far as they are there."""

    def __init__(self, graph: Graph, result: Callable[[str], StepResult]) -> None:
        self._graph = graph
        self._result = result

    def of(self, reader: Step, name: str) -> Selection:
        """Which items of a fan-out a reader gathers, and which of their groups.

        An item that is missing in one of the fan-outs that follow each other item by item and
        are read by the same step is left out of all of them; so is the inner list that ``.*``
        made of it, on any level below.

        Raises:
            Unknown: this turns on a step that has to run first.
        """
        present = self._present(reader, name)
        items, outer = self._result(name).items, outer_of(self._graph, name)
        if outer is None or items is None or items.outer_index is None:
            return Selection(present, None)
        kept = self.kept(reader, outer)
        if kept is None:
            return Selection(present, None)
        wanted = set(kept)
        return Selection(present, [g for g, k in enumerate(items.outer_index) if k in wanted])

    def kept(self, reader: Step, name: str) -> Sequence[int] | None:
        """The items of a fan-out that a reader gathers, of all groups together; None: all."""
        present, groups = self.of(reader, name)
        items = self._result(name).items
        if groups is None or items is None or items.shape is None:
            return present
        ends = list(accumulate(items.shape))
        inner = [k for g in groups for k in range(ends[g] - items.shape[g], ends[g])]
        if present is None:
            return inner
        wanted = set(present)
        return [k for k in inner if k in wanted]

    def _present(self, reader: Step, name: str) -> Sequence[int] | None:
        """The items that all have which a step gathers of one family; None: all."""
        first = family(self._graph, name)
        read = {r.name for r in step_refs(reader)}
        names = {name, *(n for n in read if family(self._graph, n) == first)}
        results = [r for r in map(self._told, names) if not r.skipped]
        grouped = [set(index) for n in read for index in self._grouped(n, first)]
        count = max((r.count or 0 for r in results), default=0)
        if all(r.complete for r in results) and all(len(index) == count for index in grouped):
            return None
        found = [k for k in range(count) if all(r.present(k) for r in results)]
        return [k for k in found if all(k in index for index in grouped)]

    def _grouped(self, name: str, first: str | None) -> Iterator[Sequence[int]]:
        """Of the items of a family, those that a fan-out below it by ``.*`` has groups of."""
        while (outer := outer_of(self._graph, name)) is not None:
            result = self._told(name)
            if result.skipped:
                return
            if family(self._graph, outer) == first and result.items is not None:
                yield result.items.outer_index or ()
            name = outer

    def _told(self, name: str) -> StepResult:
        result = self._result(name)
        if result.unknown:
            raise Unknown(name)
        return result
