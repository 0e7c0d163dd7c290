"""Which ready items start next: by rank, as many as fit together, and as there is room for."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from ..model.graph import Graph
from .capacity import Capacity
from .priority import batch_size, remaining_paths
from .step_state import StepState


class Ready:
    """The steps that have something to start, those on the longest remaining path first."""

    def __init__(
        self,
        graph: Graph,
        steps: Mapping[str, StepState],
        seconds: Mapping[str, float],
        workers: int,
        capacity: Capacity,
    ) -> None:
        paths = remaining_paths(graph, seconds)
        self._rank = {name: (-paths[name], i) for i, name in enumerate(steps)}
        self._steps = steps
        self._workers = workers
        self._capacity = capacity
        self._heap: list[tuple[tuple[float, int], str]] = []

    def offer(self, st: StepState) -> None:
        """The step may have something to start."""
        limit = st.step.max_parallel
        if st.ready and not st.offered and (limit is None or st.batches < limit):
            st.offered = True
            heapq.heappush(self._heap, (self._rank[st.step.name], st.step.name))

    def take(self, slots: int) -> Iterator[tuple[StepState, list[int]]]:
        """Batches to start now, at most so many."""
        held = []  # ready, but there is no room for them now
        self._capacity.review()
        while slots > 0 and self._heap:
            place = heapq.heappop(self._heap)
            st = self._steps[place[1]]
            if st.ready and not self._capacity.admits(st.step.name):
                held.append(place)
                continue
            st.offered = False
            items = st.take_ready(batch_size(len(st.ready), self._workers, st.pace))
            if items:
                slots -= 1
                st.batches += 1
                self._capacity.take(st.step.name)
                yield st, items
            else:
                self._capacity.forget(st.step.name)
            self.offer(st)
        for place in held:
            heapq.heappush(self._heap, place)

    def ended(self, st: StepState) -> None:
        """A batch of the step has ended."""
        self._capacity.give_back(st.step.name)
        st.batches -= 1
        self.offer(st)

    def clear(self) -> None:
        """Nothing more is to start."""
        self._heap.clear()
