"""When delayed attempts are due."""

from __future__ import annotations

import heapq
from collections.abc import Iterator


class Timers:
    def __init__(self) -> None:
        self._heap: list[tuple[float, str, int]] = []

    def set(self, at: float, step: str, item: int) -> None:
        heapq.heappush(self._heap, (at, step, item))

    def due(self, now: float) -> Iterator[tuple[str, int]]:
        while self._heap and self._heap[0][0] <= now:
            _, step, item = heapq.heappop(self._heap)
            yield step, item

    def wait(self, now: float, most: float | None) -> float | None:
        """Seconds until the next one, at most ``most``; ``most`` where there is none."""
        if not self._heap:
            return most
        wait = max(0.0, self._heap[0][0] - now)
        return wait if most is None else min(wait, most)
