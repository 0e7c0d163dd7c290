"""The live picture as lines of styled pieces: a pure function of the summary, time and room.

No line is ever wider than the room there is, and there are never more lines than fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from .remaining import time_left
from .summary import RUNNING, StepSummary, Summary
from .text import cells, clip, clip_middle, duration, number, plural, rough

Piece: TypeAlias = tuple[str, str]  # text, style name ("" for none)
Line: TypeAlias = list[Piece]

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BAR_WIDTH = 14
WIDEST = 100  # on wider terminals the times would stand too far from the names
_MARKS = {
    "succeeded": ("✓", "+", "green"),
    "reused": ("=", "=", "cyan"),
    "failed": ("✗", "x", "red"),
    "blocked": ("-", "-", "yellow"),
    "cancelled": ("-", "-", "yellow"),
    "skipped": ("-", "-", "dim"),
}


class Room(NamedTuple):
    """Where the picture is drawn."""

    width: int
    height: int
    ascii: bool = False


def picture(summary: Summary, now: float, room: Room) -> list[Line]:
    """A line per step while they fit, then one for the run."""
    room = room._replace(width=min(room.width, WIDEST))
    steps = list(summary.steps.values())
    most = max(room.height - 2, 1)
    if summary.status:  # the last frame stays on the screen: what was merely reused is not told one by one
        worth = [s for s in steps if s.first_start is not None or s.state == "failed"]
    else:
        worth = steps
    shown = worth if len(worth) == len(steps) <= most else _choose(worth, most - 1, bool(summary.status))
    names = min(max((cells(s.name) for s in shown), default=0), max(room.width // 3, 8))
    lines = [_fit(_row(summary, step, now, room, names), room.width) for step in shown]
    rest = _rest(steps, shown)
    if rest:
        lines.append(_fit([("  " + rest, "dim")], room.width))
    if not summary.status:
        lines.append(_fit(_footer(summary, now), room.width))
    return lines


def _choose(steps: Sequence[StepSummary], most: int, final: bool) -> list[StepSummary]:
    """Those worth a line, in the pipeline's order: running, failed, then what ended last, then next."""

    def rank(step: StepSummary) -> tuple[int, float]:
        if step.active:
            return (0, 0.0)
        if step.count("failed"):
            return (1, 0.0)
        if final:  # where the time went
            return (2, -((step.last_end or 0.0) - (step.first_start or 0.0)))
        if step.first_start is not None:
            return (2, -(step.last_end or 0.0))
        return (4, 0.0) if step.state else (3, 0.0)

    kept = {id(step) for step in sorted(steps, key=rank)[: max(most, 0)]}
    return [step for step in steps if id(step) in kept]


def _rest(steps: Sequence[StepSummary], shown: Sequence[StepSummary]) -> str:
    inside = {id(step) for step in shown}
    others = [step for step in steps if id(step) not in inside]
    if not others:
        return ""
    counted: dict[str, int] = {}
    for step in others:
        state = step.state or ("running" if step.running else "waiting")
        counted[state] = counted.get(state, 0) + 1
    states = ", ".join(
        f"{number(count)} {state.replace('succeeded', 'run')}" for state, count in counted.items()
    )
    more = "more " if shown else ""
    return f"{number(len(others))} {more}step{'s' if len(others) != 1 else ''}: {states}"


def _row(summary: Summary, step: StepSummary, now: float, room: Room, names: int) -> Line:
    name = clip_middle(step.name, names)
    line: Line = [_mark(step, now, room), (" ", ""), (name + " " * (names - cells(name)), _name_style(step))]
    for clock in dict.fromkeys((whole := _clock(summary, step, now), whole.partition(",")[0])):
        free = room.width - 2 - names - (len(clock) + 2 if clock else 0)
        details = _details(step, room, free - 2)
        if details:
            break  # else: how many are done is worth more than the time that is left
    used = sum(cells(text) for text, _ in details)
    if details:
        line += [("  ", ""), *details]
        used += 2
    if clock:
        line += [(" " * max(free - used + 2, 2), ""), (clock, "dim")]
    return line


def _name_style(step: StepSummary) -> str:
    if step.active:
        return "bold"
    return "" if step.first_start is not None else "dim"


def _mark(step: StepSummary, now: float, room: Room) -> Piece:
    if step.active:
        return ("*" if room.ascii else SPINNER[int(now * 10) % len(SPINNER)], "blue")
    state = "failed" if step.count("failed") > step.tolerated else step.state
    fine, plain, style = _MARKS.get(state, ("·", ".", "dim"))
    return (plain if room.ascii else fine, style)


def _clock(summary: Summary, step: StepSummary, now: float) -> str:
    elapsed = step.elapsed(now)
    if step.state or (elapsed is not None and not step.active):
        return duration(elapsed) if elapsed is not None else ""
    if elapsed is None:
        one = step.total in (None, 1) and step.keys is None
        return f"~{rough(step.expected_s)}" if step.expected_s and step.expected_s >= 1 and one else ""
    left = step.left(now, summary.workers)
    if left is None or left < 0.5:
        return rough_clock(elapsed)
    return f"{rough_clock(elapsed)}, {'<1 s' if left < 1 else '~' + rough(left)} left"


def rough_clock(seconds: float) -> str:
    """A running clock: whole seconds, so that it does not flicker."""
    return f"{int(seconds)} s" if seconds < 60 else duration(int(seconds))


_COUNTED = (
    ("failed", "failed", "red"),
    ("reused", "reused", "cyan"),
    ("blocked", "blocked", "yellow"),
    ("skipped", "skipped", "dim"),
    ("cancelled", "cancelled", "yellow"),
    ("retrying", "retrying", "yellow"),
)


def _details(step: StepSummary, room: Room, free: int) -> Line:
    """What is known of the step's items, as much as there is room for."""
    if free < 4:
        return []
    total = step.total
    if total is None or (step.keys is None and total == 1):
        return [_single(step, free)]
    words = [(f"{number(step.count(s))} {word}", style) for s, word, style in _COUNTED if step.count(s)]
    if step.state:
        run = step.count("succeeded")
        words = [(f"{number(run)} run", "green")] * (run > 0) + words or [("no items", "dim")]
        return _fit(_spaced(words), free)
    running = step.count(RUNNING)
    if running:
        words.insert(int(step.count("failed") > 0), (f"{number(running)} running", "blue"))
    line = _spaced([(f"{number(step.done)}/{number(total)}", ""), *words])
    used = sum(cells(piece) for piece, _ in line)
    if used > free:  # first the item counts go, whole ones from the end
        while len(line) > 1 and sum(cells(piece) for piece, _ in line) > free:
            line = line[:-2]
        return _fit(line, free)
    if used + BAR_WIDTH + 2 <= free and room.width >= 60 and total:
        line = [*_bar(step, total, room), ("  ", ""), *line]
        used += BAR_WIDTH + 2
    names = " ".join(step.task(i)[len(step.name) :] for i in list(step.running)[:3])
    if 0 < running <= 3 and step.keys is not None and used + cells(names) + 2 <= free:
        line += [("  ", ""), (names, "dim")]
    return line


def _spaced(pieces: Line) -> Line:
    line: Line = []
    for piece in pieces:
        line += [("  ", ""), piece] if line else [piece]
    return line


def _single(step: StepSummary, free: int) -> Piece:
    if step.state:
        return (step.state.replace("succeeded", "run"), _MARKS.get(step.state, ("", "", ""))[2])
    if step.count("retrying"):
        return ("waits to try again", "yellow")
    if step.running:
        attempt = max((step.attempts.get(item, 1) for item in step.running), default=1)
        text = f"running, attempt {attempt}" if attempt > 1 else "running"
        if step.reason and cells(text) + cells(step.reason) + 2 <= free:
            text += f": {step.reason}"
        return (clip(text, free), "blue")
    return ("", "")


def _bar(step: StepSummary, total: int, room: Room) -> Line:
    full, part, empty = ("#", "-", ".") if room.ascii else ("━", "━", "━")
    done = min(int(BAR_WIDTH * step.done / total), BAR_WIDTH)
    active = min(-(-BAR_WIDTH * step.count(RUNNING) // total), BAR_WIDTH - done)
    colour = "red" if step.count("failed") > step.tolerated else "green"
    pieces = [(full * done, colour), (part * active, "blue"), (empty * (BAR_WIDTH - done - active), "dim")]
    return [piece for piece in pieces if piece[0]]


def _footer(summary: Summary, now: float) -> Line:
    done = sum(step.done for step in summary.steps.values())
    clock = rough_clock(now)
    if left := time_left(summary, now):
        clock += f", {left}"
    pieces: Line = [(f"{number(done)} of {plural(summary.total, 'task')}", "bold"), (clock, "")]
    for state, style in (("failed", "red"), (RUNNING, "blue"), ("reused", "cyan")):
        if summary.count(state):
            pieces.append((f"{number(summary.count(state))} {state}", style))
    return [("  ", ""), *_spaced(pieces)]


def _fit(line: Line, width: int) -> Line:
    """Cut off what is beyond the width."""
    fitted: Line = []
    for text, style in line:
        text = clip(text, width)
        if not text:
            break
        fitted.append((text, style))
        width -= cells(text)
    return fitted
