"""What a run has come to: a fold over its events. Every view renders this and nothing else.

Items are kept as one byte each, so a fan-out of 100,000 items costs 100 KB and an event over a
range of them one slice. An item may run again after it succeeded (its stored result was lost),
so the present state of each item counts, not how many events there were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..model import event as ev
from ..model.names import task_id
from ..model.outcome import BLOCKED, CANCELLED, FAILED, REUSED, SKIPPED, STATES, SUCCEEDED, ErrorInfo

WAITING, RUNNING, RETRYING = "waiting", "running", "retrying"
ALL_STATES = (WAITING, RUNNING, RETRYING, *STATES)
_CODE = {state: code for code, state in enumerate(ALL_STATES)}

_MANY, _TINY = 50, 0.1  # calls, and seconds of each
KEPT_FAILURES = 200  # beyond that they are only counted


class Failure(NamedTuple):
    """A task that failed for good."""

    task: str
    step: str
    error: ErrorInfo
    attempts: int
    seconds: float
    tolerated: bool


class StepSummary:
    """One step: how many of its items are in which state, and the times."""

    __slots__ = (
        "attempts", "counts", "expanded", "expected_s", "first_start", "keys", "last_end", "name", "needs",
        "reason", "running", "saved_s", "seconds", "state", "states", "timed", "tolerated", "usual",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: Sequence[str] | None = None
        self.expanded = False
        self.states = bytearray()
        self.counts = [0] * len(ALL_STATES)
        self.running: dict[int, float] = {}  # item -> when it started
        self.attempts: dict[int, int] = {}  # only of those that needed more than one
        self.seconds = 0.0  # the calls' own time
        self.timed = 0  # how many calls that is
        self.saved_s = 0.0
        self.expected_s: float | None = None  # of one task, from earlier runs
        self.usual: int | None = None  # how many tasks there were then
        self.needs: Sequence[str] = ()
        self.first_start: float | None = None
        self.last_end: float | None = None
        self.reason = ""
        self.state = ""  # final, once the step is finished
        self.tolerated = 0

    @property
    def total(self) -> int | None:
        """How many tasks there are; None while that is unknown."""
        return len(self.states) if self.expanded or self.state else None

    @property
    def done(self) -> int:
        """How many tasks are in a final state."""
        return len(self.states) - sum(self.counts[:3])

    @property
    def active(self) -> bool:
        """Whether something of it runs now or waits for its next attempt."""
        return bool(self.running) or self.counts[_CODE[RETRYING]] > 0

    def count(self, state: str) -> int:
        """How many tasks are in this state."""
        return self.counts[_CODE[state]]

    def task(self, item: int) -> str:
        """The task's id."""
        if self.keys is None:
            return self.name
        return task_id(self.name, self.keys[item] if item < len(self.keys) else str(item))

    def elapsed(self, now: float) -> float | None:
        """From its first task's start to its last one's end, or to now while any is running."""
        if self.first_start is None:
            return None
        return max((now if self.active else self.last_end or now) - self.first_start, 0.0)

    def left(self, now: float, workers: int) -> float | None:
        """Seconds that it will probably still take, as far as that is known."""
        each = self.seconds / self.timed if self.timed else self.expected_s
        total = self.total if self.total is not None else self.usual
        if each is None or total is None:
            return None
        gone = sum(min(now - start, each) for start in self.running.values())
        open_ = total - self.done
        work = max(open_ * each - gone, 0.0)
        left = work / max(min(workers, open_), 1)
        if self.timed >= _MANY and each < _TINY:  # what is around such calls takes longer than they do
            left = max(left, (self.elapsed(now) or 0.0) / self.timed * open_)
        return left

    def expand(self, count: int) -> None:
        """Make room for ``count`` items."""
        more = count - len(self.states)
        if more > 0:
            self.states.extend(bytes(more))
            self.counts[0] += more

    def mark(self, items: Sequence[int], state: str) -> None:
        """Move items into a state."""
        if not len(items):
            return
        code = _CODE[state]
        if isinstance(items, range) and items.step == 1:
            self.expand(items.stop)
            part = self.states[items.start : items.stop]
            for old in range(len(ALL_STATES)):
                self.counts[old] -= part.count(old)
            self.states[items.start : items.stop] = bytes([code]) * len(items)
        else:
            self.expand(max(items) + 1)
            for item in items:
                self.counts[self.states[item]] -= 1
                self.states[item] = code
        self.counts[code] += len(items)
        if state != RUNNING and self.running:
            for item in items:
                self.running.pop(item, None)


class Summary:
    """The whole run so far. ``apply`` folds one event in."""

    def __init__(self) -> None:
        self.run = ""
        self.pipeline = ""
        self.backend = ""
        self.workers = 1
        self.steps: dict[str, StepSummary] = {}
        self.at = 0.0  # of the last event
        self.status = ""  # final, once the run is finished
        self.failures: list[Failure] = []
        self.failed = 0  # all of them, also those not kept
        self.retries = 0
        self.published: list[str] = []

    def apply(self, event: ev.Event) -> None:
        """Fold one event in."""
        self.at = max(self.at, event.at)
        fold = _FOLD.get(type(event))
        if fold is not None:
            fold(self, event)

    def step(self, name: str) -> StepSummary:
        """The step's summary, made when it is first heard of."""
        found = self.steps.get(name)
        if found is None:
            found = self.steps[name] = StepSummary(name)
        return found

    def count(self, state: str) -> int:
        """How many tasks of the whole run are in this state."""
        code = _CODE[state]
        return sum(step.counts[code] for step in self.steps.values())

    @property
    def counts(self) -> dict[str, int]:
        """Tasks by final state."""
        return {state: self.count(state) for state in STATES}

    @property
    def total(self) -> int:
        """Tasks known so far."""
        return sum(len(step.states) for step in self.steps.values())

    @property
    def saved_s(self) -> float:
        """What computing the reused results took when they were computed."""
        return sum(step.saved_s for step in self.steps.values())

    @property
    def tolerated(self) -> int:
        """Failed items that ``on_error: skip`` left out."""
        return sum(step.tolerated for step in self.steps.values())


def fold(events: Sequence[ev.Event]) -> Summary:
    """The summary of a whole record of events."""
    summary = Summary()
    for event in events:
        summary.apply(event)
    return summary


def running_tasks(summary: Summary) -> list[str]:
    """Ids of what runs now, the longest first."""
    found = [(start, step.task(i)) for step in summary.steps.values() for i, start in step.running.items()]
    return [task for _, task in sorted(found)]


# ---- one function for each kind of event -------------------------------------------------------


def _run_started(s: Summary, e: ev.RunStarted) -> None:
    s.run, s.pipeline, s.backend, s.workers = e.run, e.pipeline, e.backend, e.workers
    for name in e.steps:
        step = s.step(name)
        step.expected_s, step.usual = e.expected.get(name), e.tasks.get(name)
        step.needs = e.needs.get(name, ())


def _expanded(s: Summary, e: ev.StepExpanded) -> None:
    step = s.step(e.step)
    step.keys, step.expanded = e.keys, True
    step.expand(e.total)


def _reused(s: Summary, e: ev.TasksReused) -> None:
    step = s.step(e.step)
    step.mark(e.items, REUSED)
    step.saved_s += e.saved_s


def _started(s: Summary, e: ev.TasksStarted) -> None:
    step = s.step(e.step)
    step.mark(e.items, RUNNING)
    step.first_start = e.at if step.first_start is None else step.first_start
    step.reason = step.reason or e.reason
    step.state = ""  # it may run again after its result was lost
    for item in e.items:
        step.running[item] = e.at
        if e.attempt > 1:
            step.attempts[item] = e.attempt


def _succeeded(s: Summary, e: ev.TasksSucceeded) -> None:
    step = s.step(e.step)
    step.mark(e.items, SUCCEEDED)
    step.seconds += sum(e.seconds)
    step.timed += len(e.seconds)
    step.last_end = e.at


def _failed(s: Summary, e: ev.TaskFailed) -> None:
    step = s.step(e.step)
    step.last_end = e.at
    if e.retry_in is not None:
        s.retries += 1
        step.mark((e.item,), RETRYING)
        return
    step.mark((e.item,), FAILED)
    step.tolerated += e.tolerated
    s.failed += 1
    if len(s.failures) < KEPT_FAILURES:
        s.failures.append(Failure(step.task(e.item), e.step, e.error, e.attempt, e.seconds, e.tolerated))


def _settled(state: str) -> Callable[[Summary, Any], None]:
    def mark(s: Summary, e: Any) -> None:
        s.step(e.step).mark(e.items, state)

    return mark


def _published(s: Summary, e: ev.Published) -> None:
    s.published.append(e.path)


def _step_finished(s: Summary, e: ev.StepFinished) -> None:
    step = s.step(e.step)
    if not step.states and not step.expanded and e.state in _CODE:
        step.mark((0,), e.state)  # a fan-out whose items were never known counts as one task
    step.state = e.state


def _run_finished(s: Summary, e: ev.RunFinished) -> None:
    s.status = e.status


_FOLD: dict[type, Callable[[Summary, Any], None]] = {
    ev.RunStarted: _run_started,
    ev.StepExpanded: _expanded,
    ev.TasksReused: _reused,
    ev.TasksStarted: _started,
    ev.TasksSucceeded: _succeeded,
    ev.TaskFailed: _failed,
    ev.TasksSkipped: _settled(SKIPPED),
    ev.TasksBlocked: _settled(BLOCKED),
    ev.TasksCancelled: _settled(CANCELLED),
    ev.Published: _published,
    ev.StepFinished: _step_finished,
    ev.RunFinished: _run_finished,
}
