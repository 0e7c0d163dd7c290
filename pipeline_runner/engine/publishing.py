"""``publish:`` - which output goes to which path, and what of it a worker has to write."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..errors import BlobLost
from ..keys.digest import combine
from ..model.artifact import CacheKey
from ..model.bound import Bound, Stored
from ..model.graph import Step
from ..model.names import task_id
from ..model.outcome import ErrorInfo, Failed, InputLost, Outcome, Succeeded
from .dispatch import Dispatcher
from .jobs import Jobs
from .leading import refuse_leaving, stem
from .ports import Publisher
from .references import BindError
from .results import outputs_bound


class Copies(NamedTuple):
    """What came of publishing a task's outputs."""

    written: Sequence[str] = ()  # paths as people see them; those that were up to date are not among them
    error: ErrorInfo | None = None
    later: bool = False  # a worker is asked first
    lost: bool = False  # the stored result cannot be read: it has to be computed again


class Publishing:
    """``enabled``: False where nothing may be written outside the store."""

    def __init__(
        self, jobs: Jobs, dispatcher: Dispatcher, publisher: Publisher, *, enabled: bool = True
    ) -> None:
        self.jobs = jobs
        self.dispatcher = dispatcher
        self.binder = jobs.preparer.binder
        self.publisher = publisher
        self.enabled = enabled
        self._holders: dict[str, tuple[str, str, str]] = {}  # path -> task and output that lie there, digest

    def wanted(self, step: Step, k: int) -> Iterator[tuple[str, str, Bound]]:
        """The paths of a finished task, and which output ("" for all of them) belongs there."""
        result = self.binder.result(step.name)
        if not self.enabled or not result.present(k):
            return
        outputs = result.table.artifacts(k)
        item = k if step.fanout is not None else None
        for output, target in step.publish.items():
            path = self.binder.text(target, step, item)
            before = stem(target, step)
            if before is not None:
                refuse_leaving(path, self.binder.text(before, step, item))
            if output:
                artifact = outputs[output]
                yield path, output, Stored(artifact.digest, artifact)
            else:
                yield path, output, outputs_bound(outputs, step.outputs)

    def publish(self, step: Step, k: int, then: Callable[[Copies], None]) -> Copies:
        """Publish what a task gave. ``then`` is called with the end of it where that is ``later``."""
        if not step.publish:
            return Copies()
        written: list[str] = []
        pending: list[tuple[str, Bound]] = []
        try:
            for path, output, bound in self.wanted(step, k):
                self._hold(path, self.task(step, k), output, bound.digest)
                if self.publisher.current(path, bound.digest):
                    continue
                if self.publisher.write(path, bound):
                    written.append(self.publisher.shown(path))
                else:
                    pending.append((path, bound))
        except BlobLost as error:
            return Copies(written, self.failure(error), lost=True)
        except (OSError, ValueError, BindError) as error:
            return Copies(written, self.failure(error))
        if not pending:
            return Copies(written)
        self._render(step, k, pending, then)
        return Copies(written, later=True)

    def task(self, step: Step, k: int) -> str:
        items = self.binder.result(step.name).items
        return task_id(step.name, items.keys[k] if items is not None else None)

    def _hold(self, path: str, task: str, output: str, digest: str) -> None:
        """No two results of a run lie at one path: which of them was there in the end, nobody could say."""
        shown = self.publisher.shown(path)
        holder, held, there = self._holders.setdefault(shown, (task, output, digest))
        if (holder, held) == (task, output):
            self._holders[shown] = (task, output, digest)  # it ran again
        elif there != digest:
            raise BindError(f"{shown!r} is published by {holder} too", "name the item in the path")

    def _render(
        self, step: Step, k: int, pending: Sequence[tuple[str, Bound]], then: Callable[[Copies], None]
    ) -> None:
        """Have workers write what cannot be written here."""
        errors: list[ErrorInfo] = []
        written: list[str] = []
        left = len(pending)
        lost = False

        def send(path: str, bound: Bound) -> None:
            def done(outcomes: Sequence[Outcome]) -> None:
                nonlocal left, lost
                left -= 1
                try:
                    error = self.rendered(path, bound, outcomes[0])
                    if error is None:
                        written.append(self.publisher.shown(path))
                    else:
                        errors.append(error)
                except BlobLost as lost_:
                    lost = True
                    errors.append(self.failure(lost_))
                if left == 0:
                    then(Copies(written, errors[0] if errors else None, lost=lost))

            job = self.jobs.internal("render", step.name, self.suffix(path))
            task = self.jobs.value_task(step, "publishing", self.key(path, bound), bound, k)
            self.dispatcher.add(job, [task], done)

        for path, bound in pending:
            send(path, bound)

    def rendered(self, path: str, bound: Bound, outcome: Outcome) -> ErrorInfo | None:
        """A worker rendered it: put it in place. Raises ``BlobLost``."""
        if isinstance(outcome, Succeeded):
            try:
                self.publisher.place(path, outcome.entry.outputs[""], bound.digest)
            except (OSError, ValueError) as error:
                return self.failure(error)
            return None
        if isinstance(outcome, InputLost):
            raise BlobLost(outcome.blobs[0], outcome.damaged)
        if isinstance(outcome, Failed):
            return outcome.error._replace(kind="publish")
        return ErrorInfo("publish", f"{path} could not be written: the worker was lost")

    def key(self, path: str, bound: Bound) -> CacheKey:
        return CacheKey(combine("render", ["1", self.suffix(path)]), bound.digest)

    def suffix(self, path: str) -> str:
        return posixpath.splitext(path.replace("\\", "/"))[1].lower()

    def failure(self, error: Exception) -> ErrorInfo:
        message = str(error) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            message = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        return ErrorInfo(
            "publish", f"publish: {message}", (type(error).__name__,), hint=getattr(error, "hint", "")
        )
