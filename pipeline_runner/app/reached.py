"""What a run that goes on has reached: noted now and then, so that `prun cache gc` leaves it alone.

The record of a run has its tasks' keys when it ends. A run of hours reuses entries that no other
run may lead to any more; their keys are noted beside the record, seldom and in growing steps, so
that it costs nothing worth naming.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..model.event import TasksReused, TasksStarted

if TYPE_CHECKING:
    from ..engine.results import StepResult
    from ..store.store import Store

FIRST = 5.0  # seconds into the run; shorter ones note nothing, but what they reuse before they compute
FEW = 10_000  # reused tasks up to which that takes no time
EVERY = 60.0
_SHARE = 50  # at least this many times what a note takes lies between two


class Reached:
    """An observer."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        results: Mapping[str, StepResult],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._run = run_id
        self._results = results
        self._now = now
        self._next = now() + FIRST
        self._noted = False
        self._reused = 0
        self._cheap = store.files.is_local  # to note at once what is relied on; far away it takes a trip

    def __call__(self, event: Any) -> None:
        if isinstance(event, TasksReused):
            self._reused += len(event.items)
        elif isinstance(event, TasksStarted) and self._cheap and 0 < self._reused <= FEW:
            self._cheap = False
            self.note()
            return
        if self._now() >= self._next:
            self.note()

    def note(self) -> None:
        began = self._now()
        keys = [list(key) for result in self._results.values() for key in result.table.cache_keys()]
        try:
            self._store.runs.write_json(self._run, "reached", keys)
            self._noted = True
        except StoreError:  # a full disk: the run has better things to say
            pass
        ended = self._now()
        self._next = ended + max(EVERY, (ended - began) * _SHARE)

    def close(self) -> None:
        """The run is over: its record has everything."""
        if self._noted:
            try:
                self._store.files.delete(f"runs/{self._run}/reached.json")
            except StoreError:
                pass
