"""Cron expressions: is one right, and if not, why (standard library only)."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_PART = re.compile(r"(?:(\*)|([A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?)(?:/([0-9]+))?\Z")


def problem(text: str) -> tuple[str, str] | None:
    """What is wrong with a cron expression (message, hint), or None."""
    if text.strip() in _MACROS:
        return f"{text.strip()} is not supported", f'write "{_MACROS[text.strip()]}"'
    fields = text.split()
    if len(fields) != 5:
        return (
            f"must have 5 fields, not {len(fields)}",
            "minute, hour, day of the month, month, day of the week",
        )
    sets: list[set[int]] = []
    for content, (what, low, high, names) in zip(fields, _FIELDS, strict=True):
        values: set[int] = set()
        for part in content.split(","):
            found = _values(part, low, high, names)
            if isinstance(found, str):
                return f"the {what} {content!r} is wrong: {found}", ""
            values |= found
        sets.append(values)
    days, months = sets[2], sets[3]
    if fields[4] == "*" and not any(day <= _LENGTHS[month - 1] for day in days for month in months):
        return f"never comes: no such day ({fields[2]}) in month {fields[3]}", ""
    return None


def _values(part: str, low: int, high: int, names: tuple[str, ...]) -> set[int] | str:
    match = _PART.match(part)
    if match is None:
        return "write *, a number, a range a-b, a step */n, or several by commas"
    star, first, last, step = match.groups()
    if step is not None and not 1 <= int(step[:6]) <= high:
        return f"the step must be from 1 to {high}"
    by = int(step or 1)
    if star:
        return set(range(low, high + 1, by))
    ends = []
    for end in (first, last):
        if end is None:
            continue
        number = _number(end, names, low)
        if number is None or not low <= number <= high:
            known = f" or {names[0]}-{names[-1]}" if names else ""
            return f"{end} is not from {low} to {high}{known}"
        ends.append(number)
    start = ends[0]
    stop = ends[-1] if last is not None else (high if step is not None else start)
    if stop < start:
        return f"the range {first}-{last} runs backwards"
    return set(range(start, stop + 1, by))


def _number(text: str, names: tuple[str, ...], low: int) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text[:6])
    word = text.lower()
    return names.index(word) + low if word in names else None
