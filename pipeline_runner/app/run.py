"""A run: its tasks, and what they gave. Built from its record alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Problem, PrunError, RunFailed
from ..model.artifact import Artifact, CacheKey, Entry
from ..model.event import StepExpanded, TasksBlocked, TasksCancelled, TasksSkipped, TasksStarted
from ..model.graph import Graph, Step
from ..model.names import task_id
from ..model.outcome import REUSED, SKIPPED, ErrorInfo
from ..store.store import Store
from .graph_json import graph_from_json
from .task import RunTask, Task

if TYPE_CHECKING:
    from ..engine.bind import Binder
    from ..model.event import Event
    from .describe import Facts


RECORD_FORMAT = 1  # of runs/<id>/run.json


class RunInfo(NamedTuple):
    """A line of ``prun runs``. ``started``: Unix time; ``seconds``: how long it took."""

    id: str
    pipeline: str
    status: str
    started: float
    seconds: float
    counts: Mapping[str, int]


class Run:
    """A finished run.

    Example:
        >>> from pipeline_runner import Pipeline, Run
        >>> run = Pipeline.load("pipeline.yaml").run(backend="sequential")
        >>> run.status
        'succeeded'
        >>> run.output("describe[Oslo].mean"), len(run.output("describe"))
        (6.8, 3)
        >>> sorted(run.inputs("describe[Lima]"))
        ['city', 'warm']
        >>> [task.id for task in run if task.step == "describe"]
        ['describe[Oslo]', 'describe[Lima]', 'describe[Nairobi]']
        >>> Run.latest().id == run.id == Run.list()[0].id
        True
    """

    def __init__(
        self,
        record: Mapping[str, Any],
        store: Store,
        *,
        binder: Binder | None = None,
        graph: Graph | None = None,
    ) -> None:
        self._record = record
        self._store = store
        self.notes: list[str] = []  # what should be known of the store, in a sentence each
        self._binder = binder
        self._graph: Graph | None = binder.graph if binder is not None else graph
        self._full: Mapping[str, Any] | None = None
        self._reasons: dict[str, str] | None = None

    # ---- finding runs ----------------------------------------------------------------------------

    @classmethod
    def load(cls, run_id: str, *, store: str | None = None, pipeline_path: str | None = None) -> Run:
        """A run by its id, from the store of ``./pipeline.yaml`` or another.

        Raises:
            PrunError: there is no such run.
        """
        opened = _open(store, pipeline_path)
        record = opened.runs.read_json(run_id, "run")
        if record is None:
            raise PrunError(Problem("no-run", f"there is no run {run_id!r}", None, "`prun runs` lists them"))
        return cls(record, opened)

    @classmethod
    def latest(cls, *, store: str | None = None, pipeline_path: str | None = None) -> Run:
        """The newest run.

        Raises:
            PrunError: there is none.
        """
        opened = _open(store, pipeline_path)
        for run_id in opened.runs.list_runs():
            record = opened.runs.read_json(run_id, "run")
            if record is not None:
                return cls(record, opened)
        raise PrunError(Problem("no-run", "there is no run yet", None, "`prun run` makes the first"))

    @classmethod
    def list(cls, *, store: str | None = None, pipeline_path: str | None = None) -> Sequence[RunInfo]:
        """All runs, the newest first."""
        opened = _open(store, pipeline_path)
        found = []
        for run_id in opened.runs.list_runs():
            r = opened.runs.read_json(run_id, "run")
            if r is not None:
                found.append(
                    RunInfo(
                        r["run_id"],
                        r["pipeline"],
                        r["status"],
                        r["started"],
                        r["seconds"],
                        r.get("counts", {}),
                    )
                )
        return found

    # ---- what it was -----------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return str(self._record["run_id"])

    @property
    def pipeline(self) -> str:
        return str(self._record["pipeline"])

    @property
    def status(self) -> str:
        """succeeded, failed or cancelled; "running" where it is not over, or was killed."""
        return str(self._record["status"])

    @property
    def started(self) -> float:
        """When it began, as Unix time."""
        return float(self._record["started"])

    @property
    def seconds(self) -> float:
        return float(self._record["seconds"])

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tasks ended in each state."""
        counts: Mapping[str, int] = self._record.get("counts", {})
        return counts

    @property
    def exit_code(self) -> int:
        return {"succeeded": EXIT_OK, "cancelled": EXIT_INTERRUPTED}.get(self.status, EXIT_FAILED)

    @property
    def tasks(self) -> Sequence[RunTask]:
        """Every task, in the order of the steps and of their items."""
        found = []
        for name in self._record.get("shown", ()):
            about = self.steps.get(name)
            if about is None:
                continue
            for k, state in enumerate(about["states"]):
                key = about["keys"][k] if about["keys"] else None
                error = about["errors"].get(str(k))
                found.append(
                    RunTask.of(
                        self, task_id(name, key), name, state,
                        about["attempts"].get(str(k), 0),
                        about["seconds"].get(str(k)),
                        error[1] if error else None,
                    )
                )  # fmt: skip
        return found

    def __iter__(self) -> Iterator[RunTask]:
        """Its tasks."""
        return iter(self.tasks)

    def task(self, id: str) -> RunTask:
        """One task.

        Raises:
            PrunError: there is none.
        """
        found = next((task for task in self.tasks if task.id == id), None)
        if found is None:
            self.position(id)  # tells what is wrong with it
            raise PrunError(Problem("no-task", f"run {self.id} has no task {id!r}"))
        return found

    def to_json(self) -> dict[str, Any]:
        """The object that ``prun run --json`` prints."""
        return {
            "run_id": self.id,
            "status": self.status,
            "counts": dict(self.counts),
            "seconds": round(self.seconds, 3),
            "tasks": [t._asdict() for t in self.tasks],
        }

    # ---- what it gave ----------------------------------------------------------------------------

    def output(self, what: str) -> Any:
        """The value of a step's output.

        ``best``, ``split.train``, ``train[1,3]`` (a task id), ``train[1,3].auc``; deeper into a
        value with ``.KEY`` and ``.N``. A fan-out gives the list in item order, without the items
        that failed or were skipped. A skipped step gives None.

        Raises:
            RunFailed: the step gave nothing.
            PrunError: there is no such step or task.
        """
        from .outputs import output

        return output(self, what)

    def inputs(self, task: str) -> dict[str, Any]:
        """The arguments of one task, by name, as it got them.

        Raises:
            PrunError: there is no such task.
            RunFailed: something that it needs gave nothing.
        """
        from .inputs import recorded_inputs

        step, key, _ = self.parse(task)
        about = self.about(step)
        if key is None and about["keys"] is not None:
            raise PrunError(
                Problem("task", f"{task!r} is a fan-out", None, f"name one of its tasks: {self._ids(step)}")
            )
        return recorded_inputs(self, step, self.index(step, key) if key is not None else 0)

    def debug(self, task: str, *, pdb: bool = False) -> Any:
        """Run one task again in this process, with its recorded inputs and the code as it is now.

        Nothing is stored. With ``pdb`` under the debugger, with a post-mortem where it raises.

        Returns:
            what it returned (a mapping where the step declares outputs).

        Raises:
            RunFailed: it failed, from the exception that it raised.
        """
        from .debug import Debugger, debug_task

        done = debug_task(self, task, caller=Debugger() if pdb else None)
        if done.error is not None:
            raise RunFailed(Problem("failed", f"{task} failed: {done.error.message}", None, done.error.hint))
        return done.outputs[""] if set(done.outputs) == {""} else dict(done.outputs)

    def position(self, task: str) -> tuple[str, int]:
        """A task's step and its place in it.

        Raises:
            PrunError: there is no such task.
        """
        step, key, path = self.parse(task)
        about = self.about(step)
        if key is None and about["keys"] is not None:
            raise PrunError(
                Problem("task", f"{task!r} is a fan-out", None, f"name one of its tasks: {self._ids(step)}")
            )
        if path:
            raise PrunError(Problem("task", f"{task!r} is no task", None, f"do you mean {step!r}?"))
        return step, self.index(step, key) if key is not None else 0

    def log(self, task: str) -> str:
        """What a task printed, when it ran (in this run or, if it was reused, in an earlier one)."""
        text = self._store.runs.read_log(self.id, task)
        if text is None:
            step, key, _ = self.parse(task)
            entry = self.entry(step, self.index(step, key) if key is not None else 0)
            if entry is not None and entry.run != self.id:
                text = self._store.runs.read_log(entry.run, entry.task)
        return text or ""

    @property
    def events(self) -> Sequence[Event]:
        """What happened, in order; what tasks printed is in ``log``. Empty where all was up to date."""
        from .events import read_events

        return read_events(self._store.runs.read_lines(self.id, "events"))

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why each task ran or did not, in a few words, by its id; reused ones have no reason."""
        if self._reasons is None:
            self._reasons = {}
            for event in self.events:
                if isinstance(event, TasksBlocked):
                    text = event.by
                elif isinstance(event, (TasksStarted, TasksSkipped, TasksCancelled)):
                    text = event.reason
                else:
                    continue
                keys = (self.steps.get(event.step) or {}).get("keys")
                for k in event.items if text else ():
                    self._reasons.setdefault(task_id(event.step, keys[k] if keys else None), text)
        return self._reasons

    def known_tasks(self, name: str) -> Sequence[str]:
        """The ids of a step's tasks, or the one task of this id; also of a run that goes on."""
        for event in self.events:
            if isinstance(event, StepExpanded) and event.step == name and event.keys is not None:
                return [task_id(name, key) for key in event.keys]
        return [name]

    def describe(self, task: str) -> dict[str, Any]:
        """Everything that is known of a task, for people: its key's parts, outputs, error."""
        step, key, _ = self.parse(task)
        k = self.index(step, key) if key is not None else 0
        found = next(t for t in self.tasks if t.id == task)
        about = self.about(step)
        entry = self.entry(step, k)
        error = about["errors"].get(str(k))
        info = _error(error) if error else None
        return {
            **found._asdict(),
            "key": str(entry.key) if entry is not None else None,
            "parts": [(n, p.kind, p.what, p.text) for n, p in entry.parts.items()] if entry else [],
            "recipe": self._recipe(entry) if entry is not None else None,
            **self._outputs(step, entry),
            "made": {"run": entry.run, "task": entry.task, "seconds": entry.seconds, "created": entry.created}
            if entry is not None else None,
            "traceback": info.traceback if info is not None else None,
            "reason": about["reasons"].get(str(k)),
        }  # fmt: skip

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The resolved pipeline as it was."""
        if self._graph is None:
            if "graph" not in self._whole_record:
                raise RunFailed(
                    Problem("no-record", f"run {self.id} was killed before its record was written")
                )
            self._graph = graph_from_json(self._whole_record["graph"])
        return self._graph

    @property
    def params(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self._whole_record.get("params", {})
        return params

    @property
    def store(self) -> Store:
        return self._store

    @property
    def steps(self) -> Mapping[str, Any]:
        """The record of each step: keys, states, entries."""
        steps: Mapping[str, Any] = self._whole_record.get("steps", {})
        return steps

    @property
    def _whole_record(self) -> Mapping[str, Any]:
        """With the tasks; of a run in which nothing had changed they stand in an earlier run's record."""
        if self._full is None:
            self._full = self._record
            if "same_as" in self._record:
                self._full = _as_reused(self._store.runs.read_json(self._record["same_as"], "run") or {})
        return self._full

    def entry(self, step: str, k: int) -> Entry | None:
        """The entry that a task led to."""
        if self._binder is not None and step in self._binder.results:
            entries = self._binder.results[step].entries
            return entries[k] if k < len(entries) else None
        keys = self.about(step)["entries"]
        if k >= len(keys) or keys[k] is None:
            return None
        found = self._store.lookup([CacheKey(*keys[k])]).get(CacheKey(*keys[k]))
        return found if isinstance(found, Entry) else None

    def parse(self, what: str) -> tuple[str, str | None, tuple[str | int, ...]]:
        """``train[1,3].auc`` -> ("train", "1,3", ("auc",))."""
        match = re.match(r"([^.\[\]]+)(?:\[(.*?)\](?=\.|\Z))?((?:\.[^.]+)*)\Z", what, re.DOTALL)
        if match is None:
            raise PrunError(Problem("task", f"{what!r} names no output"))
        path = tuple(int(p) if p.isdigit() else p for p in match[3].split(".")[1:])
        return match[1], match[2], path

    def about(self, step: str) -> Any:
        found = self.steps.get(step)
        if found is None:
            known = ", ".join(self.steps) or "none"
            raise PrunError(
                Problem("no-step", f"run {self.id} has no step {step!r}", None, f"its steps: {known}")
            )
        return found

    def index(self, step: str, key: str) -> int:
        keys = self.about(step)["keys"] or []
        if key not in keys:
            raise PrunError(
                Problem("no-task", f"run {self.id} has no task {task_id(step, key)!r}", None, self._ids(step))
            )
        return int(keys.index(key))

    def _ids(self, step: str) -> str:
        keys = self.about(step)["keys"] or []
        shown = ", ".join(task_id(step, k) for k in keys[:8])
        return shown + (", ..." if len(keys) > 8 else "")

    def decode(self, artifact: Artifact) -> Any:
        """The value of an artifact. Unpickles: only of stores that you trust."""
        if artifact.codec == "data":
            return self._store.plain(artifact)
        from ..store.codecs import decode
        from ..workers.imports import isolated
        from .opened import project_of

        with isolated(project_of(self.graph)):
            return decode(artifact, self._store)

    def _outputs(self, step: str, entry: Entry | None) -> dict[str, Any]:
        """What a task gave, looked at: a line, a preview, and the same as data."""
        outputs, values = [], {}
        for name, artifact in entry.outputs.items() if entry is not None else ():
            facts = self.facts(artifact)
            outputs.append((name or step, facts.title, artifact.size, "\n".join(facts.lines)))
            values[name or step] = {"kind": facts.kind, **facts.data}
        return {"outputs": outputs, "values": values}

    def facts(self, artifact: Artifact) -> Facts:
        """What is shown of an artifact; where it cannot be read, why."""
        from .describe import Facts, value_facts

        try:
            return value_facts(self.decode(artifact))
        except Exception as error:
            why = f"it cannot be read: {type(error).__name__}: {error}"
            return Facts("unreadable", artifact.type, (why,))

    def _recipe(self, entry: Entry) -> dict[str, Any] | None:
        """The first half of a key: what the callable reached, and the packages."""
        recipe = self._store.get_recipe(entry.key.recipe)
        if recipe is None:
            return None
        return {
            "code": [name for name in recipe.code if name != "call"],
            "packages": dict(recipe.packages), "python": recipe.python, "version": recipe.version,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        from ..view.notebook import run_html

        return run_html(self.id, self.pipeline, self.status, self.seconds, self.counts, self.tasks)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {s}" for s, n in self.counts.items() if n)
        return f"<Run {self.id} of {self.pipeline}: {self.status}; {counts}>"


def _as_reused(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record of a run that found all of this one's tasks up to date."""
    steps = {
        name: {
            **about,
            "states": [SKIPPED if s == SKIPPED else REUSED for s in about["states"]],
            "attempts": {}, "seconds": {}, "errors": {},
        }
        for name, about in record.get("steps", {}).items()
    }  # fmt: skip
    return {**record, "steps": steps}


def _error(fields: Sequence[Any]) -> ErrorInfo:
    kind, message, types, traceback, where, hint = fields
    return ErrorInfo(kind, message, tuple(types), traceback, tuple(where) if where else None, hint)


def _open(store: str | None, pipeline_path: str | None) -> Store:
    """The store that is meant: given, or the pipeline's, or ``.prun`` beside it."""
    from ..errors import PipelineError
    from .loading import DEFAULT_FILE, from_here, load_graph
    from .opened import open_store

    file = pipeline_path or DEFAULT_FILE
    if os.path.isdir(file):
        file = os.path.join(file, DEFAULT_FILE)
    if not os.path.exists(file):
        return Store.open(from_here(store), os.path.dirname(os.path.abspath(file)))
    found = load_graph(file)
    if found.errors:
        raise PipelineError(found.errors)
    return open_store(found.graph, from_here(store))


__all__ = ["Run", "RunInfo", "Step", "Task"]
