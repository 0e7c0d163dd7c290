"""A batch in a worker of a joblib backend, which may be a process of ours, a stranger's, or a thread of
the runner. What comes in and what goes back are bytes: a backend pickles, unpickles and logs what it likes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import pickle
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..model.outcome import ErrorInfo, Failed, NotRun, Outcome
from ..model.work import Job, Project, Task
from .answer import pack
from .capture import FileCapture
from .errors import headline
from .inline_capture import ProcessCapture, ThreadCapture
from .inline_host import InProcess, Running, Surroundings
from .processes import end_orphan, own_session
from .seat import Seat
from .task import run_batch
from .tickets import Ticket

ANSWER, ERROR, NOTHING = b"a", b"e", b""


class Home(NamedTuple):
    """The pool, as its workers know it."""

    pid: int
    machine: str
    folder: str  # temporary, of the run

    def ticket(self, number: int) -> str:
        return os.path.join(self.folder, f"{number}.ticket")

    def log(self, pid: int) -> str:
        """What tasks of a process of ours print; of a stranger's there is none."""
        return os.path.join(self.folder, f"{pid}.log")


def home(folder: str) -> Home:
    """Of a pool in this process."""
    return Home(os.getpid(), platform.node(), folder)


_threads: dict[Home, Threads] = {}  # of pools in this process
# what a task prints, its environment and its folder belong to a process, not to a thread
_one = threading.Lock()
_seats: dict[Home, tuple[Seat, Surroundings]] = {}  # of a process of ours: set up once


class _Over(Exception):
    """Nobody waits for this batch any more."""


def run(home: Home, number: int, work: bytes) -> bytes:
    """The whole of what a backend is asked to call. Never raises."""
    try:
        job, tasks = pickle.loads(work)
        if home.pid == os.getpid() and home in _threads:
            with _took(home, number):
                return ANSWER + pack(_threads[home].run(job, tasks), False)
        with _one, _took(home, number) as ticket:
            return ANSWER + _run(home, ticket, job, tasks)
    except _Over:
        return NOTHING
    except BaseException as exc:
        return ERROR + headline(exc).encode("utf-8", "replace")


@contextlib.contextmanager
def _took(home: Home, number: int) -> Iterator[Ticket | None]:
    if platform.node() != home.machine:
        yield None
        return
    try:
        ticket = Ticket(home.ticket(number))
    except OSError:  # taken back, or the folder is gone with the run
        raise _Over from None
    try:
        yield ticket
    finally:
        ticket.over()


def _run(home: Home, ticket: Ticket | None, job: Job, tasks: Sequence[Task]) -> bytes:
    tell = ticket.task if ticket is not None else None
    if home in _seats:  # a process of ours
        seat, _ = _seats[home]
        seat.tell = tell
        return pack(run_batch(job, tasks, seat), seat.fence.left_running())
    surroundings = Surroundings(job.project)
    surroundings.enter()
    seat = Seat(capture := ProcessCapture(), home.folder if ticket is not None else None, tell)
    try:
        with _deaf(home):
            return pack(run_batch(job, tasks, seat), False)
    finally:
        capture.close()
        surroundings.leave(stopped=False)


@contextlib.contextmanager
def _deaf(home: Home) -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal, and what it means here the runner says."""
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid != home.pid or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ---- a process of ours ---------------------------------------------------------------------------


def begin(home: Home, project: Project, env: Mapping[str, str]) -> None:
    """The first thing in each process of a pool that is the run's alone."""
    own_session()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a forked one has the runner's handler
    threading.Thread(target=_die_with_the_runner, args=(home,), name="prun-life", daemon=True).start()
    for name, value in env.items():
        os.environ.setdefault(name, value)
    sys.argv = [""]
    surroundings = Surroundings(project)
    surroundings.enter()
    _seats[home] = Seat(FileCapture(home.log(os.getpid())), home.folder, None), surroundings
    if "PYTHONFAULTHANDLER" not in os.environ:
        faulthandler.enable()  # a crash in C leaves a traceback in the log


def _die_with_the_runner(home: Home) -> None:
    """Without it the others of the pool would keep each other's pipes open, and wait for ever."""
    runner, above = multiprocessing.parent_process(), os.getppid()
    while runner is not None and runner.is_alive() and os.getppid() == above:
        runner.join(1.0)
    end_orphan(home.folder)


# ---- a thread of the runner ----------------------------------------------------------------------


class Threads:
    """Tasks that a backend brings back to the very process of their pool, as those do that have threads."""

    def __init__(self, home: Home, backend: str, project: Project) -> None:
        self._home = home
        self._backend = backend
        self._surroundings = Surroundings(project)
        self._hosts: list[InProcess] = []
        self._abandoned = False
        self._guard = threading.Lock()
        _threads[home] = self

    def run(self, job: Job, tasks: Sequence[Task]) -> list[Outcome]:
        """In a thread of the backend."""
        if job.env:
            what = f"the backend {self._backend!r} runs tasks in threads: none has an environment of its own"
            error = ErrorInfo("input", what, hint="use --backend loky")
            return [Failed(error, 0.0) for _ in tasks]
        host = InProcess(ThreadCapture(), interruptible=False)
        with self._guard:
            if self._abandoned:
                return [NotRun() for _ in tasks]
            self._surroundings.enter()
            self._hosts.append(host)
        try:
            return host.run(job, tasks)
        finally:
            with self._guard:
                self._hosts.remove(host)

    def running(self) -> list[Running]:
        """What runs just now."""
        return [running for host in list(self._hosts) if (running := host.running) is not None]

    def abandon(self) -> None:
        """Nobody waits any longer: no further task begins."""
        with self._guard:
            self._abandoned = True
            for host in self._hosts:
                host.abandoned = True

    def close(self, *, stopped: bool) -> None:
        self.abandon()
        _threads.pop(self._home, None)
        self._surroundings.leave(stopped=stopped)
