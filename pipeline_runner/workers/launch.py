"""Starting a worker: a process of loky, and the pipes that lead to it.

loky, joblib's pool of processes, gives a fresh interpreter, neither a fork nor the caller's ``__main__``, on
every system. The package of its own is meant, not the copy inside joblib: with that one the runner, loky's
tracker and every worker would import all of joblib and numpy, some 0.13 s each, before the first task.
Its executors stay out of it: they would hand each task and each answer through two threads of ours and two
of theirs.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from .mail import Setup, receive, send

# no module of the working folder may stand in the way: a project may have a ``loky.py``, or a ``random.py``
_SAFE = "PYTHONSAFEPATH"


class Process:
    """A worker process as its parent sees it."""

    def __init__(self, folder: str, setup: Setup, env: Mapping[str, str]) -> None:
        context: Any = import_module("loky.backend").get_context("loky")
        _start_trackers()
        self._folder = folder
        calls, self._calls = context.Pipe(duplex=False)
        self.answers, answers = context.Pipe(duplex=False)
        life, self._life = context.Pipe(duplex=False)  # ends when we do, however we go
        theirs: tuple[Connection, ...] = (calls, answers, life)
        safe = {} if _SAFE in os.environ else {_SAFE: "1"}
        self._process = context.Process(target=_main, args=(setup, tuple(safe), *theirs), env={**env, **safe})
        try:
            self._process.start()
        except BaseException:
            self.close()
            raise
        finally:
            for end in theirs:  # or a pipe would not end with the worker
                end.close()
        self.pid: int = self._process.pid

    def send(self, message: bytes) -> None:
        """Raises ``OSError`` if the process is gone."""
        send(self._calls, message, self._folder)

    def receive(self) -> bytes:
        """What it answered; ``OSError`` or ``EOFError`` if it died before."""
        return receive(self.answers)

    @property
    def gone(self) -> bool:
        return self._process.exitcode is not None

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None if it still runs by then."""
        end = time.monotonic() + seconds
        while (code := self._process.exitcode) is None and time.monotonic() < end:
            time.sleep(0.001)  # joining would wait for the children of a killed worker, which hold its pipe
        return None if code is None else int(code)

    def retire(self) -> None:
        """Let it end: nothing more will be sent."""
        self._calls.close()

    def close(self) -> None:
        for end in (self._calls, self.answers, self._life):
            end.close()


def _main(*args: Any) -> None:
    """In the worker, which alone needs to import what it does."""
    from .worker import main

    main(*args)


def _start_trackers() -> None:
    """Start the two processes that loky and Python keep to clean up after workers that died.

    They would start with the first worker, and take the processors from it while it starts. With a lower
    priority they do not; and on Linux a thread has its own, from which its child processes have theirs.
    """

    def start() -> None:
        with suppress(OSError):  # the worker's start will say it
            if sys.platform == "linux":
                os.nice(10)
            for package in packages:
                import_module(f"{package}.resource_tracker").ensure_running()

    packages = ("loky.backend", "multiprocessing") if os.name == "posix" else ("loky.backend",)
    thread = threading.Thread(target=start, name="prun-trackers")
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"  # they take their environment from us
    try:
        thread.start()
        thread.join()
    finally:
        if before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = before
