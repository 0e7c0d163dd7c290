"""Two runs over one local store: a task that one of them computes is awaited by the other.

Who computes a task holds its lock (``store/locks.py``) until its entry is committed. Who finds it held
waits, holding none itself, so nobody waits in a circle; then the entry is most likely there. The lock
of a process that dies is free at once.

Tasks that come in batches are too short for that: taking a lock costs 30 us, computing one twice costs
at most a tenth of a second (``engine.priority.BATCH_SECONDS``), so they take none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from ..model.artifact import Entry
from ..model.work import Job, Task

if TYPE_CHECKING:
    from ..store.locks import Held, Locks
    from .stores import WorkerStore

_FIRST = 0.005  # seconds between two looks, growing
_LAST = 0.2
_SLACK = 2.0  # an entry is committed a moment after it was made


class Claims:
    """The lock of the task that a worker computes: at most one at a time."""

    def __init__(self, job: Job, store: WorkerStore, tasks: Sequence[Task]) -> None:
        self._job = job
        self._store = store
        self._held: Held | None = None
        alone = len(tasks) == 1 and job.kind == "call" and not job.replace
        cached = not tasks[0].key.recipe.startswith("run-")  # else cache: false
        self._locks = store.locks if alone and cached else None

    def take(self, task: Task) -> Entry | None:
        """Hold the task's lock, or give the entry that another run has made meanwhile."""
        if self._locks is None:
            return None
        try:
            self._held = self._wait(self._locks, f"{task.key.recipe}-{task.key.args}")
            if self._held is None:
                return None
            found = self._store.made_since(task.key, _began(self._job.run) - _SLACK)
        except Exception:  # then it is computed, at worst twice
            return None
        if found is not None:
            self.release()
        return found

    def release(self) -> None:
        """Once the entry is committed, or there will be none."""
        if self._held is not None:
            held, self._held = self._held, None
            held.release()

    def _wait(self, locks: Locks, name: str) -> Held | None:
        """The lock; None if it is held for longer than the task itself may take."""
        held = locks.take(name)
        if held is not None:
            return held
        limit = self._job.timeout
        end = None if limit is None else time.monotonic() + limit + 5.0
        pause = _FIRST
        while end is None or time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST)
            held = locks.take(name)
            if held is not None:
                return held
        return None


@lru_cache(maxsize=4)
def _began(run: str) -> float:
    """When a run began, from its id; what was there before then, the run has seen itself."""
    try:
        parts = [int(run[i:j]) for i, j in ((0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15))]
        return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]
    except ValueError:
        return 0.0
