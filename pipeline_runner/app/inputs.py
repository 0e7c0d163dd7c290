"""The arguments that a task of a past run got, bound again from the run's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.bind import Binder, BindError
from ..engine.expand import Expander, SplitNeeded
from ..engine.results import Unknown
from ..errors import Problem, RunFailed
from ..keys.files import FileIndex
from ..model.artifact import Artifact, CacheKey, Entry, Recipe
from ..model.outcome import SKIPPED
from ..resolve.select import above
from .opened import project_of

if TYPE_CHECKING:
    from .run import Run


def recorded_inputs(run: Run, step: str, k: int) -> dict[str, Any]:
    """Raises ``RunFailed`` where something that the task needs gave nothing."""
    from ..workers.imports import isolated
    from ..workers.load import Loader
    from ..workers.masking import read_secret

    graph = run.graph
    binder = Binder(graph, run.params, run.id, run.store, _NoCode(), FileIndex(graph.root))
    expander = Expander(binder)
    needed = above(graph, [step]) | {step}
    for name in graph.steps:
        if name in needed:
            _restore(run, binder, expander, name)
    target = graph.steps[step]
    try:
        bound = {**binder.shared_args(target).bound, **binder.own_args(target, k).bound}
    except (Unknown, BindError) as error:
        raise RunFailed(Problem("inputs", f"the inputs of {step} cannot be told: {error}")) from None

    def decode(artifact: Artifact) -> Any:
        from ..store.codecs import decode

        return decode(artifact, run.store)

    def secret(name: str, source: str) -> str:
        return read_secret(name, source, graph.root)

    with isolated(project_of(graph)):
        return Loader(decode, secret).arguments(bound)


def _restore(run: Run, binder: Binder, expander: Expander, name: str) -> None:
    """Put back what a step gave."""
    about = run.steps.get(name)
    result = binder.result(name)
    if about is None:
        return
    result.skipped = bool(about["states"]) and all(s == SKIPPED for s in about["states"])
    if result.step.fanout is not None and about["keys"] is not None:
        for _ in range(2):
            try:
                result.expand(expander.expand(result.step))
                break
            except SplitNeeded as split:
                _splits(run, expander, split)
            except (Unknown, BindError):
                return
    for k in range(min(len(result.entries), len(about["entries"]))):
        result.set_entry(k, run.entry(name, k))


def _splits(run: Run, expander: Expander, split: SplitNeeded) -> None:
    from ..keys.digest import combine

    for bound in split.lists:
        key = CacheKey(combine("split", ["1"]), bound.digest)
        found = run.store.lookup([key]).get(key)
        if isinstance(found, Entry):
            expander.add_split(bound, found)


class _NoCode:
    """Keys are not needed here, so code is not looked at."""

    def recipe(self, step: str) -> Recipe:
        raise AssertionError("no keys are made of recorded inputs")

    def classes_digest(self, classes: tuple[str, ...]) -> str:
        return ""
