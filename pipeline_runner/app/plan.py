"""What would run and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..model.decision import REUSE, RUN, SKIP, UNDECIDED, PlannedTask


class Plan(NamedTuple):
    """The tasks of a pipeline in order, each with what would be done and why.

    Example:
        >>> from pipeline_runner import Pipeline
        >>> plan = Pipeline.load("pipeline.yaml", params={"warm": 19.0}, store="fresh").plan()
        >>> plan
        <Plan of demo: 4 to run>
        >>> [task.id for task in plan.tasks if task.action == "run"]
        ['load', 'cities', 'describe', 'report']
        >>> plan.tasks[0].reasons
        (Reason(kind='new', what='', detail=''),)
    """

    pipeline: str
    tasks: Sequence[PlannedTask]
    estimate_s: float | None  # expected duration in seconds; None where nothing is known
    counts: Mapping[str, int] | None = None  # the summary, where it is known without the rows

    @property
    def summary(self) -> Mapping[str, int]:
        """How many tasks run, are reused, are skipped, are undecided."""
        if self.counts is not None:
            return self.counts
        counts = dict.fromkeys((RUN, REUSE, SKIP, UNDECIDED), 0)
        for task in self.tasks:
            counts[task.action] += 1
        return counts

    @property
    def waves(self) -> int:
        return 1 + max((t.wave for t in self.tasks), default=-1)

    def __repr__(self) -> str:
        words = {"run": "to run", "reuse": "reused", "skip": "skipped", "undecided": "undecided"}
        counts = ", ".join(f"{n:,} {words[action]}" for action, n in self.summary.items() if n)
        return f"<Plan of {self.pipeline}: {counts or 'no tasks'}>"

    def _repr_html_(self) -> str:
        from ..view.notebook import plan_html

        return plan_html(self.pipeline, self.tasks, self.summary, self.estimate_s)

    def to_json(self) -> dict[str, Any]:
        """The object that ``prun plan --json`` prints."""
        return {
            "pipeline": self.pipeline,
            "tasks": [
                {
                    "id": t.id, "step": t.step, "key": t.key, "action": t.action, "wave": t.wave,
                    "needs": list(t.needs),
                    "reasons": [r._asdict() for r in t.reasons],
                    "estimate_s": t.estimate_s,
                }
                for t in self.tasks
            ],
            "summary": dict(self.summary),
            "estimate_s": self.estimate_s,
        }  # fmt: skip

    @classmethod
    def of(cls, pipeline: str, tasks: Sequence[PlannedTask], workers: int) -> Plan:
        from ..engine.estimate import estimate  # not on the warm path

        return cls(pipeline, tasks, estimate(tasks, workers))
