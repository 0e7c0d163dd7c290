"""Lists that only a worker can open are split there into an artifact for each element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from ..model.artifact import Entry
from ..model.bound import Bound
from ..model.graph import Step
from ..model.outcome import ErrorInfo, InputLost, Outcome, Succeeded
from .dispatch import Dispatcher
from .expand import Expander
from .jobs import Jobs
from .losses import MAX_LOSSES
from .prepare import Preparer


class Splitting:
    """Sends lists to be split. What is asked for is told through callbacks: ready, or why not."""

    def __init__(self, expander: Expander, preparer: Preparer, jobs: Jobs, dispatcher: Dispatcher) -> None:
        self.expander = expander
        self.preparer = preparer
        self.jobs = jobs
        self.dispatcher = dispatcher
        self._again: Counter[tuple[str, int]] = Counter()

    def split(
        self,
        step: Step,
        lists: Sequence[Bound],
        ready: Callable[[], None],
        failed: Callable[[InputLost | ErrorInfo], None],
    ) -> None:
        """Have the elements of the lists of a fan-out stored."""
        keys = {self.preparer.split_key(b): b for b in lists}
        for key, entry in self.preparer.cache.lookup(list(keys)).items():
            if isinstance(entry, Entry):
                self.expander.add_split(keys.pop(key), entry)
        if not keys:
            ready()
            return
        waiting = set(keys)

        def done(outcomes: Sequence[Outcome]) -> None:
            outcome = outcomes[0]
            if isinstance(outcome, Succeeded):
                self.expander.add_split(keys[outcome.entry.key], outcome.entry)
                waiting.discard(outcome.entry.key)
                if not waiting:
                    ready()
            elif isinstance(outcome, InputLost):
                failed(outcome)
            else:
                why = ErrorInfo("worker_lost", "the worker died while it split a list")
                failed(outcome.error or why)

        for bound in keys.values():
            self._send(step, bound, done)

    def again(
        self, step: Step, k: int, blobs: Collection[str], done: Callable[[Sequence[Outcome]], None]
    ) -> bool:
        """Split the list anew that lost elements came from; False where there is none, or too often."""
        bound = self.expander.split_of(blobs)
        if bound is None:
            return False
        self._again[step.name, k] += 1
        if self._again[step.name, k] > MAX_LOSSES:
            return False
        self._send(step, bound, done, replace=True)
        return True

    def _send(
        self, step: Step, bound: Bound, done: Callable[[Sequence[Outcome]], None], replace: bool = False
    ) -> None:
        job = self.jobs.internal("split", step.name)._replace(replace=replace)
        task = self.jobs.value_task(step, "splitting its list", self.preparer.split_key(bound), bound)
        self.dispatcher.add(job, [task], done)
