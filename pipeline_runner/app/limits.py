"""What the tasks of a run may use at once, of what the executor and the pools have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..engine.bind import Binder
from ..engine.capacity import THOUSANDTHS, Limits
from ..engine.references import BindError
from ..model.graph import Graph, Ref, Step, Text
from ..view.text import size

DEFAULT_CPUS = 1.0  # of a task that says nothing


class Wrong(NamedTuple):
    """Something that a step asks for and cannot have: the key of ``resources`` and the words."""

    key: str
    message: str
    hint: str


def limits_of(graph: Graph, binder: Binder, workers: int) -> Limits:
    """Of a graph that has no problems with its resources."""
    executor = graph.executor
    totals = {"cpus": _thousandths(executor.cpus or workers)}
    if executor.gpus is not None:  # what nobody counted is not limited: the file runs on any machine
        totals["gpus"] = _thousandths(executor.gpus)
    if executor.memory is not None:
        totals["memory"] = executor.memory
    totals |= {_pool(name): places for name, places in graph.pools.items()}
    takes = {}
    for name, step in graph.steps.items():
        asked = amounts(step, binder)
        # a task that wants more processors than there are gets all: it is slower, but it can run
        wanted = {"cpus": min(_thousandths(asked.get("cpus", DEFAULT_CPUS)), totals["cpus"])}
        wanted["gpus"] = _thousandths(asked.get("gpus", 0))
        wanted["memory"] = int(asked.get("memory", 0))
        wanted |= {_pool(pool): places for pool, places in step.pools.items()}
        takes[name] = {r: amount for r, amount in wanted.items() if amount and r in totals}
    return Limits(totals, takes)


def amounts(step: Step, binder: Binder) -> dict[str, Any]:
    """A step's resources, with their texts filled in and read.

    Raises:
        BindError: a text gives no amount.
    """
    return {key: _amount(step, key, value, binder) for key, value in step.resources.items() if _fixed(value)}


def too_much(step: Step, graph: Graph, binder: Binder) -> Iterator[Wrong]:
    """What the step asks for in vain."""
    executor = graph.executor
    for key, value in step.resources.items():
        if not _fixed(value):
            continue
        try:
            asked = _amount(step, key, value, binder)
        except BindError as error:
            yield Wrong(key, error.message, error.hint)
            continue
        if key == "gpus" and executor.gpus is not None and asked > executor.gpus:
            there = f"{executor.gpus:g}" if executor.gpus else "none"
            yield Wrong(
                key, f"step {step.name!r} asks for {asked:g} gpus, and the executor has {there}",
                f"say how many there are: executor: {{gpus: {asked:g}}}",
            )  # fmt: skip
        if key == "memory" and executor.memory is not None and asked > executor.memory:
            yield Wrong(
                key, f"step {step.name!r} asks for {size(asked)} of memory, and the executor has "
                f"{size(executor.memory)}", "ask for less, or raise executor.memory",
            )  # fmt: skip


def _fixed(value: Any) -> bool:
    """Whether an amount is the same for all of a step's tasks; any other is for the exports alone."""
    parts = value.parts if isinstance(value, Text) else ()
    return not any(isinstance(part, Ref) and part.root != "params" for part in parts)


def _amount(step: Step, key: str, value: Any, binder: Binder) -> Any:
    if not isinstance(value, Text):
        return value
    text = binder.text(value, step, None)
    from ..spec import types  # only where a text is to be read

    try:
        if key in ("memory", "disk"):
            return types.size(int(text) if text.isdecimal() else text)
        return types.number(0)(float(text))
    except ValueError as error:
        context: Mapping[str, Any] = getattr(error, "context", None) or {}
        message = context.get("message") or f"must be a number of 0 or more, not {text!r}"
        raise BindError(f"{key} of step {step.name!r} {message}", context.get("hint") or "") from None


def _thousandths(amount: float) -> int:
    return max(1, round(min(amount, 1e9) * THOUSANDTHS)) if amount else 0


def _pool(name: str) -> str:
    return f"pool {name}"
