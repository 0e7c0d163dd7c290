"""The worker process of a slot: set up once, then batch after batch."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from multiprocessing.connection import Connection
from typing import NamedTuple

from ..model.work import Job, Project
from .answer import pack
from .capture import FileCapture
from .fence import Fence
from .imports import install
from .processes import own_session
from .progress import ProgressWriter
from .task import run_batch


class Setup(NamedTuple):
    """What a worker is told when it starts."""

    project: Project
    folder: str  # temporary, of the run
    log: str  # path of the slot's log file
    progress: str  # path of the slot's progress file
    unset: tuple[str, ...]  # environment variables that served the start alone


_UNLIMITED = contextlib.nullcontext()  # the parent watches the clock, and kills


class _Seat:
    """The `Host` of a worker process."""

    interruptible = False

    def __init__(self, setup: Setup) -> None:
        self.scratch: str | None = setup.folder
        self.progress = ProgressWriter(setup.progress)
        self.capture = FileCapture(setup.log)
        self.fence = Fence()

    def begin(self, position: int, job: Job) -> None:
        self.progress.task(position)
        self.capture.begin()
        self.fence.begin(job)

    def enter(self, job: Job) -> None:
        self.fence.enter(job)

    def limited(self, job: Job) -> contextlib.AbstractContextManager[None]:
        return _UNLIMITED

    def leave(self, job: Job) -> None:
        self.fence.leave(job)

    def end(self, mask: Callable[[str], str]) -> str:
        return self.capture.end(mask)


_seat: _Seat | None = None


def start(setup: Setup, life: Connection) -> None:
    """The initializer. ``life`` is a pipe that ends when the parent is gone, however it went."""
    global _seat
    own_session()
    threading.Thread(target=_die_with, args=(life, setup.folder), name="prun-life", daemon=True).start()
    for name in setup.unset:
        os.environ.pop(name, None)
    # loky made itself the start method, which the children of a task would not know
    multiprocessing.set_start_method(None, force=True)
    # a worker that loky finds to have grown would leave by itself, and want to be started again
    setattr(import_module("joblib.externals.loky.process_executor"), "_USE_PSUTIL", False)  # noqa: B010
    install(setup.project)
    os.chdir(setup.project.root)
    sys.argv = [""]
    _seat = _Seat(setup)


def run(number: int, job: bytes, tasks: bytes) -> bytes:
    """A batch. Job and tasks are pickled by the parent, once; the answer holds plain values only."""
    assert _seat is not None
    _seat.progress.batch(number)
    outcomes = run_batch(_job(job), pickle.loads(tasks), _seat)
    return pack(outcomes, _seat.fence.left_running())


@lru_cache(maxsize=8)
def _job(data: bytes) -> Job:
    job: Job = pickle.loads(data)
    return job


def _die_with(life: Connection, folder: str) -> None:
    """Wait for the end of the parent; nobody else would clean up after it then."""
    try:
        life.recv_bytes()
    except (EOFError, OSError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            if os.getpgrp() == os.getpid():
                os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
