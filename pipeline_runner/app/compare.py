"""What differs between two values that should be the same, in a line."""

from __future__ import annotations

from typing import Any

from ..keys.objects import content_digest

_DEEP = 6  # levels that are gone into
_LONG = 60  # characters of a value that are shown


def difference(old: Any, new: Any, path: str = "", depth: int = 0) -> str:
    """Where two values differ first and how; "" where no difference is found."""
    where = f"at {path}: " if path else ""
    if type(old) is not type(new):
        return f"{where}{_name(old)} became {_name(new)}"
    if type(old).__module__.partition(".")[0] in ("numpy", "pandas") and hasattr(old, "shape"):
        return _arrays(old, new, where)
    if depth < _DEEP:
        if isinstance(old, dict):
            return _mappings(old, new, path, depth)
        if isinstance(old, (list, tuple)):
            if len(old) != len(new):
                return f"{where}{len(old)} elements became {len(new)}"
            return _first(
                ((f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(old, new, strict=True))), depth
            )
        if hasattr(old, "__dict__") and not isinstance(old, type):
            return _first(
                ((f"{path}.{n}", v, vars(new).get(n)) for n, v in vars(old).items() if n in vars(new)), depth
            )
    try:
        # an equality that tells objects apart, not what they hold
        if getattr(type(old), "__eq__", None) is object.__eq__:
            same = content_digest(old) == content_digest(new)
            return "" if same else f"{where}the content of {type(old).__name__} differs"
        same = bool(old == new) or (old != old and new != new)
    except Exception:
        same = False
    return "" if same else f"{where}{_short(old)} became {_short(new)}"


def _first(pairs: Any, depth: int) -> str:
    return next((d for path, a, b in pairs if (d := difference(a, b, path, depth + 1))), "")


def _mappings(old: Any, new: Any, path: str, depth: int) -> str:
    where = f"at {path}: " if path else ""
    for key in old:
        if key not in new:
            return f"{where}the key {_short(key)} is gone"
    for key in new:
        if key not in old:
            return f"{where}the key {_short(key)} is new"
    return _first(((f"{path}[{_short(k)}]", v, new[k]) for k, v in old.items()), depth)


def _arrays(old: Any, new: Any, where: str) -> str:
    """Arrays and tables: shape, type, then how many values and by how much."""
    for what in ("shape", "dtype"):
        a, b = getattr(old, what, None), getattr(new, what, None)
        if a is not None and not isinstance(a, property) and str(a) != str(b):
            return f"{where}{what} {a} became {b}"
    if hasattr(old, "columns"):
        if list(old.columns) != list(new.columns):
            return f"{where}columns {_short(list(old.columns))} became {_short(list(new.columns))}"
        found = [(c, _values(old.iloc[:, i], new.iloc[:, i])) for i, c in enumerate(old.columns)]
        return next((f"{where}column {c!r}: {d}" for c, d in found if d), "")
    found_ = _values(old, new)
    return where + found_ if found_ else ""


def _values(old: Any, new: Any) -> str:
    import numpy

    a, b = numpy.asarray(old), numpy.asarray(new)
    if a.shape != b.shape:
        return f"shape {a.shape} became {b.shape}"
    try:
        different = (a != b) & ~((a != a) & (b != b))
        count = int(numpy.count_nonzero(different))
        if not count:
            return ""
        text = f"{count:,} of {a.size:,} values differ"
        if numpy.issubdtype(a.dtype, numpy.number) and a.dtype.kind != "c":
            largest = numpy.max(numpy.abs(a[different].astype(float) - b[different].astype(float)))
            return f"{text}, by up to {largest:.3g}"
        return text
    except (TypeError, ValueError):
        return "values differ"


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def _name(value: Any) -> str:
    return f"{type(value).__name__} {_short(value)}"
