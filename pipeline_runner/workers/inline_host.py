"""What surrounds tasks that run in a process of others: streams, time, modules, working folder."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ..model.outcome import Outcome
from ..model.work import Job, Project, Task
from . import children
from .breakpoints import refuse_breakpoints
from .host import TimeUp
from .imports import isolated
from .inline_capture import Capture
from .stores import forget_stores
from .task import run_batch


class Running(NamedTuple):
    """A task that runs in a thread of this process."""

    job: Job
    task: Task
    capture: Capture


class InProcess:
    """The `Host` of the tasks of one thread of this process."""

    scratch: str | None = None

    def __init__(self, capture: Capture, interruptible: bool) -> None:
        self.capture = capture
        self.interruptible = interruptible
        self.running: Running | None = None
        self.position = -1  # of the task of the batch that was begun last
        self.abandoned = False  # nobody waits for what this thread does any longer
        self._tasks: Sequence[Task] = ()
        self._replaced: dict[str, str | None] = {}

    def run(self, job: Job, tasks: Sequence[Task]) -> list[Outcome]:
        """A batch. A KeyboardInterrupt goes through, and leaves this process's streams as they were."""
        self._tasks = tasks
        self.position = -1
        try:
            return run_batch(job, tasks, self)
        finally:
            self.running = None
            self.capture.restore()

    def begin(self, position: int, job: Job) -> None:
        self._refuse_abandoned()
        self.capture.begin()
        self.position = position
        self.running = Running(job, self._tasks[position], self.capture)

    def enter(self, job: Job) -> None:
        self._replaced = {name: os.environ.get(name) for name in job.env}
        os.environ.update(job.env)

    def _refuse_abandoned(self) -> None:
        """The process may be about to end: what is stored then would be left half-written."""
        if self.abandoned:
            raise TimeUp

    @contextmanager
    def limited(self, job: Job) -> Iterator[None]:
        """Python code in the main thread can be stopped; C code and other threads cannot."""
        if job.timeout is None or not _can_alarm():
            yield
            self._refuse_abandoned()
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


class Surroundings:
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
