"""A task of a past run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # making a protocol takes longer than all else here
    from collections.abc import Mapping
    from typing import Protocol

    class Source(Protocol):
        """The run that a task is of."""

        @property
        def reasons(self) -> Mapping[str, str]: ...
        def output(self, what: str) -> Any: ...
        def inputs(self, task: str) -> dict[str, Any]: ...
        def log(self, task: str) -> str: ...
        def debug(self, task: str, *, pdb: bool = False) -> Any: ...
        def describe(self, task: str) -> dict[str, Any]: ...


class Task(NamedTuple):
    """One task of a run. ``seconds`` is None where nothing ran."""

    id: str
    step: str
    status: str
    attempts: int
    seconds: float | None
    error: str | None


class RunTask(Task):
    """A task together with its run: what it got, gave and printed.

    Example:
        >>> from pipeline_runner import Pipeline
        >>> run = Pipeline.load("pipeline.yaml").run(backend="sequential")
        >>> task = run.task("describe[Oslo]")
        >>> task.status in ("succeeded", "reused")
        True
        >>> task.inputs["warm"], task.output["mean"]
        (15.0, 6.8)
    """

    run: Source

    @classmethod
    def of(cls, run: Source, *fields: Any) -> RunTask:
        """The task with these fields."""
        made = cls(*fields)
        made.run = run
        return made

    @property
    def output(self) -> Any:
        """What it returned. Raises ``RunFailed`` where it gave nothing."""
        return self.run.output(self.id)

    @property
    def inputs(self) -> dict[str, Any]:
        """Its arguments by name, as it got them."""
        return self.run.inputs(self.id)

    @property
    def reason(self) -> str:
        """Why it ran, was skipped, blocked or cancelled, in a few words; "" where it was reused."""
        return self.run.reasons.get(self.id, "")

    @property
    def log(self) -> str:
        """What it printed."""
        return self.run.log(self.id)

    def debug(self, *, pdb: bool = False) -> Any:
        """Run it again in this process, with the code as it is now; nothing is stored."""
        return self.run.debug(self.id, pdb=pdb)

    def __repr__(self) -> str:
        from ..view.text import duration

        took = f" in {duration(self.seconds)}" if self.seconds is not None else ""
        error = f": {self.error}" if self.error else ""
        return f"<Task {self.id} {self.status}{took}{error}>"

    def _repr_html_(self) -> str:
        from ..view.notebook import task_html

        return task_html(self.run.describe(self.id))

    def __reduce__(self) -> tuple[Any, ...]:
        return Task, tuple(self)  # a run cannot leave its process
