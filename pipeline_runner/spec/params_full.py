"""The full form of a param: ``{type: float, default: 0.2, gt: 0, lt: 1, description: ...}``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from .hints import did_you_mean, key_hint, show

if TYPE_CHECKING:  # a pipeline that is kept compiled is bound without it, unless a bound is to be proved
    from pydantic import TypeAdapter

_TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool, "list": list, "dict": dict}
_SAMPLES: dict[str, Any] = {"int": 0, "float": 0.0, "str": "", "bool": False, "list": [], "dict": {}}
_BOUNDS = {"gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"}
_FORM = ["type", "default", *sorted(_BOUNDS), "description"]
_FOR = {"int": {"gt", "ge", "lt", "le", "multiple_of"}, "float": {"gt", "ge", "lt", "le", "multiple_of"},
        "str": {"min_length", "max_length", "pattern"}, "list": {"min_length", "max_length"},
        "dict": {"min_length", "max_length"}, "bool": set()}  # fmt: skip
_SAID = {
    "greater_than": ("gt", "must be greater than {}"), "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"), "less_than_equal": ("le", "must be at most {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "string_too_short": ("min_length", "must be at least {} long"),
    "string_too_long": ("max_length", "must be at most {} long"),
    "too_short": ("min_length", "must be at least {} long"),
    "too_long": ("max_length", "must be at most {} long"),
    "string_pattern_mismatch": ("pattern", "must match {}"),
}  # fmt: skip


class Declared(NamedTuple):
    """A param: a value of its kind and, in the full form, the kind's name and its bounds."""

    sample: Any
    kind: str | None = None
    bounds: Mapping[str, Any] = {}

    def check(self, value: Any) -> list[str]:
        """What is wrong with a final value."""
        if self.kind is None or value is None:
            return []
        from pydantic import ValidationError

        try:
            _adapter(self.kind, tuple(sorted(self.bounds.items()))).validate_python(value, strict=True)
        except ValidationError as error:
            return [self._said(found, value) for found in error.errors(include_url=False)]
        return []

    def _said(self, found: Any, value: Any) -> str:
        bound, message = _SAID.get(found["type"], ("", "is not valid"))
        return f"{message.format(self.bounds.get(bound))}, not {show(value)}"


def is_full_form(value: Any) -> bool:
    """A mapping with ``type`` and ``default`` and nothing but bounds and a description beside them."""
    return (
        isinstance(value, dict)
        and {"type", "default"} <= value.keys() <= set(_FORM)
        and isinstance(value.get("description", ""), str)
    )


def nearly_full_form(value: Any) -> tuple[str, str] | None:
    """Why a mapping that looks like the full form is a plain one, and what was probably meant."""
    if not isinstance(value, dict) or is_full_form(value):
        return None
    typed = value.get("type")
    typed = isinstance(typed, str) and typed in _TYPES
    hints = {key: key_hint("param", key, _FORM) for key in value if key not in _FORM}
    like = [key for key, hint in hints.items() if hint.startswith("did you mean")]
    bounded = bool(like or _BOUNDS & value.keys())
    if not (typed and "default" in value) and not (bounded and (typed or "default" in value)):
        return None
    if hints:
        key = (like or list(hints))[0]
        return f"{show(key)} is no key of a param's full form", hints[key]
    for key in ("type", "default"):
        if key not in value:
            return f"a param's full form has a {show(key)}, too", "write {type: ..., default: ...}"
    return "the description of a param is a text", ""


def declare(name: str, value: dict[str, Any]) -> tuple[Declared, list[tuple[str, str, str]]]:
    """The declaration, and what is wrong with it: (key, message, hint)."""
    kind = value["type"]
    if not isinstance(kind, str) or kind not in _TYPES:
        hint = did_you_mean(kind, _TYPES) if isinstance(kind, str) else ""
        message = f"the type of param '{name}' must be {', '.join(_TYPES)}, not {show(kind)}"
        return Declared(None), [("type", message, hint)]
    bounds = {key: bound for key, bound in value.items() if key in _BOUNDS}
    wrong = [(key, f"'{key}' is no bound of a {kind}", "") for key in bounds if key not in _FOR[kind]]
    wrong += [(key, message, "") for key, bound in bounds.items() if (message := _bad_bound(key, bound))]
    default = value["default"]
    same = isinstance(default, _TYPES[kind]) and not (kind == "int" and isinstance(default, bool))
    sample = default if same else _SAMPLES[kind]
    if wrong:
        return Declared(sample), wrong
    try:
        _adapter(kind, tuple(sorted(bounds.items())))
    except Exception:  # a pattern that does not compile
        return Declared(sample), [
            ("pattern", f"the pattern of param '{name}' is wrong", "write a regular expression")
        ]
    return Declared(sample, kind, bounds), []


@lru_cache(maxsize=256)
def _adapter(kind: str, bounds: tuple[tuple[str, Any], ...]) -> TypeAdapter[Any]:
    from pydantic import Field, TypeAdapter

    checked: Any = Annotated[_TYPES[kind], Field(**dict(bounds))]
    return TypeAdapter(checked)


def _bad_bound(key: str, bound: Any) -> str:
    if key == "pattern":
        return "" if isinstance(bound, str) else f"'pattern' must be text, not {show(bound)}"
    whole = key in {"min_length", "max_length"}
    fits = isinstance(bound, int if whole else int | float) and not isinstance(bound, bool)
    if not fits or (whole and bound < 0) or (key == "multiple_of" and bound <= 0):
        return f"'{key}' must be {'a whole number' if whole else 'a number'}, not {show(bound)}"
    return ""
