"""How a task ended, as a worker says it and as a run records it. A failure is data."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from .artifact import Entry

# final states of a task
SUCCEEDED = "succeeded"
REUSED = "reused"
SKIPPED = "skipped"
FAILED = "failed"
BLOCKED = "blocked"  # something it needs failed
CANCELLED = "cancelled"
STATES = (SUCCEEDED, REUSED, SKIPPED, FAILED, BLOCKED, CANCELLED)


class ErrorInfo(NamedTuple):
    """Why a task failed.

    kind: "exception", "timeout", "worker_lost", "output" (what it returned cannot be stored or
    does not fit ``outputs``), "check", "input" (an argument could not be made), "when",
    "publish", "code-changed" (a source file was edited between planning and running),
    "file-changed" (a tracked file was, or while the task ran), "bug".
    """

    kind: str
    message: str  # one line: "ValueError: no rows"
    types: tuple[str, ...] = ()  # MRO, bare and qualified names; for retry.on
    traceback: str = ""  # the user's frames only
    where: tuple[str, int, str] | None = None  # file, line, function of the innermost user frame
    hint: str = ""


class Succeeded(NamedTuple):
    entry: Entry
    seconds: float
    log: str = ""  # what the task printed (bounded by the pool)
    unforeseen: tuple[str, ...] = ()  # project files that it loaded and its key was not made from


class Failed(NamedTuple):
    error: ErrorInfo
    seconds: float
    log: str = ""


class InputLost(NamedTuple):
    """Blobs that the task needs are missing or damaged: not the task's fault."""

    blobs: tuple[str, ...]
    damaged: bool = False  # found, but its bytes are wrong
    log: str = ""


class NotRun(NamedTuple):
    """The worker died or was stopped before or while it ran."""

    error: ErrorInfo | None = None
    log: str = ""
    ran: bool = False  # it was at work when it was stopped


Outcome: TypeAlias = Succeeded | Failed | InputLost | NotRun
