"""One step's part of a run's state: a byte for each item, and a few counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import IntEnum

from ..model.graph import Step
from ..model.outcome import BLOCKED, CANCELLED, FAILED, REUSED, SKIPPED, STATES, SUCCEEDED

# phases of a step
WAITING = 0  # for what it needs
EXPANDING = 1  # its items are being found
OPEN = 2  # its items are known
CLOSED = 3  # all of them are final


class Item(IntEnum):
    """What an item is doing. From 10 on: its final state, ``STATES[value - 10]``."""

    PENDING = 0
    PREPARING = 1
    READY = 2
    RUNNING = 3
    DELAYED = 4  # until its next attempt
    SAME = 5  # another task with the same key computes it
    REVIVING = 6  # what it reads is computed again


_FINAL = 10
_CODE = {state: _FINAL + i for i, state in enumerate(STATES)}


class StepState:
    __slots__ = (
        "alone", "attempts", "batches", "gathers", "given_up", "holds_back", "keys", "left", "offered",
        "outcome", "pace", "phase", "ready", "reason", "revived", "status", "step", "tally", "verdict",
        "verdicts", "waiting", "whole",
    )  # fmt: skip

    def __init__(self, step: Step) -> None:
        self.step = step
        self.phase = WAITING
        self.waiting = 0  # needs that are not final, without the followed one
        self.gathers = False  # reads the fan-out that it follows as a whole, too
        self.given_up = False  # too many items failed: no more of them are started
        self.holds_back = False  # waits for all items of the fan-out that it follows
        self.status = bytearray()
        self.keys: Sequence[str] | None = None
        self.left = 0  # items that are not final
        self.tally = dict.fromkeys(STATES, 0)
        self.ready: deque[int] = deque()
        self.alone: set[int] = set()  # items that go to a worker by themselves
        self.revived: set[int] = set()  # items whose stored results were lost
        self.attempts: dict[int, int] = {}  # item -> attempts made
        self.batches = 0  # at work
        self.offered = False
        self.pace: float | None = None  # seconds a task
        self.reason = ""
        self.verdict: tuple[str, str] | None = None  # skipped or blocked as a whole, and why
        self.verdicts: dict[str, str] = {}  # by the followed item's state
        self.whole: str | None = None  # decided as a whole: this state
        self.outcome: str | None = None  # for those who need it, once closed

    @property
    def count(self) -> int:
        return len(self.status)

    def open(self, count: int) -> None:
        self.status = bytearray(count)
        self.left = count
        self.phase = OPEN

    def is_final(self, k: int) -> bool:
        return self.status[k] >= _FINAL

    def state_of(self, k: int) -> str | None:
        """The item's final state, if it has one."""
        code = self.status[k]
        return STATES[code - _FINAL] if code >= _FINAL else None

    def mark(self, items: Sequence[int], code: int) -> None:
        if isinstance(items, range) and items.step == 1:
            self.status[items.start : items.stop] = bytes([code]) * len(items)
        else:
            for k in items:
                self.status[k] = code

    def finish(self, items: Sequence[int], state: str) -> None:
        self.mark(items, _CODE[state])
        self.left -= len(items)
        self.tally[state] += len(items)

    def reopen(self, k: int) -> None:
        self.tally[STATES[self.status[k] - _FINAL]] -= 1
        self.status[k] = Item.PENDING
        self.revived.add(k)
        self.left += 1
        self.phase = OPEN
        self.outcome = None

    def take_ready(self, most: int) -> list[int]:
        """The next items to start; one that must go alone goes alone."""
        items: list[int] = []
        while self.ready and len(items) < most:
            k = self.ready[0]
            if self.status[k] != Item.READY:
                self.ready.popleft()
                continue
            if k in self.alone or k in self.attempts:
                if items:
                    break
                most = 1
                self.alone.discard(k)
            items.append(self.ready.popleft())
            self.status[k] = Item.RUNNING
        return items

    def idle(self) -> list[int]:
        """The items that are neither final nor with a worker."""
        return [k for k in range(self.count) if not self.is_final(k) and self.status[k] != Item.RUNNING]

    def learn(self, seconds: Sequence[float]) -> None:
        """A task's usual time, the newer ones counting more."""
        mean = sum(seconds) / len(seconds)
        self.pace = mean if self.pace is None else 0.5 * (self.pace + mean)

    def close(self, followed: str | None) -> None:
        """All items are final: what the step is for those who need it."""
        self.phase = CLOSED
        self.outcome = self.whole or self._outcome(followed)

    def _outcome(self, followed: str | None) -> str:
        tally = self.tally
        good = tally[SUCCEEDED] + tally[REUSED]
        if self.given_up:
            return FAILED
        if tally[CANCELLED]:
            return CANCELLED
        if tally[FAILED] and (self.step.on_error != "skip" or not good):
            return FAILED
        if tally[BLOCKED]:
            return BLOCKED
        if followed in (FAILED, BLOCKED) and not good and self.count:
            return BLOCKED  # every item that it follows failed
        if self.step.fanout is None and tally[SKIPPED]:
            return SKIPPED
        return SUCCEEDED

    @property
    def outcome_shown(self) -> str:
        """For people: "reused" where nothing of it ran."""
        if self.outcome == SUCCEEDED and self.tally[REUSED] and not self.tally[SUCCEEDED]:
            return REUSED
        return self.outcome or SUCCEEDED
