"""Fan-outs: what ``foreach`` and ``matrix`` go over, and whose items they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.graph import FanOut, ForEach, Matrix, Ref
from ..spec.models import StepSpec
from .scope import Path, Scope

_LISTS = frozenset({"params", "step"})
_A_PARAM = "name a param that holds the list: params.NAME"


def fan_out(scope: Scope) -> FanOut | None:
    """The step's fan-out, if it has one; problems go to the scope."""
    spec, at = scope.spec, ("steps", scope.name)
    if spec.foreach is not None and spec.matrix is not None:
        scope.context.problem(
            "two-fan-outs", f"step {scope.name!r} has both foreach and matrix", (*at, "matrix"),
            "one of them; a matrix may take a list from a step, too", key=True,
        )  # fmt: skip
    if spec.foreach is not None:
        path: Path = (*at, "foreach", "in") if spec.foreach.key else (*at, "foreach")
        source = _source(scope, spec.foreach.in_, path, star=True)
        key = None
        if spec.foreach.key is not None:
            key = scope.reference(spec.foreach.key, (*at, "foreach", "key"), frozenset({"item"}))
        return ForEach(source, key) if source is not None else None
    if spec.matrix is not None:
        axes = [(axis, _source(scope, over, (*at, "matrix", axis))) for axis, over in spec.matrix.items()]
        return Matrix(tuple((axis, source) for axis, source in axes if source is not None))
    return None


def _source(
    scope: Scope, over: str | list[Any], path: Path, star: bool = False
) -> Ref | tuple[Any, ...] | None:
    if isinstance(over, str):
        return scope.reference(over, path, _LISTS, star=star)
    scope.as_it_is(over, path, _A_PARAM)
    return tuple(over)


def followed(steps: Mapping[str, StepSpec], fanout: FanOut | None) -> str | None:
    """The fan-out whose items this one's items are, one by one."""
    if not isinstance(fanout, ForEach) or not isinstance(fanout.source, Ref):
        return None
    ref = fanout.source
    if ref.root != "step" or ref.star:
        return None
    source = steps.get(ref.name)
    if source is None or (source.foreach is None and source.matrix is None):
        return None
    # a position, or a part of one item's value, is a list of its own: no items to follow
    outputs = source.outputs or ()
    rest = ref.path[1:] if ref.path and ref.path[0] in outputs else ref.path
    return ref.name if not rest else None
