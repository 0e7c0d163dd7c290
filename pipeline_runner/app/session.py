"""A pipeline, opened: its store, and the indexes of its code and its files. Cheap to make."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..keys.code import CodeIndex
from ..keys.files import FileIndex
from ..model.work import Project, StoreAt
from ..store.store import Store
from .history import StoreHistory
from .recipes import Recipes

if TYPE_CHECKING:
    from ..model.graph import Graph


def project_of(graph: Graph) -> Project:
    """Where the user's code lives: the pipeline's folder first, then ``pythonpath``."""
    extra = (os.path.normpath(os.path.join(graph.root, p)) for p in graph.pythonpath)
    return Project(graph.root, tuple(dict.fromkeys([graph.root, *extra])))


def open_store(graph: Graph, store: str | None = None) -> Store:
    """The pipeline's store, or another given by hand: signed and safe as the pipeline says."""
    url = store if store is not None else graph.store
    return Store.open(StoreAt(url or "", graph.sign, graph.safe), graph.root)


class Session:
    """What a plan, a run and a check need of the world outside the pipeline's graph."""

    def __init__(self, graph: Graph, params: Mapping[str, Any], store: str | None, *, paranoid: bool) -> None:
        self.graph = graph
        self.params = params
        self.paranoid = paranoid
        self.store_given = store  # by hand, not by the file
        self.store = open_store(graph, store)
        self.project = project_of(graph)
        index = self.store.index_dir
        self.code = CodeIndex(self.project, index_file=os.path.join(index, "code"), paranoid=paranoid)
        self.files = FileIndex(
            graph.root,
            os.path.join(index, "files"),
            paranoid=paranoid,
            ignore=[self.store.local_dir],
            remote=_track_url,
        )
        self.recipes = Recipes(graph, self.code)
        self.history = StoreHistory(self.store, graph.name)

    def save_indexes(self) -> None:
        """Keep what was learnt of code and files; losing it costs time only."""
        try:
            self.code.save()
            self.files.save()
        except OSError:
            pass


def _track_url(url: str, paranoid: bool) -> tuple[list[str], list[str], bool]:
    from ..store.urls import track_url

    return track_url(url, paranoid)
