"""What a run may use at once: processors, memory, graphics processors, named pools.

A task takes the same of each resource from its start to its end; a batch of tiny tasks takes as
much as one task, because its tasks run one after the other. Amounts are whole numbers (thousandths,
or bytes), so that nothing is lost by adding and taking away.

Nobody starves. Where the first step in the order of work finds too little of a resource, that
resource is kept for it from then on: those behind it may pass by, but not with what it waits for.
What it found enough of is free for all until it is missing, too. So all that it needs is there as
soon as tasks that ran already have ended, and a crowd of small tasks cannot hold up a big one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

THOUSANDTHS = 1000


class Limits(NamedTuple):
    """How much there is of each resource that is limited, and what a task of each step takes."""

    totals: Mapping[str, int] = {}
    takes: Mapping[str, Mapping[str, int]] = {}  # step -> resource -> amount, above 0 and never above all


class Capacity:
    """What is free now."""

    def __init__(self, limits: Limits) -> None:
        self.free = dict(limits.totals)
        self._takes = limits.takes
        self._kept: dict[str, set[str]] = {}  # step -> what is kept for it
        self._ahead: list[str] = []  # steps that wait, in the order of work

    def review(self) -> None:
        """The ready steps are gone through again, from the first on."""
        self._ahead = []

    def admits(self, step: str) -> bool:
        """Whether a task of the step may start now; if not, what it lacks is kept for it."""
        takes = self._takes.get(step)
        if not takes:
            return True
        lacking = [r for r, amount in takes.items() if self.free[r] < amount]
        if not lacking and not any(self._robs(takes, other) for other in self._ahead):
            return True
        self._ahead.append(step)
        self._kept.setdefault(step, set()).update(lacking)
        return False

    def take(self, step: str) -> None:
        """A batch of the step starts."""
        self._kept.pop(step, None)
        for resource, amount in self._takes.get(step, {}).items():
            self.free[resource] -= amount

    def give_back(self, step: str) -> None:
        """A batch of the step has ended."""
        for resource, amount in self._takes.get(step, {}).items():
            self.free[resource] += amount

    def forget(self, step: str) -> None:
        """The step has nothing to start any more."""
        self._kept.pop(step, None)

    def _robs(self, takes: Mapping[str, int], other: str) -> bool:
        """Whether a start would take what is kept for another."""
        wanted = self._takes[other]
        return any(r in takes and self.free[r] - takes[r] < wanted[r] for r in self._kept.get(other, ()))
