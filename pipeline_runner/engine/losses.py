"""Results that were lost from the store: who gave them runs again, then who reads them.

Part of the state machine: as pure as the rest of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..model.event import InputsLost, TaskFailed
from ..model.names import task_id
from ..model.outcome import BLOCKED, FAILED, REUSED, SUCCEEDED, ErrorInfo
from . import messages as m
from .step_state import CLOSED, EXPANDING, WAITING, Item, StepState

if TYPE_CHECKING:
    from .state import State

MAX_LOSSES = 3  # how often one result may be lost for one task before the task is given up

_Task = tuple[str, int]


class Losses:
    """Which tasks wait for results to be made again, and how often each was lost."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: dict[_Task, list[_Task]] = {}  # a producer -> who waits for it
        self._count: Counter[tuple[_Task, _Task]] = Counter()  # (reader, producer)

    @property
    def waiting(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def lost(self, st: StepState, told: m.LostInputs) -> None:
        """A task (or, as item -1, the items of a fan-out) could not read what others gave."""
        state, item = self._state, told.item
        if st.is_final(item) if item >= 0 else st.phase != EXPANDING:
            return  # a stop or another loss was faster
        losses = self._counted(told)
        if state.stopping or st.given_up:
            state.cancel(st, [item] if item >= 0 else [])
            return
        if not told.producers or losses > MAX_LOSSES:
            self._give_up(st, item)
            return
        gone = [n for n, k in told.producers if state.steps[n].state_of(k) not in (None, SUCCEEDED, REUSED)]
        if item >= 0 and gone:  # run again for another reader, in vain
            state.final(st, [item], BLOCKED, gone[0])
            return
        if item < 0:  # its items could not be found: it waits for the producers as at first
            st.phase = WAITING
            lost = {n for n, _ in told.producers if n != st.step.follows}
            st.waiting += sum(state.steps[n].phase != CLOSED for n in lost)
        else:
            st.status[item] = Item.REVIVING
        names = [self._make_again(producer, (told.step, item)) for producer in told.producers]
        if item < 0:
            state.agenda.append(st)  # where all of them are final already
        state.announce(InputsLost(state.at, told.step, item, tuple(names), told.damaged))

    def _counted(self, told: m.LostInputs) -> int:
        """How often one of them was lost: each counts by itself, for many may be found one by one."""
        reader = (told.step, told.item)
        for producer in told.producers:
            self._count[reader, producer] += 1
        return max((self._count[reader, producer] for producer in told.producers), default=0)

    def _give_up(self, st: StepState, item: int) -> None:
        state = self._state
        error = ErrorInfo("input", "its inputs are lost from the store again and again")
        if item < 0:
            state.opening.failed(st, error)
            return
        state.announce(TaskFailed(state.at, st.step.name, item, 1, error, 0.0))
        state.final(st, [item], FAILED)

    def _make_again(self, task: _Task, reader: _Task) -> str:
        """Run a producer again, if it does not run already; its id."""
        name, k = task
        if reader[1] >= 0:
            self._waiting.setdefault(task, []).append(reader)
        producer = self._state.steps[name]
        if producer.state_of(k) in (SUCCEEDED, REUSED):
            self._state.reopen(producer, k)
        return task_id(name, producer.keys[k] if producer.keys else None)

    def made_again(self, st: StepState, k: int, good: bool) -> None:
        """A task is final: those that waited for it go on."""
        state = self._state
        for name, j in self._waiting.pop((st.step.name, k), ()):
            reader = state.steps[name]
            if reader.status[j] != Item.REVIVING:
                continue
            if not good:
                state.final(reader, [j], BLOCKED, st.step.name)
            elif not any((name, j) in waiting for waiting in self._waiting.values()):
                # one whose own result was lost may neither reuse it nor wait for an equal task, which
                # could be waiting for it
                state.prepare(reader, [j], again=j in reader.revived)
