"""Values for people, by their type: a table's head, an array's range, a figure's size.

Nothing is imported for that: a value of a library can only be here when the library is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..keys.unhashable import short_repr, type_name
from ..store.describe import describe
from ..view.text import number, one_line, plural, size
from .describe_numbers import array_facts, column_facts, numpy_scalar_facts, table_facts
from .facts import HEAD, Facts, jsonable
from .images import image_of

LONG_TEXT = 2000
MOST_LINES = 500
_PLAIN = (bool, int, float, str, type(None))


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
        return Facts("scalar", type_name(t), (repr(value),), {"value": jsonable(value)})
    if t is str:
        return _text(value)
    if t in (bytes, bytearray):
        return _bytes(bytes(value))
    if isinstance(value, Path):
        return _path(value)
    library = t.__module__.partition(".")[0]
    if library == "numpy" and hasattr(value, "dtype"):
        return array_facts(value) if getattr(value, "ndim", 0) else numpy_scalar_facts(value)
    if library in ("pandas", "polars") and hasattr(value, "dtypes") and hasattr(value, "columns"):
        return table_facts(value)
    if library in ("pandas", "polars") and hasattr(value, "dtype"):
        return column_facts(value)
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
    what = f"text, {plural(len(value), 'character')}"
    data = {"length": len(value), "text": shown}
    if "\n" not in value:
        return Facts("text", what, (repr(shown),), data)
    lines = value.splitlines()
    first = tuple(line[:LONG_TEXT] for line in lines[:MOST_LINES])
    return Facts("text", f"{what}, {plural(len(lines), 'line')}", first, data, len(lines) - len(first))


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
        whole = {"value": jsonable(value)} if len(flat) <= 16 * 1024 else {}
        lines = _pretty(value)
        data = {"length": len(value), **whole}
        return Facts("data", title, tuple(lines[:MOST_LINES]), data, max(len(lines) - MOST_LINES, 0))
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
    if not isinstance(value, dict) and all(type(item) in _PLAIN for item in value):
        return [_scalars(value, room)]
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


def _scalars(value: list[Any] | tuple[Any, ...], room: int) -> str:
    """As many as fit in a line, and how many more there are."""
    shown = ""
    for i, item in enumerate(value):
        text = json.dumps(item, ensure_ascii=False)
        if len(shown) + len(text) > room - 16 and i:
            return f"[{shown}... {number(len(value) - i)} more]"
        shown += text + ", "
    return f"[{shown[:-2]}]"


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
