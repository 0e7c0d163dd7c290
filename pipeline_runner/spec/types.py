"""The small types of the file: durations, sizes, names ... as pydantic reads them.

Each says in plain words what it wants. The words begin behind the key's name ("must be ..."): the
loader puts the name before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..model.names import NAME
from .hints import did_you_mean, show

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\Z")
_BYTES = {"": 1, "B": 1}
_BYTES |= {f"{letter}iB": 1024**n for n, letter in enumerate("KMGTP", 1)}
_BYTES |= {f"{letter}i": 1024**n for n, letter in enumerate("KMGTP", 1)}
_BYTES |= {f"{letter}B": 1000**n for n, letter in enumerate(("k", "M", "G", "T", "P"), 1)} | {"KB": 1000}
_CALL = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
_CLASS = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]*$"
CALL_PATTERN = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$"
CLASS_PATTERN = r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"
DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)$"
SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?\s*([KMGTP]i?B?|kB|[KMGTP]i|B)?$"


def wrong(message: str, hint: str = "", code: str = "value") -> PydanticCustomError:
    """A problem in our own words."""
    return PydanticCustomError("prun", "{message}", {"message": message, "hint": hint, "code": code})


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    hint = f'quote it: "{show(value)}"' if isinstance(value, bool | int | float) else ""
    raise wrong(f"must be text, not {show(value)}", hint)


def some_text(value: Any) -> str:
    if not text(value).strip():
        raise wrong("must not be empty")
    return str(value)


def duration(value: Any) -> float:
    """Seconds, from ``90s`` or a bare number of seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < 1e12:
            return float(value)
        raise wrong(f"must be a duration of 0 seconds or more, not {show(value)}")
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise wrong(f"must be a duration such as 90s, not {show(value)}", _duration_hint(value))
    return float(match.group(1)) * _SECONDS[match.group(2)]


def _duration_hint(value: Any) -> str:
    words = {"sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m",
             "minutes": "m", "hr": "h", "hour": "h", "hours": "h", "day": "d", "days": "d"}  # fmt: skip
    match = re.match(r"([0-9.]+)\s*([A-Za-z]+)\Z", value) if isinstance(value, str) else None
    if match and match.group(2).lower() in words:
        return f"write {match.group(1)}{words[match.group(2).lower()]}"
    return "units are ms, s, m, h and d; a bare number counts seconds"


def some_duration(value: Any) -> float:
    seconds = duration(value)
    if seconds <= 0:
        raise wrong("must be longer than 0", "leave it out for no limit")
    return seconds


def size(value: Any) -> int:
    """Bytes, from ``2GiB`` or a bare number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.match(value) if isinstance(value, str) else None
    unit = _BYTES.get(match.group(2)) if match else None
    if match is None or unit is None:
        letter = match.group(2)[0].upper() if match and match.group(2) else ""
        hint = (
            f"write {match.group(1)}{letter}iB"
            if match and letter in "KMGTP" and letter
            else "write 512MiB or 4GiB"
        )
        raise wrong(f"must be a size such as 512MiB, not {show(value)}", hint)
    return round(float(match.group(1)) * unit)


def call(value: Any) -> str:
    if _CALL.match(text(value)):
        return str(value)
    raise wrong(f"must be package.module:function, not {show(value)}", _call_hint(value), "call")


def _call_hint(value: str) -> str:
    plain = re.sub(r"\(.*\)\Z", "", value.strip())
    module, colon, name = plain.partition(":")
    if module.endswith(".py"):
        module = re.sub(r"[/\\]", ".", module[:-3].removeprefix("./"))
        return f"write {module}:{name or 'FUNCTION'}"
    if not colon and "." in plain:
        plain = ":".join(plain.rsplit(".", 1))
    if _CALL.match(plain):
        return f"write {plain}"
    return "the module as Python imports it, a colon, the function's name"


def name(value: Any) -> str:
    if NAME.match(text(value)):
        return str(value)
    fixed = re.sub(r"[^A-Za-z0-9_-]+", "_", value).strip("_")
    fixed = f"_{fixed}" if fixed[:1].isdigit() else fixed
    hint = _colon_hint(value) or (f"write {fixed}" if NAME.match(fixed) else "")
    raise wrong(f"{show(value)} is no name: letters, digits, '_' and '-', no digit first", hint, "name")


def _colon_hint(value: str) -> str:
    """``{a:b}`` in flow style is one word to YAML."""
    key, colon, rest = value.partition(":")
    return f"a space must follow the colon: write {key}: {rest}" if colon and NAME.match(key) else ""


def argument(value: Any) -> str:
    if text(value).isidentifier():
        return str(value)
    fixed = value.replace("-", "_").replace(" ", "_")
    hint = _colon_hint(value) or (f"write {fixed}" if fixed.isidentifier() else "")
    raise wrong(f"{show(value)} is no name of an argument", hint, "name")


def env_name(value: Any) -> str:
    if _ENV_NAME.match(text(value)):
        return str(value)
    raise wrong(f"{show(value)} is no name of an environment variable", "", "name")


def secret(value: Any) -> str:
    how, _, what = value.partition(":") if isinstance(value, str) else ("", "", "")
    if (how == "env" and _ENV_NAME.match(what)) or (how == "file" and what.strip()):
        return str(value)
    hint = "a secret itself never stands in the file" if how not in {"env", "file"} else ""
    raise wrong("must be env:VARIABLE or file:PATH", hint, "secret")  # never shows the value


def class_name(value: Any) -> str:
    if _CLASS.match(text(value)):
        return str(value)
    raise wrong(f"must be the name of an exception, not {show(value)}", "such as ConnectionError or timeout")


def reference(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        raise wrong(f"must be a reference, not {show(value)}", "literals go under 'with'", "reference")
    raise wrong(f"must be a reference, not {show(value)}", "literals go under 'with'", "reference")


def a_list(value: Any) -> Any:
    """A bare text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def choice(*known: str, what: str = "") -> Callable[[Any], str]:
    """One of a few words; ``what`` they are called, where they are many."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value in known:
            return value
        near = did_you_mean(value, known) if isinstance(value, str) else ""
        if what:
            raise wrong(f"must be {what}, not {show(value)}", near or f"known: {', '.join(known)}")
        raise wrong(f"must be {', '.join(known[:-1])} or {known[-1]}, not {show(value)}", near)

    return check


def number(low: float, strictly: bool = False, whole: bool = False) -> Callable[[Any], Any]:
    """A number from ``low`` on (or above it)."""
    what = "a whole number" if whole else "a number"
    what += f" above {low:g}" if strictly else f" of {low:g} or more"

    def check(value: Any) -> Any:
        fits = isinstance(value, int) if whole else isinstance(value, int | float)
        if not fits or isinstance(value, bool) or not (value > low if strictly else value >= low):
            raise wrong(f"must be {what}, not {show(value)}")
        return value

    return check


def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(f"must be true or false, not {show(value)}", flag_hint(value))


def flag_hint(value: Any) -> str:
    """For the words that were booleans in YAML 1.1."""
    word = value.lower() if isinstance(value, str) else ""
    if word in {"yes", "on", "y", "true"}:
        return "write true"
    return "write false" if word in {"no", "off", "n", "false"} else ""


def condition(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return some_text(value)


def version(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(f"must be text or a number, not {show(value)}")
    return str(value)


def _texts(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item}]}


Positive = Annotated[
    float | int,
    BeforeValidator(number(0, strictly=True)),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
NotNegative = Annotated[
    float | int, BeforeValidator(number(0)), WithJsonSchema({"type": "number", "minimum": 0})
]
Count = Annotated[
    int, BeforeValidator(number(1, whole=True)), WithJsonSchema({"type": "integer", "minimum": 1})
]
Text = Annotated[str, BeforeValidator(text)]
NOT_BLANK = {"type": "string", "pattern": r"\S"}
SomeText = Annotated[str, BeforeValidator(some_text), WithJsonSchema(NOT_BLANK)]
Duration = Annotated[
    float,
    BeforeValidator(duration),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": DURATION_PATTERN}, {"type": "number", "minimum": 0}]}
    ),
]
SomeDuration = Annotated[
    float,
    BeforeValidator(some_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": DURATION_PATTERN},
                {"type": "number", "exclusiveMinimum": 0},
            ]
        }
    ),
]
Size = Annotated[
    int,
    BeforeValidator(size),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": SIZE_PATTERN}, {"type": "integer", "minimum": 0}]}
    ),
]
Call = Annotated[str, BeforeValidator(call), WithJsonSchema({"type": "string", "pattern": CALL_PATTERN})]
Name = Annotated[str, BeforeValidator(name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
Argument = Annotated[
    str, BeforeValidator(argument), WithJsonSchema({"type": "string", "pattern": r"^[^\W\d]\w*$"})
]
EnvName = Annotated[
    str, BeforeValidator(env_name), WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*$"})
]
SecretSource = Annotated[
    str,
    BeforeValidator(secret),
    WithJsonSchema({"type": "string", "pattern": r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}),
]
Reference = Annotated[str, BeforeValidator(reference), WithJsonSchema({"type": "string", "minLength": 1})]
Flag = Annotated[bool, BeforeValidator(flag)]
Condition = Annotated[
    str,
    BeforeValidator(condition),
    WithJsonSchema({"anyOf": [NOT_BLANK, {"type": "boolean"}]}),
]
Version = Annotated[
    str, BeforeValidator(version), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
]
ClassName = Annotated[str, BeforeValidator(class_name)]
Texts = Annotated[list[SomeText], BeforeValidator(a_list), WithJsonSchema(_texts(NOT_BLANK))]
Calls = Annotated[
    list[Call], BeforeValidator(a_list), WithJsonSchema(_texts({"type": "string", "pattern": CALL_PATTERN}))
]
ClassNames = Annotated[
    list[ClassName],
    BeforeValidator(a_list),
    WithJsonSchema(_texts({"type": "string", "pattern": CLASS_PATTERN})),
]
