"""Values for people, by their type: a table's head, an array's range, a figure's size.

Nothing is imported for that: a value of a library can only be here when the library is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..keys.unhashable import short_repr, type_name
from ..store.describe import describe
from ..view.text import number, one_line, plural, size
from .images import image_of

HEAD = 8  # rows of a table, items of a list
MOST_COLUMNS = 40
LONG_TEXT = 2000
_PLAIN = (bool, int, float, str, type(None))


class Facts(NamedTuple):
    """What is shown of a value: one line, more lines, and the same as data for ``--json``."""

    kind: str  # "scalar", "text", "data", "table", "column", "array", "file", "image", "figure", "object"
    title: str
    lines: tuple[str, ...] = ()
    data: Mapping[str, Any] = {}


def value_facts(value: Any) -> Facts:
    """Never raises: what a value does when it is asked about itself must not keep it from being shown."""
    try:
        return _facts(value)
    except Exception as error:
        return Facts(
            "object", type_name(type(value)), (f"it cannot be shown: {type(error).__name__}: {error}",)
        )


def value_line(value: Any) -> str:
    """One line."""
    facts = value_facts(value)
    if facts.kind in ("scalar", "text") and len(facts.lines) == 1:
        return facts.lines[0]
    return facts.title


def _facts(value: Any) -> Facts:
    t = type(value)
    if t in _PLAIN and t is not str:
        return Facts("scalar", type_name(t), (repr(value),), {"value": _jsonable(value)})
    if t is str:
        return _text(value)
    if t in (bytes, bytearray):
        return _bytes(bytes(value))
    if isinstance(value, Path):
        return _path(value)
    library = t.__module__.partition(".")[0]
    if library == "numpy" and hasattr(value, "dtype"):
        return _array(value) if getattr(value, "ndim", 0) else _numpy_scalar(value)
    if library in ("pandas", "polars") and hasattr(value, "dtypes") and hasattr(value, "columns"):
        return _table(value)
    if library in ("pandas", "polars") and hasattr(value, "dtype"):
        return _column(value)
    if library == "matplotlib" and hasattr(value, "get_size_inches"):
        return _figure(value)
    if library == "PIL" and hasattr(value, "mode"):
        return Facts(
            "image", f"image {value.width} x {value.height} ({value.mode})", (),
            {"width": value.width, "height": value.height, "mode": value.mode},
        )  # fmt: skip
    if t in (list, tuple, dict, set, frozenset):
        return _collection(value)
    return _object(value)


def _text(value: str) -> Facts:
    shown = value if len(value) <= LONG_TEXT else value[:LONG_TEXT] + " ..."
    lines = tuple(shown.splitlines()) if "\n" in value else (repr(shown),)
    what = f"text, {plural(len(value), 'character')}"
    if "\n" in value:
        what += f", {plural(len(value.splitlines()), 'line')}"
    return Facts("text", what, lines, {"length": len(value), "text": shown})


def _bytes(value: bytes) -> Facts:
    image = image_of(value)
    if image is not None:
        return Facts(
            "image", f"{image.format} image {image.width} x {image.height}, {size(len(value))}", (),
            {"bytes": len(value), **image._asdict()},
        )  # fmt: skip
    dots = " ..." if len(value) > 32 else ""
    return Facts("data", describe(value), (value[:32].hex(" ") + dots,), {"bytes": len(value)})


def _path(value: Path) -> Facts:
    if value.is_dir():
        files = sorted(p for p in value.rglob("*") if p.is_file())
        total = sum(p.stat().st_size for p in files)
        names = [f"{p.relative_to(value).as_posix()}  {size(p.stat().st_size)}" for p in files[:HEAD]]
        more = [f"and {number(len(files) - HEAD)} more"] if len(files) > HEAD else []
        return Facts(
            "file", f"folder of {plural(len(files), 'file')}, {size(total)}", (*names, *more),
            {"path": str(value), "files": len(files), "bytes": total},
        )  # fmt: skip
    count = value.stat().st_size
    with value.open("rb") as file:
        head = file.read(64 * 1024)
    data = {"path": str(value), "bytes": count}
    image = image_of(head)
    if image is not None:
        what = f"{image.format} image {image.width} x {image.height}, {size(count)}"
        return Facts("image", what, (), {**data, **image._asdict()})
    lines: tuple[str, ...] = ()
    if b"\0" not in head:
        lines = tuple(head.decode("utf-8", "replace").splitlines()[:HEAD])
    return Facts("file", f"file {value.name}, {size(count)}", lines, data)


# ---- numbers and tables --------------------------------------------------------------------------


def _numpy_scalar(value: Any) -> Facts:
    plain = value.item() if hasattr(value, "item") else value
    return Facts("scalar", type_name(type(value)), (repr(plain),), {"value": _jsonable(plain)})


def _array(value: Any) -> Facts:
    shape = " x ".join(number(n) for n in value.shape)
    data: dict[str, Any] = {"dtype": str(value.dtype), "shape": list(value.shape), "bytes": int(value.nbytes)}
    lines = []
    if value.size and value.dtype.kind in "biuf":
        data |= _range(value)
        lines.append(_range_words(data))
    if 0 < value.size <= 64:
        data["values"] = _jsonable(value.tolist())
        lines += str(value).splitlines()
    return Facts("array", f"array {shape} {value.dtype}, {size(int(value.nbytes))}", tuple(lines), data)


def _range(value: Any) -> dict[str, Any]:
    """The range of what is a number; how many are not."""
    nan = 0
    if value.dtype.kind == "f":
        missing = value != value
        nan = int(missing.sum())
        value = value[~missing] if nan else value
    if not value.size:
        return {"nan": nan}
    found = {"min": value.min(), "max": value.max(), "mean": value.mean()}
    return {**{name: _jsonable(v.item()) for name, v in found.items()}, "nan": nan}


def _range_words(data: Mapping[str, Any]) -> str:
    nan = f"{number(data['nan'])} NaN"
    if "min" not in data:
        return f"nothing but {nan}"
    return f"min {_short(data['min'])}, max {_short(data['max'])}, mean {_short(data['mean'])}, {nan}"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(value: Any) -> Facts:
    rows, count = value.shape
    names = [str(name) for name in value.columns]
    kinds = [str(kind) for kind in (value.dtypes if isinstance(value.dtypes, list) else list(value.dtypes))]
    missing = _missing(value)
    data = {
        "shape": [int(rows), int(count)],
        "columns": [{"name": n, "dtype": k} for n, k in zip(names, kinds, strict=True)],
        "missing": missing,
        "head": _head_rows(value),
    }
    shown = [f"{n} {k}" for n, k in zip(names, kinds, strict=True)][:MOST_COLUMNS]
    more = f", and {number(count - MOST_COLUMNS)} more" if count > MOST_COLUMNS else ""
    lines = [f"columns: {', '.join(shown)}{more}"]
    if missing:
        lines.append(f"missing: {number(missing)} of {number(rows * count)} values")
    if rows:
        lines += _head_text(value)
    return Facts("table", f"table {number(rows)} x {number(count)}", tuple(lines), data)


def _missing(frame: Any) -> int:
    if hasattr(frame, "null_count"):  # polars
        return sum(int(n) for n in frame.null_count().row(0))
    return int(frame.isna().to_numpy().sum())


def _head_rows(frame: Any) -> list[Any]:
    head = frame.head(HEAD)
    rows = head.to_dicts() if hasattr(head, "to_dicts") else head.to_dict(orient="records")
    return [{str(k): _jsonable(v) for k, v in row.items()} for row in rows]


def _head_text(frame: Any) -> list[str]:
    head = frame.head(HEAD)
    if hasattr(head, "to_string"):
        text: str = head.to_string(max_cols=12, line_width=None, show_dimensions=False)
        return text.splitlines()
    return str(head).splitlines()


def _column(value: Any) -> Facts:
    count = len(value)
    data: dict[str, Any] = {"dtype": str(value.dtype), "length": count}
    lines = []
    array = value.to_numpy() if hasattr(value, "to_numpy") else None
    if array is not None and count and getattr(array.dtype, "kind", "O") in "biuf":
        data |= _range(array)
        lines.append(_range_words(data))
    head = value.head(HEAD)
    lines += (head.to_string() if hasattr(head, "to_string") else str(head)).splitlines()
    return Facts("column", f"column of {number(count)} {value.dtype}", tuple(lines), data)


def _figure(value: Any) -> Facts:
    wide, high = (float(n) for n in value.get_size_inches())
    width, height = round(wide * value.dpi), round(high * value.dpi)
    axes = [a.get_title() or a.get_ylabel() or "untitled" for a in value.axes]
    what = f"figure {width} x {height} pixels ({wide:g} x {high:g} in), {plural(len(axes), 'plot')}"
    lines = (f"plots: {', '.join(one_line(a) for a in axes)}",) if axes else ()
    return Facts("figure", what, lines, {"width": width, "height": height, "plots": len(axes)})


# ---- collections and objects ---------------------------------------------------------------------


def _collection(value: Any) -> Facts:
    title = describe(value)
    try:
        flat = json.dumps(value, ensure_ascii=False)
        whole = {"value": _jsonable(value)} if len(flat) <= 16 * 1024 else {}
        return Facts("data", title, tuple(_pretty(value)[:500]), {"length": len(value), **whole})
    except (TypeError, ValueError, RecursionError):
        pass
    pairs = value.items() if isinstance(value, dict) else ((None, v) for v in value)
    lines = []
    for i, (key, item) in enumerate(pairs):
        if i == HEAD:
            lines.append(f"and {number(len(value) - HEAD)} more")
            break
        lines.append((f"{short_repr(key)}: " if isinstance(value, dict) else "") + _nested(item))
    return Facts("data", title, tuple(lines), {"length": len(value)})


def _pretty(value: Any, room: int = 88) -> list[str]:
    """JSON in lines: what fits in one stands in one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= room or not isinstance(value, (list, tuple, dict)):
        return [flat]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    pairs = (
        [(f"{json.dumps(str(k), ensure_ascii=False)}: ", v) for k, v in value.items()]
        if isinstance(value, dict)
        else [("", v) for v in value]
    )
    lines = []
    for name, item in pairs:
        inner = _pretty(item, room - 2 - len(name))
        lines += [name + inner[0], *inner[1:-1], *inner[1:][-1:]]
        lines[-1] += ","
    lines[-1] = lines[-1][:-1]
    return [opening, *("  " + line for line in lines), closing]


def _nested(value: Any) -> str:
    if type(value) in _PLAIN:
        return short_repr(value)
    return describe(value)


def _object(value: Any) -> Facts:
    """The class and the attributes."""
    attributes: dict[str, Any] = dict(getattr(value, "__dict__", None) or {})
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                attributes.setdefault(name, getattr(value, name))
    fields = getattr(value, "_fields", None)
    if fields is not None and isinstance(value, tuple):
        attributes |= dict(zip(fields, value, strict=True))
    name = type_name(type(value))
    lines = [f"{key} = {_nested(v)}" for key, v in list(attributes.items())[:30]]
    if len(attributes) > 30:
        lines.append(f"and {number(len(attributes) - 30)} more attributes")
    if not attributes:
        lines = [one_line(repr(value))[:200]]
    shown = {key: _nested(v) for key, v in attributes.items()}
    return Facts("object", name, tuple(lines), {"class": name, "attributes": shown})


def _jsonable(value: Any) -> Any:
    """What JSON has; anything else in words. ``nan`` is no JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(v) for v in value]
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        return _jsonable(value.item())
    return str(value)
