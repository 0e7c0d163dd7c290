"""Resolved graphs kept ready: parsing and validating what has not changed takes the most of a start.

A compiled graph is found by the pipeline's absolute path, its profile, prun's and Python's version; it is
used only while every YAML file that it was made from has the very bytes that it had (dropped, never
trusted, when anything differs). Params given by hand are bound to it afterwards. It lies in a local
folder, never in a shared store: it is a pickle.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import __version__
from ..keys.digest import digest
from ..model import graph as model
from ..model.graph import Graph
from ..store.disk import ignore_folder, write_whole

# A pickled NamedTuple is its fields by position: a graph of other fields is never read as one of these,
# also not in a checkout that was updated without a new version.
LAYOUT = [(name, fields) for name, c in vars(model).items() if (fields := getattr(c, "_fields", None))]


class Compiled(NamedTuple):
    """What loading and resolving a pipeline file gave, with the params of the file and the profile.

    ``declared``: of each param the fields of its ``Declared``; ``id``: of exactly this; "" if not kept.
    """

    graph: Graph
    declared: Mapping[str, tuple[Any, ...]]
    values: Mapping[str, Any]
    id: str = ""

    def bind(self, params: Mapping[str, Any] | None, overrides: Sequence[str]) -> Bound | None:
        """The params with what was given by hand; None if anything is wrong with it."""
        if not params and not overrides:
            return Bound(self.values, self.id)
        from ..spec.params import ParamSet
        from ..spec.params_full import Declared

        layers = ParamSet.kept({name: Declared(*d) for name, d in self.declared.items()}, self.values)
        layers.python(params or {})
        layers.command_line(overrides)
        if layers.problems or layers.out_of_bounds():
            return None
        return Bound(layers.values, digest(f"{self.id} {layers.values!r}".encode("utf-8", "surrogatepass")))


class Bound(NamedTuple):
    """Params, and what names the graph with exactly these."""

    params: Mapping[str, Any]
    id: str


class CompiledGraphs:
    """The compiled graphs of one folder's pipelines."""

    def __init__(self, index: str) -> None:
        self.folder = os.path.join(index, "graphs")

    def name(self, file: str, profile: str | None) -> str:
        """Under which name a graph is kept."""
        asked = [file, profile, __version__, sys.version, LAYOUT]
        return digest(repr(asked).encode("utf-8", "surrogatepass"))

    def find(self, name: str) -> Compiled | None:
        """The graph, if all that it was made from is as it was."""
        try:
            with open(os.path.join(self.folder, name), "rb") as f:
                if not _is_ours(f.fileno()):
                    return None
                seal, data = f.read(48), f.read()
            if digest(data).encode() != seal:
                return None
            files, graph, declared, values = pickle.loads(data)
            for path, known in files:
                with open(path, "rb") as f:
                    if digest(f.read()) != known:
                        return None
        except (OSError, ValueError, TypeError, AttributeError, ImportError, EOFError, pickle.PickleError):
            return None
        return Compiled(graph, declared, values, seal.decode())

    def keep(self, name: str, files: Sequence[tuple[str, str]], compiled: Compiled) -> Compiled:
        """Keep it; the same with its id. Losing it costs time only, so nothing here is an error."""
        try:
            data = pickle.dumps((tuple(files), *compiled[:3]), protocol=5)
            os.makedirs(self.folder, exist_ok=True)
            ignore_folder(os.path.dirname(os.path.dirname(self.folder)))
            write_whole(os.path.join(self.folder, name), [digest(data).encode(), data], 0o600)
        except (OSError, pickle.PickleError, RecursionError):
            return compiled
        return compiled._replace(id=digest(data))


def _is_ours(fd: int) -> bool:
    """Whether nobody else can have written it: a pickle of another user's is never read."""
    if not hasattr(os, "getuid"):
        return True
    s = os.fstat(fd)
    return s.st_uid == os.getuid() and not s.st_mode & 0o022
