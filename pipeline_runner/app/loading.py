"""From a pipeline file to its resolved graph: kept compiled where nothing has changed, else built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Place, Problem
from .compiled import Compiled, CompiledGraphs

if TYPE_CHECKING:
    from ..model.graph import Graph
    from ..spec.load import Loaded

DEFAULT_FILE = "pipeline.yaml"


class LoadedGraph(NamedTuple):
    """A graph with its params. With ``errors`` it holds the steps that have none."""

    graph: Graph
    params: Mapping[str, Any]
    places: Places
    graph_id: str  # of exactly this graph with these params; "" where it is not kept
    errors: Sequence[Problem] = ()
    calls: Sequence[tuple[tuple[str | int, ...], str]] = ()  # then: those of the other steps, and where


def load_graph(
    path: str | os.PathLike[str],
    params: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    profile: str | None = None,
    store: str | None = None,
) -> LoadedGraph:
    """Load and resolve a pipeline file, or the ``pipeline.yaml`` of a folder.

    Raises:
        PipelineError: nothing useful can be made of it.
        TypeError: the params are no mapping.
    """
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(f"params must be a mapping of names to values, not a {type(params).__name__}")
    file = os.path.abspath(os.fspath(path))
    if os.path.isdir(file):
        file = os.path.join(file, DEFAULT_FILE)
    kept = CompiledGraphs(_index_folder(os.path.dirname(file), store))
    name = kept.name(file, profile)
    compiled = kept.find(name)
    bound = compiled.bind(params, overrides) if compiled is not None else None
    places = Places(os.fspath(path) if not os.path.isdir(path) else file, profile)
    if compiled is None or bound is None:
        from ..resolve.build import try_build

        loaded = places.load(params, overrides)
        built = try_build(loaded)
        if built.errors or not loaded.base.sound:
            return LoadedGraph(built.graph, loaded.params, places, "", built.errors, built.calls)
        declared = {param: tuple(d) for param, d in loaded.base.declared.items()}
        compiled = kept.keep(name, loaded.files, Compiled(built.graph, declared, loaded.base.values))
        bound = compiled.bind(params, overrides)
        if bound is None or not compiled.id:
            return LoadedGraph(built.graph, loaded.params, places, "")
    return LoadedGraph(compiled.graph, bound.params, places, bound.id)


class Places:
    """Where things are written in a pipeline file; it is read for that when somebody asks."""

    def __init__(self, file: str, profile: str | None) -> None:
        self._file = file
        self._profile = profile
        self._source: Any = None

    def load(self, params: Mapping[str, Any] | None = None, overrides: Sequence[str] = ()) -> Loaded:
        from ..spec.load import load

        loaded = load(self._file, profile=self._profile, params=params, overrides=overrides)
        self._source = loaded.source
        return loaded

    def __call__(self, path: tuple[str | int, ...]) -> Place | None:
        if self._source is None:
            self.load()
        found: Place | None = self._source.place(path)
        return found


def _index_folder(root: str, store: str | None) -> str:
    """Where compiled graphs lie: with a store given by hand its folder, else beside the pipeline."""
    folder = store if store is not None and "://" not in store and "::" not in store else None
    return os.path.join(folder or os.path.join(root, ".prun"), "index")


def from_here(store: str | None) -> str | None:
    """A store given by hand counts from the working folder, like any path on a command line."""
    if store is None or "://" in store or "::" in store:
        return store
    return os.path.abspath(os.path.expanduser(store))
