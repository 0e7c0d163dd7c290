"""The wiring of the engine: what binds, looks up and plans the tasks of an opened pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..engine.bind import Binder
from ..engine.expand import Expander
from ..engine.prepare import Preparer
from ..model.artifact import CacheKey
from ..model.decision import PlannedTask, Reason
from ..model.graph import Graph
from .ahead import Ahead
from .fanouts import KeptFanOuts
from .session import Session

_NEW = (Reason("new"),)


def engine_for(
    session: Session, graph: Graph, run_id: str, forced: frozenset[str] = frozenset()
) -> tuple[Binder, Expander, Preparer]:
    """What binds, expands and looks up the tasks of (a part of) the pipeline."""
    store = session.store
    cache = store if store.files.is_local else Ahead(store, partial(_likely, session, graph))
    binder = Binder(graph, session.params, run_id, cache, session.recipes, session.files)
    if store.files.is_local and not session.paranoid:
        binder.fanouts = KeptFanOuts(store, graph, session.recipes)
    preparer = Preparer(binder, cache, session.recipes, forced, paranoid=session.paranoid)
    return binder, Expander(binder), preparer


def plan_rows(session: Session, graph: Graph, forced: frozenset[str] = frozenset()) -> list[PlannedTask]:
    """What would become of each task."""
    from ..engine.plan import Planner

    binder, expander, preparer = engine_for(session, graph, "plan", forced)
    rows = Planner(graph, binder, expander, preparer, session.recipes, session.history).plan()
    return [_tried(session, row) if row.reasons == _NEW else row for row in rows]


def _likely(session: Session, graph: Graph) -> Iterator[CacheKey]:
    """The keys that the last run's tasks had, of the steps that still do the same."""
    for name in graph.steps:
        recipe = session.recipes.recipe(name).digest
        yield from (key for key in session.history.keys(name) if key.recipe == recipe)


def _tried(session: Session, row: PlannedTask) -> PlannedTask:
    """What has no result yet may have been tried."""
    if not session.history.failed(row.step, row.key):
        return row
    return row._replace(reasons=(Reason("new", "", "failed last time"),))
