"""Colour, or none: the few styles that the texts use, as ANSI codes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO, Any

CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}


class Style:
    """Puts colour around text, or leaves it alone."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, *names: str) -> str:
        """``style("failed", "red", "bold")``."""
        if not self.colour or not text or not names:
            return text
        codes = ";".join(CODES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"


PLAIN = Style(False)


def is_terminal(stream: IO[Any]) -> bool:
    """Whether people look at the stream through a terminal that can move its cursor."""
    try:
        return stream.isatty() and os.environ.get("TERM", "") != "dumb"
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def terminal_width(stream: IO[Any]) -> int | None:
    """Columns of the terminal, or None where nothing need fit (a pipe, a file)."""
    if not is_terminal(stream):
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "0") or 0) or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 80
    return max(columns, 20)


def wants_colour(terminal: bool, environ: Mapping[str, str] | None = None) -> bool:
    """NO_COLOR (any text) says no, FORCE_COLOR says yes, otherwise a terminal decides."""
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return terminal
