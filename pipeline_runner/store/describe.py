"""Values in a few words, and what keeps one from being stored."""

from __future__ import annotations

import pickle
from typing import Any

from ..keys.unhashable import short_repr, type_name

_PROBES = 5000  # parts that are tried before the search for the culprit is given up
_INSTEAD = {
    "generator": "return a list instead",
    "function": "return a function defined at the top level of a module",
}


def describe(value: Any) -> str:
    """The type for people: "DataFrame 1000 x 3", "dict with 3 keys", "str, 12 characters"."""
    t = type(value)
    if value is None:
        return "None"
    if t in (str, bytes):
        unit = "character" if t is str else "byte"
        return f"{t.__name__}, {_count(len(value), unit)}"
    if t in (list, tuple, set, frozenset):
        return f"{t.__name__} of {len(value)}"
    if t is dict:
        return f"dict with {_count(len(value), 'key')}"
    name = type_name(t).rpartition(".")[2]
    shape = getattr(value, "shape", None)
    if type(shape) is not tuple or t.__module__.partition(".")[0] not in (
        "numpy",
        "pandas",
        "polars",
        "scipy",
    ):
        return name
    if name == "ndarray":
        return f"ndarray {value.dtype} {shape}"
    return f"{name} {' x '.join(map(str, shape))}" if shape else name


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def what_does_not_pickle(value: Any, error: BaseException) -> str:
    """A message that names the part that does not pickle, and its type."""
    if isinstance(error, RecursionError):
        return f"cannot store a value of type {type_name(type(value))}: it is nested too deep to pickle"
    path, culprit = _find(value)
    name = type_name(type(culprit))
    where = f" at {path}" if path else ""
    return f"cannot store a value of type {name}{where}: {_INSTEAD.get(name, error)}"


def _find(value: Any) -> tuple[str, Any]:
    """The innermost part that does not pickle by itself."""
    path, probes = "", 0
    while True:
        for step, part in _parts(value):
            probes += 1
            if probes > _PROBES:
                return path, value
            if not _pickles(part):
                path, value = path + step, part
                break
        else:
            return path, value


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"[{short_repr(k)}]", v) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [(f"[{i}]", v) for i, v in enumerate(value)]
    if isinstance(value, type) or not hasattr(value, "__dict__"):
        return []
    return [(f".{k}", v) for k, v in vars(value).items()]


def _pickles(value: Any) -> bool:
    try:
        pickle.dumps(value, protocol=5)
    except Exception:
        return False
    return True
