"""The state machine of a run: ``advance(told) -> commands``. No I/O, no clock, no threads.

Time and chance arrive inside what it is told, so a run can be replayed. A fan-out is one
``StepState`` with a byte for each item; what it is told and asks for carries ranges of items.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from ..model.event import (
    StepFinished,
    TaskFailed,
    TasksBlocked,
    TasksCancelled,
    TasksReused,
    TasksSkipped,
    TasksStarted,
    TasksSucceeded,
)
from ..model.graph import Graph
from ..model.outcome import BLOCKED, CANCELLED, FAILED, REUSED, SKIPPED, SUCCEEDED
from . import messages as m
from .capacity import Capacity, Limits
from .losses import Losses
from .opening import Opening, barrier
from .ready import Ready
from .retry import delay_before
from .rules import RUN
from .step_state import CLOSED, EXPANDING, OPEN, WAITING, Item, StepState
from .tolerance import enough


class State:
    """A run's state. ``seconds``: what a task of each step took before, for the order of work."""

    def __init__(
        self,
        graph: Graph,
        *,
        seconds: Mapping[str, float] | None = None,
        fail_fast: bool = False,
        workers: int = 1,
        limits: Limits = Limits(),  # noqa: B008 - a value that never changes
    ) -> None:
        self.steps = {name: StepState(step) for name, step in graph.steps.items()}
        self.stopping = False
        self.cancelled = False
        self._fail_fast = fail_fast
        known = dict(seconds or {})
        for name, st in self.steps.items():
            st.pace = known.get(name)
        self._ready = Ready(graph, self.steps, known, workers, Capacity(limits))
        self.readers: dict[str, list[StepState]] = {name: [] for name in self.steps}
        for st in self.steps.values():
            st.waiting = sum(1 for n in st.step.needs if n in self.steps and n != st.step.follows)
            st.gathers, st.holds_back = barrier(st.step)
            for need in st.step.needs:
                if need in self.readers:
                    self.readers[need].append(st)
        self._same: dict[tuple[str, int], list[tuple[str, int]]] = {}
        self.opening = Opening(self)
        self._losses = Losses(self)
        self.agenda: deque[StepState] = deque()  # steps to look at again; no recursion
        self._followed: deque[tuple[StepState, Sequence[int]]] = deque()  # followers, items now final
        self._commands: list[m.Command] = []
        self.at = 0.0
        self._left = len(self.steps)  # steps that are not closed

    # ---- the surface ---------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        return self._left == 0

    @property
    def status(self) -> str:
        """Of the whole run, once it is finished: succeeded, failed or cancelled."""
        if self.cancelled:
            return CANCELLED
        bad = (FAILED, BLOCKED, CANCELLED)
        return FAILED if any(st.outcome in bad for st in self.steps.values()) else SUCCEEDED

    def advance(self, told: m.Told) -> list[m.Command]:
        """Take in what happened; answer with what is to be done, in order."""
        self._commands = []
        self.at = told.at
        match told:
            case m.Began():
                self.agenda.extend(self.steps.values())
            case m.Expanded():
                self.opening.expanded(self.steps[told.step], told.total, told.keys)
            case m.WhenFalse():
                if self.steps[told.step].phase == EXPANDING:  # not where a stop closed it meanwhile
                    self.opening.decide_whole(self.steps[told.step], SKIPPED, "when is false")
            case m.ExpandFailed():
                self.opening.failed(self.steps[told.step], told.error)
            case m.Prepared():
                self._prepared(self.steps[told.step], told)
            case m.SlotsFree():
                self._dispatch(told.slots)
            case m.BatchEnded():
                self._ready.ended(self.steps[told.step])
            case m.BatchSucceeded():
                self._succeeded(self.steps[told.step], told.items, told.seconds)
            case m.ItemFailed():
                self._failed(self.steps[told.step], told)
            case m.NotStarted():
                self._not_started(self.steps[told.step], told)
            case m.LostInputs():
                self._losses.lost(self.steps[told.step], told)
            case m.TimerFired():
                self._timer_fired(self.steps[told.step], told.item)
            case m.StopRequested():
                self.cancelled = True
                self._stop()
        while self._followed or self.agenda:
            if self._followed:
                self.settle(*self._followed.popleft())
                continue
            st = self.agenda.popleft()
            self.opening.try_open(st)
            self._try_close(st)
        return self._commands

    # ---- items ---------------------------------------------------------------------------------

    def settle(self, st: StepState, items: Iterable[int]) -> None:
        """Items of a fan-out whose followed items are final: run, skip or block them."""
        if self.stopping or st.phase != OPEN or st.whole is not None:
            return  # cancelled, or decided as a whole
        followed = self.steps[st.step.follows or ""]
        by: dict[str, list[int]] = {RUN: [], SKIPPED: [], BLOCKED: []}
        for k in items:
            if st.status[k] == Item.PENDING:
                by[self._verdict(st, followed, k)].append(k)
        if by[RUN]:
            self.prepare(st, by[RUN])
        for verdict in (SKIPPED, BLOCKED):
            if by[verdict]:
                why = followed.step.name if verdict == BLOCKED else f"{followed.step.name} gave none"
                self.final(st, by[verdict], verdict, why)

    def _verdict(self, st: StepState, followed: StepState, k: int) -> str:
        state = followed.state_of(k)
        if state in (SUCCEEDED, REUSED):
            return st.verdicts[SUCCEEDED]
        if state == SKIPPED or (state == FAILED and followed.step.on_error == "skip"):
            return SKIPPED
        return st.verdicts[FAILED]

    def prepare(self, st: StepState, items: Sequence[int], again: bool = False) -> None:
        if len(items) == 0:
            return
        st.mark(items, Item.PREPARING)
        self._commands.append(m.Prepare(st.step.name, items, again))

    def _prepared(self, st: StepState, told: m.Prepared) -> None:
        def awaited(items: Sequence[int]) -> Sequence[int]:
            ended = self.stopping or st.given_up
            return [k for k in items if st.status[k] == Item.PREPARING] if ended else items

        hits = awaited(told.hits)
        if hits:
            self.announce(TasksReused(self.at, st.step.name, hits, told.saved_s))
            self.final(st, hits, REUSED)
        if told.skipped:
            self.final(st, awaited(told.skipped), SKIPPED, "when is false")
        for k, error in told.failed:
            if st.status[k] == Item.PREPARING:
                self.announce(
                    TaskFailed(self.at, st.step.name, k, st.attempts.get(k, 0) + 1, error, 0.0,
                               None, st.step.on_error == "skip")
                )  # fmt: skip
                self.final(st, [k], FAILED)
        for k, leader in told.same:
            if st.status[k] != Item.PREPARING:
                continue
            if self.steps[leader[0]].is_final(leader[1]):  # given up, or done, since it was looked up
                self.prepare(st, [k])
                continue
            st.status[k] = Item.SAME
            self._same.setdefault(leader, []).append((st.step.name, k))
        st.revived.update(told.lost)
        misses = awaited(told.misses)
        if misses:
            st.reason = told.reason
            self._make_ready(st, misses)

    def _make_ready(self, st: StepState, items: Iterable[int]) -> None:
        for k in items:
            st.status[k] = Item.READY
            st.ready.append(k)
        self._ready.offer(st)

    def _dispatch(self, slots: int) -> None:
        for st, items in self._ready.take(slots):
            attempt = st.attempts.get(items[0], 0) + 1
            self._commands.append(m.Start(st.step.name, items, attempt))
            self.announce(TasksStarted(self.at, st.step.name, items, attempt, st.reason))

    # ---- what becomes of them -------------------------------------------------------------------

    def _succeeded(self, st: StepState, items: Sequence[int], seconds: Sequence[float]) -> None:
        self.announce(TasksSucceeded(self.at, st.step.name, items, seconds))
        st.learn(seconds)
        self.final(st, items, SUCCEEDED)

    def _failed(self, st: StepState, told: m.ItemFailed) -> None:
        k, step = told.item, st.step
        attempt = st.attempts.get(k, 0) + 1
        st.attempts[k] = attempt
        over = self.stopping or st.given_up
        wait = None if over else delay_before(step.retry, attempt, told.error, told.chance)
        tolerated = wait is None and step.on_error == "skip"
        self.announce(TaskFailed(self.at, step.name, k, attempt, told.error, told.seconds, wait, tolerated))
        if wait is None:
            self.final(st, [k], FAILED)
        else:
            st.status[k] = Item.DELAYED
            self._commands.append(m.SetTimer(step.name, k, wait))

    def _timer_fired(self, st: StepState, k: int) -> None:
        if st.status[k] == Item.DELAYED:
            st.alone.add(k)
            self._make_ready(st, [k])

    def _not_started(self, st: StepState, told: m.NotStarted) -> None:
        if self.stopping or st.given_up:
            self.cancel(st, told.begun, running=True)
            self.cancel(st, [k for k in told.items if k not in told.begun])
            return
        st.alone.update(told.items)
        self._make_ready(st, told.items)

    def final(self, st: StepState, items: Sequence[int], state: str, why: str = "") -> None:
        st.finish(items, state)
        if state in (SKIPPED, BLOCKED):
            self.announce_final(st, items, state, why)
        if state == FAILED:
            self.after_failure(st)
        for reader in self.readers[st.step.name]:
            if reader.step.follows == st.step.name and reader.phase == OPEN:
                self._followed.append((reader, items))
        if self._same or self._losses.waiting:
            for k in items:
                self._wake(st, k, state in (SUCCEEDED, REUSED))
        if st.left == 0:
            self.agenda.append(st)

    def _wake(self, st: StepState, k: int, good: bool) -> None:
        """Tasks that waited for this one: those with the same key, and those that read it."""
        for name, j in self._same.pop((st.step.name, k), ()):
            if self.steps[name].status[j] == Item.SAME:
                self.prepare(self.steps[name], [j])
        self._losses.made_again(st, k, good)

    def _try_close(self, st: StepState) -> None:
        if st.phase != OPEN or st.left > 0:
            return
        followed = self.steps.get(st.step.follows or "")
        if st.whole is None and followed is not None and followed.phase != CLOSED:
            return  # its outcome depends on the other's
        st.close(followed.outcome if followed is not None else None)
        self._left -= 1
        self.announce(StepFinished(self.at, st.step.name, st.outcome_shown))
        for reader in self.readers[st.step.name]:
            if reader.phase == WAITING:
                if reader.step.follows != st.step.name:
                    reader.waiting -= 1
                self.agenda.append(reader)
            elif reader.step.follows == st.step.name:
                self.agenda.append(reader)

    def reopen(self, st: StepState, k: int) -> None:
        """An item that was final is computed again: who has not started yet waits for it anew."""
        if st.phase == CLOSED:
            self._left += 1
            for reader in self.readers[st.step.name]:
                reader.waiting += reader.phase == WAITING and reader.step.follows != st.step.name
        st.reopen(k)
        self.prepare(st, [k], again=True)

    # ---- stopping --------------------------------------------------------------------------------

    def after_failure(self, st: StepState) -> None:
        if not st.given_up and enough(st.step, st.tally[FAILED], st.count):
            self._give_up(st)
        if self._fail_fast and not self.stopping and (st.given_up or st.step.on_error != "skip"):
            self._stop()

    def _give_up(self, st: StepState) -> None:
        """Start no more of a fan-out; what runs may end."""
        st.given_up = True
        st.ready.clear()
        self.cancel(st, st.idle(), f"too many failed: {st.tally[FAILED]} of {st.count}")

    def _stop(self) -> None:
        if self.stopping:
            return
        self.stopping = True
        self._ready.clear()
        for st in self.steps.values():
            if st.phase in (WAITING, EXPANDING):
                st.verdict = (CANCELLED, "")
                self.opening.close_whole(st)
            elif st.phase == OPEN:
                st.ready.clear()
                self.cancel(st, st.idle())

    def cancel(self, st: StepState, items: Sequence[int], why: str = "", *, running: bool = False) -> None:
        if len(items):
            self.announce(TasksCancelled(self.at, st.step.name, items, why, running))
            self.final(st, items, CANCELLED)

    # ---- telling ---------------------------------------------------------------------------------

    def ask(self, command: m.Command) -> None:
        self._commands.append(command)

    def announce(self, event: object) -> None:
        self._commands.append(m.Announce(event))  # type: ignore[arg-type]

    def announce_final(self, st: StepState, items: Sequence[int], state: str, why: str) -> None:
        name = st.step.name
        if state == SKIPPED:
            self.announce(TasksSkipped(self.at, name, items, why))
        elif state == BLOCKED:
            self.announce(TasksBlocked(self.at, name, items, why))
        elif state == CANCELLED:
            self.announce(TasksCancelled(self.at, name, items, why))
