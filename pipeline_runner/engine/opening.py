"""Opening a step: what it needs is final, so it runs, is skipped or is blocked.

Part of the state machine: as pure as the rest of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..model.event import StepExpanded, TaskFailed
from ..model.graph import Step
from ..model.outcome import BLOCKED, CANCELLED, FAILED, SKIPPED, SUCCEEDED, ErrorInfo
from . import messages as m
from .depends import gone_over, step_refs
from .rules import RUN, decide
from .step_state import CLOSED, EXPANDING, WAITING, StepState

if TYPE_CHECKING:
    from .state import State


class Opening:
    """Opens the steps of a state, fan-outs once their items are known."""

    def __init__(self, state: State) -> None:
        self._state = state

    def try_open(self, st: StepState) -> None:
        if st.phase != WAITING or st.waiting > 0 or self._state.stopping:
            return
        step = st.step
        names = [n for n in step.needs if n in self._state.steps and (n != step.follows or st.gathers)]
        others = [self._state.steps[n].outcome or "" for n in names]
        if step.follows is None or step.follows not in self._state.steps:
            self._decide(st, decide(step.trigger_rule, others))
            return
        followed = self._state.steps[step.follows]
        if followed.phase in (WAITING, EXPANDING) or (st.holds_back and followed.phase != CLOSED):
            return
        if followed.whole is not None:
            verdict = decide(step.trigger_rule, [*others, followed.whole])
            self._decide(st, SKIPPED if verdict == RUN else verdict)
            return
        st.verdicts = {s: decide(step.trigger_rule, [*others, s]) for s in (SUCCEEDED, FAILED)}
        if RUN not in st.verdicts.values():
            self._decide(st, st.verdicts[SUCCEEDED])
        else:
            self._decide(st, RUN)

    def _decide(self, st: StepState, verdict: str) -> None:
        nothing = self._gave_nothing(st.step) if verdict == RUN else None
        if verdict != RUN:
            self.decide_whole(st, verdict, "")
        elif nothing is not None:
            self.decide_whole(st, SKIPPED, f"{nothing} gave no list")
        elif st.step.fanout is not None:
            st.phase = EXPANDING
            self._state.ask(m.Expand(st.step.name, True))
        else:
            st.open(1)
            self._state.announce(StepExpanded(self._state.at, st.step.name, 1, None))
            self._state.prepare(st, [0])

    def _gave_nothing(self, step: Step) -> str | None:
        """The step, of those whose lists a fan-out goes over, that was skipped or failed as a whole."""
        for name in gone_over(step):
            source = self._state.steps.get(name)
            if source is None:
                continue
            if source.outcome == SKIPPED or (source.step.fanout is None and source.outcome != SUCCEEDED):
                return name
        return None

    def decide_whole(self, st: StepState, verdict: str, why: str) -> None:
        """Skip or block all of a step; a fan-out's tasks are named first, where they can be."""
        st.verdict = (verdict, why or self._cause(st, verdict))
        st.phase = EXPANDING
        if st.step.fanout is not None and not self._state.stopping:
            self._state.ask(m.Expand(st.step.name, False))
        else:
            self.close_whole(st)

    def close_whole(self, st: StepState, count: int | None = None) -> None:
        assert st.verdict is not None
        verdict, why = st.verdict
        st.whole = verdict
        st.open(1 if count is None else count)
        items = range(st.count)
        st.finish(items, verdict)
        self._state.announce_final(st, items, verdict, why)
        self._state.agenda.append(st)

    def expanded(self, st: StepState, count: int | None, keys: Sequence[str] | None) -> None:
        if st.phase != EXPANDING:
            return
        if st.verdict is not None:
            if count:  # one that is empty or cannot be named stands as one task
                self._state.announce(StepExpanded(self._state.at, st.step.name, count, keys))
            self.close_whole(st, count or None)
            return
        assert count is not None
        st.keys = keys
        st.open(count)
        self._state.announce(StepExpanded(self._state.at, st.step.name, count, keys))
        if st.step.follows is None:
            self._state.prepare(st, range(count))
        else:
            followed = self._state.steps[st.step.follows]
            self._state.settle(st, [k for k in range(count) if followed.is_final(k)])
        for reader in self._state.readers[st.step.name]:
            if reader.step.follows == st.step.name:
                self._state.agenda.append(reader)
        self._state.agenda.append(st)

    def failed(self, st: StepState, error: ErrorInfo) -> None:
        if st.phase != EXPANDING:
            return
        st.whole = FAILED
        st.open(1)
        st.finish([0], FAILED)
        self._state.announce(TaskFailed(self._state.at, st.step.name, 0, 1, error, 0.0))
        self._state.after_failure(st)
        self._state.agenda.append(st)

    def _cause(self, st: StepState, verdict: str) -> str:
        states = (FAILED, BLOCKED, CANCELLED) if verdict == BLOCKED else (SKIPPED,)
        for need in st.step.needs:
            if need in self._state.steps and self._state.steps[need].outcome in states:
                return need if verdict == BLOCKED else f"{need} was skipped"
        return f"trigger rule {st.step.trigger_rule}"


def barrier(step: Step) -> tuple[bool, bool]:
    """Whether a step reads the fan-out that it follows as a whole, too; and whether it waits for it.

    Names that items give by ``key:`` can be told only once all the items are there.
    """
    if step.follows is None or step.fanout is None:
        return False, False
    gathers = step.follows in step.after or any(r.name == step.follows for r in step_refs(step))
    return gathers, gathers or step.fanout.key is not None
