"""Finding the runs of a store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import PipelineError, Problem, PrunError
from ..store.store import Store
from .runner import RUNNING


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


def store_meant(store: str | None, pipeline_path: str | None) -> Store:
    """The store that is meant: given, or the pipeline's, or ``.prun`` beside it."""
    from .loading import DEFAULT_FILE, from_here, load_graph
    from .session import open_store

    file = pipeline_path or DEFAULT_FILE
    if os.path.isdir(file):
        file = os.path.join(file, DEFAULT_FILE)
    if not os.path.exists(file):
        return Store.open(from_here(store), os.path.dirname(os.path.abspath(file)))
    found = load_graph(file)
    if found.errors:
        raise PipelineError(found.errors)
    return open_store(found.graph, from_here(store))


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


def read_runs(store: Store) -> Iterator[Mapping[str, Any]]:
    """The records of all runs, the newest first."""
    for run_id in store.runs.list_runs():
        record = store.runs.read_json(run_id, "run")
        if record is not None:
            yield record


def newest_run(store: Store) -> Mapping[str, Any]:
    """The record of the newest run. Raises ``PrunError`` where there is none."""
    for record in read_runs(store):
        return record
    raise PrunError(Problem("no-run", "there is no run yet", None, "`prun run` makes the first"))


def ended_run_of(store: Store, pipeline: str) -> Mapping[str, Any] | None:
    """The record of the newest run of a pipeline that came to its end."""
    for record in read_runs(store):
        if record.get("pipeline") == pipeline and record.get("status") != RUNNING:
            return record
    return None
