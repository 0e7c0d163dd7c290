"""A run, or a plan, of a pipeline in which nothing has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..errors import StoreError
from ..model import event as ev
from ..model.outcome import REUSED, SKIPPED, STATES
from .records import RECORD_FORMAT, place_of, run_id_after
from .run import Run
from .step_record import read_steps

if TYPE_CHECKING:
    from ..model.decision import PlannedTask
    from .plan import Plan
    from .session import Session
    from .warm import Stamp, StepStamp


def rerun(
    session: Session, stamp: Stamp, backend: str, workers: int, observers: Sequence[Callable[[Any], None]]
) -> Run:
    """Tell and record that all tasks are up to date; the record refers to that of the stamp's run."""
    began, started = time.monotonic(), time.time()
    run_id = run_id_after(session.store, [stamp.run], started)
    graph = session.graph
    names = tuple(s.name for s in stamp.steps)

    def tell(event: ev.Event) -> None:
        for observer in observers:
            observer(event)

    tell(ev.RunStarted(0.0, run_id, graph.name, names, backend, workers))
    keys = _Keys(session, stamp.run)
    for step in stamp.steps:
        at = time.monotonic() - began
        of_step = keys.of(step) if step.fanout else None
        tell(ev.StepExpanded(at, step.name, step.tasks, of_step))
        if step.skipped:
            tell(ev.TasksSkipped(at, step.name, step.skipped, "when is false"))
        if step.tasks > len(step.skipped):
            tell(ev.TasksReused(at, step.name, _reused(step), step.saved_s))
        tell(ev.StepFinished(at, step.name, REUSED if step.tasks > len(step.skipped) else SKIPPED))
    seconds = time.monotonic() - began
    counts = dict.fromkeys(STATES, 0)
    counts[SKIPPED] = sum(len(s.skipped) for s in stamp.steps)
    counts[REUSED] = sum(s.tasks for s in stamp.steps) - counts[SKIPPED]
    record = {
        "format": RECORD_FORMAT, "run_id": run_id, "pipeline": graph.name, "file": graph.file,
        "place": place_of(graph.file, session.store), "status": "succeeded", "started": started,
        "seconds": seconds, "backend": backend, "workers": workers, "counts": counts,
        "shown": list(names), "same_as": stamp.run,
    }  # fmt: skip
    run = Run(record, session.store, graph=graph)
    try:
        session.store.runs.write_json(run_id, "run", record)
    except StoreError as error:  # a store that is only read
        run.notes = [f"the run is not recorded: {error}"]
    tell(ev.RunFinished(seconds, "succeeded"))
    return run


def planned(session: Session, stamp: Stamp) -> Plan:
    """The plan of a pipeline in which nothing has changed; its rows are made when asked for."""
    from .plan import Plan

    skipped = sum(len(s.skipped) for s in stamp.steps)
    reused = sum(s.tasks for s in stamp.steps) - skipped
    counts = {"run": 0, "reuse": reused, "skip": skipped, "undecided": 0}
    return Plan(session.graph.name, _Rows(session, stamp), 0.0, counts)


def _reused(step: StepStamp) -> Sequence[int]:
    if not step.skipped:
        return range(step.tasks)
    skipped = set(step.skipped)
    return [k for k in range(step.tasks) if k not in skipped]


class _Keys:
    """The tasks' KEYs, read from the stamp's run when somebody wants to see one."""

    def __init__(self, session: Session, run: str) -> None:
        self.session = session
        self.run = run
        self.steps: Any = None

    def of(self, step: StepStamp) -> Sequence[str]:
        return _StepKeys(self, step)

    def read(self, name: str) -> Sequence[str]:
        if self.steps is None:
            runs = self.session.store.runs
            self.steps = read_steps(runs.read_json(self.run, "run") or {}, runs)
        keys: Sequence[str] = (self.steps.get(name) or {}).get("keys") or []
        return keys


class _StepKeys(Sequence[str]):
    def __init__(self, keys: _Keys, step: StepStamp) -> None:
        self.keys = keys
        self.step = step

    def __len__(self) -> int:
        return self.step.tasks

    @overload
    def __getitem__(self, k: int) -> str: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[str]: ...
    def __getitem__(self, k: Any) -> Any:
        found = self.keys.read(self.step.name)
        if isinstance(k, slice):
            return list(found[k])
        if k >= self.step.tasks:
            raise IndexError(k)  # what ends an iteration
        return found[k] if k < len(found) else str(k)


class _Rows(Sequence["PlannedTask"]):
    """The rows of a plan, made when they are looked at: of 100,000 tasks that takes its time."""

    def __init__(self, session: Session, stamp: Stamp) -> None:
        self.session = session
        self.stamp = stamp
        self._rows: list[PlannedTask] | None = None

    def __len__(self) -> int:
        return sum(s.tasks for s in self.stamp.steps)

    @overload
    def __getitem__(self, k: int) -> PlannedTask: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[PlannedTask]: ...
    def __getitem__(self, k: Any) -> Any:
        return self._made()[k]

    def __iter__(self) -> Iterator[PlannedTask]:
        return iter(self._made())

    def _made(self) -> list[PlannedTask]:
        if self._rows is None:
            from .wiring import plan_rows

            self._rows = plan_rows(self.session, self.session.graph)
        return self._rows
