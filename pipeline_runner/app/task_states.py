"""The states of a step's tasks by position, a byte each: a hundred thousand are counted, told apart and
written in a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..model.outcome import STATES

_ALL = ("", *STATES)
_CODE = {state: code for code, state in enumerate(_ALL)}
_STRETCH = re.compile(rb"(.)\1*", re.DOTALL)


class TaskStates:
    """Where nothing has been put yet a state is ""."""

    __slots__ = ("_codes",)

    def __init__(self, count: int) -> None:
        self._codes = bytearray(count)

    @classmethod
    def of(cls, states: Sequence[str]) -> TaskStates:
        found = cls(0)
        found._codes.extend(map(_CODE.__getitem__, states))
        return found

    def __len__(self) -> int:
        return len(self._codes)

    def put(self, items: Sequence[int], state: str) -> None:
        if isinstance(items, range) and items.step == 1:
            self._codes[items.start : items.stop] = bytes([_CODE[state]]) * len(items)
        else:
            for k in items:
                self._codes[k] = _CODE[state]

    def count(self, state: str) -> int:
        return self._codes.count(_CODE[state])

    def only(self, states: Iterable[str]) -> bool:
        """Whether every task is in one of these states."""
        return sum(map(self.count, set(states))) == len(self)

    def where(self, state: str) -> list[int]:
        """The tasks in a state."""
        code = bytes([_CODE[state]])
        found = []
        at = self._codes.find(code)
        while at >= 0:
            found.append(at)
            at = self._codes.find(code, at + 1)
        return found

    def stretches(self) -> list[tuple[str, int]]:
        """The state and the length of each stretch of tasks that are alike."""
        return [(_ALL[found[0][0]], len(found[0])) for found in _STRETCH.finditer(self._codes)]
