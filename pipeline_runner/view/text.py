"""How numbers and texts look everywhere: durations, sizes, counts, clipping. No colour here."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Iterable, Sequence


def duration(seconds: float) -> str:
    """``3 ms``, ``4.2 s``, ``1m 12s``, ``2h 05m``, ``3d 04h``."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = int(seconds + 0.5)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60:02d}m"
    hours = minutes // 60
    return f"{hours // 24}d {hours % 24:02d}h"


def rough(seconds: float) -> str:
    """A time that is only expected: no false precision."""
    if seconds < 1:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 59.5 else duration(round(seconds))


def size(count: int) -> str:
    """Bytes: ``512 B``, ``1.4 KiB``, ``12 MiB``."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.5 or unit == "TiB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def number(count: int) -> str:
    """``100,000``."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """``1 task``, ``1,000 tasks``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ago(then: float, now: float) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``, then the date."""
    gone = now - then
    if gone < 60:
        return "just now"
    if gone < 3600:
        return f"{int(gone // 60)} min ago"
    if gone < 48 * 3600:
        return f"{int(gone // 3600)} h ago"
    if gone < 14 * 86400:
        return f"{int(gone // 86400)} days ago"
    return time.strftime("%Y-%m-%d", time.localtime(then))


def cells(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    taken = 0
    for char in text:
        if unicodedata.combining(char):
            continue
        taken += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return taken


def clip(text: str, width: int | None) -> str:
    """At most ``width`` columns; what is cut off is shown by ``…``. None: as it is."""
    if width is None or cells(text) <= width:
        return text
    if width <= 0:
        return ""
    return _beginning(text, width - 1).rstrip() + "…"


def clip_middle(text: str, width: int | None) -> str:
    """As ``clip``, for names whose end tells as much as their beginning."""
    if width is None or cells(text) <= width or width < 5:
        return clip(text, width)
    head = (width - 1) // 2
    tail = _beginning(text[::-1], width - 1 - head)[::-1]
    return f"{_beginning(text, head)}…{tail}"


def _beginning(text: str, width: int) -> str:
    """As much of the text as fits."""
    taken = 0
    for index, char in enumerate(text):
        taken += cells(char)
        if taken > width:
            return text[:index]
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Filled with spaces to ``width`` columns."""
    space = " " * max(width - cells(text), 0)
    return space + text if right else text + space


def one_line(text: str) -> str:
    """A text of any shape as one line without control characters."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in joined)


_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>])")
_COLOUR = re.compile(r"(\x1b\[[0-9;:]*m)")
PLAIN_AGAIN = "\x1b[0m"
_TOLD = 1000  # characters of what was told last, by which the rest of a shortened text is found


def harmless(text: str) -> str:
    """Text of somebody else for a log or a terminal: no control characters but tab and newline."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def as_shown(text: str, *, colour: bool = False) -> str:
    """What a terminal would leave on the screen: of a line that was written over (a progress bar) its
    last state, and nothing that steers the terminal. ``colour``: colours stay."""
    if "\x1b" in text:
        text = _ESCAPES.sub(lambda found: found[0] if colour and _COLOUR.fullmatch(found[0]) else "", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    if "\x1b" not in text or not colour:
        return harmless(text)
    pieces = _COLOUR.split(text)  # text, colour, text, ...
    return "".join(harmless(p) if i % 2 == 0 else p for i, p in enumerate(pieces))


def news(told: str, text: str) -> str:
    """What is new in a growing text since ``told``. It may have been shortened in its middle since then;
    one that has nothing of what was told began again."""
    if text.startswith(told):
        return text[len(told) :]
    _, found, rest = text.rpartition(told[-_TOLD:])
    return rest if found else text


def some(names: Sequence[str], most: int = 3) -> str:
    """``a, b, c and 9 more``."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {number(len(names) - most)} more"


def near(path: str) -> str:
    """The path relative to the current folder where it lies below it; as it is otherwise."""
    if not os.path.isabs(path):
        return path
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith("..") else relative


def shell_word(text: str) -> str:
    """A task id as it can be typed: ``train[1,3]`` needs quotes in zsh and fish."""
    return f'"{text}"' if not text.replace("_", "").replace("-", "").replace(".", "").isalnum() else text


def columns(rows: Iterable[Sequence[str]], *, gap: str = "  ", right: Sequence[int] = ()) -> list[str]:
    """Rows of texts as aligned lines; the columns named in ``right`` are aligned to the right."""
    table = [tuple(row) for row in rows]
    if not table:
        return []
    widths = [max(cells(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        parts = [pad(cell, widths[i], right=i in right) for i, cell in enumerate(row)]
        lines.append(gap.join(parts).rstrip())
    return lines
