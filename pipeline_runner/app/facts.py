"""What is shown of a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

HEAD = 8  # rows of a table, items of a list


class Facts(NamedTuple):
    """What is shown of a value: one line, more lines, and the same as data for ``--json``."""

    kind: str  # "scalar", "text", "data", "table", "column", "array", "file", "image", "figure", "object"
    title: str
    lines: tuple[str, ...] = ()
    data: Mapping[str, Any] = {}
    more: int = 0  # lines that are not there


def jsonable(value: Any) -> Any:
    """What JSON has; anything else in words. ``nan`` is no JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]
    if hasattr(value, "item") and not getattr(value, "ndim", 0):
        return jsonable(value.item())
    return str(value)
