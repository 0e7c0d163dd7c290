"""What of a pipeline is looked at, and whether that can go without the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import PipelineError, Problem
from ..model.decision import REUSE, SKIP
from ..resolve.select import above, select
from .wiring import plan_rows

if TYPE_CHECKING:
    from ..model.graph import Graph
    from .session import Session


class Selected(NamedTuple):
    """What of a pipeline is looked at."""

    graph: Graph  # the steps that were chosen, with all above them
    chosen: frozenset[str]
    forced: frozenset[str]  # of the chosen ones


def looked_at(graph: Graph, expressions: Sequence[str], force: Sequence[str]) -> Selected:
    """Steps by expressions.

    Raises:
        PipelineError: an expression names nothing, or what is forced is not selected.
    """
    chosen = select(graph, _several(expressions))
    forced = select(graph, _several(force)) if force else frozenset()
    if forced - chosen:
        names = ", ".join(name for name in graph.steps if name in forced - chosen)
        raise PipelineError(
            Problem("unselected", f"forced but not selected: {names}", None, "select what is forced, too")
        )
    kept = chosen | above(graph, chosen)
    if len(kept) == len(graph.steps):
        return Selected(graph, chosen, forced)
    steps = {name: step for name, step in graph.steps.items() if name in kept}
    return Selected(graph._replace(steps=steps), chosen, forced)


def _several(expressions: Sequence[str]) -> Sequence[str]:
    return [expressions] if isinstance(expressions, str) else expressions


def refuse_unselected(session: Session, selected: Selected) -> None:
    """Selected steps need what is above them reused or selected too.

    Raises:
        PipelineError: something above is neither; it says how to select it.
    """
    graph, chosen, _ = selected
    if len(chosen) == len(graph.steps):
        return
    rows = plan_rows(session, graph)
    missing = dict.fromkeys(r.step for r in rows if r.step not in chosen and r.action not in (REUSE, SKIP))
    if missing:
        wanted = [name for name in graph.steps if name in chosen]
        raise PipelineError(
            Problem(
                "unselected",
                f"{', '.join(wanted)} cannot run before {', '.join(missing)}, which "
                f"{'is' if len(missing) == 1 else 'are'} not up to date and not selected",
                None,
                "select what is above, too: " + " ".join(f"-s +{name}" for name in wanted[:3]),
            )
        )
