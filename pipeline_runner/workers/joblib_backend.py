"""One backend of joblib, opened: what it is asked, and what is known of its processes and of a batch."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from . import tickets
from .batch import Batch
from .capture import read_log
from .joblib_worker import Home
from .masking import masker
from .processes import ended, kill_tree
from .progress import Progress

OURS = "multiprocessing"  # of this one the processes are the run's alone
_FAREWELL = 5.0  # seconds that a backend has to end
_OUR_FAREWELL = 1.0  # and processes that are killed else

READY = object()  # heard of a backend that gives its results only when it is asked for them
OVER = object()  # heard of a future that ended, whatever else is heard


class Backend:
    """Raises whatever the backend raises. ``begin`` is called first in each process of ours."""

    def __init__(self, name: str, workers: int, begin: Callable[[], None]) -> None:
        joblib: Any = import_module("joblib")
        parallel: Any = import_module("joblib.parallel")
        self.ours = name == OURS
        self.broken: str | None = None  # why nothing more is given to it
        self.broken_at = 0.0
        # by its class: others (ray's, for one) put themselves under this name
        given = parallel.MultiprocessingBackend(initializer=begin) if self.ours else name.rpartition(":")[2]
        before = {process.pid for process in multiprocessing.active_children()}
        workers = max(2, workers)  # of one joblib would make none at all, and call in this thread
        with joblib.parallel_config(backend=given, n_jobs=workers):
            self._parallel: Any = joblib.Parallel()
            self._parallel.__enter__()
        self._backend: Any = self._parallel._backend  # it may have fallen back to another
        self._processes: dict[int | None, Any] = {}
        if self.ours:
            there = [p for p in multiprocessing.active_children() if p.pid not in before]
            self._processes = {p.pid: p for p in there if "PoolWorker" in p.name}
        self._stillborn = self.ours and len(self._processes) < workers
        if isinstance(self._backend, parallel.SequentialBackend):
            raise RuntimeError("joblib runs nothing in parallel here")
        self._backend.start_call()

    def submit(self, call: Callable[[], bytes], heard: Callable[[Any], None]) -> Any:
        """Begin a call. ``heard`` is told its result or exception, from any thread, perhaps twice."""

        def called(out: Any = None) -> None:
            if not self._backend.supports_retrieve_callback:
                heard(READY)
                return
            try:
                result = self._backend.retrieve_result_callback(out)
            except BaseException as exc:
                result = exc
            heard(result)

        future = self._backend.submit(call, callback=called)
        if hasattr(future, "add_done_callback"):  # some never call back after a worker's death
            future.add_done_callback(lambda _: heard(OVER))
        return future

    def retrieve(self, future: Any) -> Any:
        """What is to be had of a future that is over."""
        try:
            if self._backend.supports_retrieve_callback:
                return future.result()
            return self._backend.retrieve_result(future)
        except BaseException as exc:
            return exc

    # ---- processes -----------------------------------------------------------------------------------

    def alive(self, pid: int) -> bool:
        """Whether a worker on this machine lives, as far as can be known."""
        if (process := self._known(pid)) is not None:
            return process.exitcode is None
        if self.ours or os.name == "nt":
            return not self.ours  # Windows tells nobody of processes of others
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass
        return True

    def exitcode(self, pid: int) -> int | None:
        process = self._known(pid)
        return None if process is None else process.exitcode

    def decay(self) -> str | None:
        """Why a process of ours ended, though nobody asked it to; None as long as all live."""
        codes = [p.exitcode for p in self._processes.values() if p.exitcode is not None]
        return ended(codes[0] if codes else None) if codes or self._stillborn else None

    def kill(self, pid: int) -> None:
        """One of ours, with its children."""
        kill_tree(pid, not self.alive(pid))

    def _known(self, pid: int) -> Any:
        if self.ours and pid not in self._processes:  # the pool put it in a dead one's place
            self._processes.update({p.pid: p for p in multiprocessing.active_children() if p.pid == pid})
        return self._processes.get(pid)

    # ---- the end -------------------------------------------------------------------------------------

    def close(self, *, abort: bool = False) -> None:
        """``abort``: calls still run whose results nobody wants."""
        ending = threading.Thread(target=self._end, args=(abort,), name="prun-farewell", daemon=True)
        ending.start()
        ending.join(_OUR_FAREWELL if self.ours else _FAREWELL)  # one that hangs, hangs alone
        for pid, process in self._processes.items():
            if pid is not None and process.exitcode is None:
                kill_tree(pid)

    def _end(self, abort: bool) -> None:
        if abort:
            with contextlib.suppress(Exception):
                self._backend.abort_everything(ensure_ready=False)
        for end in (self._backend.stop_call, lambda: self._parallel.__exit__(None, None, None)):
            with contextlib.suppress(Exception):
                end()


class Flight:
    """A batch at a backend."""

    def __init__(self, batch: Batch, backend: Backend, home: Home, tries: int) -> None:
        self.batch = batch
        self.backend = backend
        self.home = home
        self.ticket = home.ticket(batch.number)
        self.tries = tries
        self.future: Any = None
        self.landed: float | None = None  # when it was seen that there is nothing more to wait for

    def seen(self) -> tickets.Seen | None:
        return tickets.look(self.ticket)

    def running(self) -> Progress | None:
        """Which task of the batch runs, and since when."""
        seen = self.seen()
        if seen is None or seen.over or seen.position < 0:
            return None
        return Progress(self.batch.number, seen.position, seen.since)

    @property
    def log(self) -> str:
        """Where the text is that its worker prints."""
        seen = self.seen() if self.backend.ours else None
        return self.home.log(seen.pid) if seen is not None else ""

    def printed(self) -> str:
        job = self.batch.job
        return read_log(self.log, masker(job.secrets, job.project.root))
