"""``-s/--select``: dbt's graph operators over step names and tags.

``train``  the step;  ``+train``  with all above it;  ``train+``  with all below it;
``1+train``, ``train+2``  so many edges far;  ``@train``  with all below it, and all above all of those;
``tag:nightly``  every step with the tag (also with ``+``);  ``tr*``  a pattern;
``a b``, or given several times: all of them;  ``+a,+b``  what is in both (as in dbt).
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from ..errors import PipelineError, Problem
from ..model.graph import Graph, Step

_OPERATORS = re.compile(r"(@)?(?:([0-9]{0,9})\+)?(.*?)(?:\+([0-9]{0,9}))?\Z", re.S)
_UNION = "a comma stands for what is in both, a blank for all of them"


def select(graph: Graph, expressions: Sequence[str]) -> frozenset[str]:
    """The steps that the expressions name; all of them where there is no expression.

    Raises:
        PipelineError: an expression names nothing.
    """
    if not expressions:
        return frozenset(graph.steps)
    chosen: set[str] = set()
    problems: list[Problem] = []
    for text in expressions:
        for union in text.split() or [""]:
            found = [_chosen(graph, part, problems) for part in union.split(",")]
            chosen |= set.intersection(*found)
    if not problems and not chosen:
        problems.append(Problem("selection", f"{' '.join(expressions)!r} selects no step", None, _UNION))
    if problems:
        raise PipelineError(list(dict.fromkeys(problems)))
    return frozenset(chosen)


def _chosen(graph: Graph, expression: str, problems: list[Problem]) -> set[str]:
    if not expression:
        problems.append(Problem("selection", "the selection is empty", None, f"name a step; {_UNION}"))
        return set()
    operators = _OPERATORS.match(expression)
    assert operators is not None  # it matches anything
    at, far_up, core, far_down = operators.groups()
    found = _named(graph.steps, core)
    if not found:
        problems.append(_unknown(graph, core))
    chosen = set(found)
    if at:
        chosen |= below(graph, found)
        chosen |= above(graph, chosen)
    if far_up is not None:
        chosen |= above(graph, found, int(far_up) if far_up else None)
    if far_down is not None:
        chosen |= below(graph, found, int(far_down) if far_down else None)
    return chosen


def above(graph: Graph, names: Iterable[str], far: int | None = None) -> set[str]:
    """Everything that the named steps need, transitively (without themselves): ``far`` edges, or any."""
    return _reach({name: step.needs for name, step in graph.steps.items()}, names, far)


def below(graph: Graph, names: Iterable[str], far: int | None = None) -> set[str]:
    """Everything that needs the named steps, transitively (without themselves): ``far`` edges, or any."""
    consumers: dict[str, list[str]] = {name: [] for name in graph.steps}
    for name, step in graph.steps.items():
        for need in step.needs:
            consumers[need].append(name)
    return _reach(consumers, names, far)


def _reach(edges: Mapping[str, Sequence[str]], start: Iterable[str], far: int | None) -> set[str]:
    seen: set[str] = set()
    next_ = set(start)
    while next_ and (far is None or far > 0):
        next_ = {n for s in next_ for n in edges[s]} - seen
        seen |= next_
        far = None if far is None else far - 1
    return seen


def _named(steps: Mapping[str, Step], core: str) -> set[str]:
    if core.startswith("tag:"):
        return {n for n, s in steps.items() if core[4:] in s.tags}
    if any(c in core for c in "*?["):
        return set(fnmatch.filter(steps, core))
    return {core} if core in steps else set()


def _unknown(graph: Graph, core: str) -> Problem:
    if core.startswith("tag:"):
        tags = sorted({t for s in graph.steps.values() for t in s.tags})
        near = difflib.get_close_matches(core[4:], tags, 1)
        hint = f"did you mean 'tag:{near[0]}'?" if near else f"tags: {', '.join(tags) or 'none'}"
        return Problem("unknown-tag", f"no step has the tag {core[4:]!r}", None, hint)
    near = difflib.get_close_matches(core, list(graph.steps), 1)
    hint = f"did you mean {near[0]!r}?" if near else "steps: " + ", ".join(list(graph.steps)[:12])
    return Problem("unknown-step", f"there is no step {core!r}", None, hint)
