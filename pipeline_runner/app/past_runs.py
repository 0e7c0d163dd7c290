"""Finding the runs of a store."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import PipelineError, Problem, PrunError
from ..store.store import Store
from .runner import RUNNING

if TYPE_CHECKING:
    from ..model.graph import Graph


class RunInfo(NamedTuple):
    """A line of ``prun runs``. ``started``: Unix time; ``seconds``: how long it took."""

    id: str
    pipeline: str
    status: str
    started: float
    seconds: float
    counts: Mapping[str, int]

    @property
    def run_id(self) -> str:
        """The same as ``id``, by its name in ``--json`` and of ``Run.load``'s argument."""
        return self.id


class Meant(NamedTuple):
    """A store, and of which pipeline's runs there is talk: of all where none was named."""

    store: Store
    graph: Graph | None

    def records(self) -> Iterator[Mapping[str, Any]]:
        """The records of its runs, the newest first."""
        from .records import place_of

        place = place_of(self.graph.file, self.store) if self.graph is not None else ""
        for run_id in self.store.runs.list_runs():
            record = self.store.runs.read_json(run_id, "run")
            if record is not None and (self.graph is None or self._is_of(record, self.graph, place)):
                yield record

    def _is_of(self, record: Mapping[str, Any], graph: Graph, place: str) -> bool:
        """Far away the place is a path of the machine on which it ran: of it the file's name counts alone."""
        there = str(record.get("place") or record.get("file") or "")
        if not self.store.files.is_local:
            there, place = ntpath.basename(there), ntpath.basename(place)
        return record.get("pipeline") == graph.name and there == place

    def newest(self) -> Mapping[str, Any]:
        """The newest record. Raises ``PrunError`` where there is none."""
        for record in self.records():
            return record
        what = f" of {self.graph.name!r}" if self.graph is not None else ""
        raise PrunError(Problem("no-run", f"there is no run{what} yet", None, "`prun run` makes the first"))


def meant(store: str | None, pipeline_path: str | None) -> Meant:
    """The runs that are meant: of the pipeline that is named, or all in the store of ``./pipeline.yaml``."""
    opened, graph = _opened(store, pipeline_path)
    return Meant(opened, graph if pipeline_path is not None else None)


def store_meant(store: str | None, pipeline_path: str | None) -> Store:
    """The store that is meant: given, or the pipeline's, or ``.prun`` beside it."""
    return _opened(store, pipeline_path)[0]


def _opened(store: str | None, pipeline_path: str | None) -> tuple[Store, Graph | None]:
    from .loading import DEFAULT_FILE, from_here, load_graph
    from .session import open_store

    file = pipeline_path or DEFAULT_FILE
    if os.path.isdir(file):
        file = os.path.join(file, DEFAULT_FILE)
    if not os.path.exists(file):
        return Store.open(from_here(store), os.path.dirname(os.path.abspath(file))), None
    found = load_graph(file)
    if found.errors:
        raise PipelineError(found.errors)
    return open_store(found.graph, from_here(store)), found.graph


def read_run(store: Store, run_id: str) -> Mapping[str, Any]:
    """The record of a run. Raises ``PrunError`` where there is none."""
    try:
        record = store.runs.read_json(run_id, "run")
    except ValueError:  # no name of a run at all
        record = None
    if record is None:
        raise PrunError(Problem("no-run", f"there is no run {run_id!r}", None, "`prun runs` lists them"))
    found: Mapping[str, Any] = record
    return found


def ended_run_of(store: Store, pipeline: str) -> Mapping[str, Any] | None:
    """The record of the newest run of a pipeline that came to its end."""
    for record in Meant(store, None).records():
        if record.get("pipeline") == pipeline and record.get("status") != RUNNING:
            return record
    return None
