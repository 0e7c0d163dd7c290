"""What a file's time stamp proves."""

from __future__ import annotations

_COARSE = 10_000_000  # ns: exFAT counts in these, HFS+ in seconds, FAT in two; others in 100 ns or less
_COARSE_GRAIN = 2_000_000_000
_TICK = 20_000_000  # as often, at least, does the clock move that fine time stamps are taken from


def proves(modified_ns: int, now_ns: int) -> bool:
    """Whether a file with this stamp, read now, will have another one when it is written again."""
    return now_ns - modified_ns > (_TICK if modified_ns % _COARSE else _COARSE_GRAIN)
