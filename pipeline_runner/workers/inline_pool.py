"""Pools inside this process: one task after the other, or threads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from ..engine.ports import Done
from ..model.outcome import NotRun, Outcome
from ..model.work import Job, Project, Task
from .batch import CANCELLED
from .inline_capture import ProcessCapture, ThreadCapture
from .inline_host import InProcess, Running, Surroundings


class SequentialPool:
    """Each batch runs inside ``wait``, in the thread that waits."""

    inline = True  # so only an exception stops a task

    def __init__(self, project: Project) -> None:
        self._surroundings = Surroundings(project)
        self._host = InProcess(ProcessCapture(), interruptible=True)
        self._queued: list[tuple[int, Job, Sequence[Task]]] = []
        self._ready: list[Done] = []
        self._stopped = False
        self.busy = False  # while a task may be interrupted

    def __enter__(self) -> SequentialPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def expect(self) -> None:
        pass

    def retire(self) -> None:
        pass

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        self._queued.append((ticket, job, tasks))
        if self._stopped:
            self._drop()

    def free(self) -> int:
        return 0 if self._queued else 1

    def wait(self, timeout: float | None) -> Sequence[Done]:
        if self._queued and not self._ready:
            ticket, job, tasks = self._queued[0]
            outcomes: list[Outcome] | None = None
            try:
                self._surroundings.enter()
                self.busy = True
                outcomes = self._host.run(job, tasks)
            finally:  # a KeyboardInterrupt goes through, and the ticket is answered nevertheless
                self.busy = False
                self._queued.pop(0)
                ran = self._host.position
                stopped = [NotRun(CANCELLED, ran=position == ran) for position in range(len(tasks))]
                self._ready.append(Done(ticket, stopped if outcomes is None else outcomes))
        elif not self._ready and timeout:
            time.sleep(timeout)
        ready, self._ready = self._ready, []
        return ready

    def running(self) -> Sequence[Running]:
        """What runs just now; for other threads, since this one is in it."""
        running = self._host.running
        return () if running is None else (running,)

    def stop(self, grace: float) -> None:
        self._stopped = True
        self._drop()

    def _drop(self) -> None:
        for ticket, _, tasks in self._queued:
            self._ready.append(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
        self._queued = []

    def close(self) -> None:
        self._surroundings.leave(stopped=self._stopped)
        self._host.capture.close()


class ThreadingPool:
    """N threads. What cannot be done to a thread: stop it, or give it an environment of its own."""

    def __init__(self, workers: int, project: Project) -> None:
        self._workers = workers
        self._surroundings = Surroundings(project)
        self._hosts: list[InProcess] = []
        self._threads: list[threading.Thread] = []
        self._work: queue.SimpleQueue[tuple[int, Job, Sequence[Task]] | None] = queue.SimpleQueue()
        self._running: dict[int, Sequence[Task]] = {}  # by ticket
        self._inbox: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._stop_at: float | None = None
        self._abandoned = False

    def __enter__(self) -> ThreadingPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def expect(self) -> None:
        pass

    def retire(self) -> None:
        pass

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        self._running[ticket] = tasks
        if self._stop_at is not None:
            self._inbox.put(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
            return
        self._surroundings.enter()
        if len(self._threads) < min(self._workers, len(self._running)):
            # a daemon: the interpreter does not wait at its end for a task that nobody can stop
            host = InProcess(ThreadCapture(), interruptible=False)
            name = f"prun-{len(self._threads)}"
            thread = threading.Thread(target=self._run, args=(host,), name=name, daemon=True)
            self._hosts.append(host)
            self._threads.append(thread)
            thread.start()
        self._work.put((ticket, job, tasks))

    def _run(self, host: InProcess) -> None:
        while (batch := self._work.get()) is not None:
            ticket, job, tasks = batch
            self._inbox.put(Done(ticket, host.run(job, tasks)))

    def free(self) -> int:
        return self._workers - len(self._running)

    def running(self) -> Sequence[Running]:
        """What runs just now."""
        return [running for host in self._hosts if (running := host.running) is not None]

    def wait(self, timeout: float | None) -> Sequence[Done]:
        end = None if timeout is None else time.monotonic() + timeout
        if end is None and not self._running:
            return []
        if self._stop_at is not None:
            end = self._stop_at if end is None else min(end, self._stop_at)
        ready = self._next(end)
        if not ready and self._stop_at is not None and time.monotonic() >= self._stop_at:
            # the threads go on until they end by themselves; nobody waits for them any longer
            self._abandoned = True
            for host in self._hosts:
                host.abandoned = True  # of a batch, the next task does not begin
            at_work = [running.task for running in self.running()]
            ready = [
                Done(ticket, [NotRun(CANCELLED, ran=any(task is one for one in at_work)) for task in tasks])
                for ticket, tasks in self._running.items()
            ]
        return [done for done in ready if self._running.pop(done.ticket, None) is not None]

    def _next(self, end: float | None) -> list[Done]:
        found: list[Done] = []
        try:
            found.append(
                self._inbox.get()
                if end is None
                else self._inbox.get(timeout=max(0.0, end - time.monotonic()))
            )
            while True:
                found.append(self._inbox.get_nowait())
        except queue.Empty:
            return found

    def stop(self, grace: float) -> None:
        at = time.monotonic() + grace
        self._stop_at = at if self._stop_at is None else min(at, self._stop_at)

    def close(self) -> None:
        threads, self._threads = self._threads, []
        for _ in threads:
            self._work.put(None)
        if not self._running and not self._abandoned:
            for thread in threads:
                thread.join()
        self._surroundings.leave(stopped=self._stop_at is not None)
