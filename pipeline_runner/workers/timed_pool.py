"""What the pools of processes have in common: they watch the clock, for each task and for a stop."""

from __future__ import annotations

import atexit
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ..engine.ports import Done
from ..model.outcome import NotRun
from ..model.work import Job, Task
from .batch import CANCELLED, Batch
from .progress import Progress
from .scratch import Scratch

if TYPE_CHECKING:
    from typing import Self

SLICE = 0.25  # seconds between two looks at who is alive: not every death announces itself


class Place(Protocol):
    """Where a batch runs."""

    @property
    def batch(self) -> Batch | None: ...

    @property
    def log(self) -> str:
        """Path of the file with what its tasks print."""

    def running(self) -> Progress | None:
        """Which task of the batch runs, and since when; None before a worker has begun it."""


P = TypeVar("P", bound=Place)


class TimedPool(ABC, Generic[P]):
    """Answers each ticket once: with what a worker says, or in place of one that is late, stopped or lost."""

    def __init__(self, scratch: Scratch) -> None:
        """Called when ``close`` may be: when all is there that ``_shut`` gives back."""
        self._scratch = scratch
        self._ready: list[Done] = []
        self._number = 0
        self._stop_at: float | None = None
        self._closed = False
        atexit.register(self.close)  # if nobody else does, not even after an exception

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- the protocol, but for `expect` and `free` ---------------------------------------------------

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        if self._stop_at is not None:
            self._ready.append(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
        else:
            self._place(Batch(self._next_number(), ticket, job, tuple(tasks)))

    def wait(self, timeout: float | None) -> Sequence[Done]:
        end = math.inf if timeout is None else time.monotonic() + timeout
        looked = False
        while True:
            self._enforce(time.monotonic())
            if self._ready:
                ready, self._ready = self._ready, []
                return ready
            now = time.monotonic()
            if (looked and now >= end) or (timeout is None and not self.places()):
                return []
            self._collect(max(0.0, min(end - now, self._next_look(now) - now, SLICE)))
            looked = True

    def stop(self, grace: float) -> None:
        """Returns at once; ``wait`` gives what ends within the grace, then NotRun for the rest."""
        at = time.monotonic() + grace
        self._stop_at = at if self._stop_at is None else min(at, self._stop_at)
        self._enforce(time.monotonic())

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        try:
            self._shut()
        finally:
            self._scratch.remove()

    # ---- what each does its own way ------------------------------------------------------------------

    @abstractmethod
    def places(self) -> Sequence[P]:
        """Where batches run just now, in processes."""

    @abstractmethod
    def _place(self, batch: Batch) -> None:
        """Begin it."""

    @abstractmethod
    def _limit(self, place: P) -> float | None:
        """How long each task may take there; None too where nobody could stop it."""

    @abstractmethod
    def _collect(self, seconds: float) -> None:
        """Take what was answered; wait for the first answer, but no longer than so many seconds."""

    @abstractmethod
    def _kill(self, place: P, timed_out: int | None) -> None:
        """End a batch and answer for it: the task at this position ran out of time, or the run is stopped."""

    @abstractmethod
    def _shut(self) -> None:
        """End all workers."""

    # ---- time ----------------------------------------------------------------------------------------

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _next_look(self, now: float) -> float:
        """When the next task may have run out of time."""
        times = [math.inf]
        for place in self.places():
            if self._stop_at is not None:
                times.append(self._stop_at)
            limit = self._limit(place)
            if limit is not None:
                running = place.running()
                # the time it takes a worker to start is not the task's
                times.append(running.since + limit if running else now + min(0.2, max(limit, 0.01)))
        return min(times)

    def _overdue(self, now: float) -> bool:
        """Whether the run is stopped, and the grace is over."""
        return self._stop_at is not None and now >= self._stop_at

    def _enforce(self, now: float) -> None:
        """Kill what runs out of time, and all when that of the run is over."""
        for place in self.places():
            if self._overdue(now):
                self._collect(0.0)  # it may have ended in the meantime
                if place in self.places():
                    self._kill(place, None)
                continue
            limit = self._limit(place)
            running = place.running() if limit is not None else None
            if running is not None and limit is not None and now >= running.since + limit:
                self._collect(0.0)
                if place in self.places() and place.running() == running:
                    self._kill(place, running.position)
