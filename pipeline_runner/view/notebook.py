"""Tables for notebooks: what ``_repr_html_`` gives. All of the user's text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..model.decision import PlannedTask
from .history import TaskLike, counts_words, step_lines_of
from .plan_table import collapse, rows_of
from .text import duration, rough, size

COLOURS = {
    "succeeded": "#1a7f37", "reused": "#0a7ea4", "failed": "#cf222e", "blocked": "#9a6700",
    "cancelled": "#9a6700", "skipped": "#6e7781", "run": "#1a7f37", "reuse": "#0a7ea4",
    "undecided": "#9a6700", "skip": "#6e7781",
}  # fmt: skip
SHOWN_ROWS = 60
_CELL = "text-align:left;padding:2px 12px 2px 0"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], most: int = SHOWN_ROWS) -> str:
    """Cells are HTML already."""
    parts = ["<table><thead><tr>", *(f'<th style="{_CELL}">{escape(name)}</th>' for name in head)]
    parts.append("</tr></thead><tbody>")
    for row in rows[:most]:
        parts += ["<tr>", *(f'<td style="{_CELL}">{cell}</td>' for cell in row), "</tr>"]
    if len(rows) > most:
        parts.append(f'<tr><td colspan="{len(head)}">and {len(rows) - most:,} more</td></tr>')
    return "".join([*parts, "</tbody></table>"])


def state(word: str, *, whole_run: bool = False) -> str:
    """A state in its colour; a task that succeeded was run, and a run that did succeeded."""
    shown = "run" if word == "succeeded" and not whole_run else word
    colour = COLOURS.get(word)
    return f'<span style="color:{colour}">{escape(shown)}</span>' if colour else escape(shown)


def run_html(
    id: str, pipeline: str, status: str, seconds: float, counts: Mapping[str, int], tasks: Iterable[TaskLike]
) -> str:
    """A run: a row a step, then what failed."""
    tasks = list(tasks)
    rows = []
    for step in step_lines_of(tasks):
        words = state(next(iter(step.counts))) if step.single else escape(counts_words(step.counts))
        rows.append((f"<b>{escape(step.name)}</b>", words, duration(step.seconds) if step.seconds else ""))
    failed = [(escape(t.id), escape(t.error or "")) for t in tasks if t.status == "failed"]
    what = f"Run <code>{escape(id)}</code> of <b>{escape(pipeline)}</b>"
    head = f"{what}: {state(status, whole_run=True)} in {duration(seconds)}"
    errors = table(("failed", "error"), failed, 10) if failed else ""
    shown = table(("step", "state", "time"), rows)
    return f"<div><p>{head}; {escape(counts_words(counts))}</p>{shown}{errors}</div>"


def plan_html(
    name: str, tasks: Sequence[PlannedTask], summary: Mapping[str, int], seconds: float | None
) -> str:
    """A plan: a row a step."""
    words = ", ".join(f"{n:,} {state(action)}" for action, n in summary.items() if n) or "nothing to do"
    about = f"; {'about ' if seconds >= 1 else ''}{rough(seconds)}" if seconds else ""
    rows = [
        (
            str(row.wave),
            f"<b>{escape(row.step)}</b>",
            f"{state(row.mood)} {escape(row.action)}",
            escape(row.why),
            row.time,
        )
        for row in collapse(rows_of(tasks))
    ]
    shown = table(("wave", "step", "action", "why", "time"), [_once(row) for row in rows])
    return f"<div><p>Plan of <b>{escape(name)}</b>: {words}{escape(about)}</p>{shown}</div>"


def _once(row: tuple[str, str, str, str, str]) -> tuple[str, ...]:
    """``run run`` says it twice."""
    wave, step, action, why, time = row
    for word in COLOURS:
        action = action.replace(f"{state(word)} {word}", state(word), 1)
    return wave, step, action, why, time


def task_html(about: Mapping[str, Any]) -> str:
    """A task: its arguments and outputs."""
    took = f" in {duration(about['seconds'])}" if about.get("seconds") else ""
    head = f"<b>{escape(str(about['id']))}</b> {state(str(about['status']))}{took}"
    inputs = [
        (escape(n), escape(f"{kind} {what}".strip()), escape(text)) for n, kind, what, text in about["parts"]
    ]
    outputs = [
        (escape(name), escape(kind), size(int(count or 0)), f"<pre>{escape(_short(preview))}</pre>")
        for name, kind, count, preview, _ in about["outputs"]
    ]
    parts = [f"<div><p>{head}</p>"]
    parts += [table(("argument", "from", "value"), inputs)] if inputs else []
    parts += [table(("output", "type", "size", ""), outputs)] if outputs else []
    if about.get("traceback") or about.get("error"):
        parts.append(f"<pre>{escape(str(about.get('traceback') or about['error']))}</pre>")
    return "".join([*parts, "</div>"])


def _short(preview: str) -> str:
    lines = preview.splitlines()
    return "\n".join([*lines[:12], *(["..."] if len(lines) > 12 else [])])
