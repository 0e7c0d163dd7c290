"""The plain types that JSON does not have: to a tag and its JSON, and back.

The modules of dates and decimals are loaded when a value needs them: start-up time counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .unhashable import NotPlain, type_name

_MODULES = frozenset({"builtins", "datetime", "decimal"})


def to_json(value: Any) -> Any:
    """``{"!": TYPE, "v": ...}`` for a value of one of these types, None for any other."""
    t = type(value)
    convert = _TO_JSON.get(t.__name__) if t.__module__ in _MODULES else None
    if convert is None:
        return None
    if t.__name__ not in _TYPES:
        _load_types()
    return {"!": t.__name__, "v": convert(value)} if _TYPES[t.__name__] is t else None


def from_json(d: dict[str, Any]) -> Any:
    """The value of a tagged object; any other object as it is."""
    tag = d.get("!")
    if tag is None:
        return d
    v = d["v"]
    if tag in _FROM_JSON:
        return _FROM_JSON[tag](v)
    if tag not in _TO_JSON:
        raise ValueError(f"unknown type in stored data: {tag!r}")
    _load_types()
    t: Any = _TYPES[tag]
    if tag == "date":
        return t.fromisoformat(v)
    if tag == "timedelta":
        return t(*v)
    if tag == "Decimal":
        return t(v)
    text, fold, zone = v
    return t.fromisoformat(text).replace(fold=fold, tzinfo=_zone_back(zone))


def json_float(value: float) -> Any:
    """A float; what JSON has no number for (nan, inf) tagged."""
    return value if value - value == 0 else {"!": "float", "v": repr(value)}


def json_str(value: str) -> Any:
    """A text; one with lone surrogates, which UTF-8 cannot hold, tagged."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return {"!": "str", "v": value.encode("utf-8", "surrogatepass").hex()}
    return value


def _zone(tz: Any) -> Any:
    import datetime

    if tz is None:
        return None
    if type(tz) is datetime.timezone:
        offset, *name = tz.__getinitargs__()  # type: ignore[attr-defined]
        return [offset.days, offset.seconds, offset.microseconds, *(json_str(n) for n in name)]
    key = getattr(tz, "key", None)
    if type(tz).__module__.startswith("zoneinfo") and type(key) is str:
        return key
    raise NotPlain(".tzinfo", type_name(type(tz)))


def _zone_back(v: Any) -> Any:
    if v is None:
        return None
    if type(v) is list:
        import datetime

        return datetime.timezone(datetime.timedelta(*v[:3]), *v[3:])
    import zoneinfo

    return zoneinfo.ZoneInfo(v)


def _moment(v: Any) -> Any:
    return [v.replace(tzinfo=None, fold=0).isoformat(), v.fold, _zone(v.tzinfo)]


_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "bytes": lambda v: v.hex(),
    "complex": lambda v: [json_float(v.real), json_float(v.imag)],
    "date": lambda v: v.isoformat(),
    "time": _moment,
    "datetime": _moment,
    "timedelta": lambda v: [v.days, v.seconds, v.microseconds],
    "Decimal": lambda v: str(v).upper(),  # the context may ask for a small "e"
}
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": lambda v: {k: x for k, x in v},  # noqa: C416 - pairs are lists
    "bytes": bytes.fromhex,
    "complex": lambda v: complex(*v),
    "float": float,
    "int": lambda v: int(v, 16),
    "str": lambda v: bytes.fromhex(v).decode("utf-8", "surrogatepass"),
}
_TYPES: dict[str, type] = {"bytes": bytes, "complex": complex}


def _load_types() -> None:
    import datetime
    import decimal

    for t in (datetime.date, datetime.time, datetime.datetime, datetime.timedelta, decimal.Decimal):
        _TYPES[t.__name__] = t
