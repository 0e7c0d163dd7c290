"""Long lists that are almost what they were: what both have at the start and at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")
_ALIKE = (int, str)  # types of which equal values are the same value
_BLOCK = 4096  # elements that are compared together


class Ends(NamedTuple):
    """How many elements two lists share at the start, and of the rest at the end."""

    head: int
    tail: int

    @property
    def total(self) -> int:
        return self.head + self.tail


def common_ends(one: Sequence[Any], other: Sequence[Any]) -> Ends:
    """Compared slice by slice, so at the speed of C; elements count as equal where ``==`` says so."""
    most = min(len(one), len(other))
    head = _alike(most, lambda a, b: one[a:b] == other[a:b])
    m, n = len(one), len(other)
    tail = _alike(most - head, lambda a, b: one[m - b : m - a] == other[n - b : n - a])
    return Ends(head, tail)


def _alike(most: int, same: Callable[[int, int], bool]) -> int:
    """Up to where all is the same: block by block, and in the block that is not by halves."""
    low = 0
    while low < most and same(low, min(low + _BLOCK, most)):
        low += _BLOCK
    if low >= most:
        return most
    high = min(low + _BLOCK, most) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def made_again(
    new: Sequence[Any], ends: Ends, made: Sequence[_T], make: Callable[[Sequence[Any]], list[_T]]
) -> list[_T]:
    """``make(new)``, which goes element by element, where ``made`` is what it once gave for a list with which
    ``new`` has these ends in common."""
    if not ends.total:
        return make(new)
    middle = new[ends.head : len(new) - ends.tail]
    found = list(made[: ends.head])
    if len(middle):
        found += make(middle)
    if ends.tail:
        found += made[len(made) - ends.tail :]
    return found


def comparable(values: Sequence[Any]) -> bool:
    """Whether ``==`` tells the values apart as their digests do: ``1 == True``, and ``0.0 == -0.0``."""
    types = set(map(type, values))
    return len(types) == 1 and types.pop() in _ALIKE
