"""The pool of worker processes (loky's): hard time-outs, deaths that no neighbour notices."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from ..engine.ports import Done
from ..model.outcome import Outcome
from ..model.work import Project
from .batch import Batch, killed, lost
from .capture import read_log
from .environment import worker_environment
from .masking import masker
from .scratch import Scratch
from .slot import Slot
from .timed_pool import SLICE, TimedPool
from .waiting import ready

_MOST = 60 if os.name == "nt" else sys.maxsize  # Windows can wait for 63 pipes at once
_STARTS = 3  # workers that may die in a row before they begin a batch
_FAREWELL = 2.0  # seconds that idle workers have to end by themselves


class LokyPool(TimedPool[Slot]):
    """N slots, each a process of its own that starts with its first batch."""

    def __init__(self, workers: int, project: Project) -> None:
        scratch = Scratch()
        workers = min(workers, _MOST)
        env = worker_environment(workers)
        self._slots = [Slot(str(i), scratch.path, project, env) for i in range(workers)]
        self._counted = 0.0  # when we last saw who is alive
        super().__init__(scratch)

    # ---- the protocol ------------------------------------------------------------------------------

    def expect(self) -> None:
        if not any(slot.started for slot in self._slots):
            with suppress(Exception):  # a batch that finds no worker says why
                self._slots[0].start()

    def retire(self) -> None:
        for slot in self._slots:
            if slot.batch is None:
                slot.retire()

    def free(self) -> int:
        return sum(slot.batch is None for slot in self._slots)

    # ---- batches -----------------------------------------------------------------------------------

    def places(self) -> Sequence[Slot]:
        return [slot for slot in self._slots if slot.batch is not None]

    def _place(self, batch: Batch) -> None:
        free = [slot for slot in self._slots if slot.batch is None]
        slot = next((s for s in free if s.started), free[0])
        slot.starts = 0
        self._give(slot, batch)

    def _give(self, slot: Slot, batch: Batch) -> None:
        try:
            slot.submit(batch)
        except Exception as exc:
            self._answer(slot, lost(batch, f"no worker process could be started: {exc}", "", None))

    def _answer(self, slot: Slot, outcomes: Sequence[Outcome]) -> None:
        assert slot.batch is not None
        self._ready.append(Done(slot.batch.ticket, outcomes))
        slot.batch = None

    def _collect(self, seconds: float) -> None:
        busy = [(slot, pipe) for slot in self._slots if (pipe := slot.answers) is not None]
        if not busy:
            time.sleep(seconds)
            return
        answered = ready([pipe for _, pipe in busy], seconds)
        now = time.monotonic()
        # a dead worker's pipe stays open if a child of a task has it
        count = not answered or now - self._counted > SLICE
        self._counted = now if count else self._counted
        for slot, pipe in busy:
            if pipe in answered or (count and slot.gone and slot.has_answered):
                self._take(slot)
            elif count and slot.gone:
                self._lost(slot)

    def _take(self, slot: Slot) -> None:
        try:
            answer = slot.answer()
        except Exception:
            self._lost(slot)
            return
        self._answer(slot, answer.outcomes)
        if answer.spoiled:
            slot.kill()

    def _lost(self, slot: Slot) -> None:
        """The worker died."""
        batch = slot.batch
        assert batch is not None
        running = slot.running()
        why, log = slot.why_ended(), read_log(slot.log, masker(batch.job.secrets, batch.job.project.root))
        slot.kill()
        if running is None:
            slot.starts += 1
            if slot.starts < _STARTS:
                self._give(slot, batch)  # it died before the batch began: nobody's fault
                return
            why = f"no worker process could be started: {why}"
        self._answer(slot, lost(batch, why, log, running.position if running else None))

    # ---- time and the end --------------------------------------------------------------------------

    def _limit(self, slot: Slot) -> float | None:
        return None if slot.batch is None else slot.batch.job.timeout

    def _kill(self, slot: Slot, timed_out: int | None) -> None:
        batch = slot.batch
        assert batch is not None
        running = slot.running()
        slot.kill()
        log = read_log(slot.log, masker(batch.job.secrets, batch.job.project.root))
        self._answer(slot, killed(batch, running.position if running else None, timed_out, log))

    def _shut(self) -> None:
        try:
            for slot in self._slots:
                if slot.batch is None:
                    slot.retire()
                else:
                    slot.kill()
            deadline = time.monotonic() + _FAREWELL
            for slot in self._slots:
                slot.bury(deadline)
        finally:
            for slot in self._slots:  # nothing stays, whatever interrupted the farewell
                slot.kill()
