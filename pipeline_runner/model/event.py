"""What happened, in the past tense: what the run record keeps and every view folds.

``at`` is seconds since the run started (monotonic). ``items`` are positions in the step; a step
without fan-out has the one item 0. Events carry ranges of items: a fan-out of 100,000 reused
items is one event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from .outcome import ErrorInfo


class RunStarted(NamedTuple):
    at: float
    run: str
    pipeline: str
    steps: tuple[str, ...]  # those selected, in order
    backend: str
    workers: int
    estimate_s: float | None = None
    expected: Mapping[str, float] = {}  # step -> seconds that one of its tasks took lately, if known
    tasks: Mapping[str, int] = {}  # step -> how many tasks it had lately, if known
    needs: Mapping[str, Sequence[str]] = {}  # step -> the steps that it needs


class StepExpanded(NamedTuple):
    """The step's tasks are known now. ``keys``: their KEYs, or None for a step without fan-out."""

    at: float
    step: str
    total: int
    keys: Sequence[str] | None


class TasksReused(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    saved_s: float  # what computing them took when they were computed


class TasksStarted(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    attempt: int
    reason: str = ""  # the first reason why they run, in a few words


class TasksSucceeded(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    seconds: Sequence[float]  # each call's own time


class TaskFailed(NamedTuple):
    """``retry_in``: seconds until the next attempt, None when this was the last."""

    at: float
    step: str
    item: int
    attempt: int
    error: ErrorInfo
    seconds: float
    retry_in: float | None = None
    tolerated: bool = False  # on_error: skip


class TasksSkipped(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    reason: str  # "when is false", "train was skipped", ...


class TasksBlocked(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    by: str  # the step that failed


class TasksCancelled(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    reason: str = ""  # "too many failed: 4 of 40"; none where the whole run was stopped
    running: bool = False  # they were at work


class InputsLost(NamedTuple):
    """A stored result could not be read; its producer runs again."""

    at: float
    step: str  # the reader
    item: int
    producers: tuple[str, ...]  # task ids that run again
    damaged: bool


class TaskLogged(NamedTuple):
    """What a task printed (stdout and stderr), once it ended."""

    at: float
    step: str
    item: int
    attempt: int
    text: str


class CodeMissed(NamedTuple):
    """A task loaded project files that its cache key was not made from: its result is not reused."""

    at: float
    step: str
    item: int
    files: tuple[str, ...]  # relative to the pipeline's folder, where they are below it


class Published(NamedTuple):
    at: float
    step: str
    path: str  # relative to the pipeline's folder


class StepFinished(NamedTuple):
    at: float
    step: str
    state: str  # succeeded, reused (all of it), skipped, failed, blocked, cancelled


class HookEnded(NamedTuple):
    """A callable of ``on_success`` or ``on_failure`` was called; ``error``: why it failed."""

    at: float
    when: str  # on_success, on_failure
    call: str
    error: ErrorInfo | None
    log: str = ""  # what it printed


class RunFinished(NamedTuple):
    at: float
    status: str  # succeeded, failed, cancelled


Event: TypeAlias = (
    RunStarted
    | StepExpanded
    | TasksReused
    | TasksStarted
    | TasksSucceeded
    | TaskFailed
    | TasksSkipped
    | TasksBlocked
    | TasksCancelled
    | InputsLost
    | TaskLogged
    | CodeMissed
    | Published
    | StepFinished
    | HookEnded
    | RunFinished
)
