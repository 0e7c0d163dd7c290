"""A run that has no record of its end: it goes on, or was killed. Its events and notes tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..model.event import TasksStarted
from ..model.names import task_id
from ..model.outcome import SUCCEEDED
from .reached import NOTES
from .record import Account
from .runner import RUNNING
from .step_record import StepAbout, read_steps

if TYPE_CHECKING:
    from ..model.event import Event
    from ..store.store import Store


class Unfinished:
    """``whole`` has what a record has, ``steps`` likewise."""

    def __init__(self, head: Mapping[str, Any], store: Store, events: Iterable[Event]) -> None:
        self.run = str(head["run_id"])
        self.store = store
        notes = store.runs.read_json(self.run, NOTES)
        self._notes: Mapping[str, Any] = notes if isinstance(notes, dict) else {}
        account = Account()
        self.started: dict[str, set[int]] = {}
        for event in events:
            account(event)
            if isinstance(event, TasksStarted):
                account.step(event.step).put(event.items, "")
                self.started.setdefault(event.step, set()).update(event.items)
        known = {name: self._notes[name] for name in ("graph", "params") if name in self._notes}
        self.whole: Mapping[str, Any] = {**head, **known, **account.to_json({})}

    @cached_property
    def steps(self) -> Mapping[str, Mapping[str, Any]]:
        noted = read_steps(self._notes)
        return {
            name: _Step(self, name, about, noted.get(name, {})) for name, about in self.whole["steps"].items()
        }

    def made(self, step: str) -> Mapping[str, Sequence[str]]:
        """What this run itself computed, by the task's id. An entry says which run made it."""
        recipe = (self._notes.get("recipes") or {}).get(step) or f"run-{self.run}"
        entries = self.store.recipe_entries(recipe)
        return {entry.task: list(entry.key) for entry in entries if entry.run == self.run}


class _Step(StepAbout):
    """A step's tasks as far as they came. Which entries they led to is found out when it is asked for."""

    def __init__(
        self, run: Unfinished, name: str, written: Mapping[str, Any], noted: Mapping[str, Any]
    ) -> None:
        super().__init__(lambda: {**written, "shape": noted.get("shape")})
        self._run = run
        self._name = name
        self._noted = noted

    def __getitem__(self, field: str) -> Any:
        if field == "entries":
            return self._entries
        return self._states if field == "states" else super().__getitem__(field)

    @cached_property
    def _states(self) -> Sequence[str]:
        started = self._run.started.get(self._name, ())
        states = super().__getitem__("states")
        return [RUNNING if not state and k in started else state for k, state in enumerate(states)]

    @cached_property
    def _entries(self) -> Sequence[Any]:
        states, keys = self["states"], self["keys"]
        found = list(self._noted.get("entries") or ())[: len(states)]
        found += [None] * (len(states) - len(found))
        if any(state == SUCCEEDED and key is None for state, key in zip(states, found, strict=True)):
            made = self._run.made(self._name)
            for k, state in enumerate(states):
                if state == SUCCEEDED:
                    found[k] = made.get(task_id(self._name, keys[k] if keys else None), found[k])
        return found
