"""What a run that goes on has reached: noted now and then, beside its record, which is written at its end.

So `prun cache gc` leaves alone what a run of hours reuses and no other run may lead to any more; and of a
run that was killed `prun debug` and `prun show` still know the pipeline, its params and what its tasks led
to. Notes are made seldom and in growing steps, so that they cost nothing worth naming; a run that
computes nothing makes none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..model.artifact import CacheKey
from ..model.event import TasksReused, TasksStarted
from .step_record import read_steps, write_entries

if TYPE_CHECKING:
    from ..engine.results import StepResult
    from ..store.store import Store
    from .recipes import Recipes
    from .record import Recorder

NOTES = "reached"  # the file's name
FIRST = 5.0  # seconds into the run, where nothing was computed until then
FEW = 10_000  # tasks up to which a note takes no time
SOON = 2.0  # after another note, where more was reused since: nothing else tells which entries these are
EVERY = 60.0
_SHARE = 50  # at least this many times what a note takes lies between two


class Reached:
    """An observer. ``about`` gives what is noted of the run as a whole; asked once."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        results: Mapping[str, StepResult],
        about: Callable[[], Mapping[str, Any]] = dict,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._run = run_id
        self._results = results
        self._about = about
        self._known: Mapping[str, Any] | None = None
        self._now = now
        self._next = self._soon = now() + FIRST
        self._noted = False
        self._more = False  # was reused since the last note
        self._cheap = store.files.is_local  # to note at once what is relied on; far away it takes a trip

    def __call__(self, event: Any) -> None:
        if isinstance(event, TasksReused):
            self._more = True
        elif isinstance(event, TasksStarted) and self._cheap:
            self._cheap = False
            if sum(len(result.table) for result in self._results.values()) <= FEW:
                self.note()
                return
        self.look()

    def look(self) -> None:
        """Note if it is time."""
        if self._now() >= (self._soon if self._more else self._next):
            self.note()

    def note(self) -> None:
        began = self._now()
        if self._known is None:
            self._known = self._about()
        steps = {name: _noted(result) for name, result in self._results.items() if result.table.count}
        try:
            self._store.runs.write_json(self._run, NOTES, {**self._known, "steps": steps})
            self._noted = True
        except StoreError:  # a full disk: the run has better things to say
            pass
        self._more = False
        ended = self._now()
        pause = (ended - began) * _SHARE
        self._next, self._soon = ended + max(EVERY, pause), ended + max(SOON, pause)

    def close(self) -> None:
        """The run is over: its record has everything."""
        if self._noted:
            try:
                self._store.files.delete(f"runs/{self._run}/{NOTES}.json")
            except StoreError:
                pass


def begun(recorder: Recorder, recipes: Recipes) -> dict[str, Any]:
    """What is known of a run as a whole before it ends."""
    cached = [name for name, step in recorder.graph.steps.items() if step.cache.enabled]
    return {**recorder.made_of, "recipes": {name: recipes.recipe(name).digest for name in cached}}


def keys_noted(notes: Any) -> Iterator[CacheKey]:
    """The keys of the entries that a run has reached."""
    if isinstance(notes, dict):
        for about in read_steps(notes).values():
            yield from (CacheKey(*key) for key in about["entries"] if key)


def _noted(result: StepResult) -> dict[str, Any]:
    shape = result.items.shape if result.items is not None else None
    return {"entries": write_entries(result.table), "shape": list(shape) if shape is not None else None}
