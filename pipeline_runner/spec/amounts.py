"""Durations and sizes that are given by hand, in the words of the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from . import types

_KINDS: dict[str, Callable[[Any], float]] = {"duration": types.duration, "size": types.size}


def amount(kind: str, text: str) -> float:
    """``90s`` as a "duration", ``10GiB`` as a "size". ``ValueError`` says what is wrong and what to write."""
    try:
        return _KINDS[kind](int(text) if text.isdecimal() else text)
    except PydanticCustomError as error:
        about = error.context or {}
        hint = f" ({about['hint']})" if about.get("hint") else ""
        raise ValueError(f"{about.get('message', error)}{hint}") from None
