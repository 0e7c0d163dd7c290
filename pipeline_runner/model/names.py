"""Names: what a step may be called, and how a task's id is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
RESERVED = frozenset({"params", "item", "matrix", "secrets", "run", "env"})
_SHORT_TEXT = re.compile(r"[A-Za-z0-9_.-]{1,40}\Z")
_LONG = 10**38  # integers up to which a name is short enough
_FEW = 16  # values up to which they are looked at one by one


def short_key(value: Any) -> str | None:
    """The item as it stands in a task id, or None where its index has to serve.

    A bool, an int, or text of ``[A-Za-z0-9_.-]`` up to 40 characters.
    """
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        text = str(value)
        return text if len(text) <= 40 else None
    if type(value) is str and _SHORT_TEXT.match(value):
        return value
    return None


def item_keys(values: Sequence[Any]) -> list[str]:
    """One key for each item; all of them indices where the short keys would repeat."""
    if len(values) > _FEW and set(map(type, values)) == {int} and -_LONG < min(values) <= max(values) < _LONG:
        named = list(map(str, values))
        return named if len(set(values)) == len(named) else [str(i) for i in range(len(named))]
    return unless_repeated(own_keys(values))


def short_keys(values: Sequence[Any]) -> list[str]:
    """Each value's short key; "" where it has none."""
    if set(map(type, values)) == {int} and -_LONG < min(values) <= max(values) < _LONG:
        return list(map(str, values))
    return [short_key(v) or "" for v in values]


def own_keys(values: Iterable[Any]) -> list[str]:
    """Each item's short key, else its index; they may repeat."""
    return [str(i) if (key := short_key(v)) is None else key for i, v in enumerate(values)]


def unless_repeated(keys: list[str]) -> list[str]:
    """The keys; where one repeats, the index of each item."""
    return keys if len(set(keys)) == len(keys) else [str(i) for i in range(len(keys))]


def task_id(step: str, key: str | None) -> str:
    return step if key is None else f"{step}[{key}]"


def split_task_id(text: str) -> tuple[str, str | None]:
    """``train[1,3]`` -> ("train", "1,3"); ``train`` -> ("train", None)."""
    if text.endswith("]") and "[" in text:
        step, _, key = text[:-1].partition("[")
        return step, key
    return text, None
