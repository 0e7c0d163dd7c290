"""One worker process at a time, behind a loky executor of its own: killing it hurts no other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from ..model.work import Job, Project, Task
from . import worker
from .processes import ended, kill_tree
from .progress import Progress, ProgressReader

Inbox = Callable[["Slot", int, Any], None]


class Batch(NamedTuple):
    number: int  # unique in the slot's life
    ticket: int
    job: Job
    tasks: tuple[Task, ...]
    job_bytes: bytes
    tasks_bytes: bytes


class Slot:
    """Starts its worker when the first batch comes, and a new one after a death."""

    def __init__(
        self, name: str, folder: str, project: Project, env: Mapping[str, str], inbox: Inbox
    ) -> None:
        self._name = name
        self._folder = folder
        self._project = project
        self._env = {k: v for k, v in env.items() if k not in os.environ}
        self._inbox = inbox
        self._executor: Any = None
        self._generation = 0
        self._life: tuple[Any, Any] | None = None
        self._progress: ProgressReader | None = None
        self._manager: threading.Thread | None = None
        self._pid: int | None = None
        self.log = ""
        self.batch: Batch | None = None
        self.starts = 0  # workers in a row that died before they began the batch

    @property
    def started(self) -> bool:
        return self._executor is not None

    def submit(self, batch: Batch) -> None:
        self.batch = batch
        for last in (False, True):
            if self._executor is None:
                self._open()
            try:
                future = self._executor.submit(worker.run, batch.number, batch.job_bytes, batch.tasks_bytes)
                break
            except Exception:  # the worker died while it was idle
                self.kill()
                if last:
                    raise
        self._note_process()
        future.add_done_callback(lambda done: self._inbox(self, batch.number, done))

    def _open(self) -> None:
        context = import_module("joblib.externals.loky.backend").get_context("loky")
        executor = import_module("joblib.externals.loky.process_executor").ProcessPoolExecutor
        self._generation += 1
        stem = os.path.join(self._folder, f"{self._name}-{self._generation}")
        self.log = stem + ".log"
        self._progress = ProgressReader(stem + ".progress")
        self._life = context.Pipe(duplex=False)
        unset = ("PYTHONSAFEPATH",) if "PYTHONSAFEPATH" in self._env else ()
        setup = worker.Setup(self._project, self._folder, self.log, stem + ".progress", unset)
        self._executor = executor(
            max_workers=1,
            context=context,
            initializer=worker.start,
            initargs=(setup, self._life[0]),
            env=self._env,
        )

    def _note_process(self) -> None:
        processes = list((self._executor._processes or {}).values())
        if processes:
            self._process = processes[0]
            self._pid = self._process.pid
        self._manager = self._executor._executor_manager_thread or self._manager
        self._leave_pipes_to_the_worker()

    def _leave_pipes_to_the_worker(self) -> None:
        """Close our copies of the worker's ends of the pipes, once it has its own.

        A worker that dies in the middle of a message would else leave loky's threads waiting for
        the rest of it, or for room in a pipe that nobody reads, until the end of time.
        """
        if os.name == "posix":
            for queue, end in (
                (self._executor._result_queue, "_writer"),
                (self._executor._call_queue, "_reader"),
            ):
                connection = getattr(queue, end, None)
                if connection is not None:
                    connection.close()

    # ---- looking ---------------------------------------------------------------------------------

    def running(self) -> Progress | None:
        """Which task of the batch runs, and since when; None before the worker has begun it."""
        if self._progress is None or self.batch is None:
            return None
        progress = self._progress.read()
        return progress if progress.batch == self.batch.number and progress.since else None

    def why_ended(self) -> str:
        return ended(self._exitcode())

    def _exitcode(self) -> int | None:
        """Several threads may reap the process; the one that lost sees it a moment later."""
        deadline = time.monotonic() + 1.0
        while True:
            try:
                code: int | None = self._process.exitcode
            except Exception:
                return None
            if code is not None or time.monotonic() > deadline:
                return code
            time.sleep(0.005)

    # ---- ending ----------------------------------------------------------------------------------

    def kill(self, gone: bool = False) -> None:
        """End the worker and its children now. The next batch gets a new one."""
        if self._pid is not None:
            kill_tree(self._pid, gone or self._dead())
        self._join(1.0)
        self._forget()

    def retire(self) -> None:
        """Ask the worker to end (then ``bury`` it)."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def bury(self, deadline: float) -> None:
        """After ``retire``: whatever is left at the deadline, and of its children, is killed."""
        if self._pid is None:
            return
        while not self._dead() and time.monotonic() < deadline:
            time.sleep(0.002)
        kill_tree(self._pid, self._dead())
        self._join(5.0)
        self._forget()

    def _dead(self) -> bool:
        try:
            return self._process.exitcode is not None
        except Exception:
            return True

    def _join(self, seconds: float) -> None:
        if self._manager is not None and self._manager is not threading.current_thread():
            self._manager.join(seconds)

    def _forget(self) -> None:
        for end in self._life or ():
            end.close()
        if self._progress is not None:
            self._progress.close()
        self._executor = self._manager = self._pid = self._progress = self._life = None
