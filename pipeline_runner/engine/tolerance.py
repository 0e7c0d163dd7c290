"""When a fan-out has failed often enough that the rest of it is not worth starting."""

from __future__ import annotations

from ..model.graph import Share, Step


def enough(step: Step, failed: int, count: int) -> bool:
    """Whether ``failed`` of ``count`` items end the step.

    With ``on_error: skip`` as many as ``max_failures`` may fail, and one more is too many; else the
    step has failed with its first, and stops when there are so many.
    """
    if step.max_failures is None:
        return False
    allowed = how_many(step.max_failures, count)
    return failed > allowed if step.on_error == "skip" else failed >= max(1, allowed)


def how_many(limit: int | Share, count: int) -> int:
    """A number of items; of a share as many whole ones as are in it."""
    if isinstance(limit, Share):
        from fractions import Fraction  # for few, and it brings decimal

        return int(Fraction(repr(limit.percent)) * count / 100)
    return limit
