"""Processes that tasks started from a process of others: told apart by when they began.

On Linux alone: elsewhere there is no way to ask without further packages, and they go on.
"""

from __future__ import annotations

import os
import time

from .processes import descendants, kill_tree

_SLACK = 0.02  # the system counts in hundredths


def moment() -> float:
    """Now, as the system dates processes: seconds since it was started."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else 0.0


def end_since(since: float) -> None:
    """End the processes below this one that began then or later."""
    for pid in descendants(os.getpid()):
        began = _began(pid)
        if began is not None and began >= since - _SLACK:
            kill_tree(pid)


def _began(pid: int) -> float | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        return ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
