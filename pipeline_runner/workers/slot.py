"""One worker process at a time: killing it hurts no other."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

from ..model.work import Project
from .answer import Answer, unpack
from .batch import Batch
from .launch import Process
from .mail import Setup
from .parcels import Sender
from .processes import ended, kill_tree
from .progress import Progress, ProgressReader


class Slot:
    """Starts its worker when the first batch comes or is expected, and a new one after a death."""

    def __init__(self, name: str, folder: str, project: Project, env: Mapping[str, str]) -> None:
        self._name = name
        self._folder = folder
        self._project = project
        self._env = {k: v for k, v in env.items() if k not in os.environ}
        self._process: Process | None = None
        self._sender = Sender()
        self._generation = 0
        self._progress: ProgressReader | None = None
        self.log = ""
        self.batch: Batch | None = None
        self.starts = 0  # workers in a row that died before they began the batch

    @property
    def started(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start its worker before a batch comes."""
        if self._process is None:
            self._open()

    def submit(self, batch: Batch) -> None:
        self.batch = batch
        for last in (False, True):
            process = self._process or self._open()
            try:
                process.send(self._sender.pack((batch.number, batch.job, batch.tasks)))
                return
            except OSError:  # the worker died while it was idle
                self.kill()
                if last:
                    raise

    def _open(self) -> Process:
        self._generation += 1
        stem = os.path.join(self._folder, f"{self._name}-{self._generation}")
        self.log = stem + ".log"
        setup = Setup(self._project, self._folder, self.log, stem + ".progress")
        self._process = Process(self._folder, setup, self._env)
        self._sender = Sender()
        self._progress = ProgressReader(stem + ".progress")
        return self._process

    # ---- looking ---------------------------------------------------------------------------------

    @property
    def answers(self) -> Connection | None:
        """Ready to be read when the batch has been answered, and in general when the worker died."""
        return self._process.answers if self._process is not None and self.batch is not None else None

    @property
    def gone(self) -> bool:
        """Whether the worker died: a child of a task may keep its pipe open."""
        return self._process is not None and self._process.gone

    @property
    def has_answered(self) -> bool:
        """Whether there is an answer of a worker that is gone."""
        return self._process is not None and self._process.answers.poll()

    def answer(self) -> Answer:
        """What the worker answers to the batch. Raises ``EOFError`` or ``OSError`` if it died."""
        if self._process is None or self.batch is None:
            raise EOFError
        return unpack(self._process.receive(), self.batch.tasks, self.batch.job.run)

    def running(self) -> Progress | None:
        """Which task of the batch runs, and since when; None before the worker has begun it."""
        if self._progress is None or self.batch is None:
            return None
        progress = self._progress.read()
        return progress if progress.batch == self.batch.number and progress.since else None

    def why_ended(self) -> str:
        return ended(self._process.wait(1.0) if self._process is not None else None)

    # ---- ending ----------------------------------------------------------------------------------

    def kill(self) -> None:
        """End the worker and its children now. The next batch gets a new one."""
        if self._process is not None:
            kill_tree(self._process.pid, self._process.gone)
            self._process.wait(1.0)
            self._forget()

    def retire(self) -> None:
        """Ask the worker to end (then ``bury`` it)."""
        if self._process is not None:
            self._process.retire()

    def bury(self, deadline: float) -> None:
        """After ``retire``: whatever is left at the deadline, and of its children, is killed."""
        if self._process is not None:
            self._process.wait(max(0.0, deadline - time.monotonic()))
            self.kill()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.close()
        if self._progress is not None:
            self._progress.close()
        self._process = self._progress = None
