"""The arguments that a task of a past run got, bound again from the run's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engine.bind import Binder
from ..engine.expand import Expander, SplitNeeded
from ..engine.references import BindError
from ..engine.results import Unknown
from ..errors import BlobLost, Problem, RunFailed
from ..keys.files import FileIndex
from ..model.artifact import CacheKey, Entry, Recipe
from ..model.bound import Bound
from ..model.graph import Graph
from ..model.outcome import SKIPPED
from ..resolve.select import above
from .session import project_of

if TYPE_CHECKING:
    from .run_record import RunRecord


_LOST = Problem(
    "inputs", "stored bytes of its inputs are missing or damaged", None,
    "`prun run` makes what is missing again",
)  # fmt: skip


class Bindings(NamedTuple):
    """A task's arguments as its worker got them, its ``env``, and the pipeline as it was then."""

    graph: Graph
    bound: Mapping[str, Bound]
    env: Mapping[str, str]


def recorded_inputs(record: RunRecord, step: str, k: int) -> dict[str, Any]:
    """Raises ``RunFailed`` where something that the task needs gave nothing."""
    from ..workers.imports import isolated

    bindings = bound_inputs(record, step, k)
    with isolated(project_of(bindings.graph)):
        return load_inputs(record, bindings)


def bound_inputs(record: RunRecord, step: str, k: int, root: str | None = None) -> Bindings:
    """What the arguments of a task were bound to. ``root``: the pipeline's folder on this machine.

    Raises ``RunFailed`` where something that the task needs gave nothing.
    """
    graph = record.graph
    if root is not None and root != graph.root:
        graph = graph._replace(root=root)
    binder = Binder(graph, record.params, record.id, record.store, _NoCode(), FileIndex(graph.root))
    expander = Expander(binder)
    needed = above(graph, [step]) | {step}
    target = graph.steps[step]
    try:
        for name in graph.steps:
            if name in needed:
                _restore(record, binder, expander, name)
        shared, own = binder.shared_args(target), binder.own_args(target, k)
    except BlobLost:
        raise RunFailed(_LOST) from None
    except (Unknown, BindError) as error:
        raise RunFailed(Problem("inputs", f"the inputs of {step} cannot be told: {error}")) from None
    return Bindings(graph, {**shared.bound, **own.bound}, {**shared.env, **own.env})


def load_inputs(record: RunRecord, bindings: Bindings) -> dict[str, Any]:
    """The arguments' values. Call it where the project's own modules are on top (``isolated``).

    Raises ``RunFailed`` where stored bytes are lost.
    """
    from ..store.codecs import decode
    from ..workers.failure import TaskError
    from ..workers.load import InputsLost, Loader
    from ..workers.masking import read_secret

    def secret(name: str, source: str) -> str:
        return read_secret(name, source, bindings.graph.root)

    loader = Loader(lambda artifact: decode(artifact, record.store), secret)
    try:
        return loader.arguments(bindings.bound)
    except InputsLost:
        raise RunFailed(_LOST) from None
    except TaskError as error:
        raise RunFailed(Problem("inputs", str(error), None, error.hint)) from None


def _restore(record: RunRecord, binder: Binder, expander: Expander, name: str) -> None:
    """Put back what a step gave."""
    about = record.steps.get(name)
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
                _splits(record, expander, split)
            except (Unknown, BindError):
                return
    for k, entry in enumerate(record.entries(name)[: len(result.table)]):
        result.set_entry(k, entry)


def _splits(record: RunRecord, expander: Expander, split: SplitNeeded) -> None:
    from ..keys.digest import combine

    for bound in split.lists:
        key = CacheKey(combine("split", ["1"]), bound.digest)
        found = record.store.lookup([key]).get(key)
        if isinstance(found, Entry):
            expander.add_split(bound, found)


class _NoCode:
    """Keys are not needed here, so code is not looked at."""

    def recipe(self, step: str) -> Recipe:
        raise AssertionError("no keys are made of recorded inputs")

    def classes_digest(self, classes: tuple[str, ...]) -> str:
        return ""
