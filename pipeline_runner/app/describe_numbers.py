"""Arrays, tables and columns for people: shape, types, range, the first rows."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from ..keys.unhashable import type_name
from ..view.text import number, size
from .facts import HEAD, Facts, jsonable

MOST_COLUMNS = 40
WIDE = 74  # columns of text: what is shown beside it is not wider on a common terminal


def numpy_scalar_facts(value: Any) -> Facts:
    plain = value.item() if hasattr(value, "item") else value
    return Facts("scalar", type_name(type(value)), (repr(plain),), {"value": jsonable(plain)})


def array_facts(value: Any) -> Facts:
    shape = " x ".join(number(n) for n in value.shape)
    data: dict[str, Any] = {"dtype": str(value.dtype), "shape": list(value.shape), "bytes": int(value.nbytes)}
    lines = []
    if value.size and value.dtype.kind in "biuf":
        data |= _range(value)
        lines.append(_range_words(data))
    if 0 < value.size <= 64:
        data["values"] = jsonable(value.tolist())
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
    return {**{name: jsonable(v.item()) for name, v in found.items()}, "nan": nan}


def _range_words(data: Mapping[str, Any]) -> str:
    nan = f"{number(data['nan'])} NaN"
    if "min" not in data:
        return f"nothing but {nan}"
    return f"min {_short(data['min'])}, max {_short(data['max'])}, mean {_short(data['mean'])}, {nan}"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table_facts(value: Any) -> Facts:
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
    lines = wrap(f"columns: {', '.join(shown)}{more}", WIDE, subsequent_indent=" " * 9)
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
    return [{str(k): jsonable(v) for k, v in row.items()} for row in rows]


def _head_text(frame: Any) -> list[str]:
    head = frame.head(HEAD)
    if hasattr(head, "to_string"):
        text: str = head.to_string(max_cols=12, line_width=None, show_dimensions=False)
        return text.splitlines()
    return str(head).splitlines()


def column_facts(value: Any) -> Facts:
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
