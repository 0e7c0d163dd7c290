"""Whether the process that makes a run is still there.

A run that goes on has the status "running", and one that was killed keeps it. So the runner holds a
lock of the system while it lives; where such a lock tells nothing (another machine, a store that is
no folder) it leaves a sign of life now and then.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import StoreError

if TYPE_CHECKING:
    from ..store.locks import Held
    from ..store.store import Store

RUNNING, KILLED = "running", "killed"
BEAT_SECONDS = 30.0
SILENT_SECONDS = 180.0  # without a sign of life for so long, nobody is there; clocks differ a little
_SIGN = "alive"


class Runner:
    """Held by the process that makes a run, from before its record begins until after it ends."""

    def __init__(self, store: Store, run_id: str, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._run = run_id
        self._now = now
        self._next = now() + BEAT_SECONDS
        self._beaten = False
        locks = store.locks
        self._held: Held | None = locks.take(_lock_name(run_id)) if locks is not None else None
        self._runs = frozenset(store.files.list("runs")) if store.files.is_local else frozenset()
        self._met = self._others_go_on()

    def beat(self) -> None:
        """Leave a sign of life, if it is time; cheap enough to be called always."""
        now = self._now()
        if now < self._next:
            return
        self._next = now + BEAT_SECONDS
        with suppress(StoreError, OSError):
            self._store.runs.write_json(self._run, _SIGN, {"at": now})
            self._beaten = True

    def was_alone(self) -> bool:
        """Whether no other run over the (local) store went on since this one began, as far as is known."""
        store = self._store
        if self._met or not store.files.is_local:
            return False
        return set(store.files.list("runs")) <= {*self._runs, self._run} and not self._others_go_on()

    def _others_go_on(self) -> bool:
        locks = self._store.locks
        if locks is None:
            return False
        mine, others = _lock_name(self._run), _lock_name("")
        for name in self._store.files.list("locks"):
            if name.startswith(others) and name != mine:
                held = locks.take(name)
                if held is None:
                    return True
                held.release()  # its run was killed
        return False

    def close(self) -> None:
        """The run is over, and its record says so."""
        if self._beaten:
            with suppress(StoreError, OSError):
                self._store.files.delete(f"runs/{self._run}/{_SIGN}.json")
        if self._held is not None:
            self._held.release()
            self._held = None


def status_now(record: Mapping[str, Any], store: Store, *, now: float | None = None) -> str:
    """A run's status: as recorded, but "killed" for one that goes on without anybody to end it."""
    status = str(record["status"])
    if status != RUNNING or _is_there(record, store, time.time() if now is None else now):
        return status
    again = store.runs.read_json(record["run_id"], "run")  # it may have ended between two looks
    status = str(again["status"]) if again is not None else RUNNING
    return KILLED if status == RUNNING else status


def _is_there(record: Mapping[str, Any], store: Store, now: float) -> bool:
    from ..store.locks import FileLock

    run_id = str(record["run_id"])
    locks = store.locks
    held = locks.take(_lock_name(run_id)) if locks is not None else None
    if locks is not None and held is None:
        return True
    if held is not None:
        held.release()
    if isinstance(held, FileLock) and record.get("host") == host_name():
        return False
    sign = store.runs.read_json(run_id, _SIGN)
    last = sign["at"] if isinstance(sign, dict) and "at" in sign else record["started"]
    return bool(now - float(last) < SILENT_SECONDS)


def _lock_name(run_id: str) -> str:
    return f"run-{run_id}"


def host_name() -> str:
    """This machine's, so that a lock that is free can be told from one that never worked."""
    uname = getattr(os, "uname", None)
    return str(uname().nodename) if uname is not None else os.environ.get("COMPUTERNAME", "")
