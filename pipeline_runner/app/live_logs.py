"""What tasks print, while they run: for ``run --logs``, and into the record for ``logs --follow``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from ..errors import StoreError

if TYPE_CHECKING:
    from ..engine.ports import Pool
    from ..store.runs import Runs
    from ..workers.listening import Printed
    from .events import EventRecord

Printer: TypeAlias = Callable[[str, str], None]  # a task's id, and all that it has printed so far
LIVE, KEPT = 0.2, 1.0  # seconds between two looks: for somebody who watches, for the record alone


def listening(
    pool: Pool, runs: Runs, events: EventRecord, printed: Printer | None, beat: Callable[[], None]
) -> Pool:
    """The pool, listened to. The record gets the whole text when a task ends in any case."""
    from ..workers.listening import ListeningPool

    def hear(what: Printed) -> None:
        if what.job.kind != "call":
            return
        with suppress(StoreError, OSError):
            runs.write_log(events.run_id, what.task.id, what.text)
        if printed is not None:
            printed(what.task.id, what.text)

    def idle() -> None:
        events.keep()
        beat()

    return ListeningPool(pool, hear, LIVE if printed is not None else KEPT, idle)
