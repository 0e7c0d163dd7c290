"""Any other backend of joblib, driven through the interface that joblib documents for backends.

``Parallel`` itself takes all its tasks at once; here they come one by one, so the backend is asked
directly, between ``start_call`` and ``stop_call``. Of ``multiprocessing`` the processes are the run's
alone: they can be killed one by one, and are looked after. What others do with their workers is theirs.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import pickle
import queue
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..engine.ports import Done
from ..errors import Problem, PrunError
from ..model.outcome import NotRun, Outcome
from ..model.work import Job, Project, Task
from . import joblib_worker as worker
from . import tickets
from .answer import unpack
from .errors import headline
from .inline_host import Running
from .joblib_backend import OVER, READY, Backend, Flight
from .loky_pool import CANCELLED, killed, lost, worker_environment
from .processes import ended
from .scratch import Scratch
from .slot import Batch

_STARTS = 3  # backends that may break in a row before a batch has begun
_SLICE = 0.25  # seconds between two looks at who is alive
_TRANSIT = 2.0  # seconds that an answer may take to get here


class JoblibPool:
    """As many batches at once as there are to be workers, each one call of the backend."""

    def __init__(self, name: str, workers: int, project: Project) -> None:
        self._name = name
        self._workers = workers
        self._project = project
        self._scratch = Scratch()
        self._home = worker.home(self._scratch.path)
        self._threads = worker.Threads(self._home, name, project)
        self._flights: dict[int, Flight] = {}  # by ticket
        self._inbox: queue.SimpleQueue[tuple[Flight, Any]] = queue.SimpleQueue()
        self._ready: list[Done] = []
        self._number = 0
        self._looked = 0.0
        self._stop_at: float | None = None
        self._closed = False
        self._backends: list[Backend] = []  # the last one gets what comes
        atexit.register(self.close)
        try:
            self._open()
        except BaseException as exc:
            self.close()
            if not isinstance(exc, Exception):
                raise
            what = f"the backend {name!r} cannot be started: {headline(exc)}"
            raise PrunError(Problem("backend", what)) from exc

    def __enter__(self) -> JoblibPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- the protocol ------------------------------------------------------------------------------

    def expect(self) -> None:
        """The backend was opened with the pool."""

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        if self._stop_at is not None:
            self._ready.append(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
        else:
            self._send(ticket, job, tuple(tasks))

    def free(self) -> int:
        return self._workers - len(self._flights)

    def wait(self, timeout: float | None) -> Sequence[Done]:
        end = math.inf if timeout is None else time.monotonic() + timeout
        looked = False
        while True:
            self._enforce()
            if self._ready:
                ready, self._ready = self._ready, []
                return ready
            now = time.monotonic()
            if (looked and now >= end) or (timeout is None and not self._flights):
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
            for flight in list(self._flights.values()):
                self._end(flight)
            for backend in self._backends:
                backend.close()
        finally:
            self._threads.close(stopped=self._stop_at is not None)
            self._scratch.remove()

    # ---- who listens ---------------------------------------------------------------------------------

    def running(self) -> Sequence[Running]:
        """What runs just now in threads of this process."""
        return self._threads.running()

    @property
    def _slots(self) -> Sequence[Flight]:
        """What runs just now in processes."""
        return list(self._flights.values())

    # ---- batches -----------------------------------------------------------------------------------

    def _open(self) -> Backend:
        for old in [b for b in self._backends if not any(f.backend is b for f in self._flights.values())]:
            self._backends.remove(old)
            old.close()
        begin = partial(worker.begin, self._home, self._project, worker_environment(self._workers))
        backend = Backend(self._name, self._workers, begin)
        self._backends.append(backend)
        return backend

    def _send(self, ticket: int, job: Job, tasks: tuple[Task, ...], tries: int = 1) -> None:
        self._number += 1
        batch = Batch(self._number, ticket, job, tasks)
        work = pickle.dumps((job, tasks), protocol=5)
        self._look_at(self._backends[-1])
        try:
            backend = self._backends[-1] if not self._backends[-1].broken else self._open()
        except Exception as exc:
            self._ready.append(Done(ticket, lost(batch, self._cannot(exc), "", None)))
            return
        flight = self._flights[ticket] = Flight(batch, backend, self._home, tries)
        try:
            call = partial(worker.run, self._home, batch.number, work)
            flight.future = backend.submit(call, partial(self._heard, flight))
        except Exception as exc:
            self._lost(flight, self._cannot(exc))

    def _cannot(self, exc: BaseException) -> str:
        return f"the backend {self._name!r} takes no task: {headline(exc)}"

    def _heard(self, flight: Flight, result: Any) -> None:
        """From any thread: what the backend gives for a batch, be it an exception."""
        self._inbox.put((flight, result))

    def _answer(self, flight: Flight, outcomes: Sequence[Outcome]) -> None:
        del self._flights[flight.batch.ticket]
        self._ready.append(Done(flight.batch.ticket, outcomes))

    def _collect(self, seconds: float) -> None:
        """Take what was answered; wait for the first answer, but no longer than so many seconds."""
        seconds = 0.0 if self._ready else max(0.0, min(seconds, _SLICE))
        with contextlib.suppress(queue.Empty):
            self._settle(*self._inbox.get(timeout=seconds))
            while True:
                self._settle(*self._inbox.get_nowait())
        now = time.monotonic()
        if now - self._looked >= _SLICE:
            self._looked = now
            self._survey(now)

    def _settle(self, flight: Flight, result: Any) -> None:
        if self._flights.get(flight.batch.ticket) is not flight:
            return  # it was answered already
        if result is OVER:
            flight.landed = flight.landed or time.monotonic()
            return
        if result is READY:
            result = flight.backend.retrieve(flight.future)
        if not isinstance(result, bytes):
            self._lost(flight, f"the backend {self._name!r} lost it: {_text(result)}")
        elif result[:1] == worker.ANSWER:
            answer = unpack(result[1:], flight.batch.tasks, flight.batch.job.run)
            if answer.spoiled:
                self._break(flight.backend, "a task left threads running")
            self._answer(flight, answer.outcomes)
            tickets.tear_up(flight.ticket)
        else:
            why = result[1:].decode() or "it does not see the run's temporary folder"
            self._lost(flight, f"a worker of the backend {self._name!r} could not begin: {why}")

    # ---- who is alive ------------------------------------------------------------------------------

    def _survey(self, now: float) -> None:
        for backend in self._backends:
            self._look_at(backend)
        for flight in list(self._flights.values()):
            seen, backend = flight.seen(), flight.backend
            if seen is None:
                if backend.ours and backend.broken is not None and now - backend.broken_at > _TRANSIT:
                    self._lost(flight, backend.broken)
                    continue
            elif seen.over:
                flight.landed = flight.landed or now
            elif not backend.alive(seen.pid):
                self._dead(flight)
                continue
            if flight.landed is not None and now - flight.landed > _TRANSIT:
                self._missing(flight)

    def _look_at(self, backend: Backend) -> None:
        if backend.broken is None and (why := backend.decay()) is not None:
            self._break(backend, why)

    def _dead(self, flight: Flight) -> None:
        """The worker is gone. What it had not said was over, it cannot have answered."""
        seen = flight.seen()
        if seen is not None and not seen.over:
            self._lost(flight, ended(flight.backend.exitcode(seen.pid)))

    def _missing(self, flight: Flight) -> None:
        """A batch ended some time ago, and nothing is heard of its answer."""
        result: Any = None
        if hasattr(flight.future, "done") and flight.future.done():
            result = flight.backend.retrieve(flight.future)
        if isinstance(result, bytes | BaseException):
            self._settle(flight, result)
        else:
            self._lost(flight, "its answer was lost on the way")

    def _break(self, backend: Backend, why: str) -> None:
        """Give it nothing more: what is left of it may be stuck, and another is opened quickly."""
        if backend.broken is None:
            backend.broken, backend.broken_at = why, time.monotonic()

    def _lost(self, flight: Flight, why: str) -> None:
        """A batch was lost with its worker. One that had not begun goes to a new backend."""
        self._break(flight.backend, why)
        seen = flight.seen()
        idle = seen is None and (flight.backend.ours or flight.future is None)  # else it may be far away
        if idle and tickets.take_back(flight.ticket):
            if flight.tries < _STARTS:
                batch = self._flights.pop(flight.batch.ticket).batch
                self._send(batch.ticket, batch.job, batch.tasks, flight.tries + 1)
                return
            why = f"no worker could be started: {why}"
        position = seen.position if seen is not None and seen.position >= 0 else None
        self._answer(flight, lost(flight.batch, why, flight.printed(), position))

    # ---- time --------------------------------------------------------------------------------------

    def _next_look(self, now: float) -> float:
        """When the next task may have run out of time."""
        times = [math.inf if self._stop_at is None else self._stop_at]
        for flight in self._flights.values():
            limit = flight.batch.job.timeout
            if limit is not None and flight.backend.ours:
                running = flight.running()
                times.append(running.since + limit if running else now + min(0.2, max(limit, 0.01)))
        return min(times)

    def _enforce(self) -> None:
        now = time.monotonic()
        if self._stop_at is not None and now >= self._stop_at:
            self._threads.abandon()
        for flight in list(self._flights.values()):
            if self._stop_at is not None and now >= self._stop_at:
                self._collect(0.0)
                if flight.batch.ticket in self._flights:
                    self._answer(flight, killed(flight.batch, self._end(flight), None, flight.printed()))
                continue
            limit = flight.batch.job.timeout
            running = flight.running() if limit is not None and flight.backend.ours else None
            if running is not None and limit is not None and now >= running.since + limit:
                self._collect(0.0)  # it may have ended in the meantime
                if flight.batch.ticket in self._flights and flight.running() == running:
                    self._end(flight)
                    at = running.position
                    self._answer(flight, killed(flight.batch, at, at, flight.printed()))

    def _end(self, flight: Flight) -> int | None:
        """Stop a batch, as far as it can be; the position of the task that ran."""
        running = flight.running()
        if tickets.take_back(flight.ticket):
            return None
        seen = flight.seen()
        if seen is not None and flight.backend.ours:
            flight.backend.kill(seen.pid)
            self._break(flight.backend, "its worker was killed")
        elif hasattr(flight.future, "cancel"):
            with contextlib.suppress(Exception):
                flight.future.cancel()
        return running.position if running is not None else None


def _text(result: Any) -> str:
    return headline(result) if isinstance(result, BaseException) else f"it gave {type(result).__name__}"
