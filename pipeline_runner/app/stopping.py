"""Ctrl-C and SIGTERM, on Windows Ctrl-C and Ctrl-Break.

Once: nothing more starts, what runs has a short grace, the record is closed. Twice: what runs ends
at once. A request is only noted here, and the loop sees to it between two events; but where the
loop is deep in something long, a second one breaks out of it.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..engine.loop import GRACE_SECONDS, Abandoned, Loop

AGAIN_SECONDS = 1.0  # for code that catches everything and goes on


@contextmanager
def stoppable(loop: Loop, tell: Callable[[float], None] = lambda grace: None) -> Iterator[None]:
    """Signals ask the loop to stop; only the main thread may listen to them.

    ``tell`` is called at once, with the seconds that what runs still has, and again when it has none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    asked = [0]
    runner = os.getpid()
    before: dict[signal.Signals, Any] = {}

    def stop(number: int, frame: Any) -> None:
        if os.getpid() != runner:  # in a fork of a task's or of a backend's, which knows nothing of the run
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)
            return
        asked[0] += 1
        unheard = loop.stop_requests > 0
        loop.stop_requests += 1
        if asked[0] <= 2:  # from a thread: what is told may need a lock that this very thread holds
            grace = GRACE_SECONDS if asked[0] == 1 else 0.0
            threading.Thread(target=tell, args=(grace,), name="prun-stop", daemon=True).start()
        if asked[0] == 1:
            if loop.inline:  # a task in this very thread hears signals alone
                threading.Thread(target=_again, args=(over,), name="prun-grace", daemon=True).start()
        elif loop.interruptible:
            raise KeyboardInterrupt
        elif unheard and not loop.waiting:
            raise Abandoned

    for number in _signals():
        before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _signals() -> tuple[signal.Signals, ...]:
    """What asks to stop. On Windows nobody can send SIGTERM, but a parent can send CTRL_BREAK."""
    if os.name == "nt":
        return signal.SIGINT, signal.SIGBREAK  # type: ignore[attr-defined,unused-ignore]
    return signal.SIGINT, signal.SIGTERM


def _again(over: threading.Event) -> None:
    """After the grace ask again, as the user would, until there is nothing left to stop."""
    wait = GRACE_SECONDS
    while not over.wait(wait):
        wait = AGAIN_SECONDS
        if hasattr(signal, "pthread_kill"):  # wakes a call that sleeps, too
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            _thread.interrupt_main()
