"""Writing a value in the format that a file name's suffix stands for (``publish``)."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .failure import TaskError


def render(value: Any, suffix: str, folder: str) -> Path:
    """The path of a new file in ``folder``. Raises ``TaskError`` where the suffix does not fit."""
    write = _WRITERS.get(suffix)
    if write is None:
        raise TaskError("publish", f"cannot publish as {suffix}", hint=f"known: {' '.join(_WRITERS)}")
    path = Path(folder, "output" + suffix)
    try:
        write(value, path)
    except TaskError:
        raise
    except Exception as exc:
        what = f"a value of type {_type(value)} cannot be written as {suffix}: {type(exc).__name__}: {exc}"
        raise TaskError("publish", what, cause=exc) from exc
    return path


def _json(value: Any, path: Path) -> None:
    import json

    text = json.dumps(_jsonable(value), ensure_ascii=False, indent=2, allow_nan=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _jsonable(value: Any, table: bool = False) -> Any:
    """Arrays, frames and numpy scalars as JSON has them; tuples as lists; no silent ``str()``.

    ``table``: where NaN says that there is no value, which is null; else JSON has nothing for it."""
    if isinstance(value, float) and not math.isfinite(value):
        if table:
            return None
        hint = "give None in its place"
        raise TaskError(
            "publish", f"{float(value)} cannot be written as .json, which has no such number", hint
        )
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {_json_key(k): _jsonable(v, table) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(v, table) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_jsonable(v, table) for v in value), key=repr)
    if _frame(value):
        return _jsonable(value.to_dict(orient="records"), True)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    for plain in ("tolist", "to_dicts", "to_pylist"):  # numpy and series, polars, pyarrow
        if hasattr(value, plain):
            return _jsonable(getattr(value, plain)(), table or plain != "tolist" or _frame(value, "Series"))
    raise TaskError("publish", f"a value of type {_type(value)} cannot be written as .json")


def _json_key(key: Any) -> Any:
    if key is None or isinstance(key, (bool, int, float, str)):
        return key
    return str(_jsonable(key))


def _csv(value: Any, path: Path) -> None:
    if _frame(value, "DataFrame", "Series"):
        value.to_csv(path, index=_meaningful_index(value), lineterminator="\n")
        return
    if hasattr(value, "write_csv"):  # polars
        value.write_csv(path)
        return
    import csv

    header, rows = _table(value, ".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if header is not None:
            writer.writerow(header)
        writer.writerows(rows)


def _table(value: Any, suffix: str) -> tuple[list[Any] | None, list[list[Any]]]:
    """Rows (dicts, lists) or a dict of columns."""
    if isinstance(value, Mapping) and value and all(isinstance(c, (list, tuple)) for c in value.values()):
        lengths = {len(column) for column in value.values()}
        if len(lengths) > 1:
            raise TaskError("publish", f"the columns for {suffix} are not equally long")
        return list(value), [list(row) for row in zip(*value.values(), strict=True)]
    if isinstance(value, (list, tuple)) and all(isinstance(row, Mapping) for row in value):
        header: dict[Any, None] = {}
        for row in value:
            header.update(dict.fromkeys(row))
        return list(header), [[row.get(name, "") for name in header] for row in value]
    if isinstance(value, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in value):
        return None, [list(row) for row in value]
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 2:
        return None, value.tolist()
    if hasattr(value, "to_pydict"):  # pyarrow
        return _table(value.to_pydict(), suffix)
    raise TaskError(
        "publish",
        f"a value of type {_type(value)} cannot be written as {suffix}",
        hint="return a data frame, a list of dicts (rows) or a dict of lists (columns)",
    )


def _parquet(value: Any, path: Path) -> None:
    from importlib import import_module

    if hasattr(value, "write_parquet"):  # polars
        value.write_parquet(path)
        return
    if hasattr(value, "to_pydict"):  # pyarrow
        import_module("pyarrow.parquet").write_table(value, path)
        return
    if _frame(value, "Series"):
        value = value.to_frame()
    if not _frame(value):
        header, rows = _table(value, ".parquet")
        value = import_module("pandas").DataFrame(rows, columns=header)
    value.to_parquet(path, index=_meaningful_index(value))


def _npy(value: Any, path: Path) -> None:
    import numpy

    numpy.save(path, numpy.asarray(value), allow_pickle=False)


def _pkl(value: Any, path: Path) -> None:
    import pickle

    path.write_bytes(pickle.dumps(value, protocol=5))


def _frame(value: Any, *kinds: str) -> bool:
    """Whether it is a data frame of pandas (or another of its kinds)."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(
        value, tuple(getattr(pandas, k) for k in kinds or ("DataFrame",))
    )


def _meaningful_index(frame: Any) -> bool:
    pandas = sys.modules["pandas"]
    return not (isinstance(frame.index, pandas.RangeIndex) and frame.index.name is None)


def _type(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


_WRITERS: Mapping[str, Callable[[Any, Path], None]] = {
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
    ".npy": _npy,
    ".pkl": _pkl,
}


def scratch(folder: str | None) -> Any:
    """A temporary folder that is gone at the end (with the slot's folder, if the worker is killed)."""
    import tempfile

    return tempfile.TemporaryDirectory(
        prefix="prun-", dir=folder if folder and os.path.isdir(folder) else None
    )
