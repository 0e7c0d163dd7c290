"""Values stored without pickle (``serializers: safe``): arrays, tables, and containers of them.

One segmented blob: first a skeleton in JSON, then the bytes of each array (as they lie in memory)
and of each table (as an Arrow file). Nothing in it can make a reader run anything. What would not
come back as it was is refused when it is stored, not when it is read.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from ..keys.canonical import loads, stored_text
from ..keys.objects import content
from ..keys.unhashable import NotPlain, Unhashable, short_repr, type_name
from ..model.artifact import Artifact
from .describe import describe

if TYPE_CHECKING:
    from .paths import Paths
    from .store import Store

INSTEAD = (
    "return plain data, arrays without objects, tables, text, bytes or the path of a file; "
    "or leave out `serializers: safe`"
)
_TABLES = {
    ("pandas", "DataFrame"): "pandas",
    ("pandas", "Series"): "series",
    ("polars", "DataFrame"): "polars",
    ("pyarrow", "Table"): "arrow",
}


class NotSafe(Exception):
    """A value, or a part of it, that only a pickle could hold."""

    def __init__(self, path: str, kind: str, why: str = "") -> None:
        at = f" at {path}" if path else ""
        super().__init__(f"`serializers: safe` forbids to pickle a value of type {kind}{at}{why}")
        self.hint = INSTEAD


def encode_parts(value: Any, store: Store, paths: Paths) -> Artifact:
    """Store it. Raises ``NotSafe``."""
    made = _Maker(paths)
    try:
        skeleton = made.node(value, "")
        digest = _digest(value, made.kept)
    except RecursionError:
        raise NotSafe("", type_name(type(value)), ", which is nested too deep") from None
    except Unhashable as e:
        raise NotSafe(e.path, e.type_name) from None
    text = json.dumps(skeleton, separators=(",", ":")).encode()
    refs = sorted({a.blob for a in made.kept.values() if a.blob})
    blob, size = store.blobs.put_segments([text, *made.parts], [None] * (1 + len(made.parts)), refs)
    return Artifact(digest, "parts", size, blob=blob, type=describe(value))


def decode_parts(parts: list[memoryview], restore: Callable[[str, str, str], Path]) -> Any:
    """The value, from the parts of its blob."""
    return build(json.loads(bytes(parts[0])), parts, restore)


def _digest(value: Any, kept: dict[int, Artifact]) -> str:
    def path_digest(path: PurePath) -> str | None:
        artifact = kept.get(id(path))
        return artifact.digest if artifact else None

    return content(value, None, path_digest if kept else None).digest


# ---- taking apart --------------------------------------------------------------------------------------


class _Maker:
    """The skeleton of a value, and its parts (numbered from 1: the skeleton itself is part 0)."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.parts: list[Any] = []
        self.kept: dict[int, Artifact] = {}

    def node(self, value: Any, path: str) -> list[Any]:
        kind = type(value)
        if kind in (list, tuple):
            name = "list" if kind is list else "tuple"
            if not _holds_more(value):
                return ["plain", self._text(value, path)]
            return [name, [self.node(v, f"{path}[{i}]") for i, v in enumerate(value)]]
        if kind is dict and _holds_more(value.values()):
            return ["dict", [self._item(k, v, path) for k, v in value.items()]]
        if isinstance(value, Path):
            return self._path(value)
        family = kind.__module__.partition(".")[0]
        if family == "numpy" and kind.__name__ == "ndarray":
            return self._array(value, path)
        if (table := _TABLES.get((family, kind.__name__))) is not None:
            return self._table(value, table, path)
        return ["plain", self._text(value, path)]

    def _item(self, key: Any, value: Any, path: str) -> list[Any]:
        return [self._text(key, path), self.node(value, f"{path}[{short_repr(key)}]")]

    def _text(self, value: Any, path: str) -> str:
        try:
            return stored_text(value)
        except NotPlain:
            raise NotSafe(path, type_name(type(value))) from None

    def _path(self, value: Path) -> list[Any]:
        if not value.exists():
            return ["path", str(value)]
        artifact = self.kept[id(value)] = self._paths.keep(value)
        return ["file", artifact.codec, artifact.blob, artifact.type]

    def _array(self, value: Any, path: str) -> list[Any]:
        numpy = sys.modules["numpy"]
        if value.dtype.hasobject:
            raise NotSafe(path, "numpy.ndarray of objects")
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        flat = numpy.ascontiguousarray(value.T if order == "F" else value).reshape(-1)
        raw = flat.view("u1") if flat.nbytes else b""
        descr = repr(numpy.lib.format.dtype_to_descr(value.dtype))
        return ["array", descr, list(value.shape), order, self._add(raw)]

    def _table(self, value: Any, kind: str, path: str) -> list[Any]:
        try:
            data, name = _WRITERS[kind](value)
        except ImportError:
            raise NotSafe(
                path, type_name(type(value)), ": without pyarrow a table cannot be stored"
            ) from None
        except Exception as e:  # what Arrow says of a column of objects differs from case to case
            why = " ".join(str(e).split())[:200]
            raise NotSafe(path, type_name(type(value)), f", which Arrow does not take: {why}") from None
        again = _read_table(kind, name, memoryview(data).cast("B"))
        if _digest(again, {}) != _digest(value, {}):
            raise NotSafe(path, type_name(type(value)), ", which would not come back from Arrow as it is")
        return ["table", kind, name, self._add(data)]

    def _add(self, part: Any) -> int:
        self.parts.append(part)
        return len(self.parts)


def _holds_more(values: Any) -> bool:
    """Whether something in a container is no plain scalar, so that it has to be looked into."""
    return any(type(v) not in _SCALARS for v in values)


_SCALARS = frozenset({type(None), bool, int, float, str, bytes, complex})


def _arrow_bytes(table: Any) -> Any:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _write_frame(value: Any) -> tuple[Any, str]:
    import pyarrow

    labels = sys.modules["pandas"].RangeIndex
    if type(value.columns) is not labels:
        return _arrow_bytes(pyarrow.Table.from_pandas(value)), ""
    numbered = value.copy(deep=False)  # Arrow names columns by texts, and would forget that it is a range
    numbered.columns = [str(i) for i in range(value.shape[1])]
    c = value.columns
    return _arrow_bytes(pyarrow.Table.from_pandas(numbered)), json.dumps([c.start, c.stop, c.step, c.name])


def _write_series(value: Any) -> tuple[Any, str]:
    name = stored_text(value.name)
    return _write_frame(value.to_frame("values"))[0], name


def _write_polars(value: Any) -> tuple[Any, str]:
    import io

    stream = io.BytesIO()
    value.write_ipc(stream)
    return stream.getvalue(), ""


_WRITERS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "pandas": _write_frame,
    "series": _write_series,
    "polars": _write_polars,
    "arrow": lambda value: (_arrow_bytes(value), ""),
}


# ---- putting together ------------------------------------------------------------------------------------


def build(node: Any, parts: list[memoryview], restore: Callable[[str, str, str], Path]) -> Any:
    """The value of a skeleton."""
    kind = node[0]
    if kind == "plain":
        return loads(node[1])
    if kind == "list":
        return [build(n, parts, restore) for n in node[1]]
    if kind == "tuple":
        return tuple(build(n, parts, restore) for n in node[1])
    if kind == "dict":
        return {loads(k): build(n, parts, restore) for k, n in node[1]}
    if kind == "array":
        return _read_array(node, parts)
    if kind == "table":
        return _read_table(node[1], node[2], parts[node[3]])
    if kind == "file":
        return restore(node[1], node[2], node[3])
    if kind == "path":
        return Path(node[1])
    raise ValueError(f"unknown part {kind!r}: stored by a newer prun?")


def _read_array(node: Any, parts: list[memoryview]) -> Any:
    import numpy

    _, descr, shape, order, index = node
    dtype = numpy.lib.format.descr_to_dtype(ast.literal_eval(descr))
    if dtype.hasobject:
        raise ValueError("an array of objects")
    if not len(parts[index]):
        return numpy.empty(shape, dtype, order=order)
    return numpy.frombuffer(parts[index], dtype).reshape(shape, order=order)


def _read_table(kind: str, name: str, part: memoryview) -> Any:
    if kind == "polars":
        import io

        import polars  # type: ignore[import-not-found,unused-ignore]

        return polars.read_ipc(io.BytesIO(part))
    import pyarrow

    table = pyarrow.ipc.open_file(pyarrow.py_buffer(part)).read_all()
    if kind == "arrow":
        return table
    frame = table.to_pandas()
    if kind == "series":
        return frame["values"].rename(loads(name))
    if name:
        start, stop, step, label = json.loads(name)
        frame.columns = sys.modules["pandas"].RangeIndex(start, stop, step, name=label)
    return frame
