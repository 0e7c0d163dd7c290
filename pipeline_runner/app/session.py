"""The wiring: everything that a plan, a run or a check of one pipeline needs, put together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..engine.bind import Binder
from ..engine.expand import Expander
from ..engine.plan import Planner
from ..engine.prepare import Preparer
from ..keys.code import CodeIndex
from ..keys.files import FileIndex
from ..model.decision import PlannedTask
from ..model.graph import Graph
from ..model.work import Project
from ..store.store import Store
from .history import StoreHistory
from .recipes import Recipes


def project_of(graph: Graph) -> Project:
    """Where the user's code lives: the pipeline's folder first, then ``pythonpath``."""
    extra = (os.path.normpath(os.path.join(graph.root, p)) for p in graph.pythonpath)
    return Project(graph.root, tuple(dict.fromkeys([graph.root, *extra])))


class Session:
    """One pipeline, opened: its store, its code, its files, its history."""

    def __init__(self, graph: Graph, params: Mapping[str, Any], store: str | None, *, paranoid: bool) -> None:
        self.graph = graph
        self.params = params
        self.paranoid = paranoid
        self.store = Store.open(store if store is not None else graph.store, graph.root)
        self.project = project_of(graph)
        index = self.store.index_dir
        self.code = CodeIndex(self.project, index_file=os.path.join(index, "code"), paranoid=paranoid)
        self.files = FileIndex(graph.root, os.path.join(index, "files"), paranoid=paranoid)
        self.recipes = Recipes(graph, self.code)
        self.history = StoreHistory(self.store, graph.name)

    def binding(self, graph: Graph, run_id: str, forced: frozenset[str]) -> tuple[Binder, Expander, Preparer]:
        """What binds, expands and looks up the tasks of (a part of) the pipeline."""
        binder = Binder(graph, self.params, run_id, self.store, self.recipes, self.files)
        return (
            binder,
            Expander(binder),
            Preparer(binder, self.store, self.recipes, forced, paranoid=self.paranoid),
        )

    def plan(self, graph: Graph, forced: frozenset[str]) -> list[PlannedTask]:
        binder, expander, preparer = self.binding(graph, "plan", forced)
        return Planner(graph, binder, expander, preparer, self.recipes, self.history).plan()

    def save_indexes(self) -> None:
        """Keep what was learnt of code and files; losing it costs time only."""
        try:
            self.code.save()
            self.files.save()
        except OSError:
            pass
