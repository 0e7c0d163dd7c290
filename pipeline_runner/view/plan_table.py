"""A plan for people: waves, a reason for each step in a few words, what is reused, expected time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from ..model.decision import REUSE, RUN, SKIP, UNDECIDED, PlannedTask
from .longest import longest_path
from .reasons import common_reasons
from .style import PLAIN, Style
from .text import cells, clip, clip_middle, number, pad, plural, rough, some

ROOMY = 30  # steps: a longer table is collapsed
SHOWN_IDS = 3
SHOWN_LEGS = 5  # of the longest path


class Row(NamedTuple):
    """A step's line."""

    wave: int
    step: str
    mood: str  # RUN, UNDECIDED, SKIP or REUSE: the strongest of its tasks
    action: str  # in words: "run 2 of 6"
    why: str
    time: str
    ids: tuple[str, ...]  # of the tasks that are not reused, where others of the step are


def plan_lines(
    name: str,
    tasks: Sequence[PlannedTask],
    *,
    estimate_s: float | None = None,
    unsized: Collection[str] = (),
    width: int | None = None,
    style: Style = PLAIN,
    verbose: bool = False,
) -> list[str]:
    """The whole plan. ``unsized``: steps whose number of items is not known yet."""
    counts = {action: sum(1 for t in tasks if t.action == action) for action in (RUN, REUSE, SKIP, UNDECIDED)}
    head = [*_headline(name, counts, estimate_s, width, style), *_longest(tasks, estimate_s, width)]
    rows = rows_of(tasks, unsized)
    if verbose:
        return [*head, *([""] if rows else []), *_table(rows, width, style, most_ids=None)]
    if not counts[RUN] and not counts[UNDECIDED]:
        return head
    return [*head, "", *_table(collapse(rows), width, style, most_ids=SHOWN_IDS)]


def _headline(
    name: str, counts: Mapping[str, int], estimate_s: float | None, width: int | None, style: Style
) -> list[str]:
    total = sum(counts.values())
    skipped = f" ({number(counts[SKIP])} skipped)" if counts[SKIP] else ""
    if not total:
        return [f"Nothing to do: {name} has no tasks."]
    if not counts[RUN] and not counts[UNDECIDED]:
        every = "the 1 task is" if total == 1 else f"all {number(total)} tasks are"
        return [style(f"Nothing to do: {every} up to date{skipped}.", "green")]
    parts = [f"{number(counts[RUN])} to run"] if counts[RUN] else []
    if counts[UNDECIDED]:
        parts.append(f"{number(counts[UNDECIDED])} undecided")
    if counts[REUSE]:
        parts.append(f"{number(counts[REUSE])} reused")
    if counts[SKIP]:
        parts.append(f"{number(counts[SKIP])} skipped")
    about = (
        ""
        if not estimate_s
        else f"; about {rough(estimate_s)}"
        if estimate_s >= 1
        else f"; {rough(estimate_s)}"
    )
    tasks, split = plural(total, "task"), ", ".join(parts)
    if width is not None and cells(f"{name}: {tasks}, {split}{about}") > width:
        return [f"{style(clip_middle(name, width // 2), 'bold')}: {tasks}{about}", clip(f"  {split}", width)]
    return [f"{style(name, 'bold')}: {tasks}, {split}{about}"]


def _longest(tasks: Sequence[PlannedTask], estimate_s: float | None, width: int | None) -> list[str]:
    """How long it takes on any number of workers, and for what; where that is worth a line."""
    legs = longest_path(tasks) if estimate_s is not None and estimate_s >= 1 else []
    seconds = sum(leg.seconds for leg in legs)
    if len(legs) < 2 or seconds < 1:
        return []
    longest = sorted(legs, key=lambda leg: -leg.seconds)[:SHOWN_LEGS]
    shown = [
        f"{leg.task} {rough(leg.seconds)}" for leg in legs if leg in longest and leg.seconds >= seconds / 50
    ]
    rest = len(legs) - len(shown)
    others = [plural(rest, "short task" if shown else "task")] if rest else []
    return [clip(f"  longest path {rough(seconds)}: {', '.join([*shown, *others])}", width)]


# ---- rows ---------------------------------------------------------------------------------------


def rows_of(tasks: Iterable[PlannedTask], unsized: Collection[str] = ()) -> list[Row]:
    """One row a step, by wave, then as in the pipeline."""
    steps: dict[str, list[PlannedTask]] = {}
    for task in tasks:
        steps.setdefault(task.step, []).append(task)
    acting = {t.step for found in steps.values() for t in found if t.action in (RUN, UNDECIDED)}
    rows = [_row(step, found, step in unsized, acting) for step, found in steps.items()]
    return sorted(rows, key=lambda row: row.wave)


def _row(step: str, tasks: list[PlannedTask], unsized: bool, acting: Collection[str]) -> Row:
    by_action = {a: [t for t in tasks if t.action == a] for a in (RUN, UNDECIDED, SKIP, REUSE)}
    present = [a for a in (RUN, UNDECIDED, SKIP, REUSE) if by_action[a]]
    mood = present[0]
    whys = [common_reasons(t.reasons for t in by_action[RUN])] if by_action[RUN] else []
    if by_action[UNDECIDED]:
        whys.append(_after(by_action[UNDECIDED], acting))
    if by_action[SKIP] and not by_action[RUN]:
        whys.append(common_reasons(t.reasons for t in by_action[SKIP]))
    times = [t.estimate_s for t in tasks if t.action in (RUN, UNDECIDED) and t.estimate_s is not None]
    ids = tuple(t.id for t in tasks if t.action == mood) if len(present) > 1 else ()
    fanout = tasks[0].key is not None
    if fanout:
        action = ", ".join(_many(a, len(by_action[a]), len(tasks)) for a in present)
    else:
        action = f"{mood}, ? items" if unsized and mood in (RUN, UNDECIDED) else mood
    return Row(
        min(t.wave for t in tasks),
        step,
        mood,
        action,
        "; ".join(why for why in whys if why),
        _brief(sum(times)) if times else "",
        ids,
    )


def _brief(seconds: float) -> str:
    return "<1 s" if seconds < 1 else rough(seconds)


def _many(action: str, count: int, total: int) -> str:
    return f"{action} all {number(total)}" if count == total and total > 1 else f"{action} {number(count)}"


def _after(tasks: Sequence[PlannedTask], acting: Collection[str]) -> str:
    """Why it can't be known yet: which of the steps it needs may give something else."""
    said = list(dict.fromkeys(r.what for t in tasks for r in t.reasons if r.kind == "input" and r.what))
    names = said or [n for n in dict.fromkeys(n for t in tasks for n in t.needs) if n in acting]
    return f"depends on {some(names)}" if names else "depends on its inputs"


def collapse(rows: Sequence[Row]) -> list[Row]:
    """A long table made short: neighbours that say the same become one line, reused ones first of all."""
    if len(rows) <= ROOMY:
        return list(rows)
    order = (RUN, UNDECIDED, SKIP, REUSE)
    rows = sorted(rows, key=lambda row: (row.wave, order.index(row.mood)))
    short: list[Row] = []
    for (mood, _), grouped in groupby(rows, key=lambda row: (row.mood, _kind(row))):
        group = list(grouped)
        if mood == REUSE and len(group) > 1:
            short.append(_together(group, "reuse"))
        elif len(group) > 5:
            short += [*group[:2], _together(group[2:-1], group[0].action, more="more "), group[-1]]
        else:
            short += group
    return short


def _kind(row: Row) -> str:
    """What makes two rows say the same."""
    return "" if row.mood in (REUSE, UNDECIDED) else row.why.partition(":")[0]


def _together(group: Sequence[Row], action: str, more: str = "") -> Row:
    first, last = group[0].wave, group[-1].wave
    waves = f"waves {first} to {last}" if first != last else ""
    return Row(first, f"({plural(len(group), f'{more}step')})", group[0].mood, action, waves, "", ())


# ---- as text ------------------------------------------------------------------------------------

_COLOURS = {RUN: "green", UNDECIDED: "yellow", SKIP: "dim", REUSE: "dim"}


def _table(rows: Sequence[Row], width: int | None, style: Style, most_ids: int | None) -> list[str]:
    waves = max(4, max((len(str(row.wave)) for row in rows), default=0))
    longest = max(max((cells(row.step) for row in rows), default=0), 4)
    steps = longest if width is None else min(longest, max(width // 3, 12))
    actions = max(6, max((cells(row.action) for row in rows), default=0))
    times = max(4, max((len(row.time) for row in rows), default=0))
    timed = any(row.time for row in rows)
    fixed = waves + 2 + steps + 2
    if width is not None and fixed + actions + (times + 2 if timed else 0) > width:
        timed = False  # a narrow terminal: what happens comes first
        actions = max(min(actions, width - fixed), 6)
    fixed += actions + 2 + (times + 2 if timed else 0)
    room = None if width is None else width - fixed
    head = [pad("wave", waves, right=True), pad("step", steps), pad("action", actions)]
    head += ([pad("time", times, right=True)] if timed else []) + (
        ["why"] if any(row.why for row in rows) and (room is None or room >= 3) else []
    )
    lines = [style("  ".join(head).rstrip(), "dim")]
    before = None
    for row in rows:
        wave = pad(str(row.wave) if row.wave != before else "", waves, right=True)
        before = row.wave
        colour = _COLOURS[row.mood]
        name = pad(clip_middle(row.step, steps), steps)
        parts = [style(wave, "dim"), style(name, *(["dim"] if row.mood == REUSE else []))]
        parts.append(style(pad(clip(row.action, actions), actions), colour))
        if timed:
            parts.append(pad(row.time, times, right=True))
        beside = room is None or cells(row.why) <= room
        lines.append("  ".join([*parts, row.why] if beside else parts).rstrip())
        under = [] if beside else row.why.split("; ") if most_ids is None else [row.why]
        if row.ids:
            under.append(", ".join(row.ids) if most_ids is None else some(row.ids, most_ids))
        inner = None if width is None else width - waves - 4
        lines += [style(" " * (waves + 4) + clip(text, inner), "dim") for text in under]
    return lines
