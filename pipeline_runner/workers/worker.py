"""The worker process of a slot: set up once, then batch after batch."""

from __future__ import annotations

import faulthandler
import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterable
from multiprocessing.connection import Connection

from .answer import pack
from .breakpoints import refuse_breakpoints
from .capture import FileCapture
from .imports import install
from .mail import Setup, receive, send
from .parcels import Receiver
from .processes import end_orphan, own_session
from .progress import ProgressWriter
from .seat import Seat
from .task import run_batch


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
    progress = ProgressWriter(setup.progress)
    seat = _begin(setup, life, progress)
    parcels = Receiver()
    while True:
        try:
            message = receive(calls)
        except (EOFError, OSError):
            gc.freeze()  # the interpreter's end would look through everything for garbage, several times
            return
        number, job, tasks = parcels.unpack(message)
        progress.batch(number)
        outcomes = run_batch(job, tasks, seat)
        # the answer holds plain values only
        send(answers, pack(outcomes, seat.fence.left_running()), setup.folder)


def _begin(setup: Setup, life: Connection, progress: ProgressWriter) -> Seat:
    own_session()
    threading.Thread(target=_die_with, args=(life, setup.folder), name="prun-life", daemon=True).start()
    install(setup.project)
    os.chdir(setup.project.root)
    sys.argv = [""]
    refuse_breakpoints()
    seat = Seat(FileCapture(setup.log), setup.folder, progress.task)
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
