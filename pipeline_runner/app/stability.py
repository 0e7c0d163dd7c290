"""Types that do not pickle stably: loaded again, their content is not what was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..model.artifact import CacheKey, Entry
from .findings import UNREADABLE, UNSTABLE, Finding
from .opened import project_of

if TYPE_CHECKING:
    from ..store.census import Census
    from ..store.store import Store
    from .pipeline import Pipeline

_MOST = 256 << 20  # bytes of a pickle up to which it is loaded to see whether it is stable
_EACH = 2  # pickles of one type and step that are loaded


def unstable_types(
    store: Store, pipeline: Pipeline, census: Census, entries: Sequence[Entry], tasks: Mapping[CacheKey, str]
) -> list[Finding]:
    """Load some pickles of each type that the pipeline's steps gave, and digest them again."""
    from ..keys.objects import content
    from ..keys.unhashable import Unhashable
    from ..store.codecs import decode
    from ..workers.imports import is_project_module, isolated

    steps = pipeline.graph.steps
    names = dict(tasks)
    own = [e for e in entries if names.get(e.key, e.task).partition("[")[0] in steps]
    unstable: dict[str, list[str]] = {}
    unreadable: dict[str, tuple[list[str], str]] = {}
    with isolated(project_of(pipeline.graph)):
        for entry, output, artifact in _some_of_each(own, names):
            if census.needs(artifact) != {artifact.blob}:
                continue  # paths within are told apart by where they lie now
            name = names.get(entry.key, entry.task) + (f".{output}" if output else "")
            kind = artifact.type.partition(" ")[0]
            try:
                again = content(decode(artifact, store), is_project_module).digest
            except Unhashable as error:
                unreadable.setdefault(kind, ([], str(error)))[0].append(name)
            except Exception as error:  # whatever unpickling runs into
                unreadable.setdefault(kind, ([], f"{type(error).__name__}: {error}"))[0].append(name)
            else:
                if again != artifact.digest:
                    unstable.setdefault(kind, []).append(name)
    told = "stored and loaded again its content is another: what reads it runs more often than it must"
    return [
        *(Finding(UNSTABLE, kind, where, told) for kind, where in unstable.items()),
        *(Finding(UNREADABLE, kind, where, why) for kind, (where, why) in unreadable.items()),
    ]


def _some_of_each(entries: Sequence[Entry], names: dict[CacheKey, str]) -> list[tuple[Entry, str, Any]]:
    """A few pickles of each type and step: entry, output, artifact."""
    counted: dict[tuple[str, str], int] = {}
    found = []
    for entry in entries:
        step = names.get(entry.key, entry.task).partition("[")[0]
        for output, a in entry.outputs.items():
            if a.codec != "pickle" or a.size > _MOST:
                continue
            which = (step, a.type.partition(" ")[0])
            counted[which] = counted.get(which, 0) + 1
            if counted[which] <= _EACH:
                found.append((entry, output, a))
    return found
