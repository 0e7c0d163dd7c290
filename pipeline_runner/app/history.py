"""What earlier runs of a pipeline left: for reasons, and for expected times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..model.artifact import GONE, ArgPart, CacheKey, Damaged, Entry, Recipe
from ..model.outcome import FAILED
from .step_record import read_steps

if TYPE_CHECKING:
    from ..model.graph import Graph
    from ..store.store import Store


_SINGLY = 8  # tasks of a large fan-out that are looked up one by one: a run asks for one, a plan for all
_SEARCHED = 1000  # in a larger fan-out an item that moved is not looked for: it costs more than it tells


class StoreHistory:
    """The engine's ``History`` port over a store.

    ``latest`` says for each step in which run it last gave something and what a task took; that
    run's record has the keys of its entries.
    """

    def __init__(self, store: Store, pipeline: str) -> None:
        self.store = store
        self.pipeline = pipeline
        self._latest: dict[str, Any] | None = None
        self._records: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._failed: dict[str, set[str]] = {}
        self._last: dict[str, _LastTasks] = {}
        self._entries: dict[CacheKey, Entry | None] = {}
        self._damaged: dict[CacheKey, Damaged] = {}
        self._asked: Counter[str] = Counter()
        self._recipes: dict[str, Recipe | None] = {}

    @property
    def latest(self) -> dict[str, Any]:
        """Step -> {"run": id, "seconds": of a task}."""
        if self._latest is None:
            found = self.store.runs.read_latest(self.pipeline)
            self._latest = found if isinstance(found, dict) else {}
        return self._latest

    def runs(self) -> set[str]:
        """The runs in which steps last gave something."""
        return {about["run"] for about in self.latest.values() if isinstance(about, dict) and "run" in about}

    def write(self, latest: Mapping[str, Any]) -> None:
        self.store.runs.write_latest(self.pipeline, dict(latest))

    def seconds(self, step: str) -> float | None:
        found = self.latest.get(step)
        return found.get("seconds") if isinstance(found, dict) else None

    def tasks(self, step: str) -> int | None:
        found = self.latest.get(step)
        return found.get("tasks") if isinstance(found, dict) else None

    def sizes(self, graph: Graph) -> dict[str, int]:
        """How many tasks the steps had lately, as far as that is known."""
        found = {name: 1 if s.fanout is None else self.tasks(name) for name, s in graph.steps.items()}
        return {name: count for name, count in found.items() if count is not None}

    def recipe(self, digest: str) -> Recipe | None:
        if digest not in self._recipes:
            self._recipes[digest] = self.store.get_recipe(digest)
        return self._recipes[digest]

    def since(self, step: str) -> str | None:
        """The run in which the step last gave something."""
        found = self.latest.get(step)
        return found.get("run") if isinstance(found, dict) else None

    def failed(self, step: str, key: str | None) -> bool:
        """Whether the task failed when it was last tried."""
        found = self.latest.get(step)
        run = found.get("failed") if isinstance(found, dict) else None
        if run is None:
            return False
        if step not in self._failed:
            about = self._about(run, step)
            keys = about.get("keys") or [""]
            states = about.get("states", ())
            self._failed[step] = {k for k, state in zip(keys, states, strict=False) if state == FAILED}
        return (key or "") in self._failed[step]

    def previous(self, step: str, key: str | None, parts: Mapping[str, ArgPart]) -> Entry | None:
        last = self._tasks(step)
        same_id = self._entry(step, key or "")
        if key is None and same_id is None:  # a fan-out whose items are not known yet: any of them tells
            first = next(iter(last), None)
            return None if first is None else self._entry(step, first)
        items = _item_parts(parts)
        if not items or (same_id is not None and _item_parts(same_id.parts) == items):
            return same_id
        for other in last if len(last) <= _SEARCHED else ():
            entry = self._entry(step, other)
            if entry is not None and _item_parts(entry.parts) == items:
                return entry
        return same_id

    def gone(self, step: str, key: str | None, recipe: str) -> Damaged | None:
        last = self._tasks(step)
        at = next(last.keys(), None) if key is None and last.key("") is None else last.key(key or "")
        if at is None or at.recipe != recipe or self._entry_at(step, at) is not None:
            return None
        return self._damaged.get(at, GONE)

    def had(self, step: str, key: CacheKey) -> bool:
        return list(key) in self._tasks(step).entries

    def ahead(self, step: str) -> None:
        self._tasks(step)

    def keys(self, step: str) -> Iterable[CacheKey]:
        """The cache keys of the step's last tasks."""
        return self._tasks(step).keys()

    def _entry(self, step: str, key: str) -> Entry | None:
        """The entry of the step's last task of this KEY."""
        at = self._tasks(step).key(key)
        return None if at is None else self._entry_at(step, at)

    def _entry_at(self, step: str, at: CacheKey) -> Entry | None:
        last = self._tasks(step)
        if at not in self._entries:
            self._asked[step] += 1
            whole = len(last) <= _SEARCHED or self._asked[step] > _SINGLY
            wanted = [k for k in last.keys() if k not in self._entries] if whole else [at]  # noqa: SIM118
            self._entries.update(dict.fromkeys(wanted))
            for found, entry in self.store.lookup(wanted).items():
                if isinstance(entry, Entry):
                    self._entries[found] = entry
                else:
                    self._damaged[found] = entry
        return self._entries[at]

    def _tasks(self, step: str) -> _LastTasks:
        found = self._last.get(step)
        if found is None:
            run = self.since(step)
            about = self._about(run, step) if run is not None else {}
            names = about.get("keys") or [""]
            found = self._last[step] = _LastTasks(names, about.get("entries") or ())
        return found

    def _about(self, run: str, step: str) -> Mapping[str, Any]:
        """A step in the record of a run; empty where there is none."""
        if run not in self._records:
            self._records[run] = read_steps(self.store.runs.read_json(run, "run") or {}, self.store.runs)
        return self._records[run].get(step, {})


class _LastTasks:
    """The tasks of a step in the run that last gave something: their KEYs, and those of their entries."""

    def __init__(self, names: Sequence[str], entries: Sequence[Any]) -> None:
        self.entries = entries
        self._names = names if len(names) <= len(entries) else names[: len(entries)]
        self._asked = 0

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        """The KEYs of those that led to an entry."""
        return (name for name, entry in zip(self._names, self.entries, strict=False) if entry)

    def keys(self) -> Iterator[CacheKey]:
        return (CacheKey(*entry) for entry in self.entries if entry)

    @cached_property
    def _position(self) -> dict[str, int]:
        return dict(zip(self._names, range(len(self._names)), strict=True))

    def key(self, name: str) -> CacheKey | None:
        """The key of the entry of the task of this KEY."""
        self._asked += 1
        if self._asked > _SINGLY:
            at = self._position.get(name)
        else:
            at = self._names.index(name) if name in self._names else None
        entry = self.entries[at] if at is not None else None
        return CacheKey(*entry) if entry else None


def _item_parts(parts: Mapping[str, ArgPart]) -> dict[str, str]:
    return {name: part.digest for name, part in parts.items() if part.kind == "item"}
