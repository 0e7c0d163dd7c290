"""Types that do not pickle stably: loaded again, their content is not what was stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..model.artifact import CacheKey, Entry
from ..store.doubts import read_doubts
from .findings import UNREADABLE, UNSTABLE, Finding
from .session import project_of

if TYPE_CHECKING:
    from ..store.store import Store
    from .pipeline import Pipeline

_MOST = 256 << 20  # bytes of a pickle up to which it is loaded to see whether it is stable
_SO = "what reads it runs more often than it must"
_EACH = 2  # pickles of one type and step that are loaded


def unstable_types(
    store: Store, pipeline: Pipeline, entries: Sequence[Entry], tasks: Mapping[CacheKey, str]
) -> list[Finding]:
    """Load some pickles of each type that the pipeline's steps gave, and digest them again."""
    from ..keys.doubts import doubts, doubts_of_loaded
    from ..keys.unhashable import Unhashable
    from ..store.codecs import decode
    from ..workers.imports import is_project_module, isolated

    steps = pipeline.graph.steps
    names = dict(tasks)
    own = [e for e in entries if names.get(e.key, e.task).partition("[")[0] in steps]
    unstable: dict[tuple[str, str], list[str]] = {}
    unreadable: dict[str, tuple[list[str], str]] = {}
    with isolated(project_of(pipeline.graph)):
        for entry, output, artifact in _some_of_each(own, names):
            name = names.get(entry.key, entry.task) + (f".{output}" if output else "")
            kind = artifact.type.partition(" ")[0]
            try:
                value = decode(artifact, store)
                found = doubts(value) or doubts_of_loaded(value, artifact.digest, is_project_module)
            except Unhashable as error:
                unreadable.setdefault(kind, ([], str(error)))[0].append(name)
            except Exception as error:  # whatever unpickling runs into
                unreadable.setdefault(kind, ([], f"{type(error).__name__}: {error}"))[0].append(name)
            else:
                if found:
                    unstable.setdefault((kind, found[0].why), []).append(name)
    said = {name for found in (*unstable.values(), *(w for w, _ in unreadable.values())) for name in found}
    for name, kind, why in _met_before(store, own, names):
        if name not in said:
            unstable.setdefault((kind, why), []).append(name)
    return [
        *(Finding(UNSTABLE, kind, where, f"{why}: {_SO}") for (kind, why), where in unstable.items()),
        *(Finding(UNREADABLE, kind, where, why) for kind, (where, why) in unreadable.items()),
    ]


def _met_before(
    store: Store, entries: Sequence[Entry], names: Mapping[CacheKey, str]
) -> Iterator[tuple[str, str, str]]:
    """(output, type, why) of what workers noted: an address is told only where it is one still."""
    looked: set[str] = set()
    for entry in entries:
        if entry.key.recipe not in looked:
            looked.add(entry.key.recipe)
            for output, (kind, why, _) in read_doubts(store.index_dir, entry.key.recipe).items():
                name = names.get(entry.key, entry.task) + (f".{output}" if output else "")
                yield name, kind.partition(" ")[0].rstrip(","), why


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
