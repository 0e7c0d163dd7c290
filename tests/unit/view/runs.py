"""Made-up runs as lists of events."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_runner.model.event import (
    Event,
    Published,
    RunFinished,
    RunStarted,
    StepExpanded,
    StepFinished,
    TaskFailed,
    TaskLogged,
    TasksBlocked,
    TasksReused,
    TasksSkipped,
    TasksStarted,
    TasksSucceeded,
)
from pipeline_runner.model.outcome import ErrorInfo

NO_ROWS = ErrorInfo(
    "exception",
    "ValueError: no rows left",
    ("ValueError", "Exception"),
    "Traceback (most recent call last):\n"
    '  File "churn/model.py", line 31, in train\n'
    "    return fit(frame)\n"
    '  File "churn/model.py", line 14, in fit\n'
    '    raise ValueError("no rows left")\n'
    "ValueError: no rows left\n",
    ("churn/model.py", 14, "fit"),
)
REFUSED = ErrorInfo(
    "exception", "ConnectionError: refused", ("ConnectionError",), "", ("churn/data.py", 3, "load")
)


def one(step: str, at: float, seconds: float, why: str = "new") -> Iterator[Event]:
    """A step without fan-out that runs."""
    yield StepExpanded(at, step, 1, None)
    yield TasksStarted(at, step, (0,), 1, why)
    yield TasksSucceeded(at + seconds, step, (0,), (seconds,))
    yield StepFinished(at + seconds, step, "succeeded")


def all_reused() -> list[Event]:
    """Twelve tasks, nothing to run."""
    events: list[Event] = [RunStarted(0.0, "r1", "churn", ("load", "train"), "loky", 4)]
    for step, keys in (("load", None), ("train", [str(n) for n in range(11)])):
        count = len(keys) if keys else 1
        events += [
            StepExpanded(0.0, step, count, keys),
            TasksReused(0.1, step, range(count), 36.0),
            StepFinished(0.1, step, "reused"),
        ]
    return [*events, RunFinished(0.2, "succeeded")]


def trivial(count: int) -> list[Event]:
    """A chain of steps that take no time."""
    names = tuple(f"step_{n}" for n in range(count))
    events: list[Event] = [RunStarted(0.0, "r1", "chain", names, "loky", 2)]
    for n, name in enumerate(names):
        events += one(name, n * 0.03, 0.02)
    return [*events, RunFinished(count * 0.03, "succeeded")]


def mixed() -> list[Event]:
    """A retry, a fan-out partly reused, a skipped step, something published."""
    keys = [f"{a},{b}" for a in range(2) for b in range(3)]
    return [
        RunStarted(
            0.0, "r1", "churn", ("load", "train", "promote", "report"), "loky", 4, 30.0, {"load": 2.0}
        ),
        StepExpanded(0.1, "load", 1, None),
        TasksStarted(0.1, "load", (0,), 1, "code changed: churn.data:load"),
        TaskFailed(0.9, "load", 0, 1, REFUSED, 0.7, 1.5),
        TasksStarted(2.4, "load", (0,), 2),
        TaskLogged(3.4, "load", 0, 2, "read 12 rows\nand\x1b[2Ja trick\n"),
        TasksSucceeded(3.4, "load", (0,), (1.0,)),
        StepFinished(3.4, "load", "succeeded"),
        StepExpanded(3.4, "train", 6, keys),
        TasksReused(3.5, "train", range(0, 3), 45.0),
        TasksStarted(3.5, "train", (3, 4, 5), 1, "new"),
        TasksSucceeded(9.5, "train", (3, 4, 5), (6.0, 6.0, 6.0)),
        StepFinished(9.5, "train", "succeeded"),
        TasksSkipped(9.5, "promote", (0,), "when is false"),
        StepFinished(9.5, "promote", "skipped"),
        *one("report", 9.6, 0.3),
        Published(9.9, "report", "reports/churn.html"),
        RunFinished(10.0, "succeeded"),
    ]


def failing(failures: int = 6) -> list[Event]:
    """A fan-out of ten items, many of which fail in the same place."""
    events: list[Event] = [
        RunStarted(0.0, "r1", "churn", ("train", "score", "report"), "loky", 4),
        StepExpanded(0.1, "train", 10, [f"{n},x" for n in range(10)]),
        TasksStarted(0.1, "train", range(10), 1, "new"),
    ]
    events += [TaskFailed(0.2 + n / 10, "train", n, 3, NO_ROWS, 1.4) for n in range(failures)]
    return [
        *events,
        TasksSucceeded(2.0, "train", range(failures, 10), [1.0] * (10 - failures)),
        StepFinished(2.0, "train", "failed"),
        StepFinished(2.0, "score", "blocked"),  # its items were never known
        TasksBlocked(2.0, "report", (0,), "score"),
        StepFinished(2.0, "report", "blocked"),
        RunFinished(2.1, "failed"),
    ]


def left_out() -> list[Event]:
    """One item fails and is left out (on_error: skip); the run succeeds."""
    return [
        RunStarted(0.0, "r1", "churn", ("train",), "loky", 4),
        StepExpanded(0.1, "train", 3, ["a", "b", "c"]),
        TasksStarted(0.1, "train", range(3), 1, "new"),
        TaskFailed(0.3, "train", 1, 1, NO_ROWS, 0.2, None, True),
        TasksSucceeded(0.4, "train", (0, 2), (0.2, 0.2)),
        StepFinished(0.4, "train", "succeeded"),
        RunFinished(0.5, "succeeded"),
    ]


def stopped() -> list[Event]:
    """Ctrl-C in the middle."""
    from pipeline_runner.model.event import TasksCancelled

    return [
        RunStarted(0.0, "r1", "churn", ("a", "b"), "loky", 4),
        *one("a", 0.1, 0.5),
        StepExpanded(0.7, "b", 1, None),
        TasksStarted(0.7, "b", (0,), 1, "new"),
        TasksCancelled(1.0, "b", (0,)),
        StepFinished(1.0, "b", "cancelled"),
        RunFinished(1.0, "cancelled"),
    ]
