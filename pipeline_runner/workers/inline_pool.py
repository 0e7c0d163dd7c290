"""Pools inside this process: one task after the other, or threads."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import NamedTuple

from ..engine.ports import Done
from ..model.outcome import ErrorInfo, NotRun, Outcome
from ..model.work import Job, Project, Task
from . import children
from .breakpoints import refuse_breakpoints
from .host import TimeUp
from .imports import isolated
from .inline_capture import Capture, ProcessCapture, ThreadCapture
from .stores import forget_stores
from .task import run_batch

CANCELLED = ErrorInfo("cancelled", "cancelled")


class Running(NamedTuple):
    """A task that runs in a thread of this process."""

    job: Job
    task: Task
    capture: Capture


class _InProcess:
    """The `Host` of the tasks of one thread of this process."""

    scratch: str | None = None

    def __init__(self, capture: Capture, interruptible: bool) -> None:
        self.capture = capture
        self.interruptible = interruptible
        self.running: Running | None = None
        self.abandoned = False  # nobody waits for what this thread does any longer
        self._tasks: Sequence[Task] = ()
        self._replaced: dict[str, str | None] = {}

    def run(self, job: Job, tasks: Sequence[Task]) -> list[Outcome]:
        """A batch. A KeyboardInterrupt goes through, and leaves this process's streams as they were."""
        self._tasks = tasks
        try:
            return run_batch(job, tasks, self)
        finally:
            self.running = None
            self.capture.restore()

    def begin(self, position: int, job: Job) -> None:
        if self.abandoned:
            raise TimeUp
        self.capture.begin()
        self.running = Running(job, self._tasks[position], self.capture)

    def enter(self, job: Job) -> None:
        self._replaced = {name: os.environ.get(name) for name in job.env}
        os.environ.update(job.env)

    @contextmanager
    def limited(self, job: Job) -> Iterator[None]:
        """Python code in the main thread can be stopped; C code and other threads cannot."""
        if job.timeout is None or not _can_alarm():
            yield
            return
        over = [False]
        since = children.moment()

        def ring(*_: object) -> None:
            if not over[0]:
                raise TimeUp

        before = signal.signal(signal.SIGALRM, ring)
        try:
            # again every second, for code that catches everything and goes on
            signal.setitimer(signal.ITIMER_REAL, max(job.timeout, 1e-3), 1.0)
            yield
        except TimeUp:
            children.end_since(since)
            raise
        finally:
            over[0] = True
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def leave(self, job: Job) -> None:
        for name, value in self._replaced.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def end(self, mask: Callable[[str], str]) -> str:
        self.running = None
        return self.capture.end(mask)


def _can_alarm() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


class _Surroundings:
    """This process, lent to a run: modules, working folder, streams. All put back at the end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._stack: ExitStack | None = None
        self._since = 0.0

    def enter(self) -> None:
        """On the first batch."""
        if self._stack is not None:
            return
        self._since = children.moment()
        forget_stores()  # this process may have seen another store at the same place
        with ExitStack() as stack:
            stack.callback(os.chdir, os.getcwd())
            stack.callback(_restore_environment, os.environ.copy())
            stack.callback(setattr, sys, "breakpointhook", sys.breakpointhook)
            refuse_breakpoints()
            stack.enter_context(isolated(self._project))
            os.chdir(self._project.root)
            self._stack = stack.pop_all()

    def leave(self, *, stopped: bool) -> None:
        """``stopped``: the processes that tasks started and that still run end, too."""
        if self._stack is not None:
            stack, self._stack = self._stack, None
            if stopped:
                children.end_since(self._since)
            stack.close()


def _restore_environment(before: dict[str, str]) -> None:
    if os.environ.copy() != before:
        os.environ.clear()
        os.environ.update(before)


class SequentialPool:
    """Each batch runs inside ``wait``, in the thread that waits."""

    inline = True  # so only an exception stops a task

    def __init__(self, project: Project) -> None:
        self._surroundings = _Surroundings(project)
        self._host = _InProcess(ProcessCapture(), interruptible=True)
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

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        self._queued.append((ticket, job, tasks))
        if self._stopped:
            self._drop()

    def free(self) -> int:
        return 0 if self._queued else 1

    def wait(self, timeout: float | None) -> Sequence[Done]:
        if self._queued and not self._ready:
            ticket, job, tasks = self._queued[0]
            outcomes: list[Outcome] = [NotRun(CANCELLED) for _ in tasks]
            try:
                self._surroundings.enter()
                self.busy = True
                outcomes = self._host.run(job, tasks)
            finally:  # a KeyboardInterrupt goes through, and the ticket is answered nevertheless
                self.busy = False
                self._queued.pop(0)
                self._ready.append(Done(ticket, outcomes))
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
        self._surroundings = _Surroundings(project)
        self._hosts: list[_InProcess] = []
        self._threads: list[threading.Thread] = []
        self._work: queue.SimpleQueue[tuple[int, Job, Sequence[Task]] | None] = queue.SimpleQueue()
        self._running: dict[int, int] = {}  # ticket -> number of tasks
        self._inbox: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._stop_at: float | None = None
        self._abandoned = False
        self._lock = threading.Lock()

    def __enter__(self) -> ThreadingPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        self._running[ticket] = len(tasks)
        if self._stop_at is not None:
            self._inbox.put(Done(ticket, [NotRun(CANCELLED) for _ in tasks]))
            return
        self._surroundings.enter()
        if len(self._threads) < min(self._workers, len(self._running)):
            # a daemon: the interpreter does not wait at its end for a task that nobody can stop
            host = _InProcess(ThreadCapture(), interruptible=False)
            name = f"prun-{len(self._threads)}"
            thread = threading.Thread(target=self._run, args=(host,), name=name, daemon=True)
            self._hosts.append(host)
            self._threads.append(thread)
            thread.start()
        self._work.put((ticket, job, tasks))

    def _run(self, host: _InProcess) -> None:
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
            ready = [Done(t, [NotRun(CANCELLED)] * n) for t, n in self._running.items()]
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
