"""How long a plan is expected to take."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.decision import RUN, UNDECIDED, PlannedTask


def estimate(rows: Sequence[PlannedTask], workers: int) -> float | None:
    """Seconds that running the plan is expected to take, from what its tasks took before.

    The longer of the longest path and the whole work shared among the workers: Graham's lower
    bound for list scheduling (1966). None where nothing is known of a task that would run.
    """
    total = 0.0
    longest: dict[str, float] = {}
    by_step: dict[str, float] = {}
    for row in rows:
        if row.action in (RUN, UNDECIDED):
            if row.estimate_s is None:
                return None
            own = row.estimate_s
        else:
            own = 0.0
        total += own
        before = max((longest.get(n, by_step.get(n, 0.0)) for n in row.needs), default=0.0)
        longest[row.id] = before + own
        by_step[row.step] = max(by_step.get(row.step, 0.0), before + own)
    return max(total / max(1, workers), max(by_step.values(), default=0.0))
