"""The wiring of the engine: what binds, looks up and plans the tasks of an opened pipeline."""

from __future__ import annotations

from ..engine.bind import Binder
from ..engine.expand import Expander
from ..engine.plan import Planner
from ..engine.prepare import Preparer
from ..model.decision import PlannedTask
from ..model.graph import Graph
from .opened import Opened


class Session(Opened):
    """One pipeline, opened, with an engine."""

    def binding(self, graph: Graph, run_id: str, forced: frozenset[str]) -> tuple[Binder, Expander, Preparer]:
        """What binds, expands and looks up the tasks of (a part of) the pipeline."""
        binder = Binder(graph, self.params, run_id, self.store, self.recipes, self.files)
        preparer = Preparer(binder, self.store, self.recipes, forced, paranoid=self.paranoid)
        return binder, Expander(binder), preparer

    def plan(self, graph: Graph, forced: frozenset[str]) -> list[PlannedTask]:
        binder, expander, preparer = self.binding(graph, "plan", forced)
        return Planner(graph, binder, expander, preparer, self.recipes, self.history).plan()
