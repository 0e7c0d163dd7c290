"""Which ready step goes first, and how many of its items go together."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.graph import Graph

BATCH_SECONDS = 0.1  # a batch of tiny tasks takes about this long
MAX_BATCH = 1000


def remaining_paths(graph: Graph, seconds: Mapping[str, float]) -> dict[str, float]:
    """Each step's longest remaining path, its own time included, in seconds.

    ``seconds``: what a task of the step took before; an unknown one counts as one second.
    """
    remaining: dict[str, float] = {}
    longest_below: dict[str, float] = {}
    for name in reversed(list(graph.steps)):
        own = seconds.get(name, 1.0)
        remaining[name] = own + longest_below.get(name, 0.0)
        for need in graph.steps[name].needs:
            if remaining[name] > longest_below.get(need, 0.0):
                longest_below[need] = remaining[name]
    return remaining


def batch_size(ready: int, slots: int, seconds: float | None) -> int:
    """How many ready items to send at once; 1 while nothing is known of their duration."""
    if seconds is None or seconds >= BATCH_SECONDS:
        return 1
    fitting = int(BATCH_SECONDS / max(seconds, 1e-4))
    share = -(-ready // max(1, slots * 2))  # leave something for the other workers
    return max(1, min(fitting, share, MAX_BATCH))
