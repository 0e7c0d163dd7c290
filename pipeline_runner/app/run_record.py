"""What a run left in the store, read back: its graph, its tasks and the entries that they led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import Problem, PrunError, RunFailed
from ..model.artifact import Artifact, CacheKey, Entry
from ..model.event import TasksBlocked, TasksCancelled, TasksSkipped, TasksStarted
from ..model.graph import Graph
from ..model.names import task_id
from ..model.outcome import REUSED, SKIPPED
from ..store.store import Store
from .graph_json import graph_from_json
from .runner import RUNNING, status_now
from .step_record import read_steps
from .task_names import parse_name

if TYPE_CHECKING:
    from ..model.event import Event
    from .unfinished import Unfinished


class RunRecord:
    """The record of one run. What is large, or another run's, is read when it is asked for.

    ``graph`` spares reading what the process that made the run still knows.
    """

    def __init__(
        self,
        head: Mapping[str, Any],
        store: Store,
        *,
        graph: Graph | None = None,
    ) -> None:
        self.head = head
        self.store = store
        self._graph = graph

    @property
    def id(self) -> str:
        return str(self.head["run_id"])

    @property
    def graph(self) -> Graph:
        """The resolved pipeline as it was. Raises ``RunFailed`` where the run has not noted it (yet)."""
        if self._graph is None:
            if "graph" not in self.whole:
                if status_now(self.head, self.store) == RUNNING:
                    why = "has just begun: there is no record of it yet"
                else:
                    why = "was killed before it computed anything"
                raise RunFailed(Problem("no-record", f"run {self.id} {why}"))
            self._graph = graph_from_json(self.whole["graph"])
        return self._graph

    @property
    def params(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self.whole.get("params", {})
        return params

    @property
    def steps(self) -> Mapping[str, Any]:
        """Of each step: keys, states, attempts, seconds, errors, entries."""
        return self._steps

    @cached_property
    def _steps(self) -> Mapping[str, Any]:
        if self._unfinished is not None:
            return self._unfinished.steps
        steps = read_steps(self.whole, self.store.runs, strict=True)
        return _as_reused(steps) if "same_as" in self.head else steps

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        """With the tasks. Of a run in which nothing had changed they stand in an earlier run's record;
        of one that was killed, or goes on, its events and notes tell of them."""
        if "same_as" in self.head:
            whole: Mapping[str, Any] = self.store.runs.read_json(self.head["same_as"], "run") or {}
            return whole
        return self.head if self._unfinished is None else self._unfinished.whole

    @cached_property
    def _unfinished(self) -> Unfinished | None:
        if "same_as" in self.head or "steps" in self.head:
            return None
        from .unfinished import Unfinished

        return Unfinished(self.head, self.store, self.events)

    @property
    def events(self) -> Sequence[Event]:
        """What happened, in order. Empty where all was up to date."""
        from .events import read_events

        return read_events(self.store.runs.read_lines(self.id, "events"))

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """Why each task ran or did not, in a few words, by its id."""
        found: dict[str, str] = {}
        for event in self.events:
            if isinstance(event, TasksBlocked):
                text = event.by
            elif isinstance(event, (TasksStarted, TasksSkipped, TasksCancelled)):
                text = event.reason
            else:
                continue
            keys = (self.steps.get(event.step) or {}).get("keys")
            for k in event.items if text else ():
                found.setdefault(task_id(event.step, keys[k] if keys else None), text)
        return found

    # ---- a task of it ------------------------------------------------------------------------------

    def about(self, step: str) -> Any:
        """The record of a step. Raises ``PrunError`` where there is none of that name."""
        found = self.steps.get(step)
        if found is None:
            known = ", ".join(self.steps) or "none"
            raise PrunError(
                Problem("no-step", f"run {self.id} has no step {step!r}", None, f"its steps: {known}")
            )
        return found

    def index(self, step: str, key: str | None) -> int:
        """Where the item of this KEY stands in its step; 0 without a KEY."""
        if key is None:
            return 0
        keys = self.about(step)["keys"] or []
        if key not in keys:
            raise PrunError(
                Problem(
                    "no-task", f"run {self.id} has no task {task_id(step, key)!r}", None, self._some_ids(step)
                )
            )
        return int(keys.index(key))

    def position(self, task: str) -> tuple[str, int]:
        """A task's step and its place in it. Raises ``PrunError`` where there is no such task."""
        step, key, path = parse_name(task)
        about = self.about(step)
        if key is None and about["keys"] is not None:
            raise PrunError(
                Problem(
                    "task", f"{task!r} is a fan-out", None, f"name one of its tasks: {self._some_ids(step)}"
                )
            )
        if path:
            raise PrunError(Problem("task", f"{task!r} is no task", None, f"do you mean {step!r}?"))
        return step, self.index(step, key)

    def entry(self, step: str, k: int) -> Entry | None:
        """The entry that a task led to."""
        keys = self.about(step)["entries"]
        if k >= len(keys) or keys[k] is None:
            return None
        found = self.store.lookup([CacheKey(*keys[k])]).get(CacheKey(*keys[k]))
        return found if isinstance(found, Entry) else None

    def entries(self, step: str) -> Sequence[Entry | None]:
        """Those of all its tasks, looked up together: one by one each could be a round trip."""
        keys = [None if key is None else CacheKey(*key) for key in self.about(step)["entries"]]
        found = self.store.lookup([key for key in keys if key is not None])
        whole = {key: entry for key, entry in found.items() if isinstance(entry, Entry)}
        return [None if key is None else whole.get(key) for key in keys]

    def decode(self, artifact: Artifact) -> Any:
        """The value of an artifact. Unpickles: only of stores that you trust."""
        if artifact.codec == "data":
            return self.store.plain(artifact)
        from ..store.codecs import decode
        from ..workers.imports import isolated
        from .session import project_of

        with isolated(project_of(self.graph)):
            return decode(artifact, self.store)

    def _some_ids(self, step: str) -> str:
        keys = self.about(step)["keys"] or []
        shown = ", ".join(task_id(step, k) for k in keys[:8])
        return shown + (", ..." if len(keys) > 8 else "")


def _as_reused(steps: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The steps of a run that found all of these tasks up to date."""
    return {
        name: {
            **about,
            "states": [SKIPPED if s == SKIPPED else REUSED for s in about["states"]],
            "attempts": {}, "seconds": {}, "errors": {},
        }
        for name, about in steps.items()
    }  # fmt: skip
