"""The worker process of a slot: set up once, then batch after batch."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection

from ..model.work import Job
from .answer import pack
from .breakpoints import refuse_breakpoints
from .capture import FileCapture
from .fence import Fence
from .imports import install
from .mail import Setup, receive, send
from .parcels import Receiver
from .processes import end_orphan, own_session
from .progress import ProgressWriter
from .task import run_batch

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


def main(
    setup: Setup, unset: Iterable[str], calls: Connection, answers: Connection, life: Connection
) -> None:
    """All of a worker's life. ``life`` is a pipe that ends when the parent is gone, however it went.

    ``unset``: environment variables that served the start alone.
    """
    for name in unset:
        os.environ.pop(name, None)
    # loky made itself the start method, which the children of a task would not know
    multiprocessing.set_start_method(None, force=True)
    seat = _begin(setup, life)
    parcels = Receiver()
    while True:
        try:
            message = receive(calls)
        except (EOFError, OSError):
            gc.freeze()  # the interpreter's end would look through everything for garbage, several times
            return
        number, job, tasks = parcels.unpack(message)
        seat.progress.batch(number)
        outcomes = run_batch(job, tasks, seat)
        # the answer holds plain values only
        send(answers, pack(outcomes, seat.fence.left_running()), setup.folder)


def _begin(setup: Setup, life: Connection) -> _Seat:
    own_session()
    threading.Thread(target=_die_with, args=(life, setup.folder), name="prun-life", daemon=True).start()
    install(setup.project)
    os.chdir(setup.project.root)
    sys.argv = [""]
    refuse_breakpoints()
    seat = _Seat(setup)
    if "PYTHONFAULTHANDLER" not in os.environ:
        faulthandler.enable()  # a crash in C leaves a traceback in the log
    return seat


def _die_with(life: Connection, folder: str) -> None:
    """Wait for the end of the parent; nobody else would clean up after it then."""
    try:
        life.recv_bytes()
    except (EOFError, OSError):
        pass
    end_orphan(folder)
