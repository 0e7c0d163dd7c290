"""What is sent to a worker: the jobs of a step and their tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..model.artifact import CacheKey
from ..model.bound import Bound
from ..model.graph import Step
from ..model.work import Job, Project, StoreAt, Task
from .prepare import Candidate, Preparer


class Settings(NamedTuple):
    """What the tasks of a run share."""

    run_id: str
    store: str | StoreAt
    project: Project


class Jobs:
    """Makes them."""

    def __init__(self, preparer: Preparer, settings: Settings) -> None:
        self.preparer = preparer
        self.settings = settings

    def internal(self, kind: str, step: str, call: str = "") -> Job:
        """Work of our own: split, render, hook."""
        s = self.settings
        secrets = self.preparer.binder.graph.secrets
        return Job(kind, step, call, s.store, s.project, s.run_id, secrets=secrets)

    def value_task(self, step: Step, what: str, key: CacheKey, bound: Bound, item: int = 0) -> Task:
        """The task of an internal job: it gets one value."""
        return Task(item, f"{step.name} ({what})", key, {"value": bound}, {})

    def call(self, step: Step, own_env: Mapping[str, str]) -> Job:
        """The user's function; ``own_env``: what of its environment is the items' own."""
        shared = self.preparer.binder.shared_args(step)
        return self.internal("call", step.name, step.call)._replace(
            outputs=step.outputs,
            args=shared.bound,
            env={**shared.env, **own_env},
            check=step.check,
            sources=self.preparer.code.recipe(step.name).sources if step.cache.enabled else {},
            examined=step.cache.enabled and step.cache.code,
            timeout=step.timeout,
            replace=step.name in self.preparer.forced,
        )

    def task(self, step: Step, candidate: Candidate, attempt: int) -> Task:
        own = self.preparer.own(step, candidate)
        parts = {**self.preparer.binder.shared_args(step).parts, **own.parts}
        task_id = self.preparer.id_of(step, candidate.item)
        return Task(candidate.item, task_id, candidate.key, own.bound, parts, attempt)
