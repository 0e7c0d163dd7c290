"""A run: its tasks, and what they gave. Built from its record alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Problem, PrunError, RunFailed
from ..model.event import StepExpanded
from ..model.graph import Graph
from ..model.names import task_id
from ..store.store import Store
from .past_runs import RunInfo, meant, read_run, store_meant
from .run_record import RunRecord
from .runner import KILLED, RUNNING, status_now
from .task import RunTask, Task
from .task_names import parse_name

if TYPE_CHECKING:
    from ..model.event import Event
    from .task_log import TaskLog

WAITING, UNFINISHED = "waiting", "unfinished"  # of tasks in a run that goes on, and in one that was killed


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
        graph: Graph | None = None,
    ) -> None:
        self.record = RunRecord(record, store, graph=graph)
        self.notes: list[str] = []  # what should be known of the store, in a sentence each
        self._status: str | None = None

    # ---- finding runs ----------------------------------------------------------------------------

    @classmethod
    def load(cls, run_id: str, *, store: str | None = None, pipeline_path: str | None = None) -> Run:
        """A run by its id, from the store of ``./pipeline.yaml`` or another.

        Raises:
            PrunError: there is no such run.
        """
        opened = store_meant(store, pipeline_path)
        return cls(read_run(opened, run_id), opened)

    @classmethod
    def latest(cls, *, store: str | None = None, pipeline_path: str | None = None) -> Run:
        """The newest run in the store of ``./pipeline.yaml`` or another; of the pipeline that is named, if
        one is.

        Raises:
            PrunError: there is none.
        """
        found = meant(store, pipeline_path)
        return cls(found.newest(), found.store)

    @classmethod
    def list(cls, *, store: str | None = None, pipeline_path: str | None = None) -> Sequence[RunInfo]:
        """All runs in the store, or of the pipeline that is named; the newest first."""
        found = meant(store, pipeline_path)
        return [
            RunInfo(
                r["run_id"], r["pipeline"], status_now(r, found.store), r["started"], r["seconds"],
                cls(r, found.store).counts,
            )
            for r in found.records()
        ]  # fmt: skip

    # ---- what it was -----------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def run_id(self) -> str:
        """The same, by its name in ``--json`` and of ``Run.load``'s argument."""
        return self.record.id

    @property
    def pipeline(self) -> str:
        return str(self.record.head["pipeline"])

    @property
    def status(self) -> str:
        """succeeded, failed or cancelled; "running" where it is not over, "killed" where nobody is left
        to end it."""
        if self._status is None or self._status == RUNNING:
            self._status = status_now(self.record.head, self.store)
        return self._status

    @property
    def started(self) -> float:
        """When it began, as Unix time."""
        return float(self.record.head["started"])

    @property
    def seconds(self) -> float:
        return float(self.record.head["seconds"])

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tasks ended in each state; of a run that is not over, so far."""
        counts: Mapping[str, int] = self.record.head.get("counts") or self.record.whole.get("counts", {})
        return counts

    @property
    def exit_code(self) -> int:
        return {"succeeded": EXIT_OK, "cancelled": EXIT_INTERRUPTED}.get(self.status, EXIT_FAILED)

    @property
    def tasks(self) -> Sequence[RunTask]:
        """Every task, in the order of the steps and of their items."""
        found = []
        open_ = {RUNNING: UNFINISHED, "": UNFINISHED} if self.status == KILLED else {"": WAITING}
        for name in self.record.whole.get("shown", ()):
            about = self.steps.get(name)
            if about is None:
                continue
            for k, state in enumerate(about["states"]):
                key = about["keys"][k] if about["keys"] else None
                error = about["errors"].get(str(k))
                found.append(
                    RunTask.of(
                        self, task_id(name, key), name, open_.get(state, state),
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
            self.record.position(id)  # tells what is wrong with it
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

        return output(self.record, what)

    def inputs(self, task: str) -> dict[str, Any]:
        """The arguments of one task, by name, as it got them.

        Raises:
            PrunError: there is no such task.
            RunFailed: something that it needs gave nothing.
        """
        from .inputs import recorded_inputs

        return recorded_inputs(self.record, *self.record.position(task))

    def debug(self, task: str, *, pdb: bool = False) -> Any:
        """Run one task again in this process, with its recorded inputs and the code as it is now.

        Nothing is stored. With ``pdb`` under the debugger, with a post-mortem where it raises.

        Returns:
            what it returned (a mapping where the step declares outputs).

        Raises:
            RunFailed: it failed, from the exception that it raised.
        """
        from .debug import debug_task
        from .debugger import Debugger

        done = debug_task(self.record, task, caller=Debugger() if pdb else None)
        if done.error is not None:
            raise RunFailed(Problem("failed", f"{task} failed: {done.error.message}", None, done.error.hint))
        return done.outputs[""] if set(done.outputs) == {""} else dict(done.outputs)

    def log(self, task: str) -> str:
        """What a task printed, when it ran (in this run or, if it was reused, in an earlier one)."""
        return self.log_of(task).text

    def log_of(self, task: str) -> TaskLog:
        """As ``log``, with the run in which the task ran.

        Raises:
            PrunError: there is no such task.
        """
        from .task_log import task_log

        return task_log(self.record, task)

    @property
    def events(self) -> Sequence[Event]:
        """What happened, in order; what tasks printed is in ``log``. Empty where all was up to date."""
        return self.record.events

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why each task ran or did not, in a few words, by its id; reused ones have no reason."""
        return self.record.reasons

    def known_tasks(self, name: str) -> Sequence[str]:
        """The ids of a step's tasks, or the one task of this id; also of a run that goes on."""
        for event in self.events:
            if isinstance(event, StepExpanded) and event.step == name and event.keys is not None:
                return [task_id(name, key) for key in event.keys]
        return [name]

    def describe(self, task: str) -> dict[str, Any]:
        """Everything that is known of a task, for people: its key's parts, outputs, error."""
        from .task_facts import task_facts

        step, key, _ = parse_name(task)
        found = next(t for t in self.tasks if t.id == task)
        return {**found._asdict(), **task_facts(self.record, step, self.record.index(step, key))}

    # ---- inside ----------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The resolved pipeline as it was."""
        return self.record.graph

    @property
    def params(self) -> Mapping[str, Any]:
        return self.record.params

    @property
    def store(self) -> Store:
        return self.record.store

    @property
    def steps(self) -> Mapping[str, Any]:
        """The record of each step: keys, states, entries."""
        return self.record.steps

    def _repr_html_(self) -> str:
        from ..view.notebook import run_html

        return run_html(self.id, self.pipeline, self.status, self.seconds, self.counts, self.tasks)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {s}" for s, n in self.counts.items() if n)
        return f"<Run {self.id} of {self.pipeline}: {self.status}; {counts}>"


__all__ = ["Run", "RunInfo", "Task"]
