"""Whether and when a failed task is tried again."""

from __future__ import annotations

from ..model.graph import Retry
from ..model.outcome import ErrorInfo

# kinds of failure that another attempt cannot mend
_FINAL = frozenset({"code-changed", "file-changed", "when", "bug", "publish"})


def delay_before(retry: Retry, attempt: int, error: ErrorInfo, chance: float) -> float | None:
    """Seconds until the attempt after ``attempt`` (from 1), or None where there is none.

    Exponential back-off: ``delay * backoff ** (attempt - 1)``, at most ``max_delay``; with full
    jitter a random part of it (``chance`` in [0, 1)), as in Brooker, "Exponential Backoff And
    Jitter" (AWS Architecture Blog, 2015).
    """
    if attempt > retry.limit or error.kind in _FINAL:
        return None
    if retry.on and not set(retry.on) & {*error.types, error.kind}:
        return None
    if not retry.delay:
        return 0.0
    try:
        wait = retry.delay * retry.backoff ** (attempt - 1)
    except OverflowError:
        wait = float("inf")
    if retry.max_delay is not None:
        wait = min(wait, retry.max_delay)
    wait = min(wait, 366 * 86400.0)
    return wait * chance if retry.jitter == "full" else wait
