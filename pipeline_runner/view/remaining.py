"""How long a whole run will probably still take, from what has happened and what tasks took before."""

from __future__ import annotations

from typing import NamedTuple

from .summary import StepSummary, Summary
from .text import rough


class Remaining(NamedTuple):
    seconds: float
    whole: bool  # False: of some steps nothing is known, so it will take longer


def remaining(summary: Summary, now: float) -> Remaining:
    """The longer of the longest path and the whole work shared among the workers, as for a plan.

    What was not looked up yet counts as if it had to run.
    """
    work = 0.0
    whole = True
    over: dict[str, float] = {}  # step -> when it is over, from now on
    for step in summary.steps.values():  # each comes after what it needs
        own = _own(step, summary, now)
        if own is None:
            whole = False
        seconds, at_once = own or (0.0, 1)
        work += seconds * at_once
        over[step.name] = seconds + max((over.get(need, 0.0) for need in step.needs), default=0.0)
    longest = max(over.values(), default=0.0)
    return Remaining(max(work / max(summary.workers, 1), longest), whole)


def time_left(summary: Summary, now: float) -> str:
    """``about 28 s left``; "" where that says nothing."""
    found = remaining(summary, now)
    if found.seconds < 1:
        return ""
    return f"{'about' if found.whole else 'at least'} {rough(found.seconds)} left"


def _own(step: StepSummary, summary: Summary, now: float) -> tuple[float, int] | None:
    """A step's own part, and how many of its tasks go on at once; None where it is not known."""
    total = step.total if step.total is not None else step.usual
    if step.state or total == step.done:
        return 0.0, 1
    left = step.left(now, summary.workers)
    if left is None or total is None:
        return None
    return left, max(min(summary.workers, total - step.done), 1)
