"""What a plain scalar means in YAML 1.2's core schema (standard library only)."""

from __future__ import annotations

import math
import re

_WORDS: dict[str, object] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)\Z")
_NUMBER_STARTS = frozenset("0123456789+-.")
_MAX_DIGITS = 1000


class NumberProblem(ValueError):
    """A number that Python could only hold by changing it."""


def resolve(text: str) -> object:
    """None, a bool, an int, a float, or the text itself."""
    if text[:1] not in _NUMBER_STARTS:
        return _WORDS.get(text, text)
    if _INT.match(text):
        return _whole(text, 10)
    if _OCTAL.match(text):
        return _whole(text[2:], 8)
    if _HEX.match(text):
        return _whole(text[2:], 16)
    if _FLOAT.match(text):
        value = float(text)
        if math.isinf(value):
            raise NumberProblem(f"{text[:40]} is too large for a number")
        return value
    infinite = _INFINITE.match(text)
    if infinite:
        return -math.inf if infinite.group(1) == "-" else math.inf
    return _WORDS.get(text, text)


def _whole(digits: str, base: int) -> int:
    if len(digits) > _MAX_DIGITS:
        raise NumberProblem(f"a number of {len(digits)} digits is too long")
    return int(digits, base)
