"""Which row each wire between two layers takes, so that no two lie on each other (channel routing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Wire(NamedTuple):
    """From one place above to places below."""

    source: int
    targets: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        return min(self.source, *self.targets), max(self.source, *self.targets)


def tracks(wires: Sequence[Wire]) -> list[int]:
    """A row for each wire, from 0.

    Wires in one row do not touch, unless they end in the same places alone. Where one wire ends
    in the column in which another begins, the other bends above it; around a circle of such
    neighbours one of them must give way.
    """
    above: list[set[int]] = [set() for _ in wires]
    for i, wire in enumerate(wires):
        for j, other in enumerate(wires):
            if i != j and _bends(other) and other.source in wire.targets and other.source != wire.source:
                above[i].add(j)
    rows = [-1] * len(wires)
    taken: list[list[int]] = []  # row -> wires that bend in it
    left = list(range(len(wires)))
    while left:
        ready = [i for i in left if not any(rows[j] < 0 for j in above[i])] or left[:1]
        i = min(ready, key=lambda k: (wires[k].span[1] - wires[k].span[0], wires[k].span))
        left.remove(i)
        if not _bends(wires[i]):
            rows[i] = 0
            continue
        row = 1 + max((rows[j] for j in above[i] if rows[j] >= 0 and _bends(wires[j])), default=-1)
        while row < len(taken) and any(_touch(wires[i], wires[j]) for j in taken[row]):
            row += 1
        while row >= len(taken):
            taken.append([])
        taken[row].append(i)
        rows[i] = row
    return rows


def _bends(wire: Wire) -> bool:
    return wire.targets != (wire.source,)


def _touch(a: Wire, b: Wire) -> bool:
    (low, high), (other_low, other_high) = a.span, b.span
    if high < other_low or other_high < low:
        return False
    return a.targets != b.targets  # several that go to one place may share the way
