"""Events as JSON lines: what ``run --events FILE`` writes and what a run's record keeps.

One object a line: ``{"v": 1, "event": "tasks_reused", "at": 0.12, ...}``, the fields of
``model.event`` by their names. ``items`` are ranges ``[first, beyond]``, so that 100,000 items are
short. ``schemas/events.schema.json`` describes it; the version changes when a field goes or means
something else, not when one is added.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, get_args

from ..errors import PrunError, StoreError
from ..model import event as ev
from ..model.outcome import ErrorInfo
from .step_record import read_keys, write_keys

if TYPE_CHECKING:
    from ..store.runs import Runs

VERSION = 1
FLUSH_SECONDS = 2.0  # how much of a killed run's events may be lost
FLUSH_EVENTS = 2000
_CLASSES: dict[str, Any] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower(): cls for cls in get_args(ev.Event)
}
_NAMES = {cls: name for name, cls in _CLASSES.items()}
_PLAIN = frozenset({str, int, float, bool, type(None)})


def encode(event: ev.Event) -> dict[str, Any]:
    """An event as plain data."""
    found: dict[str, Any] = {"v": VERSION, "event": _NAMES[type(event)]}
    fields: dict[str, Any] = event._asdict()
    for name, value in fields.items():
        if name == "at":
            value = round(value, 6)
        elif name == "items":
            value = ranges(value)
        elif type(value) in _PLAIN:  # most: the looks below take longer
            pass
        elif isinstance(value, ErrorInfo):
            value = {**value._asdict(), "types": list(value.types), "where": _where(value)}
        elif isinstance(value, Mapping):
            value = dict(value)
        elif not isinstance(value, str) and isinstance(value, Sequence):
            value = list(value)
        found[name] = value
    return found


def decode(value: Mapping[str, Any]) -> ev.Event | None:
    """The event, or None for one that this version does not know. Unknown fields are left out."""
    cls = _CLASSES.get(value.get("event", ""))
    if cls is None or value.get("v") != VERSION:
        return None
    fields = {name: value[name] for name in cls._fields if name in value}
    if "keys" in fields:
        fields["keys"] = read_keys(fields["keys"])
    if "items" in fields:
        fields["items"] = _items(fields["items"])
    if fields.get("error") is not None:
        error = fields["error"]
        where = error["where"]
        place = (where["file"], where["line"], where["function"]) if where else None
        fields["error"] = ErrorInfo(
            error["kind"], error["message"], tuple(error["types"]), error["traceback"], place, error["hint"]
        )
    for name in ("steps", "producers", "files"):
        if name in fields:
            fields[name] = tuple(fields[name])
    made: ev.Event = cls(**fields)
    return made


def _where(error: ErrorInfo) -> dict[str, Any] | None:
    if error.where is None:
        return None
    return dict(zip(("file", "line", "function"), error.where, strict=True))


def ranges(items: Sequence[int]) -> list[list[int]]:
    """``[0, 1, 2, 7]`` -> ``[[0, 3], [7, 8]]``."""
    if isinstance(items, range) and items.step == 1:
        return [[items.start, items.stop]] if len(items) else []
    found: list[list[int]] = []
    for item in items:
        if found and found[-1][1] == item:
            found[-1][1] += 1
        else:
            found.append([item, item + 1])
    return found


def _items(pairs: Sequence[Sequence[int]]) -> Sequence[int]:
    if len(pairs) == 1:
        return range(*pairs[0])
    return [item for first, beyond in pairs for item in range(first, beyond)]


class EventFile:
    """An observer that writes every event at once, for another program to follow."""

    def __init__(self, path: str) -> None:
        try:
            self._file: IO[str] | None = open(path, "w", encoding="utf-8", newline="\n")  # noqa: SIM115
        except OSError as error:
            raise PrunError(f"cannot write {path}: {error.strerror}") from error

    def __call__(self, event: ev.Event) -> None:
        if self._file is None:
            return
        value = encode(event)
        if isinstance(event, ev.RunStarted):
            value["started"] = time.time() - event.at
        try:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError:  # nobody reads any more, or the disk is full: the run goes on all the same
            self.close()

    def close(self) -> None:
        """Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()


class EventRecord:
    """An observer that keeps a run's events in its record, in bulk; what was printed is kept apart."""

    def __init__(self, runs: Runs, run_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._runs = runs
        self.run_id = run_id
        self._clock = clock
        self._waiting: list[dict[str, Any]] = []
        self._kept = clock()

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, ev.TaskLogged):
            return
        value = encode(event)
        if isinstance(event, ev.StepExpanded):
            value["keys"] = write_keys(event.keys)
        self._waiting.append(value)
        over = isinstance(event, ev.RunFinished) or len(self._waiting) >= FLUSH_EVENTS
        if over or self._clock() - self._kept > FLUSH_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Write what is not written yet, so that a run that goes on can be looked at."""
        self._kept = self._clock()
        if not self._waiting:
            return
        with suppress(StoreError, OSError):  # a full disk loses the story, not the run
            self._runs.append_lines(self.run_id, "events", self._waiting)
        self._waiting = []


def read_events(lines: Iterable[Any]) -> list[ev.Event]:
    """The events of a record, or of a file's lines as JSON."""
    found = (decode(line) for line in lines if isinstance(line, Mapping))
    return [event for event in found if event is not None]


# ---- the schema ----------------------------------------------------------------------------------

_STRINGS = {"type": "array", "items": {"type": "string"}}
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_KINDS: dict[str, dict[str, Any]] = {
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "float | None": {"type": ["number", "null"]},
    "tuple[str, ...]": _STRINGS,
    "Sequence[str] | None": {"type": ["array", "null"], "items": {"type": "string"}},
    "Sequence[int]": {"$ref": "#/$defs/ranges"},
    "Sequence[float]": _NUMBERS,
    "Mapping[str, float]": {"type": "object", "additionalProperties": {"type": "number"}},
    "Mapping[str, int]": {"type": "object", "additionalProperties": {"type": "integer"}},
    "Mapping[str, Sequence[str]]": {"type": "object", "additionalProperties": _STRINGS},
    "ErrorInfo": {"$ref": "#/$defs/error"},
    "ErrorInfo | None": {"anyOf": [{"$ref": "#/$defs/error"}, {"type": "null"}]},
}


def events_schema() -> dict[str, Any]:
    """JSON Schema of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of a prun run",
        "description": "One line of `prun run --events FILE`: what happened, in the past tense. `at` is "
        "seconds since the run started. Lines come in the order in which things happened.",
        "oneOf": [_event_schema(name, cls) for name, cls in _CLASSES.items()],
        "$defs": {
            "ranges": {
                "description": "Positions in the step: ranges [first, beyond]; [[0, 3]] is 0, 1 and 2. A "
                "step without fan-out has the one item 0.",
                "type": "array",
                "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            },
            "error": {
                "type": "object",
                "description": "Why a task failed. `types`: the exception's classes, bare and qualified.",
                "required": ["kind", "message", "types", "traceback", "where", "hint"],
                "properties": {
                    "kind": {"type": "string"},
                    "message": {"type": "string"},
                    "types": _STRINGS,
                    "traceback": {"type": "string"},
                    "where": {
                        "type": ["object", "null"],
                        "required": ["file", "line", "function"],
                        "properties": {
                            "file": {"type": "string"},
                            "line": {"type": "integer"},
                            "function": {"type": "string"},
                        },
                    },
                    "hint": {"type": "string"},
                },
            },
        },
    }


def _event_schema(name: str, cls: Any) -> dict[str, Any]:
    text = " ".join((cls.__doc__ or "").split())
    described = {"description": text} if not text.startswith(f"{cls.__name__}(") else {}
    kinds = {field: getattr(kind, "__forward_arg__", kind) for field, kind in cls.__annotations__.items()}
    fields = {field: _KINDS[kind] for field, kind in kinds.items()}
    optional = {"started": {"type": "number", "description": "Unix time."}} if cls is ev.RunStarted else {}
    return {
        "title": name,
        **described,
        "type": "object",
        "required": ["v", "event", *fields],
        "properties": {"v": {"const": VERSION}, "event": {"const": name}, **fields, **optional},
    }
