"""How the steps of a plan may end, and what trigger rules make of that."""

from __future__ import annotations

from collections.abc import Collection

from ..model.graph import Step
from ..model.outcome import FAILED, SKIPPED, SUCCEEDED
from . import rules
from .opening import barrier


class Prospects:
    """A plan takes it that what has to run succeeds, and says what else may come of it."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}  # of the steps planned so far
        self.unsure: set[str] = set()  # may end otherwise than ``states`` says
        self.skippable: set[str] = set()  # may be skipped even though nothing fails

    def clear(self) -> None:
        self.states.clear()
        self.unsure.clear()
        self.skippable.clear()

    def verdict(self, step: Step, followed: str | None = None) -> str:
        """What the trigger rule says, if need be of needs that end otherwise than they are planned to.

        ``followed``: how the item ends that an item of this step follows.
        """
        verdict = SKIPPED
        for other in (SUCCEEDED, FAILED, SKIPPED):
            needs = step.needs if followed is None else _decided_first(step)
            states = [other if n in self.unsure else self.states.get(n, SUCCEEDED) for n in needs]
            if followed is not None:
                states.append(followed)
            verdict = rules.decide(step.trigger_rule, states)
            if verdict == rules.RUN or self.unsure.isdisjoint(step.needs):
                break
        return verdict

    def certain(self, step: Step, followed: Collection[str] = (SUCCEEDED, FAILED)) -> bool:
        """Whether the rule lets it run as long as nothing fails that is not ``followed``."""
        return all(self._runs(step, skipped, followed) for skipped in ((), self.skippable))

    def asked_by_item(self, step: Step) -> bool:
        """Whether a rule that skips is asked for each item that is followed: one that failed would run."""
        return step.follows is not None and self._runs(step, (), (FAILED,))

    def blame(self, step: Step) -> list[str]:
        """Of what a step needs: what has to run before its rule can be told."""
        return [name for name in step.needs if name in self.unsure]

    def _runs(self, step: Step, skipped: Collection[str], followed: Collection[str]) -> bool:
        states = {n: SKIPPED if n in skipped else self.states.get(n, SUCCEEDED) for n in step.needs}
        if step.follows is None:
            return rules.decide(step.trigger_rule, list(states.values())) == rules.RUN
        if states[step.follows] == SKIPPED:
            return False  # there is no item to follow
        others = [states[n] for n in _decided_first(step)]
        return any(rules.decide(step.trigger_rule, [*others, state]) == rules.RUN for state in followed)


def _decided_first(step: Step) -> list[str]:
    """What must be final before a rule is asked for each item that is followed."""
    gathers, _ = barrier(step)
    return [n for n in step.needs if n != step.follows or gathers]
