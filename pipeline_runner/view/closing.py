"""The last words of a run: what was run, what was reused and the time that saved, what failed."""

from __future__ import annotations

from .failure import failure_table, grouped
from .style import PLAIN, Style
from .summary import Summary
from .text import cells, clip, duration, number, plural, shell_word, some

WORDS = (
    ("failed", "failed", "red"),
    ("blocked", "blocked", "yellow"),
    ("cancelled", "cancelled", "yellow"),
    ("succeeded", "run", "green"),
    ("reused", "reused", "cyan"),
    ("skipped", "skipped", "dim"),
)
SHOWN_PATHS = 5


def headline(summary: Summary, style: Style, *, short: bool = False) -> str:
    """``12 tasks: 3 run, 9 reused (saved 1m 12s) in 4.2 s``."""
    counts = summary.counts
    tasks, took = plural(summary.total, "task"), f"in {duration(summary.at)}"
    saved = f" (saved {duration(summary.saved_s)})" if summary.saved_s >= 0.05 and not short else ""
    if not summary.total:
        return f"Nothing to run: no tasks, {took}"
    if counts["reused"] == summary.total and summary.status == "succeeded":
        return f"{tasks}: {style('all reused', 'green')}, nothing run{saved} {took}"
    parts = []
    for state, word, colour in WORDS:
        if counts[state]:
            text = style(f"{number(counts[state])} {word}", colour)
            parts.append(text + saved if state == "reused" else text)
    lead = {
        "failed": style("FAILED", "red", "bold") + " ",
        "cancelled": style("CANCELLED", "yellow", "bold") + " ",
    }
    return f"{lead.get(summary.status, '')}{tasks}: {', '.join(parts)} {took}"


def closing(summary: Summary, style: Style, width: int | None = None, *, verbose: bool = False) -> list[str]:
    """The final summary, failures last."""
    short = width is not None and cells(headline(summary, PLAIN)) > width
    lines = [headline(summary, style, short=short)]
    paths = list(dict.fromkeys(summary.published))
    if paths and not verbose:  # verbose told each already
        lines.append(clip(f"Published {some(paths, SHOWN_PATHS)}", width))
    groups = grouped(summary.failures)
    left_out = [group for group in groups if group.first.tolerated]
    fatal = [group for group in groups if not group.first.tolerated]
    if left_out:
        lines.append(
            style(f"{plural(summary.tolerated, 'failed item')} left out (on_error: skip):", "yellow")
        )
        lines += failure_table(left_out, style, width)
    if fatal:
        if left_out:
            lines.append(style("Failed:", "red"))
        lines += failure_table(fatal, style, width)
    if groups:
        task = shell_word((fatal or left_out)[0].first.task)
        lines.append(f"What it printed: {style(f'prun logs {task}', 'bold')}")
    if fatal and summary.status == "failed":
        lines.append(f"When mended, {style('prun run', 'bold')} reuses what succeeded")
    elif summary.status == "cancelled":
        lines.append(f"What finished is kept, {style('prun run', 'bold')} goes on from there")
    return lines
