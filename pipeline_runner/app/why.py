"""``prun why``: which part of a task's cache key changed since its last success."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import PipelineError, Problem
from ..model.decision import REUSE, PlannedTask, Reason
from ..model.graph import Graph
from ..model.names import split_task_id
from .wiring import plan_rows

if TYPE_CHECKING:
    from .session import Session


class Why(NamedTuple):
    """Why a task would run, or that it would not.

    status: "up to date", "changed", "never ran" or "undecided". ``since``: the run that it is
    compared with. ``chain``: for a task that waits for others, each task above it that would run,
    with its reasons. ``diff``: the changed functions' source, where it is known.
    """

    task: str
    status: str
    since: str
    reasons: Sequence[Reason]
    chain: Sequence[tuple[str, Sequence[Reason]]] = ()
    diff: str = ""


def explain_task(session: Session, graph: Graph, task: str) -> Why:
    """Raises ``PipelineError`` where the pipeline has no such task."""
    rows = plan_rows(session, graph)
    by_id = {row.id: row for row in rows}
    row = by_id.get(task) or _of_step(rows, task)
    if row is None:
        step, _ = split_task_id(task)
        row = next((r for r in rows if r.step == step and r.key is None), None)
    if row is None:
        near = difflib.get_close_matches(task, [*by_id, *graph.steps], 1)
        hint = f"did you mean {near[0]!r}?" if near else "prun plan lists the tasks"
        raise PipelineError(Problem("unknown-task", f"there is no task {task!r}", None, hint))
    since = session.history.since(row.step) or ""
    if row.action == REUSE:
        return Why(task, "up to date", since, ())
    chain = _chain(rows, row, graph)
    new = any(r.kind == "new" for r in row.reasons)
    status = "never ran" if new else "undecided" if row.action == "undecided" else "changed"
    name = task if row.key is None else row.id  # of a whole fan-out, the item that is told of
    diff = _diffs(session, [(row.id, row.reasons), *chain], since)
    return Why(name, status, since, row.reasons, chain, diff)


def explain_code(session: Session, graph: Graph, step: str) -> list[Reached]:
    """What a step's callable reaches. Raises ``PipelineError`` where there is no such step."""
    step, _ = split_task_id(step)
    if step not in graph.steps:
        near = difflib.get_close_matches(step, list(graph.steps), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"its steps: {', '.join(graph.steps)}"
        raise PipelineError(Problem("unknown-step", f"there is no step {step!r}", None, hint))
    return [Reached(*found) for found in session.code.explain(graph.steps[step].call)]


class Reached(NamedTuple):
    """One definition that a callable reaches, from where and why."""

    name: str
    file: str
    line: int
    source: str
    why: str


def _diffs(session: Session, changed: Sequence[tuple[str, Sequence[Reason]]], since: str) -> str:
    """What changed in the source of each definition, once, where it is known."""
    told: dict[str, str] = {}
    for task, reasons in changed:
        names = [r.what for r in reasons if r.kind == "code" and ":" in r.what and r.what not in told]
        if not names:
            continue
        step, key = split_task_id(task)
        previous = session.history.previous(step, key, {})
        recipe = session.history.recipe(previous.key.recipe) if previous is not None else None
        now = session.recipes.recipe(step)
        for name in names:
            before = recipe.source.get(name, "") if recipe is not None else ""
            after = session.recipes.source(now._replace(where={name: ("", 0)})).get(name, "")
            where = now.where.get(name) or (recipe.where.get(name) if recipe is not None else None)
            told[name] = source_diff(before, after, where[0] if where else name, since, "now")
    return "".join(told.values())


def source_diff(before: str, after: str, file: str, old: str, new: str) -> str:
    """A unified diff of a definition; nothing where one of the two is not known."""
    if not before or not after:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{file} ({old})", f"{file} ({new})", lineterm="", n=3
    )
    return "".join(line + "\n" for line in lines)


def _of_step(rows: Sequence[PlannedTask], step: str) -> PlannedTask | None:
    """Of a whole fan-out: the first of its tasks that would run, else the first."""
    mine = [r for r in rows if r.step == step]
    return next((r for r in mine if r.action != REUSE), mine[0] if mine else None)


def _chain(rows: Sequence[PlannedTask], row: PlannedTask, graph: Graph) -> list[tuple[str, Sequence[Reason]]]:
    """What would run above a task, nearest first."""
    chain: list[tuple[str, Sequence[Reason]]] = []
    seen = {row.step}
    queue = list(graph.steps[row.step].needs)
    while queue:
        step = queue.pop(0)
        if step in seen:
            continue
        seen.add(step)
        mine = _of_step(rows, step)
        if mine is not None and mine.action not in (REUSE, "skip"):
            chain.append((mine.id, mine.reasons))
            queue.extend(graph.steps[step].needs)
    return chain
