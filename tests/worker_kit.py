"""What the tests of the workers share: a project on disk, jobs and tasks for it, a real store."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline_runner.engine.ports import Pool
from pipeline_runner.model.artifact import CacheKey
from pipeline_runner.model.bound import Inline, Stored
from pipeline_runner.model.outcome import Failed, Outcome, Succeeded
from pipeline_runner.model.work import Job, Project, Task
from pipeline_runner.store.codecs import decode, encode
from pipeline_runner.store.store import Store
from pipeline_runner.workers.imports import isolated
from pipeline_runner.workers.task import run_batch

BOUND_TYPES = ("Inline", "Stored", "Deep", "Many", "Named", "FileArg", "Secret")


class Kit:
    """A project folder; ``module`` writes its code, ``job`` and ``task`` make work for it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.project = Project(str(root), (str(root),))
        self._keys = 0

    def module(self, text: str, name: str = "work") -> Path:
        path = self.root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def job(self, call: str = "run", **fields: Any) -> Job:
        full = call if ":" in call or call.startswith(".") else f"work:{call}"
        return Job(fields.pop("kind", "call"), "step", full, ".prun", self.project, "run-1", **fields)

    def task(self, index: int = 0, **args: Any) -> Task:
        self._keys += 1
        bound = {n: v if type(v).__name__ in BOUND_TYPES else Inline("", v) for n, v in args.items()}
        return Task(index, f"step[{index}]", CacheKey("a" * 48, f"{self._keys:048x}"), bound, {})

    @property
    def store(self) -> Store:
        return Store.open(".prun", str(self.root))

    def stored(self, value: Any) -> Stored:
        artifact = encode(value, self.store, lambda module: False)
        return Stored(artifact.digest, artifact)

    def run(self, job: Job, *tasks: Task) -> list[Outcome]:
        with isolated(self.project):
            return run_batch(job, tasks or [self.task()])

    def call(self, call: str = "run", **args: Any) -> Outcome:
        return self.run(self.job(call), self.task(**args))[0]

    def value(self, outcome: Outcome, output: str = "") -> Any:
        assert isinstance(outcome, Succeeded), outcome
        return decode(outcome.entry.outputs[output], self.store)

    def committed(self, *tasks: Task) -> list[bool]:
        found = self.store.lookup([task.key for task in tasks])
        return [task.key in found for task in tasks]


def failure(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def answers(pool: Pool, count: int = 1, seconds: float = 60.0) -> dict[int, Sequence[Outcome]]:
    """Wait for so many tickets."""
    found: dict[int, Sequence[Outcome]] = {}
    end = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < end, f"only {sorted(found)} came back"
        found.update((done.ticket, done.outcomes) for done in pool.wait(1.0))
    return found


def one(pool: Pool, job: Job, *tasks: Task) -> Outcome:
    """Run one batch and give its first outcome."""
    pool.submit(1, job, tasks)
    return answers(pool)[1][0]
