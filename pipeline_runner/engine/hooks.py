"""What is called when a run is over: ``on_success`` and ``on_failure``.

A hook is a job among the others, in a worker: the parent never calls the user's code. It is no
task: it has no key, nothing of it is stored, and if it fails that is told, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..model.artifact import CacheKey
from ..model.bound import Inline
from ..model.outcome import ErrorInfo, Failed, InputLost, Outcome, Succeeded
from ..model.work import Job, Task

HOOK_SECONDS = 600.0  # one that hangs must not keep the run from its end


class Hook(NamedTuple):
    """A callable, when it is called ("on_success", "on_failure"), and the summary that it gets."""

    when: str
    call: str
    summary: Mapping[str, Any]
    env: Mapping[str, str] = {}


def hook_task(hook: Hook, job: Job) -> tuple[Job, Task]:
    """The work for a worker. ``job``: any of the run, for what all share."""
    made = job._replace(kind="hook", step=hook.when, call=hook.call, env=hook.env, timeout=HOOK_SECONDS)
    task = Task(0, f"{hook.when} ({hook.call})", CacheKey("", ""), {"summary": Inline("", hook.summary)}, {})
    return made, task


def hook_error(outcome: Outcome) -> ErrorInfo | None:
    """Why the hook failed, if it did."""
    if isinstance(outcome, Succeeded):
        return None
    if isinstance(outcome, Failed):
        return outcome.error
    error = None if isinstance(outcome, InputLost) else outcome.error
    return error or ErrorInfo("worker_lost", "the worker died")
