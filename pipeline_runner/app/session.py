"""The wiring of the engine: what binds, looks up and plans the tasks of an opened pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from ..engine.bind import Binder
from ..engine.expand import Expander
from ..engine.plan import Planner
from ..engine.prepare import Preparer
from ..model.artifact import CacheKey
from ..model.decision import PlannedTask, Reason
from ..model.graph import Graph
from .ahead import Ahead
from .opened import Opened

_NEW = (Reason("new"),)


class Session(Opened):
    """One pipeline, opened, with an engine."""

    def binding(self, graph: Graph, run_id: str, forced: frozenset[str]) -> tuple[Binder, Expander, Preparer]:
        """What binds, expands and looks up the tasks of (a part of) the pipeline."""
        cache = self.store if self.store.files.is_local else Ahead(self.store, lambda: self._likely(graph))
        binder = Binder(graph, self.params, run_id, cache, self.recipes, self.files)
        preparer = Preparer(binder, cache, self.recipes, forced, paranoid=self.paranoid)
        return binder, Expander(binder), preparer

    def _likely(self, graph: Graph) -> Iterator[CacheKey]:
        """The keys that the last run's tasks had, of the steps that still do the same."""
        for name in graph.steps:
            recipe = self.recipes.recipe(name).digest
            yield from (key for key in self.history.keys(name) if key.recipe == recipe)

    def plan(self, graph: Graph, forced: frozenset[str]) -> list[PlannedTask]:
        binder, expander, preparer = self.binding(graph, "plan", forced)
        rows = Planner(graph, binder, expander, preparer, self.recipes, self.history).plan()
        return [self._tried(row) if row.reasons == _NEW else row for row in rows]

    def _tried(self, row: PlannedTask) -> PlannedTask:
        """What has no result yet may have been tried."""
        if not self.history.failed(row.step, row.key):
            return row
        return row._replace(reasons=(Reason("new", "", "failed last time"),))
