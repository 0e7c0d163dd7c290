"""``publish:`` - which output goes to which path, and whether a worker has to write it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ..keys.digest import combine
from ..model.artifact import CacheKey
from ..model.bound import Bound, Stored
from ..model.graph import Step
from ..model.outcome import ErrorInfo, Failed, Outcome, Succeeded
from .bind import Binder
from .ports import Publisher
from .results import entry_bound


class Publishing:
    """``enabled``: False where nothing may be written outside the store."""

    def __init__(self, binder: Binder, publisher: Publisher, *, enabled: bool = True) -> None:
        self.binder = binder
        self.publisher = publisher
        self.enabled = enabled
        self.changed = False  # whether the last path asked for had to be written

    def wanted(self, step: Step, k: int) -> Iterator[tuple[str, Bound]]:
        """The paths of a finished task and what belongs there."""
        entry = self.binder.result(step.name).entry(k)
        if not self.enabled or entry is None:
            return
        item = k if step.fanout is not None else None
        for output, target in step.publish.items():
            path = self.binder.text(target, step, item)
            if output:
                artifact = entry.outputs[output]
                yield path, Stored(artifact.digest, artifact)
            else:
                yield path, entry_bound(entry, step.outputs)

    def needs_worker(self, path: str, bound: Bound) -> bool:
        """Publish, unless the path is up to date; True where a worker has to render it first."""
        self.changed = False
        if self.publisher.current(path, bound.digest):
            return False
        self.changed = self.publisher.write(path, bound)
        return not self.changed

    def rendered(self, path: str, bound: Bound, outcome: Outcome) -> ErrorInfo | None:
        """A worker rendered it: put it in place."""
        if isinstance(outcome, Succeeded):
            try:
                self.publisher.place(path, outcome.entry.outputs[""], bound.digest)
            except (OSError, ValueError) as error:
                return self.failure(error)
            self.changed = True
            return None
        if isinstance(outcome, Failed):
            return outcome.error._replace(kind="publish")
        return ErrorInfo("publish", f"{path} could not be written: the worker was lost")

    def key(self, path: str, bound: Bound) -> CacheKey:
        return CacheKey(combine("render", ["1", self.suffix(path)]), bound.digest)

    def suffix(self, path: str) -> str:
        return posixpath.splitext(path.replace("\\", "/"))[1].lower()

    def shown(self, path: str) -> str:
        return self.publisher.shown(path)

    def failure(self, error: Exception) -> ErrorInfo:
        message = str(error) or type(error).__name__
        if isinstance(error, OSError) and error.strerror:
            message = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        return ErrorInfo(
            "publish", f"publish: {message}", (type(error).__name__,), hint=getattr(error, "hint", "")
        )
