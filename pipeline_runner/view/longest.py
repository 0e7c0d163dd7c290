"""The longest path of a plan: how long it takes however many workers there are, and for what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..model.decision import RUN, UNDECIDED, PlannedTask


class Leg(NamedTuple):
    """A task on the path."""

    task: str
    seconds: float


def longest_path(tasks: Iterable[PlannedTask]) -> list[Leg]:
    """The tasks on it that are expected to take time, in order; tasks come after what they need."""
    before: dict[str, str | None] = {}
    took: dict[str, float] = {}
    last: tuple[float, str | None] = (0.0, None)
    by_step: dict[str, tuple[float, str]] = {}  # step -> when its last task is over, and which it is
    by_id: dict[str, float] = {}  # task -> when it is over
    for task in tasks:
        start, source = 0.0, None
        for need in task.needs:
            end, of = by_step.get(need, (0.0, need)) if need not in by_id else (by_id[need], need)
            if end > start:
                start, source = end, of
        seconds = (task.estimate_s or 0.0) if task.action in (RUN, UNDECIDED) else 0.0
        over = start + seconds
        by_id[task.id], before[task.id], took[task.id] = over, source, seconds
        if over >= by_step.get(task.step, (-1.0, ""))[0]:
            by_step[task.step] = (over, task.id)
        if over > last[0]:
            last = (over, task.id)
    legs: list[Leg] = []
    at = last[1]
    while at is not None:
        if took[at]:
            legs.append(Leg(at, took[at]))
        at = before[at]
    return legs[::-1]
