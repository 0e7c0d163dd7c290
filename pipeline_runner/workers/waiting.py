"""Waiting for one of several pipes.

``multiprocessing.connection.wait`` makes a selector of several objects each time, which is a good part of
what a tiny task costs here. It is left to systems without ``poll``: Windows.
"""

from __future__ import annotations

import math
import select
from collections.abc import Sequence
from multiprocessing.connection import Connection


def ready(pipes: Sequence[Connection], seconds: float) -> Sequence[Connection]:
    """Those that can be read, or have ended; empty after so many seconds."""
    if not hasattr(select, "poll"):
        return _wait(pipes, seconds)
    poll = select.poll()
    for pipe in pipes:
        poll.register(pipe.fileno(), select.POLLIN)
    found = {fd for fd, _ in poll.poll(math.ceil(seconds * 1000))}
    return [pipe for pipe in pipes if pipe.fileno() in found] if found else ()


def _wait(pipes: Sequence[Connection], seconds: float) -> Sequence[Connection]:
    from multiprocessing.connection import wait

    try:
        found = set(wait(pipes, seconds))
    except InterruptedError:  # Windows: a signal's handler has run, and did not end the run
        return ()
    return [pipe for pipe in pipes if pipe in found]
