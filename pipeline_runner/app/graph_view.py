"""A pipeline's graph with what its last run made of it, as a drawing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..model.graph import ForEach, Graph, Input, Ref, Step
from ..model.outcome import BLOCKED, CANCELLED, FAILED, REUSED, SKIPPED, STATES, SUCCEEDED
from ..view.graph.drawing import DATA, ITEMS, ORDER, Drawing, Link, Node
from ..view.text import ago, duration

if TYPE_CHECKING:
    from .run_record import RunRecord

FORMATS = ("text", "mermaid", "dot", "svg")
_STRONGEST = (FAILED, BLOCKED, CANCELLED, SUCCEEDED, REUSED, SKIPPED)


def drawing_of(graph: Graph, run: RunRecord | None, *, now: float | None = None) -> Drawing:
    """A fan-out is one node, with how many items the run found."""
    steps: Mapping[str, Any] = run.steps if run is not None else {}
    nodes = tuple(_node(step, steps.get(step.name)) for step in graph.steps.values())
    links = tuple(
        Link(need, step.name, _kind(step, need)) for step in graph.steps.values() for need in step.needs
    )
    return Drawing(graph.name, _about(run, now), nodes, links)


def last_run(graph: Graph, store: str | None = None) -> RunRecord | None:
    """The newest run of the pipeline whose record is whole."""
    from .past_runs import ended_run_of
    from .run_record import RunRecord
    from .session import open_store

    opened = open_store(graph, store)
    found = ended_run_of(opened, graph.name)
    return None if found is None else RunRecord(found, opened)


def draw(drawing: Drawing, format: str) -> str:
    """The picture as text in one of ``FORMATS``."""
    if format == "svg":
        from ..view.graph.svg import svg

        return svg(drawing)
    if format == "text":
        from ..view.graph.text import text_lines

        return "\n".join(text_lines(drawing)) + "\n"
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    from ..view.graph import markup

    made: str = getattr(markup, format)(drawing)
    return made


def _about(run: RunRecord | None, now: float | None) -> str:
    if run is None:
        return "not run yet"
    when = ago(run.head["started"], time.time() if now is None else now)
    return f"run {run.id}: {run.head['status'] or 'unfinished'} {when}, {duration(run.head['seconds'])}"


def _node(step: Step, about: Any) -> Node:
    fanout = step.fanout is not None
    if about is None:
        return Node(step.name, fanout, tip=_tip(step))
    counted = Counter(about["states"])
    states = {state: counted[state] for state in STATES if counted[state]}
    count = len(about["keys"]) if fanout and about["keys"] is not None else None
    seconds = sum(about["seconds"].values()) or None
    return Node(step.name, fanout, count, _state(step, states), states, seconds, _tip(step))


def _state(step: Step, states: Mapping[str, int]) -> str:
    """What the step came to: failed items that are left out do not make it a failed one."""
    tolerated = step.on_error == "skip" and (states.get(SUCCEEDED) or states.get(REUSED))
    for state in _STRONGEST:
        if states.get(state) and not (state == FAILED and tolerated):
            return state
    return ""


def _kind(step: Step, need: str) -> str:
    if step.follows == need and isinstance(step.fanout, ForEach):
        return ITEMS
    return ORDER if need in step.after and not _reads(step, need) else DATA


def _reads(step: Step, need: str) -> bool:
    """Whether a step reads something of another, beside coming after it."""
    stack: list[Any] = [
        step.args, step.fanout, step.when, step.env, step.publish, step.image, step.resources,
    ]  # fmt: skip
    while stack:
        value = stack.pop()
        if isinstance(value, Ref):
            if value.root == "step" and value.name == need:
                return True
        elif isinstance(value, Input):
            stack.append(value.ref)
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, (tuple, list)):
            stack.extend(value)
    return False


def _tip(step: Step) -> str:
    parts = [step.name, step.description, f"call: {step.call}"]
    if step.trigger_rule != "all_success":
        parts.append(f"trigger_rule: {step.trigger_rule}")
    if step.tags:
        parts.append(f"tags: {', '.join(step.tags)}")
    return "\n".join(part for part in parts if part)
