"""Content digests of tables: pandas, Arrow and polars. Column by column, by their values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .arrays import numpy_digest
from .digest import combine
from .unhashable import Unhashable, type_name

if TYPE_CHECKING:
    from .objects import Walker


# ---- pandas --------------------------------------------------------------------------------------


def pandas_digest(value: Any, walker: Walker) -> str | None:
    """The digest of a frame, a series, an index or an extension array; None for anything else."""
    pd = sys.modules["pandas"]
    if isinstance(value, pd.DataFrame):
        columns = [
            _child(walker, value.iloc[:, i].array, f"[{value.columns[i]!r}]") for i in range(value.shape[1])
        ]
        labels = [_index(value.columns, walker), _index(value.index, walker)]
        return combine("DataFrame", [*_extras(value, walker), *labels, *columns])
    if isinstance(value, pd.Series):
        values = _array(value.array, walker)
        return combine(
            "Series",
            [*_extras(value, walker), walker.digest(value.name), _index(value.index, walker), values],
        )
    if isinstance(value, pd.Index):
        return _index(value, walker)
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return _array(value, walker)
    return None


def _child(walker: Walker, array: Any, step: str) -> str:
    try:
        return _array(array, walker)
    except Unhashable as e:
        raise e.within(step) from None


def _extras(value: Any, walker: Walker) -> list[str]:
    """What a frame or series has besides its values: class, attrs, flags, a subclass's metadata."""
    metadata = {name: getattr(value, name, None) for name in value._metadata if name not in ("name", "_name")}
    return [
        walker.digest(type(value)),
        walker.digest(dict(value.attrs)),
        str(value.flags.allows_duplicate_labels),
        walker.digest(metadata),
    ]


def _index(index: Any, walker: Walker) -> str:
    pd = sys.modules["pandas"]
    names = walker.digest(list(index.names))
    kind = type_name(type(index))
    if isinstance(index, pd.RangeIndex):
        steps = [index.start, index.stop, index.step] if len(index) else [0, 0, index.step]
        return combine("RangeIndex", [names, *map(str, steps)])
    if isinstance(index, pd.MultiIndex):
        levels = [_array(index.get_level_values(i).array, walker) for i in range(index.nlevels)]
        return combine("MultiIndex", [names, *levels])
    frequency = getattr(index, "freq", None)
    return combine(
        "Index", [kind, names, "" if frequency is None else str(frequency), _array(index.array, walker)]
    )


def _array(array: Any, walker: Walker) -> str:
    """One column's values, whatever holds them."""
    pd = sys.modules["pandas"]
    np = sys.modules["numpy"]
    dtype = str(array.dtype)
    if isinstance(array, pd.arrays.NumpyExtensionArray) and not isinstance(array.dtype, pd.StringDtype):
        return numpy_digest(array.to_numpy(copy=False), walker)
    if isinstance(array, pd.Categorical):
        categories = _index(array.categories, walker)
        return combine("Categorical", [categories, str(array.ordered), numpy_digest(array.codes, walker)])
    if hasattr(array, "asi8"):  # dates, durations, periods: numbers, with unit and zone in the type
        return combine("moments", [dtype, numpy_digest(array.asi8, walker)])
    if isinstance(array, pd.arrays.IntervalArray):
        sides = [_array(pd.Index(side).array, walker) for side in (array.left, array.right)]
        return combine("intervals", [array.closed, *sides])
    if isinstance(array, pd.arrays.SparseArray):
        return combine("sparse", [dtype, numpy_digest(np.asarray(array), walker)])
    if hasattr(array, "_mask") and hasattr(array, "_data"):
        missing = array.isna()
        values = array.to_numpy(dtype=array.dtype.numpy_dtype, na_value=0)
        return combine("masked", [dtype, numpy_digest(missing, walker), numpy_digest(values, walker)])
    if hasattr(array, "__arrow_array__"):
        try:
            found = array.__arrow_array__()
        except ImportError:  # pandas does without pyarrow
            found = None
        if type(found).__module__.startswith("pyarrow"):
            return combine("arrow-backed", [dtype, _arrow(found, walker)])
    return combine("extension", [dtype, walker.digest(list(array.astype(object)))])


# ---- Arrow ---------------------------------------------------------------------------------------


def arrow_digest(value: Any, walker: Walker) -> str | None:
    """The digest of an Arrow table, batch or array; None for anything else."""
    pa = sys.modules["pyarrow"]
    if isinstance(value, (pa.Table, pa.RecordBatch)):
        columns = [_arrow(value.column(i), walker) for i in range(value.num_columns)]
        metadata = {k: v for k, v in (value.schema.metadata or {}).items() if k != b"pandas"}
        names = [str(f) for f in value.schema]
        return combine(type(value).__name__, [walker.digest(metadata), *names, *columns])
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return combine("arrow", [_arrow(value, walker)])
    return None


def _arrow(array: Any, walker: Walker) -> str:
    """By its values: not by chunks, offsets, or what stands under a null."""
    pa = sys.modules["pyarrow"]
    import pyarrow.compute as pc  # type: ignore[import-untyped,unused-ignore]

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if isinstance(array, pa.ChunkedArray):  # none at all, or too large for one
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = str(array.type)
    head = [kind, str(len(array))]
    if pa.types.is_dictionary(array.type):
        return combine("arrow.dictionary", [*head, _arrow(array.dictionary_decode(), walker)])
    valid = (
        numpy_digest(pc.is_valid(array).to_numpy(zero_copy_only=False), walker) if array.null_count else ""
    )
    text = pa.types.is_large_string(array.type) or pa.types.is_string(array.type)
    if text or pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return combine("arrow.bytes", [*head, valid, *_arrow_bytes(array, walker)])
    fixed = (
        pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type)
    )
    if fixed:
        filled = pc.fill_null(array, pa.scalar(0).cast(array.type)) if array.null_count else array
        values = numpy_digest(filled.to_numpy(zero_copy_only=False), walker)
        return combine("arrow.fixed", [*head, valid, values])
    return combine("arrow.any", [*head, *(walker.digest(v) for v in array.to_pylist())])


def _arrow_bytes(array: Any, walker: Walker) -> list[str]:
    pa = sys.modules["pyarrow"]
    np = sys.modules.get("numpy") or __import__("numpy")
    import pyarrow.compute as pc  # type: ignore[import-untyped,unused-ignore]

    wide = pa.large_binary()
    array = array.cast(pa.large_string()).cast(wide) if pa.types.is_string(array.type) else array.cast(wide)
    if array.null_count:
        array = pc.fill_null(array, b"")
    if not len(array):
        return []
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]] if data else np.empty(0, np.uint8)
    return [numpy_digest(np.diff(ends), walker), numpy_digest(content, walker)]


# ---- polars --------------------------------------------------------------------------------------


def polars_digest(value: Any, walker: Walker) -> str | None:
    """The digest of a polars frame or series; None for anything else."""
    name = type(value).__name__
    if name == "LazyFrame":
        raise Unhashable("", "polars.LazyFrame", "return its .collect()")
    if name == "DataFrame":
        columns = [walker.child(value[c], f"[{c!r}]") for c in value.columns]
        return combine("polars.DataFrame", [*value.columns, *columns])
    if name == "Series":
        return combine("polars.Series", [value.name, str(value.dtype), *_polars_values(value, walker)])
    return None


def _polars_values(series: Any, walker: Walker) -> list[str]:
    try:
        import pyarrow  # type: ignore[import-untyped,unused-ignore]  # noqa: F401
    except ImportError:
        return [walker.digest(series.to_list())]
    return [_arrow(series.to_arrow(), walker)]
