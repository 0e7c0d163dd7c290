"""What `prun cache` tells: what lies in a store, what went, what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .style import PLAIN, Style
from .text import clip, columns, duration, number, one_line, plural, size, some

SHOWN = 10
_KINDS = {
    "blobs": "outputs",
    "entries": "entries",
    "recipes": "recipes",
    "runs": "run records",
    "latest": "latest results",
    "files": "files handed on",
    "trees": "folders handed on",
    "index": "indexes",
    "tmp": "temporary files",
    "locks": "locks",
    "other": "other",
}
_WHAT = {
    "damaged-entry": "damaged entry",
    "damaged-blob": "damaged output",
    "missing-blob": "missing output",
    "damaged-record": "damaged record",
    "differs": "does not reproduce",
    "unstable-type": "does not pickle stably",
    "unreadable": "cannot be loaded",
    "not-run": "could not run again",
    "ignored": "ignored",
}
_RED = frozenset({"damaged-entry", "damaged-blob", "missing-blob", "damaged-record", "differs"})


def stats_lines(stats: Any, *, width: int | None = None, style: Style = PLAIN) -> list[str]:
    """``prun cache stats``."""
    runs, entries = plural(stats.runs, "run"), plural(stats.entries, "result")
    head = f"{style(one_line(stats.store), 'bold')}: {size(stats.bytes)}, {entries} of {runs}"
    lines = [head, ""]
    rows: list[tuple[str, ...]]
    rows = [(_KINDS.get(k.kind, k.kind), number(k.files), size(k.bytes)) for k in stats.kinds]
    lines += _table(("kind", "files", "size"), rows, style, right=(1, 2))
    if stats.steps:
        rows = [
            (one_line(s.pipeline), one_line(s.step), number(s.entries), size(s.bytes), duration(s.seconds))
            for s in stats.steps
        ]
        head_ = ("pipeline", "step", "results", "size", "took")
        lines += ["", *_table(head_, rows[:SHOWN], style, right=(2, 3, 4)), *_more(rows, style)]
    if stats.biggest:
        rows = [(_named(b), one_line(b.type), size(b.bytes), duration(b.seconds)) for b in stats.biggest]
        lines += ["", *_table(("biggest", "type", "size", "took"), rows[:SHOWN], style, right=(2, 3))]
    lines += ["", *_lone(stats, style)]
    return [clip(line, width) if not style.colour else line for line in lines]


def _lone(stats: Any, style: Style) -> list[str]:
    lines = []
    if stats.lone_entries or stats.lone_blobs:
        text = []
        if stats.lone_entries:
            text.append(f"{plural(stats.lone_entries, 'result')} ({size(stats.lone_entry_bytes)})")
        if stats.lone_blobs:
            text.append(f"{plural(stats.lone_blobs, 'output')} ({size(stats.lone_blob_bytes)})")
        lines.append(f"No run refers to {' and '.join(text)}; `prun cache gc --dry-run` tells what can go.")
    elif stats.entries:
        lines.append("Some run refers to everything.")
    else:
        lines.append("It holds no results.")
    if stats.damaged:
        count = "1 entry is" if stats.damaged == 1 else f"{number(stats.damaged)} entries are"
        lines.append(style(f"{count} damaged: ", "red") + "`prun cache verify` names them.")
    if stats.ignored:
        lines.append(f"{number(stats.ignored)} of another version of prun, ignored.")
    return lines


def gc_lines(swept: Any, *, width: int | None = None, style: Style = PLAIN) -> list[str]:
    """``prun cache gc``."""
    if not swept.files and not swept.bytes:
        return [f"Nothing to remove: {size(swept.left_bytes)} stay."]
    done = "Would remove" if swept.dry_run else "Removed"
    what = f"{plural(swept.entries, 'result')}, {plural(swept.runs, 'run record')}"
    lines = [style(f"{done} {size(swept.bytes)}: {what}; {size(swept.left_bytes)} stay.", "bold")]
    rows: list[tuple[str, ...]]
    rows = [(_KINDS.get(k.kind, k.kind), number(k.files), size(k.bytes)) for k in swept.kinds]
    lines += ["", *_table(("kind", "files", "size"), rows, style, right=(1, 2))]
    if swept.entries:
        lines += ["", f"To compute it again would take {duration(swept.seconds)} of work."]
    costliest = [b for b in swept.costliest if b.seconds >= 0.05]
    if costliest:
        rows = [(_named(b), size(b.bytes), duration(b.seconds)) for b in costliest]
        lines += ["", *_table(("costliest", "size", "took"), rows[:SHOWN], style, right=(1, 2))]
    return [clip(line, width) if not style.colour else line for line in lines]


def verify_lines(found: Any, *, width: int | None = None, style: Style = PLAIN) -> list[str]:
    """``prun cache verify``."""
    entries = "1 entry" if found.entries == 1 else f"{number(found.entries)} entries"
    read = f"{entries} and {plural(found.blobs, 'file')} of outputs ({size(found.bytes)})"
    sampled = f"; {plural(found.sampled, 'task')} run again" if found.sampled else ""
    lines = [f"{found.store}: read {read}{sampled}"]
    for f in found.findings:
        word = style(_WHAT.get(f.kind, f.kind), "red" if f.kind in _RED else "yellow")
        name = some(f.tasks) if f.tasks else f.what
        if f.kind in ("unstable-type", "unreadable"):
            name = f"{f.what} ({some(f.tasks)})"
        elif f.kind == "differs":
            name = f.what
        where = f" ({f.what})" if f.tasks and f.kind.startswith(("damaged", "missing")) else ""
        detail = f": {one_line(f.detail)}" if f.detail else ""
        lines.append(f"  {word}: {one_line(name)}{where}{detail}{', removed' if f.repaired else ''}")
    if found.bad:
        broken = [f for f in found.findings if f.kind in _RED and f.kind != "differs"]
        if broken and not all(f.repaired for f in broken):
            lines.append("`prun cache verify --repair` removes what is damaged; it is computed again.")
    else:
        lines.append(style("Everything is whole.", "green"))
    return lines


def _named(big: Any) -> str:
    return one_line(f"{big.task}.{big.output}" if big.output else str(big.task))


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], style: Style, *, right: Sequence[int]
) -> list[str]:
    first, *rest = columns([tuple(head), *map(tuple, rows)], right=right)
    return [style(first, "dim"), *rest]


def _more(rows: Sequence[Any], style: Style) -> list[str]:
    return [style(f"and {number(len(rows) - SHOWN)} more", "dim")] if len(rows) > SHOWN else []
