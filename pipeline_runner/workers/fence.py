"""A fence around each call in a worker process: the next task finds what a fresh process has."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import warnings
from typing import Any

from ..model.work import Job
from .failure import TaskError
from .randomness import Randomness

_HARMLESS = ("ExecutorManagerThread",)  # of a joblib pool, which a task leaves for the next one


class Fence:
    """Environment, working folder, import path, random state, alarms and warning filters."""

    def __init__(self) -> None:
        self._randomness = Randomness()
        self._pid = os.getpid()
        self._threads = threading.active_count()
        self._recursion = sys.getrecursionlimit()

    def begin(self, job: Job) -> None:
        """Before the user's module is imported."""
        self._randomness.before_import(_module(job))

    def enter(self, job: Job) -> None:
        self._environ = _environ()
        self._path = sys.path[:]
        self._filters = warnings.filters[:]
        self._randomness.reset(_module(job))
        for name, value in job.env.items():
            try:
                os.environ[name] = value
            except (ValueError, OSError) as exc:  # what an item's text may hold, and no environment can
                _restore_environ(self._environ)
                raise TaskError("input", f"env {name}: {value!r} cannot stand there: {exc}") from None

    def leave(self, job: Job) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # the task forked, and its child returned: there must be one answer only
        _restore_environ(self._environ)
        if sys.path != self._path:
            sys.path[:] = self._path
        if warnings.filters != self._filters:
            warnings.resetwarnings()
            warnings.filters[:] = self._filters  # type: ignore[index]
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        if not gc.isenabled():
            gc.enable()
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def left_running(self) -> bool:
        """Did tasks leave threads that keep running? Such a worker is not used again."""
        if threading.active_count() <= self._threads:
            return False
        return any(
            not t.daemon and t is not threading.main_thread() and t.name not in _HARMLESS
            for t in threading.enumerate()
        )


def _module(job: Job) -> str:
    return job.call.partition(":")[0]


def _environ() -> Any:
    raw = getattr(os.environ, "_data", None)  # a hundred times as fast as copying decoded texts
    return dict(raw) if raw is not None else os.environ.copy()


def _restore_environ(before: Any) -> None:
    raw = getattr(os.environ, "_data", None)
    if raw is None:
        if os.environ.copy() != before:
            os.environ.clear()
            os.environ.update(before)
        return
    if raw == before:
        return
    now = dict(raw)
    for key in now.keys() - before.keys():
        del os.environ[_text(key)]
    for key, value in before.items():
        if now.get(key) != value:
            os.environ[_text(key)] = _text(value)


def _text(raw: Any) -> str:
    return os.fsdecode(raw)
