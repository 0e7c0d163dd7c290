"""Tasks at the workers: sent with all that they need, and what is made of how they ended."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..model.event import CodeMissed, TaskLogged
from ..model.graph import Step
from ..model.outcome import ErrorInfo, Failed, InputLost, NotRun, Outcome, Succeeded
from . import messages as m
from .depends import varies_by_item
from .publishing import Copies

if TYPE_CHECKING:
    from .loop import Loop


class Running:
    """The part of a loop that starts tasks and hears of their ends."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def start(self, step: Step, items: Sequence[int], attempt: int) -> None:
        """Send items of a step: one environment after the other, where they have their own."""
        loop = self._loop
        by_env: dict[tuple[tuple[str, str], ...], list[int]] = {}
        varied = any(varies_by_item(text) for text in step.env.values())
        candidates = loop.reuse.candidates
        for k in items:
            env = loop.preparer.own(step, candidates[step.name, k]).env if varied else {}
            by_env.setdefault(tuple(sorted(env.items())), []).append(k)
        left = deque(by_env.items())
        revived = loop.state.steps[step.name].revived

        def done(ks: Sequence[int], outcomes: Sequence[Outcome]) -> None:
            if left and not loop.stopped:
                send()
            else:
                undone = [k for _, more in left for k in more]
                left.clear()
                loop.tell(m.BatchEnded(loop.at(), step.name))
                self._came_back(step, undone, [NotRun()] * len(undone))
            self._came_back(step, ks, outcomes)

        def send() -> None:
            own, ks = left.popleft()
            job = loop.jobs.call(step, dict(own))
            if not revived.isdisjoint(ks):  # what is stored leads to bytes that cannot be read
                job = job._replace(replace=True)
            tasks = [loop.jobs.task(step, candidates[step.name, k], attempt) for k in ks]
            loop.dispatcher.add(job, tasks, partial(done, ks))

        send()  # one environment after the other: to the state they are one batch, which takes one slot

    def _came_back(self, step: Step, items: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        loop = self._loop
        good: list[int] = []
        seconds: list[float] = []
        undone: list[int] = []
        begun: list[int] = []
        for k, outcome in zip(items, outcomes, strict=True):
            if outcome.log:
                attempt = loop.state.steps[step.name].attempts.get(k, 0) + 1
                loop.announce(TaskLogged(loop.at(), step.name, k, attempt, outcome.log))
            if isinstance(outcome, Succeeded):
                if outcome.unforeseen:
                    loop.announce(CodeMissed(loop.at(), step.name, k, outcome.unforeseen))
                loop.reuse.landed(step, k, outcome.entry)
                copies = loop.publishing.publish(step, k, partial(self._published, step, k, outcome.seconds))
                loop.told_published(step, copies)
                if copies.error is not None:
                    self._failed(step, k, copies.error, outcome.seconds)
                elif not copies.later:
                    good.append(k)
                    seconds.append(outcome.seconds)
            elif isinstance(outcome, Failed):
                loop.reuse.missed(step.name, k)
                self._failed(step, k, outcome.error, outcome.seconds)
            elif isinstance(outcome, InputLost):
                loop.reuse.missed(step.name, k)
                self.blob_lost(step, k, outcome.blobs, outcome.damaged)
                loop.drain()
            else:
                undone.append(k)
                if outcome.ran:
                    begun.append(k)
        if good:
            loop.tell(m.BatchSucceeded(loop.at(), step.name, good, seconds))
        if undone:
            loop.tell(m.NotStarted(loop.at(), step.name, undone, begun))

    def _published(self, step: Step, k: int, seconds: float, copies: Copies) -> None:
        self._loop.told_published(step, copies)
        if copies.error is None:
            self._loop.tell(m.BatchSucceeded(self._loop.at(), step.name, [k], [seconds]))
        else:
            self._failed(step, k, copies.error, seconds)

    def _failed(self, step: Step, k: int, error: ErrorInfo, seconds: float) -> None:
        self._loop.tell(m.ItemFailed(self._loop.at(), step.name, k, error, seconds, random.random()))

    def blob_lost(self, step: Step, k: int, blobs: Sequence[str], damaged: bool) -> None:
        """Have the tasks run again that gave what cannot be read."""
        producers = self._loop.reuse.lost(step, blobs)
        if not producers and k >= 0 and (step.name, k) in self._loop.reuse.candidates:

            def done(outcomes: Sequence[Outcome]) -> None:
                self._split_again(step, k, outcomes[0])

            if self._loop.splitting.again(step, k, blobs, done):
                return
        self._loop.inbox.append(m.LostInputs(self._loop.at(), step.name, k, producers, damaged))

    def _split_again(self, step: Step, k: int, outcome: Outcome) -> None:
        """The list that the item was an element of was split anew: the task goes again."""
        if isinstance(outcome, InputLost):
            self.blob_lost(step, k, outcome.blobs, outcome.damaged)
            self._loop.drain()
        elif isinstance(outcome, Failed):
            self._failed(step, k, outcome.error, outcome.seconds)
        else:
            self._loop.tell(m.NotStarted(self._loop.at(), step.name, [k]))
