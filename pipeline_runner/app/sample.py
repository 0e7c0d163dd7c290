"""Running tasks again whose results are reused, and comparing: do the steps reproduce?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import PrunError, RunFailed
from ..keys.digest import combine
from ..model.artifact import Artifact, CacheKey, Entry
from ..model.outcome import Failed, Outcome, Succeeded
from ..model.work import Job, Task
from .compare import difference
from .findings import DIFFERS, NOT_RUN, Finding
from .inputs import bound_inputs
from .past_runs import ended_run_of
from .run_record import RunRecord

if TYPE_CHECKING:
    from ..store.store import Store
    from .pipeline import Pipeline
    from .session import Session


class _Again(NamedTuple):
    """A task to run again."""

    name: str
    step: str
    item: int
    entry: Entry


def run_again(store: Store, pipeline: Pipeline, share: float, seed: int | None) -> tuple[int, list[Finding]]:
    """How many tasks ran again, and those that gave something else.

    Chosen among the tasks of the pipeline's latest run whose code is still the same.
    """
    ended = ended_run_of(store, pipeline.name)
    if ended is None:
        return 0, [Finding(NOT_RUN, pipeline.name, [], "there is no run of this pipeline yet")]
    run = RunRecord(ended, store)
    session = pipeline._session(False)
    tasks = _candidates(run, session)
    count = min(len(tasks), max(1, round(len(tasks) * share)))
    chosen = sorted(random.Random(seed).sample(range(len(tasks)), count))
    findings: list[Finding] = []
    jobs: list[tuple[_Again, Job, Task]] = []
    for again in (tasks[i] for i in chosen):
        try:
            jobs.append((again, *_work(run, session, again)))
        except RunFailed as error:
            findings.append(Finding(NOT_RUN, again.name, [again.name], str(error)))
    outcomes = _compute(session, [(job, task) for _, job, task in jobs], pipeline._workers(None))
    ran = 0
    for (again, _, _), outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Succeeded):
            ran += 1
            findings += _compare(run, again, outcome.entry)
        else:
            why = outcome.error.message if isinstance(outcome, Failed) else "its inputs are lost"
            findings.append(Finding(NOT_RUN, again.name, [again.name], why))
    _clean(store, [task.key for _, _, task in jobs])
    return ran, findings


def _candidates(run: RunRecord, session: Session) -> list[_Again]:
    found = []
    for name, about in run.steps.items():
        step = session.graph.steps.get(name)
        if step is None or not step.cache.enabled:
            continue
        recipe = session.recipes.recipe(name).digest
        names = about.get("keys")
        for k, key in enumerate(about.get("entries") or ()):
            if not key or key[0] != recipe:
                continue
            entry = run.entry(name, k)
            if entry is not None:
                found.append(_Again(f"{name}[{names[k]}]" if names else name, name, k, entry))
    return found


def _work(run: RunRecord, session: Session, again: _Again) -> tuple[Job, Task]:
    bindings = bound_inputs(run, again.step, again.item, session.graph.root)
    step = session.graph.steps[again.step]
    job = Job(
        "call", step.name, step.call, session.store.place, session.project, f"verify-{run.id}",
        outputs=step.outputs,
        env=bindings.env,
        check=step.check,
        secrets=session.graph.secrets,
        sources=session.recipes.recipe(step.name).sources,
        timeout=step.timeout,
        replace=True,
    )  # fmt: skip
    key = CacheKey(f"run-verify-{run.id}", combine("task", [again.name]))
    return job, Task(again.item, again.name, key, bindings.bound, {})


def _compute(session: Session, work: Sequence[tuple[Job, Task]], workers: int) -> list[Outcome]:
    from ..workers.pools import open_pool

    outcomes: dict[int, Outcome] = {}
    pool = open_pool(session.graph.executor.backend, workers, session.project)
    try:
        left = list(enumerate(work))
        while len(outcomes) < len(work):
            while left and pool.free() > 0:
                ticket, (job, task) = left.pop(0)
                pool.submit(ticket, job, [task])
            for done in pool.wait(1.0):
                outcomes[done.ticket] = done.outcomes[0]
    finally:
        pool.close()
    return [outcomes[i] for i in range(len(work))]


def _compare(run: RunRecord, again: _Again, entry: Entry) -> list[Finding]:
    found = []
    for name, old in again.entry.outputs.items():
        new = entry.outputs.get(name)
        if new is None or new.digest != old.digest:
            what = f"{again.name}.{name}" if name else again.name
            found.append(Finding(DIFFERS, what, [again.name], _how(run, old, new)))
    return found


def _how(run: RunRecord, old: Artifact, new: Artifact | None) -> str:
    if new is None:
        return "the output is gone"
    if old.type != new.type and old.codec == new.codec == "pickle":
        return f"{old.type} became {new.type}"
    try:
        values: list[Any] = [run.decode(old), run.decode(new)]
        if old.codec in ("file", "tree"):
            return "the content of the path differs"
        return difference(*values) or f"the content of {old.type or 'the value'} differs"
    except PrunError:
        raise
    except Exception as error:
        return f"its content differs (and cannot be compared: {type(error).__name__}: {error})"


def _clean(store: Store, keys: Sequence[CacheKey]) -> None:
    """What ran again is no result: its entries go, and `cache gc` takes the blobs."""
    store.files.delete_many([f"entries/{recipe}/{args}.json" for recipe, args in keys])
