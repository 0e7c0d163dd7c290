"""Params and scalar outputs of two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..model.artifact import Artifact, Entry
from ..model.names import task_id

_MISSING = object()


class Change(NamedTuple):
    """A value on both sides; "" where there is none."""

    name: str
    before: str
    after: str


def param_changes(name: str, before: Any, after: Any) -> Iterator[Change]:
    """What differs below a param of this name; "" for all of them."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(k for k in after if k not in before)]:
            inner = f"{name}.{key}" if name else str(key)
            yield from param_changes(inner, before.get(key, _MISSING), after.get(key, _MISSING))
    elif type(before) is not type(after) or before != after:
        yield Change(name, _text(before), _text(after))


def _text(value: Any) -> str:
    if value is _MISSING:
        return ""
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def scalar_changes(step: str, key: str, old: Entry, new: Entry) -> Iterator[Change]:
    """What a task gave in numbers and short texts, where it differs."""
    was, now = dict(_numbers(old)), dict(_numbers(new))
    for name in [*now, *(n for n in was if n not in now)]:
        before, after = was.get(name, _MISSING), now.get(name, _MISSING)
        if before is _MISSING or after is _MISSING or before != after:
            yield Change(_named(step, key, name), *_pair(before, after))


def _pair(before: Any, after: Any) -> tuple[str, str]:
    """Both as text, floats in six digits where these tell them apart."""
    if type(before) is float and type(after) is float and f"{before:.6g}" != f"{after:.6g}":
        return f"{before:.6g}", f"{after:.6g}"
    return _text(before), _text(after)


def _named(step: str, key: str, name: str) -> str:
    task = task_id(step, key or None)
    return f"{task}.{name}" if name else task


def _numbers(entry: Entry) -> Iterator[tuple[str, Any]]:
    for output, artifact in entry.outputs.items():
        value = _small(artifact)
        if isinstance(value, dict):
            for name, inner in value.items():
                if _is_scalar(inner):
                    yield f"{output}.{name}" if output else str(name), inner
        elif _is_scalar(value):
            yield output, value


def _small(artifact: Artifact) -> Any:
    if artifact.codec != "data" or artifact.inline is None:
        return None
    from ..keys.canonical import loads

    return loads(artifact.inline)


def _is_scalar(value: Any) -> bool:
    return type(value) in (bool, int, float) or (
        type(value) is str and len(value) <= 80 and "\n" not in value
    )
