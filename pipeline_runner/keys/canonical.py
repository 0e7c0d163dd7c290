"""Plain data: one canonical text and one content digest for each value.

Plain data are None, bool, int, float, str, list, dict, tuple, set, frozenset, bytes, date, datetime,
time, timedelta, Decimal and complex, of exactly these types, nested in any way; numpy scalars count
as Python's. The canonical text is JSON; what JSON has no type for stands as ``{"!": TYPE, "v": ...}``.
Mappings and sets stand sorted, so equal values have one text whatever order they were built in; the
text that is stored (``stored_text``) keeps a mapping's order.

The digest of a list is made of its elements' digests, so that of a gathered fan-out is known without
reading its items; every other value's digest is that of its canonical text.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from .deeper import go_deeper as go_deeper
from .digest import LENGTH, Hasher, combine, combine_alike, digest, digest_each
from .plain_types import from_json, json_float, json_str, to_json
from .unhashable import NotPlain, TooDeep, short_repr, type_name
from .unhashable import Unhashable as Unhashable

MAX_DEPTH = 1000  # containers within containers
_DEEP = f"nested more than {MAX_DEPTH} levels deep"
_QUICK_DEPTH = 40  # what the C encoder is trusted with at once
_BIG = 2**1024  # larger integers stand in hexadecimal: Python bounds decimal conversions
_FEW = 16  # elements up to which a list is looked at one by one
_T = TypeVar("_T")

_encoder = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_in_order_encoder = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
)


# ---- digests -----------------------------------------------------------------------------------


def plain_digest(value: Any) -> str:
    """The content digest of plain data. Raises ``NotPlain`` with the path to what is not."""
    try:
        return _deeply(lambda: _digest(value, 0))
    except NotPlain as e:
        if e.hint:
            dumps(value)  # which knows all that is above, so how a value contains itself
        raise


def plain_digests(values: Sequence[Any]) -> list[str]:
    """``plain_digest`` of each of many values."""
    return _deeply(lambda: _digests(values, 0))


def list_digest(digests: Sequence[str]) -> str:
    """The digest of a list, from those of its elements."""
    text = "".join(digests)
    return list_digest_of_text(text) if len(text) == 2 * LENGTH * len(digests) else combine("list", digests)


def list_digest_of_text(digests: str) -> str:
    """The same, of the digests one behind the other."""
    return combine_alike("list", digests, 2 * LENGTH)


def named_digest(digests: Mapping[str, str]) -> str:
    """The digest of the mapping that a step's declared outputs are."""
    return combine("named", [p for name in sorted(digests) for p in (name, digests[name])])


def is_plain(value: Any) -> bool:
    if _is_json(value, 0):
        return True
    try:
        _deeply(lambda: _tagged(value, ()))
    except NotPlain:
        return False
    return True


def _digest(value: Any, depth: int) -> str:
    if type(value) is not list:
        value = from_numpy(value)
        return _bytes_digest(value) if type(value) is bytes else digest(_text(value).encode())
    return list_digest(_digests(value, depth))


def _digests(value: Sequence[Any], depth: int) -> list[str]:
    """The digests of a list's elements."""
    if depth > MAX_DEPTH:
        raise TooDeep("", "list", _DEEP)
    if _are_ints(value):
        return digest_each(map(b"%d".__mod__, value))
    parts: list[str] = []
    add = parts.append
    try:
        for v in value:
            t = type(v)
            if t is int and -_BIG < v < _BIG:
                add(digest(b"%d" % v))
            elif t in _TEXTUAL:
                add(digest(_text(v).encode()))
            else:
                add(_digest(v, depth + 1))
    except NotPlain as e:
        raise e.within(f"[{len(parts)}]") from None
    return parts


def _bytes_digest(value: bytes) -> str:
    """Of the bytes as they are: their text would be twice as long."""
    hasher = Hasher()
    hasher.update(b"bytes:")
    hasher.update(value)
    return hasher.hexdigest()


# ---- text --------------------------------------------------------------------------------------


def dumps(value: Any) -> str:
    """The canonical JSON text of plain data."""
    return _deeply(lambda: _text(value))


def loads(text: str) -> Any:
    """The value of a canonical text."""
    hook = from_json if '"!"' in text else None
    return _deeply(lambda: json.loads(text, object_hook=hook))


def stored_text(value: Any) -> str:
    """A text that ``loads`` reads back with every mapping in the order that it was built in.

    The order of a mapping is no part of its content, so of its digest: it is kept for what a step
    shows or writes, such as the columns of a table.
    """
    return _deeply(lambda: _text(value, _in_order_encoder))


def _text(value: Any, encoder: json.JSONEncoder = _encoder) -> str:
    if type(value) is int and -_BIG < value < _BIG:
        return repr(value)  # what the encoder gives, without starting it
    if _is_json(value, 0):
        try:
            text = encoder.encode(value)
            text.encode()  # lone surrogates have no UTF-8
            return text
        except ValueError:  # or nan, inf
            pass
    return encoder.encode(_tagged(value, (), encoder is _encoder))


def _are_ints(values: Sequence[Any]) -> bool:
    """Whether all are integers of a usual size: long lists of them are looked at together."""
    return (
        len(values) > _FEW and set(map(type, values)) == {int} and -_BIG < min(values) <= max(values) < _BIG
    )


def _is_json(value: Any, depth: int) -> bool:
    """Whether the text that the C encoder makes is canonical and reads back as the same value."""
    t = type(value)
    if t is str or t is float or value is None or t is bool:
        return True
    if t is int:
        return bool(-_BIG < value < _BIG)
    if depth > _QUICK_DEPTH:
        return False
    if t is dict:
        if "!" in value:
            return False
        for k, v in value.items():
            if type(k) is not str:
                return False
            tv = type(v)
            if tv is not str and tv is not float and not _is_json(v, depth + 1):
                return False
        return True
    if t is list:
        if _are_ints(value):
            return True
        for v in value:
            tv = type(v)
            if tv is not str and tv is not float and not _is_json(v, depth + 1):
                return False
        return True
    return False


def _tagged(value: Any, above: tuple[int, ...] | frozenset[int], canonical: bool = True) -> Any:
    """The same as a structure that JSON has types for; ``canonical``: mappings sorted."""
    t = type(value)
    if value is None or t is bool:
        return value
    if t is int:
        return value if -_BIG < value < _BIG else {"!": "int", "v": hex(value)}
    if t is float:
        return json_float(value)
    if t is str:
        return json_str(value)
    if t in _CONTAINERS:
        return _tagged_container(value, t, above, canonical)
    tagged = to_json(value)
    if tagged is not None:
        return tagged
    scalar = from_numpy(value)
    if scalar is not value:
        return _tagged(scalar, above, canonical)
    raise NotPlain("", type_name(t))


def _tagged_container(value: Any, t: type, above: Iterable[int], canonical: bool) -> Any:
    here = frozenset((*above, id(value)))
    if id(value) in above:
        raise NotPlain("", t.__name__, "it contains itself")
    if len(here) > MAX_DEPTH:
        raise TooDeep("", t.__name__, _DEEP)
    if t is dict:
        return _tagged_dict(value, here, canonical)
    items = []
    for i, v in enumerate(value):
        try:
            items.append(_tagged(v, here, canonical))
        except NotPlain as e:
            raise e.within(f"[{i}]" if t is list or t is tuple else "{...}") from None
    if t is list:
        return items
    if t is not tuple:
        items.sort(key=_encoder.encode)
    return {"!": t.__name__, "v": items}


def _tagged_dict(value: dict[Any, Any], here: frozenset[int], canonical: bool) -> Any:
    pairs = []
    for k, v in value.items():
        try:
            pairs.append((_tagged(k, here, canonical), _tagged(v, here, canonical)))
        except NotPlain as e:
            raise e.within(f"[{short_repr(k)}]") from None
    if "!" not in value and all(type(k) is str for k in value) and all(type(k) is str for k, _ in pairs):
        return dict(pairs)
    if canonical:
        pairs.sort(key=_encoder.encode)
    return {"!": "dict", "v": pairs}


def from_numpy(value: Any) -> Any:
    """A numpy scalar as Python's own; anything else, and what has no equal there, as it is."""
    if type(value).__module__ != "numpy":
        return value
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") not in "biufcSU" or getattr(value, "shape", None) != ():
        return value
    item = value.item() if hasattr(value, "item") and not hasattr(value, "__array_finalize__") else value
    return item if type(item) in (bool, int, float, complex, bytes, str) else value


_TEXTUAL = frozenset({str, float, dict, bool, type(None)})
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})


# ---- helpers -----------------------------------------------------------------------------------


_limit_lock = threading.Lock()


def _deeply(work: Callable[[], _T]) -> _T:
    """Do the work; with room for ``MAX_DEPTH`` levels if the usual recursion limit is too tight."""
    try:
        try:
            return work()
        except RecursionError:
            with deep_recursion():
                return work()
    except Unhashable as e:
        raise e.with_traceback(None) from None  # which may be a thousand frames long


@contextmanager
def deep_recursion() -> Iterator[None]:
    """A recursion limit that ``MAX_DEPTH`` cannot reach; what bounds the depth is our own count."""
    with _limit_lock:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, 20 * MAX_DEPTH))
        try:
            yield
        finally:
            sys.setrecursionlimit(before)
