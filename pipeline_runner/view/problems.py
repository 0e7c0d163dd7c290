"""Problems as text: place and message, the line, a caret, the hint."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from ..errors import Place, Problem
from .text import near

_WIDTH = 100  # of the source line shown
_COLOURS = {"error": "1;31", "warning": "1;33", "place": "1", "caret": "1;32", "hint": "36"}


def render(problems: Iterable[Problem], colour: bool = False) -> str:
    """All problems, an empty line between those with a source line. Ends without a newline."""
    return "\n".join(render_one(problem, colour) for problem in problems)


def render_one(problem: Problem, colour: bool = False) -> str:
    """One problem; one to four lines."""
    place = problem.where
    head = f"{_paint(severity, severity, colour)}: " if (severity := problem.severity) else ""
    near_by = place._replace(file=near(place.file)) if place else None
    shown = _paint(_clean(str(near_by)) + ":", "place", colour) + " " if place else ""
    lines = [f"{shown}{head}{_clean(problem.message)}"]
    if place is not None and place.text.strip():
        source, caret = _excerpt(place)
        lines += [f"    {source}", f"    {' ' * caret}{_paint('^', 'caret', colour)}"]
    if problem.hint:
        lines.append(f"  {_paint('hint:', 'hint', colour)} {_clean(problem.hint)}")
    return "\n".join(lines)


def _excerpt(place: Place) -> tuple[str, int]:
    """The line, cut to what is around the column, and how far right the caret stands."""
    text = _clean(place.text.replace("\t", " ").rstrip("\n"))
    at = min(max(place.column - 1, 0), len(text))
    text, lead = text.rstrip(), 0
    if len(text) > _WIDTH:
        lead = max(0, min(at - _WIDTH // 2, len(text) - _WIDTH))
        cut = text[lead : lead + _WIDTH]
        cut = "..." + cut[3:] if lead else cut
        text = cut[:-3] + "..." if lead + _WIDTH < len(text) else cut
    return text, sum(_columns(char) for char in text[: at - lead]) + max(0, at - lead - len(text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _clean(text: str) -> str:
    """No control characters: a file must not be able to steer the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == " " else "?" for char in text)


def _paint(text: str, role: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS.get(role, '0')}m{text}\x1b[0m" if colour else text
