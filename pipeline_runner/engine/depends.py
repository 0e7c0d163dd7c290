"""What a step's arguments depend on, read from the graph alone."""

from __future__ import annotations

from typing import Any

from ..model.graph import Files, ForEach, Graph, Input, Literal, Matrix, Ref, Step, Text
from ..resolve import condition


def step_refs(step: Step) -> list[Ref]:
    """Every reference to a step's output in a step's arguments and condition."""
    found = []
    for binding in step.args.values():
        if isinstance(binding, Input):
            found.append(binding.ref)
        elif isinstance(binding, Files) and isinstance(binding.source, Ref):
            found.append(binding.source)
    if step.when is not None:
        found.extend(condition.references(step.when))
    return [r for r in found if r.root == "step"]


def gone_over(step: Step) -> list[str]:
    """The steps whose lists a fan-out goes over."""
    fanout = step.fanout
    sources = [s for _, s in fanout.axes] if isinstance(fanout, Matrix) else [fanout.source] if fanout else []
    return [s.name for s in sources if isinstance(s, Ref) and s.root == "step"]


def family(graph: Graph, step: str) -> str | None:
    """The fan-out whose items those of a step are, through any number of follows."""
    found = graph.steps[step]
    if found.fanout is None:
        return None
    while found.follows is not None:
        found = graph.steps[found.follows]
    return found.name


def outer_of(graph: Graph, step: str) -> str | None:
    """The fan-out one level up: a step's items are elements of the lists that its items gave, by ``.*``."""
    first = family(graph, step)
    fanout = graph.steps[first].fanout if first is not None else None
    if not isinstance(fanout, ForEach) or not isinstance(fanout.source, Ref):
        return None
    ref = fanout.source
    if ref.root != "step" or not ref.star:
        return None
    source = graph.steps[ref.name]
    named = len(ref.path) > 0 and ref.path[0] in (source.outputs or ())
    if source.fanout is None or len(ref.path) > named:
        return None  # one list, or something inside of what one item gave
    return ref.name


def varies_by_item(value: Any) -> bool:
    """Whether a binding, a text or a literal names the item or a matrix axis."""
    stack = [value]
    while stack:
        v = stack.pop()
        if isinstance(v, Ref):
            if v.root in ("item", "matrix"):
                return True
        elif isinstance(v, Input):
            stack.append(v.ref)
        elif isinstance(v, Files):
            stack.append(v.source)
        elif isinstance(v, Literal):
            stack.append(v.value)
        elif isinstance(v, Text):
            stack.extend(v.parts)
        elif type(v) is list:
            stack.extend(v)
        elif type(v) is dict:
            stack.extend(v.values())
    return False


def when_varies(step: Step) -> bool:
    """Whether ``when`` is asked for each item by itself."""
    return step.when is not None and any(
        r.root in ("item", "matrix") for r in condition.references(step.when)
    )
