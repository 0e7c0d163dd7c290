"""Going deeper into plain data: ``.KEY`` and ``.N`` of references."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .unhashable import short_repr, type_name


def go_deeper(value: Any, path: Iterable[str | int]) -> Any:
    """The part of a value that ``.KEY`` and ``.N`` lead to; ``LookupError`` says what is there."""
    done = ""
    for part in path:
        if isinstance(value, dict):
            value = _by_key(value, part, done)
        elif isinstance(value, (list, tuple)):
            value = _by_position(value, part, done)
        else:
            what = "None" if value is None else f"a value of type {type_name(type(value))}"
            raise LookupError(f"cannot go to .{part}{_at(done)}: {what} has no parts to name")
        done += f".{part}"
    return value


def _at(done: str) -> str:
    return f" of {done}" if done else ""


def _by_key(value: dict[Any, Any], part: str | int, done: str) -> Any:
    for key in (part, str(part)):
        if key in value:
            return value[key]
    keys = ", ".join(short_repr(k) for k in list(value)[:12]) + (", ..." if len(value) > 12 else "")
    raise LookupError(
        f"there is no key {part!r}{_at(done)}: " + (f"the keys are {keys}" if keys else "it is empty")
    )


def _by_position(value: Any, part: str | int, done: str) -> Any:
    size = f"a {type(value).__name__} of {len(value)}"
    if not isinstance(part, int):
        raise LookupError(f"there is no key {part!r}{_at(done)}: it is {size}, whose parts are .0, .1, ...")
    if not 0 <= part < len(value):
        raise LookupError(f"there is no position {part}{_at(done)}: it is {size}")
    return value[part]
