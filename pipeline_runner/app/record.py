"""The record of a run: what it keeps in the store, from which everything of it can be shown again."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..engine.results import StepResult
from ..errors import StoreError
from ..model import event as ev
from ..model.graph import Graph
from ..model.names import task_id
from ..model.outcome import BLOCKED, CANCELLED, FAILED, REUSED, SKIPPED, STATES, SUCCEEDED
from ..model.table import Table
from .graph_json import graph_to_json
from .records import RECORD_FORMAT, place_of
from .runner import host_name
from .step_record import APART, write_apart, write_step
from .task_states import TaskStates

if TYPE_CHECKING:
    from ..store.store import Store
    from .recipes import Recipes


class _StepRecord:
    """One step's tasks, by position."""

    def __init__(self) -> None:
        self.keys: list[str] | None = None
        self.states = TaskStates(0)
        self.attempts: dict[int, int] = {}
        self.seconds: dict[int, float] = {}
        self.errors: dict[int, list[Any]] = {}
        self.reasons: dict[int, str] = {}
        self.apart: dict[str, Any] | None = None  # what all this is in a file of its own

    def expand(self, count: int, keys: Sequence[str] | None) -> None:
        self.keys = None if keys is None else list(keys)
        self.states = TaskStates(count)

    def put(self, items: Sequence[int], state: str) -> None:
        if not len(self.states):
            self.states = TaskStates(1)
        self.states.put(items, state)


class Account:
    """What became of each task: a fold over a run's events."""

    def __init__(self) -> None:
        self.steps: dict[str, _StepRecord] = {}
        self.shown: tuple[str, ...] = ()
        self.backend = ""
        self.workers = 1

    def __call__(self, event: ev.Event) -> None:
        match event:
            case ev.RunStarted():
                self.shown = event.steps
                self.backend, self.workers = event.backend, event.workers
            case ev.StepExpanded():
                self.step(event.step).expand(event.total, event.keys)
            case ev.TasksReused():
                self.step(event.step).put(event.items, REUSED)
            case ev.TasksSucceeded():
                record = self.step(event.step)
                record.put(event.items, SUCCEEDED)
                for k, seconds in zip(event.items, event.seconds, strict=True):
                    record.seconds[k] = seconds
                    record.attempts[k] = record.attempts.get(k, 0) + 1
                    record.errors.pop(k, None)
            case ev.TaskFailed():
                record = self.step(event.step)
                record.attempts[event.item] = event.attempt
                record.seconds[event.item] = event.seconds
                record.errors[event.item] = list(event.error)
                if event.retry_in is None:
                    record.put([event.item], FAILED)
            case ev.TasksSkipped():
                record = self.step(event.step)
                record.put(event.items, SKIPPED)
                record.reasons.update(dict.fromkeys(event.items, event.reason))
            case ev.TasksBlocked():
                record = self.step(event.step)
                record.put(event.items, BLOCKED)
                record.reasons.update(dict.fromkeys(event.items, event.by))
            case ev.TasksCancelled():
                record = self.step(event.step)
                record.put(event.items, CANCELLED)
                for k in event.items if event.running else ():
                    record.attempts[k] = record.attempts.get(k, 0) + 1
                if event.reason:
                    record.reasons.update(dict.fromkeys(event.items, event.reason))

    def step(self, name: str) -> _StepRecord:
        """A step's tasks, which change now; none yet where it is heard of for the first time."""
        record = self.steps.setdefault(name, _StepRecord())
        record.apart = None
        return record

    def _id(self, step: str, k: int) -> str:
        keys = self.steps[step].keys if step in self.steps else None
        return task_id(step, keys[k] if keys is not None else None)

    def counts(self) -> dict[str, int]:
        shown = [self.steps[name].states for name in self.shown if name in self.steps]
        return {state: sum(states.count(state) for states in shown) for state in STATES}

    def _step_json(self, record: _StepRecord, result: StepResult | None) -> dict[str, Any]:
        shape = result.items.shape if result is not None and result.items is not None else None
        about = {
            "keys": record.keys,
            "states": record.states,
            "attempts": record.attempts,
            "seconds": record.seconds,
            "errors": {str(k): v for k, v in record.errors.items()},
            "reasons": {str(k): v for k, v in record.reasons.items()},
            "shape": list(shape) if shape is not None else None,
        }
        return write_step(about, result.table if result is not None else Table(0))

    def to_json(self, results: Mapping[str, StepResult]) -> dict[str, Any]:
        """The tasks as a record has them."""
        steps = {name: s.apart or self._step_json(s, results.get(name)) for name, s in self.steps.items()}
        return {"counts": self.counts(), "shown": list(self.shown), "steps": steps}


class Recorder(Account):
    """An observer that keeps the record. Written when the run begins and when it ends; what there is to
    tell of a large step that is over, ``ahead`` of it."""

    def __init__(
        self, store: Store, run_id: str, graph: Graph, params: Mapping[str, Any], started: float
    ) -> None:
        super().__init__()
        self.runs = store.runs
        self.place = place_of(graph.file, store)
        self.run_id = run_id
        self.graph = graph
        self.params = dict(params)
        self.started = started
        self.unwritten: StoreError | None = None
        self._local = store.files.is_local
        self._over: deque[str] = deque()  # steps, until they were seen to

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, ev.TaskLogged):
            with suppress(StoreError):  # a full disk loses a log, not the run
                self.runs.write_log(self.run_id, self._id(event.step, event.item), event.text)
        else:
            super().__call__(event)
            if isinstance(event, ev.StepFinished):
                self._over.append(event.step)

    def keep_recipes(self, store: Store, recipes: Recipes) -> None:
        """Keep the recipes of what ran, so that a later plan can say what changed in them."""
        ran = [name for name, record in self.steps.items() if record.attempts]
        found = [recipes.recipe(name) for name in ran if self.graph.steps[name].cache.enabled]
        for recipe in {recipe.digest: recipe for recipe in found}.values():
            if store.get_recipe(recipe.digest) is None:
                store.put_recipe(recipe._replace(source=recipes.source(recipe)))

    # ---- writing -------------------------------------------------------------------------------

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """The pipeline as it is in this run."""
        return {"graph": graph_to_json(self.graph), "params": self.params}

    def begin(self) -> StoreError | None:
        """Say that the run is there; its status stays "running" if it is killed. Where that cannot be
        written, why: a store that is only read may still have everything."""
        try:
            self.runs.write_json(self.run_id, "run", {**self._head("running", 0.0), "host": host_name()})
        except StoreError as error:
            return error
        return None

    def end(self, status: str, seconds: float, results: Mapping[str, StepResult]) -> dict[str, Any]:
        """Write the whole record; the same is returned."""
        record = self._head(status, seconds)
        record |= self.to_json(results)
        record |= self.made_of
        try:
            written = {name: self._written(name, about) for name, about in record["steps"].items()}
            self.runs.write_json(self.run_id, "run", {**record, "steps": written})
        except StoreError as error:  # what was computed is in the store; the summary must still be told
            self.unwritten = error
        return record

    def ahead(self, results: Mapping[str, StepResult]) -> None:
        """While workers are busy: write what there is to tell of a large step. Far away it would keep the
        workers waiting."""
        while self._over and self._local:
            name = self._over.popleft()
            if len(self.steps[name].states) >= APART:
                with suppress(StoreError):  # at the end it is tried again
                    self._written(name, self._step_json(self.steps[name], results.get(name)))
                return

    def _written(self, name: str, about: dict[str, Any]) -> dict[str, Any]:
        """What stands in ``run.json`` for a step: of a large one, that it has a file."""
        record = self.steps[name]
        if len(record.states) < APART:
            return about
        if record.apart is None:
            write_apart(self.runs, self.run_id, name, about)
            record.apart = about
        return {"apart": len(record.states)}

    def _head(self, status: str, seconds: float) -> dict[str, Any]:
        return {
            "format": RECORD_FORMAT,
            "run_id": self.run_id,
            "pipeline": self.graph.name,
            "file": self.graph.file,
            "place": self.place,
            "status": status,
            "started": self.started,
            "seconds": seconds,
            "backend": self.backend,
            "workers": self.workers,
        }

    def latest(self, before: Mapping[str, Any], results: Mapping[str, StepResult]) -> dict[str, Any]:
        """What this run adds to what is known of each step: what it gave, and whether tasks failed."""
        latest = dict(before)
        for name, record in self.steps.items():
            failed = {"failed": self.run_id} if record.states.count(FAILED) else {}
            result = results.get(name)
            if result is not None and (tasks := result.table.count):
                took = result.table.took() / tasks
                latest[name] = {"run": self.run_id, "seconds": took, "tasks": tasks, **failed}
            elif failed:
                latest[name] = {**latest.get(name, {}), **failed}
        return latest
