"""Bound arguments -> Python values, fresh for every task: a mutated input harms nobody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BlobLost
from ..model.artifact import Artifact
from ..model.bound import Bound, Deep, FileArg, Inline, Many, Named, Secret, Stored
from .failure import TaskError

_IMMUTABLE = (str, int, float, bool, type(None), bytes)


class InputsLost(Exception):
    """Stored bytes that could not be read: all of the task's, so that all are made again at once."""

    def __init__(self, blobs: tuple[str, ...], damaged: bool) -> None:
        super().__init__(blobs, damaged)
        self.blobs = blobs
        self.damaged = damaged


class Loader:
    """``decode`` reads an artifact, ``secret`` gives a secret's value by name and source."""

    def __init__(self, decode: Callable[[Artifact], Any], secret: Callable[[str, str], str]) -> None:
        self._decode = decode
        self._secret = secret
        self._lost: dict[str, bool] = {}

    def arguments(self, *args: Mapping[str, Bound]) -> dict[str, Any]:
        """The keyword arguments. Raises ``TaskError`` or ``InputsLost``."""
        self._lost = {}
        values: dict[str, Any] = {}
        for mapping in args:
            for name, bound in mapping.items():
                values[name] = self._argument(name, bound)
        if self._lost:
            raise InputsLost(tuple(self._lost), any(self._lost.values()))
        return values

    def _argument(self, name: str, bound: Bound) -> Any:
        try:
            return self._value(bound)
        except TaskError:
            raise
        except Exception as exc:
            if self._lost:
                return None  # a consequence: the bytes are missing
            if isinstance(exc, LookupError):
                raise TaskError("input", f"argument {name}: {_text(exc)}", cause=exc) from exc
            what = f"argument {name} cannot be loaded: {type(exc).__name__}: {exc}"
            raise TaskError("input", what, cause=exc) from exc

    def _value(self, bound: Bound) -> Any:
        match bound:
            case Inline():
                return fresh(bound.value)
            case Stored():
                return self._stored(bound.artifact)
            case Many():
                return [self._value(item) for item in bound.items]
            case Named():
                return {name: self._value(item) for name, item in bound.items}
            case FileArg():
                return list(bound.paths) if bound.many else bound.paths[0]
            case Secret():
                return self._secret(bound.name, bound.source)
            case Deep():
                return self._deep(bound.base, bound.path)

    def _stored(self, artifact: Artifact) -> Any:
        try:
            return self._decode(artifact)
        except BlobLost as exc:
            self._lost[exc.blob] = exc.damaged
            return None

    def _deep(self, base: Bound, path: tuple[str | int, ...]) -> Any:
        """Only what the path leads to is loaded where the base is made of parts."""
        while path:
            inner = _part(base, path[0])
            if inner is None:
                break
            base, path = inner, path[1:]
        lost_before = len(self._lost)
        value = self._value(base)
        if not path or len(self._lost) > lost_before:
            return value
        from ..keys.deeper import go_deeper

        return go_deeper(value, path)


def _part(base: Bound, key: str | int) -> Bound | None:
    match base:
        case Many() if isinstance(key, int) and 0 <= key < len(base.items):
            return base.items[key]
        case Named():
            return next((item for name, item in base.items if name == key), None)
        case Deep():
            return None
    return None


def fresh(value: Any) -> Any:
    """A copy of plain data that shares nothing mutable with it."""
    kind = type(value)
    if kind in _IMMUTABLE:
        return value
    if kind is list:
        return [v if type(v) in _IMMUTABLE else fresh(v) for v in value]
    if kind is dict:
        return {k: v if type(v) in _IMMUTABLE else fresh(v) for k, v in value.items()}
    if kind is tuple:
        return tuple(map(fresh, value))
    if kind is set:
        return set(value)
    return value  # frozenset, date, Decimal ...: immutable


def _text(exc: BaseException) -> str:
    return str(exc.args[0]) if isinstance(exc, KeyError) and exc.args else str(exc)
