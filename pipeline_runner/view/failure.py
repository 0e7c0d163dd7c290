"""A failure as people read it: the task, the message, the user's own frames. Nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..model.outcome import ErrorInfo
from .style import Style
from .summary import Failure
from .text import cells, clip, clip_middle, duration, harmless, near, number, one_line, pad, some

_FRAME = re.compile(r'\s*File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_HEADER = "Traceback (most recent call last):"
_WIDEST_NAME = 40  # columns to which names are filled
LONGEST = 24  # lines of a traceback; a longer one (deep recursion) is cut in the middle


def message(error: ErrorInfo) -> str:
    """The failure in one line."""
    return one_line(error.message) or error.kind


def place(error: ErrorInfo) -> str:
    """``churn/model.py:14``, or nothing."""
    return f"{near(error.where[0])}:{error.where[1]}" if error.where else ""


def frames(error: ErrorInfo) -> list[str]:
    """The traceback, shortened: ``file:line, in function`` and the source line below it."""
    lines = []
    for raw in harmless(error.traceback).splitlines():
        if not raw.strip() or raw.strip() == _HEADER:
            continue
        frame = _FRAME.match(raw)
        if frame:
            function = f", in {frame['function']}" if frame["function"] else ""
            lines.append(f"{near(frame['file'])}:{frame['line']}{function}")
        else:
            lines.append(raw.rstrip())
    if lines and one_line(lines[-1]) == one_line(error.message):
        lines.pop()
    if not lines and error.where:
        function = f", in {error.where[2]}" if error.where[2] else ""
        lines.append(place(error) + function)
    if len(lines) > LONGEST:
        left_out = len(lines) - LONGEST
        lines = [*lines[:8], f"... {left_out} lines left out ...", *lines[8 + left_out :]]
    return lines


def failure_lines(
    failure: Failure, style: Style, *, full: bool = True, before: str = "", width: int | None = None
) -> list[str]:
    """The failure as it is told when it happens.

    ``full`` with its frames and hint; otherwise short, without the message if it is the one ``before``.
    Source lines are cut at the width: wrapped, the marks below them would point anywhere.
    """
    after = f" after {failure.attempts} attempts" if failure.attempts > 1 else ""
    verb = "failed and is left out" if failure.tolerated else "failed"
    colour = "yellow" if failure.tolerated else "red"
    error = failure.error
    head = f"{style(failure.task, 'bold')} {style(verb + after, colour)}: {message(error)}"
    if not full:
        if message(error) == before:
            return [f"{style(failure.task, 'bold')} {style(verb + after, colour)} likewise"]
        where = place(error)
        return [f"{head} ({where})" if where else head]
    shown = ["    " + line for line in frames(error)]
    shown = [clip(line, width) if line.startswith("     ") else line for line in shown]
    lines = [head, *(style(line, "dim") for line in shown)]
    if error.hint:
        lines.append("    hint: " + one_line(error.hint))
    return lines


def retry_line(task: str, error: ErrorInfo, attempt: int, retry_in: float, style: Style) -> str:
    """An attempt that failed and is made again."""
    again = f"again in {duration(retry_in)}" if retry_in >= 0.05 else "again now"
    return f"{style(task, 'bold')} {style(f'attempt {attempt} failed, {again}', 'yellow')}: {message(error)}"


class FailureGroup(NamedTuple):
    """Failures of one step at one place: told once."""

    first: Failure
    others: tuple[str, ...]  # task ids


def grouped(failures: Iterable[Failure]) -> list[FailureGroup]:
    """Failures by step, kind and place, in the order in which they came."""
    groups: dict[tuple[object, ...], list[Failure]] = {}
    for failure in failures:
        error = failure.error
        # without a place, the message is all that tells two failures apart
        at = error.where[:2] if error.where else (message(error),)
        name = error.types[0] if error.types else error.kind
        groups.setdefault((failure.step, name, failure.tolerated, *at), []).append(failure)
    return [FailureGroup(found[0], tuple(f.task for f in found[1:])) for found in groups.values()]


def failure_table(
    groups: Sequence[FailureGroup], style: Style, width: int | None, most: int = 10
) -> list[str]:
    """The failures at the end: one line a group: task id, place, message."""
    shown = groups[:most]
    names = max((cells(group.first.task) for group in shown), default=0)
    if width is not None:
        names = min(names, max(width // 2, 12))
    places = max((len(place(group.first.error)) for group in shown), default=0)
    lines = []
    for first, others in shown:
        where = pad(place(first.error), places) + "  " if places else ""
        rest = None if width is None else max(width - names - len(where) - 4, 20)
        text = clip(message(first.error), rest)
        name = pad(clip_middle(first.task, names), min(names, _WIDEST_NAME))
        lines.append(f"  {style(name, 'bold')}  {where}{style(text, 'red')}")
        if others:
            lines.append(clip(f"    and {number(len(others))} more like it: {some(others)}", width))
    if len(groups) > most:
        lines.append(f"  and {len(groups) - most} more kinds of failure")
    return lines
