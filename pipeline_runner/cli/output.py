"""Where text goes: results to stdout, progress and messages to stderr, colour for terminals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, TextIO

import click

from ..view.style import Style, is_terminal, terminal_width, wants_colour

if TYPE_CHECKING:
    from ..view.live import Live
    from ..view.plain import Plain


def colour_of(stream: IO[Any]) -> bool:
    """Whether to colour what goes there."""
    return wants_colour(is_terminal(stream))


def result_style() -> Style:
    """The style of stdout."""
    return Style(colour_of(sys.stdout))


def result_width() -> int | None:
    """The width of stdout, None where it is no terminal."""
    return terminal_width(sys.stdout)


def result(lines: Iterable[str]) -> None:
    """Lines of a result."""
    click.echo("\n".join(lines), color=colour_of(sys.stdout))


def conclusion(line: str) -> None:
    """A line of the final summary."""
    click.echo(line, color=colour_of(sys.stdout))


def result_json(value: Any) -> None:
    """One JSON object, indented for people."""
    indent = 2 if is_terminal(sys.stdout) else None
    safe = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"  # whoever reads it expects UTF-8
    click.echo(json.dumps(value, indent=indent, ensure_ascii=safe, default=str))


def write_file(path: str, text: str | bytes) -> None:
    """A file that the user asked for. Raises ``PrunError`` where it cannot be written."""
    from ..errors import PrunError

    try:
        with open(path, "wb") as file:
            file.write(text.encode("utf-8") if isinstance(text, str) else text)
    except OSError as error:
        raise PrunError(f"cannot write {path}: {error.strerror}") from error


def message(line: str) -> None:
    """A line to stderr."""
    click.echo(line, err=True, color=colour_of(sys.stderr))


def _own(stream: TextIO) -> TextIO:
    """The same place through a descriptor of our own: a task that runs in this process has the
    stream's descriptor for itself meanwhile, and what it prints is its log."""
    try:
        return open(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors="replace", buffering=1)
    except (AttributeError, OSError, ValueError):
        return stream


def run_view(level: int, *, as_json: bool = False, logs: bool = False) -> Live | Plain:
    """What watches a run: moving on a terminal, plain lines elsewhere.

    The final summary is a result: it goes to stdout, unless that is to hold one JSON object.
    """
    conclude = message if as_json else conclusion
    colour = colour_of(sys.stderr)
    stream = _own(sys.stderr)
    if is_terminal(sys.stderr):
        from ..view.live import Live

        view: Live | Plain = Live(stream, conclude=conclude, level=level, colour=colour)
    else:
        from ..view.plain import Plain

        def write(line: str) -> None:
            click.echo(line, file=stream, color=colour)

        view = Plain(write, conclude=conclude, level=level, colour=colour)
    view.messages.logs = view.messages.logs or logs
    return view
