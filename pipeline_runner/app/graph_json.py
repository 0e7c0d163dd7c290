"""A resolved graph as JSON, for the run's record, and back.

Every NamedTuple of ``model.graph`` stands as ``{"~": its name, field: ...}`` (fields that have
their default are left out), a tuple as ``{"~": "()", "of": [...]}``, a set likewise; mappings and
plain data as they are.
"""

from __future__ import annotations

from typing import Any

from ..errors import Place
from ..model import graph as g

_CLASSES: dict[str, Any] = {
    c.__name__: c
    for c in (
        g.Ref, g.Text, g.Literal, g.Input, g.Files, g.ForEach, g.Matrix, g.Retry, g.Share, g.CachePolicy,
        g.Step, g.Executor, g.Graph, Place,
    )
}  # fmt: skip


def graph_to_json(graph: g.Graph) -> Any:
    return _encode(graph)


def graph_from_json(value: Any) -> g.Graph:
    """Raises ``ValueError`` where it is no graph."""
    try:
        found = _decode(value)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a graph: {error}") from None
    if not isinstance(found, g.Graph):
        raise ValueError("not a graph")
    return found


def _encode(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        defaults: dict[str, Any] = getattr(value, "_field_defaults")  # noqa: B009
        fields = {
            name: _encode(v)
            for name, v in zip(value._fields, value, strict=True)
            if name not in defaults or v != defaults[name]
        }
        return {"~": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return {"~": "()", "of": [_encode(v) for v in value]}
    if isinstance(value, frozenset):
        return {"~": "{}", "of": sorted(value)}
    if isinstance(value, list):
        return [_encode(v) for v in value]
    if isinstance(value, dict):
        encoded = {k: _encode(v) for k, v in value.items()}
        return {"~": "dict", "of": list(encoded.items())} if "~" in value else encoded
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(v) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("~")
    if kind is None:
        return {k: _decode(v) for k, v in value.items()}
    if kind == "()":
        return tuple(_decode(v) for v in value["of"])
    if kind == "{}":
        return frozenset(value["of"])
    if kind == "dict":
        return {k: _decode(v) for k, v in value["of"]}
    return _CLASSES[kind](**{k: _decode(v) for k, v in value.items() if k != "~"})
