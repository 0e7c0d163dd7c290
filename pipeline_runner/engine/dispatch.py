"""What goes to the workers and comes back: batches wait, fly and land here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..model.outcome import NotRun, Outcome
from ..model.work import Job, Task
from .ports import Pool


class Batch(NamedTuple):
    """Some tasks of a job, and what to do with their outcomes."""

    job: Job
    tasks: Sequence[Task]
    done: Callable[[Sequence[Outcome]], None]


class Dispatcher:
    """Sends batches as workers come free. The pool is opened when it is sure that something will be sent."""

    def __init__(self, open_pool: Callable[[], Pool], workers: int) -> None:
        self.waiting = False  # for workers; else at work itself
        self.pool: Pool | None = None
        self.flying: dict[int, Batch] = {}
        self._open_pool = open_pool
        self._workers = workers
        self._outbox: deque[Batch] = deque()
        self._ticket = 0

    @property
    def busy(self) -> bool:
        return bool(self.flying or self._outbox)

    @property
    def room(self) -> int:
        """How many more batches could start now."""
        free = self._workers if self.pool is None else self.pool.free()
        return free - len(self._outbox)

    def add(self, job: Job, tasks: Sequence[Task], done: Callable[[Sequence[Outcome]], None]) -> None:
        self._outbox.append(Batch(job, tasks, done))

    def expect(self) -> None:
        """Something will be sent: let a worker start while the rest is looked up."""
        if self.pool is None:
            self._opened().expect()

    def send(self) -> None:
        """Give the workers as much as they can take."""
        while self._outbox:
            pool = self._opened()
            if pool.free() <= 0:
                return
            batch = self._outbox.popleft()
            self._ticket += 1
            self.flying[self._ticket] = batch
            pool.submit(self._ticket, batch.job, batch.tasks)

    def _opened(self) -> Pool:
        if self.pool is None:
            self.pool = self._open_pool()
        return self.pool

    def land(self, seconds: float) -> None:
        """Wait for what comes back, at most so long, and see to it."""
        assert self.pool is not None
        self.waiting = True
        try:
            landed = self.pool.wait(seconds)
        finally:
            self.waiting = False
        for ticket, outcomes in landed:
            self.flying.pop(ticket).done(outcomes)

    def drop(self) -> None:
        """What has not been sent comes back undone."""
        dropped = list(self._outbox)
        for batch in dropped:
            batch.done([NotRun() for _ in batch.tasks])
        self._outbox.clear()

    def stop(self, grace: float) -> None:
        if self.pool is not None:
            self.pool.stop(grace)

    def retire(self) -> None:
        """Nothing more will be sent: let the workers end while the run is brought to its end."""
        if self.pool is not None:
            self.pool.retire()

    def close(self) -> None:
        if self.pool is not None:
            self.pool.close()
