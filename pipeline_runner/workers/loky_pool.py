"""The pool of worker processes (loky's): hard time-outs, deaths that no neighbour notices."""

from __future__ import annotations

import atexit
import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from ..engine.ports import Done
from ..model.outcome import ErrorInfo, Failed, NotRun, Outcome
from ..model.work import Job, Project, Task
from . import errors
from .capture import read_log
from .masking import masker
from .scratch import Scratch
from .slot import Batch, Slot
from .waiting import ready

_NATIVE_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_MOST = 60 if os.name == "nt" else sys.maxsize  # Windows can wait for 63 pipes at once
_STARTS = 3  # workers that may die in a row before they begin a batch
_FAREWELL = 2.0  # seconds that idle workers have to end by themselves
_SLICE = 0.25  # seconds between two looks: a dead worker's pipe stays open if a child of a task has it
CANCELLED = ErrorInfo("cancelled", "cancelled")


class LokyPool:
    """N slots, each a process of its own that starts with its first batch."""

    def __init__(self, workers: int, project: Project) -> None:
        self._scratch = Scratch()
        workers = min(workers, _MOST)
        env = worker_environment(workers)
        self._slots = [Slot(str(i), self._scratch.path, project, env) for i in range(workers)]
        self._ready: list[Done] = []
        self._number = 0
        self._stop_at: float | None = None
        self._counted = 0.0  # when we last saw who is alive
        self._closed = False
        atexit.register(self.close)  # if nobody else does, not even after an exception

    def __enter__(self) -> LokyPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- the protocol ------------------------------------------------------------------------------

    def expect(self) -> None:
        if not any(slot.started for slot in self._slots):
            with suppress(Exception):  # a batch that finds no worker says why
                self._slots[0].start()

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        if self._stop_at is not None:
            self._ready.append(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
            return
        free = [slot for slot in self._slots if slot.batch is None]
        slot = next((s for s in free if s.started), free[0])
        self._number += 1
        slot.starts = 0
        self._give(slot, Batch(self._number, ticket, job, tuple(tasks)))

    def free(self) -> int:
        return sum(slot.batch is None for slot in self._slots)

    def wait(self, timeout: float | None) -> Sequence[Done]:
        end = math.inf if timeout is None else time.monotonic() + timeout
        looked = False
        while True:
            self._enforce()
            if self._ready:
                ready, self._ready = self._ready, []
                return ready
            now = time.monotonic()
            if (looked and now >= end) or (timeout is None and self.free() == len(self._slots)):
                return []
            self._collect(min(end, self._next_look(now)) - now)
            looked = True

    def stop(self, grace: float) -> None:
        """Returns at once; ``wait`` gives what ends within the grace, then NotRun for the rest."""
        at = time.monotonic() + grace
        self._stop_at = at if self._stop_at is None else min(at, self._stop_at)
        self._enforce()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        try:
            for slot in self._slots:
                if slot.batch is None:
                    slot.retire()
                else:
                    slot.kill()
            deadline = time.monotonic() + _FAREWELL
            for slot in self._slots:
                slot.bury(deadline)
        finally:
            for slot in self._slots:  # nothing stays, whatever interrupted the farewell
                slot.kill()
            self._scratch.remove()

    # ---- batches -----------------------------------------------------------------------------------

    def _give(self, slot: Slot, batch: Batch) -> None:
        try:
            slot.submit(batch)
        except Exception as exc:
            self._answer(slot, lost(batch, f"no worker process could be started: {exc}", "", None))

    def _answer(self, slot: Slot, outcomes: Sequence[Outcome]) -> None:
        assert slot.batch is not None
        self._ready.append(Done(slot.batch.ticket, outcomes))
        slot.batch = None

    def _collect(self, seconds: float = 0.0) -> None:
        """Take what was answered; wait for the first answer, but no longer than so many seconds."""
        seconds = 0.0 if self._ready else max(0.0, min(seconds, _SLICE))
        busy = [(slot, pipe) for slot in self._slots if (pipe := slot.answers) is not None]
        if not busy:
            time.sleep(seconds)
            return
        answered = ready([pipe for _, pipe in busy], seconds)
        now = time.monotonic()
        count = not answered or now - self._counted > _SLICE
        self._counted = now if count else self._counted
        for slot, pipe in busy:
            if pipe in answered or (count and slot.gone and slot.has_answered):
                self._take(slot)
            elif count and slot.gone:
                self._lost(slot)

    def _take(self, slot: Slot) -> None:
        try:
            answer = slot.answer()
        except Exception:
            self._lost(slot)
            return
        self._answer(slot, answer.outcomes)
        if answer.spoiled:
            slot.kill()

    def _lost(self, slot: Slot) -> None:
        """The worker died."""
        batch = slot.batch
        assert batch is not None
        running = slot.running()
        why, log = slot.why_ended(), read_log(slot.log, masker(batch.job.secrets, batch.job.project.root))
        slot.kill()
        if running is None:
            slot.starts += 1
            if slot.starts < _STARTS:
                self._give(slot, batch)  # it died before the batch began: nobody's fault
                return
            why = f"no worker process could be started: {why}"
        self._answer(slot, lost(batch, why, log, running.position if running else None))

    # ---- time --------------------------------------------------------------------------------------

    def _next_look(self, now: float) -> float:
        """When the next task may have run out of time."""
        times = [math.inf]
        for slot in self._slots:
            if slot.batch is None:
                continue
            if self._stop_at is not None:
                times.append(self._stop_at)
            limit = slot.batch.job.timeout
            if limit is not None:
                running = slot.running()
                # the time it takes a worker to start is not the task's
                times.append(running.since + limit if running else now + min(0.2, max(limit, 0.01)))
        return min(times)

    def _enforce(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.batch is None:
                continue
            if self._stop_at is not None and now >= self._stop_at:
                self._collect()
                if slot.batch is not None:
                    self._kill(slot, None)
                continue
            limit = slot.batch.job.timeout
            running = slot.running() if limit is not None else None
            if running is not None and limit is not None and now >= running.since + limit:
                self._collect()  # it may have ended in the meantime
                if slot.batch is not None and slot.running() == running:
                    self._kill(slot, running.position)

    def _kill(self, slot: Slot, timed_out: int | None) -> None:
        """Kill the worker of a batch: one task ran out of time, or the run is stopped."""
        batch = slot.batch
        assert batch is not None
        running = slot.running()
        slot.kill()
        log = read_log(slot.log, masker(batch.job.secrets, batch.job.project.root))
        self._answer(slot, killed(batch, running.position if running else None, timed_out, log))


def killed(batch: Batch, position: int | None, timed_out: int | None, log: str) -> list[Outcome]:
    """The worker was killed while the task at ``position`` ran: for its time, or the run is stopped."""
    outcomes: list[Outcome] = [NotRun(None if timed_out is not None else CANCELLED) for _ in batch.tasks]
    if position is not None:
        limit = batch.job.timeout or 0.0
        late = Failed(errors.timed_out(limit), limit, log)
        outcomes[position] = late if position == timed_out else NotRun(CANCELLED, log)
    return outcomes


def lost(batch: Batch, why: str, log: str, position: int | None) -> list[Outcome]:
    """A task alone in its batch is to blame. Of several each is tried again alone."""
    info = ErrorInfo("worker_lost", why, ("worker_lost",))
    if len(batch.tasks) == 1 or position is None:
        return [Failed(info, 0.0, log) for _ in batch.tasks]
    return [NotRun(None, log if i == position else "") for i in range(len(batch.tasks))]


def worker_environment(workers: int) -> dict[str, str]:
    """Variables of a worker's start; those that are set already win.

    Native thread pools share the cores out, as joblib does.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, cores // workers))
    return dict.fromkeys(_NATIVE_THREADS, threads)
