"""A batch of tasks at a worker process, and what is answered for one that its worker does not answer."""

from __future__ import annotations

from typing import NamedTuple

from ..model.outcome import ErrorInfo, Failed, NotRun, Outcome
from ..model.work import Job, Task
from . import errors

CANCELLED = ErrorInfo("cancelled", "cancelled")


class Batch(NamedTuple):
    number: int  # unique in the pool's life
    ticket: int
    job: Job
    tasks: tuple[Task, ...]


def killed(batch: Batch, position: int | None, timed_out: int | None, log: str) -> list[Outcome]:
    """The worker was killed while the task at ``position`` ran: for its time, or the run is stopped."""
    outcomes: list[Outcome] = [NotRun(None if timed_out is not None else CANCELLED) for _ in batch.tasks]
    if position is not None:
        limit = batch.job.timeout or 0.0
        late = Failed(errors.timed_out(limit), limit, log)
        outcomes[position] = late if position == timed_out else NotRun(CANCELLED, log, True)
    return outcomes


def lost(batch: Batch, why: str, log: str, position: int | None) -> list[Outcome]:
    """A task alone in its batch is to blame. Of several each is tried again alone."""
    info = ErrorInfo("worker_lost", why, ("worker_lost",))
    if len(batch.tasks) == 1 or position is None:
        return [Failed(info, 0.0, log) for _ in batch.tasks]
    return [NotRun(None, log if i == position else "") for i in range(len(batch.tasks))]
