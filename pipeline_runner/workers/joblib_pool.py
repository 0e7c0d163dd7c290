"""Any other backend of joblib, driven through the interface that joblib documents for backends.

``Parallel`` itself takes all its tasks at once; here they come one by one, so the backend is asked
directly, between ``start_call`` and ``stop_call``. Of ``multiprocessing`` the processes are the run's
alone: they can be killed one by one, and are looked after. What others do with their workers is theirs.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..engine.ports import Done
from ..errors import Problem, PrunError
from ..model.outcome import Outcome
from ..model.work import Project
from . import joblib_worker as worker
from . import tickets
from .answer import unpack
from .batch import Batch, killed, lost
from .environment import worker_environment
from .errors import headline
from .inline_host import Running
from .joblib_backend import OVER, READY, Backend, Flight
from .processes import ended
from .scratch import Scratch
from .timed_pool import SLICE, TimedPool

_STARTS = 3  # backends that may break in a row before a batch has begun
_TRANSIT = 2.0  # seconds that an answer may take to get here


class JoblibPool(TimedPool[Flight]):
    """As many batches at once as there are to be workers, each one call of the backend."""

    def __init__(self, name: str, workers: int, project: Project) -> None:
        self._name = name
        self._workers = workers
        self._project = project
        scratch = Scratch()
        self._home = worker.home(scratch.path)
        self._threads = worker.Threads(self._home, name, project)
        self._flights: dict[int, Flight] = {}  # by ticket
        self._inbox: queue.SimpleQueue[tuple[Flight, Any]] = queue.SimpleQueue()
        self._looked = 0.0
        self._backends: list[Backend] = []  # the last one gets what comes
        super().__init__(scratch)
        try:
            self._open()
        except BaseException as exc:
            self.close()
            if not isinstance(exc, Exception):
                raise
            what = f"the backend {name!r} cannot be started: {headline(exc)}"
            raise PrunError(Problem("backend", what)) from exc

    # ---- the protocol ------------------------------------------------------------------------------

    def expect(self) -> None:
        """The backend was opened with the pool."""

    def retire(self) -> None:
        """It is closed with the pool, too."""

    def free(self) -> int:
        return self._workers - len(self._flights)

    # ---- who listens ---------------------------------------------------------------------------------

    def running(self) -> Sequence[Running]:
        """What runs just now in threads of this process."""
        return self._threads.running()

    def places(self) -> Sequence[Flight]:
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

    def _place(self, batch: Batch, tries: int = 1) -> None:
        work = pickle.dumps((batch.job, batch.tasks), protocol=5)
        self._look_at(self._backends[-1])
        try:
            backend = self._backends[-1] if not self._backends[-1].broken else self._open()
        except Exception as exc:
            self._ready.append(Done(batch.ticket, lost(batch, self._cannot(exc), "", None)))
            return
        flight = self._flights[batch.ticket] = Flight(batch, backend, self._home, tries)
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
        with contextlib.suppress(queue.Empty):
            self._settle(*self._inbox.get(timeout=seconds))
            while True:
                self._settle(*self._inbox.get_nowait())
        now = time.monotonic()
        if now - self._looked >= SLICE:
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
                # the ticket of its old number is taken
                self._place(batch._replace(number=self._next_number()), flight.tries + 1)
                return
            why = f"no worker could be started: {why}"
        position = seen.position if seen is not None and seen.position >= 0 else None
        self._answer(flight, lost(flight.batch, why, flight.printed(), position))

    # ---- time and the end --------------------------------------------------------------------------

    def _limit(self, flight: Flight) -> float | None:
        return flight.batch.job.timeout if flight.backend.ours else None

    def _enforce(self, now: float) -> None:
        if self._overdue(now):
            self._threads.abandon()
        super()._enforce(now)

    def _kill(self, flight: Flight, timed_out: int | None) -> None:
        ran = self._end(flight)
        at = ran if timed_out is None else timed_out
        self._answer(flight, killed(flight.batch, at, timed_out, flight.printed()))

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

    def _shut(self) -> None:
        try:
            for flight in self.places():
                self._end(flight)
            for backend in self._backends:
                backend.close()
        finally:
            self._threads.close(stopped=self._stop_at is not None)


def _text(result: Any) -> str:
    return headline(result) if isinstance(result, BaseException) else f"it gave {type(result).__name__}"
