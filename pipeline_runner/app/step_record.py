"""A step's tasks in the record of a run: in short when it is written, by position when it is read.

Of a hundred thousand tasks most are alike. Their states and attempts stand as stretches, their keys of
entries as one text, and each is made longer when somebody looks at it.

The tasks of a small step stand in the record itself, those of a large one in a file beside it: who wants
to know something of the run, or of another step, does not read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast, overload

from ..errors import Problem, RunFailed
from ..store.runs import step_file

if TYPE_CHECKING:
    from ..model.table import Table
    from ..store.runs import Runs

APART = 10_000  # tasks from which on a step has a file of its own

_WIDTH = 48  # characters of a digest
_BLANK = " " * _WIDTH
_NO_TASKS: Mapping[str, Any] = {
    "keys": None, "states": [], "attempts": {}, "seconds": {}, "errors": {}, "reasons": {}, "shape": None,
    "entries": [],
}  # fmt: skip
_SINGLY = 8  # keys that are looked for one by one: a run asks for one, a plan for all


def write_step(about: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """What is written of a step. ``about``: keys, states (as ``TaskStates``) ...; ``table``: entries."""
    return {
        **about,
        "keys": write_keys(about["keys"]),
        "states": about["states"].stretches(),
        "attempts": _stretches(about["attempts"]),
        "seconds": _column(about["seconds"]),
        "entries": write_entries(table),
    }


def write_apart(runs: Runs, run_id: str, step: str, written: Mapping[str, Any]) -> None:
    """Write what ``write_step`` gave to a file of its own."""
    value = dict(written)
    keys, entries = value["keys"], value["entries"]
    texts = [keys if isinstance(keys, str) else "", ""]
    if isinstance(keys, str):
        value["keys"] = True
    if isinstance(entries, dict):
        value["entries"], texts[1] = {"recipe": entries["recipe"]}, entries["args"]
    runs.write_texts(run_id, step_file(step), value, texts)


def _read_apart(runs: Runs, run_id: str, step: str) -> Mapping[str, Any] | None:
    found = runs.read_texts(run_id, step_file(step))
    if found is None:
        return None
    value, (keys, args) = found
    if value["keys"] is True:
        value["keys"] = keys
    if isinstance(value["entries"], dict):
        value["entries"]["args"] = args
    written: Mapping[str, Any] = value
    return written


def read_steps(
    record: Mapping[str, Any], runs: Runs | None = None, *, strict: bool = False
) -> dict[str, Mapping[str, Any]]:
    """The steps of a record; none where it does not have its tasks (yet). ``runs``: where a record was
    read from. A step whose file is gone or damaged has no tasks; ``strict``: looking at it raises
    ``RunFailed``.
    """

    def about(name: str, written: Mapping[str, Any]) -> StepAbout:
        if runs is None or "apart" not in written:
            return StepAbout(lambda: written)
        return StepAbout(partial(look, runs, str(record["run_id"]), name))

    def look(runs: Runs, run_id: str, name: str) -> Mapping[str, Any]:
        found = _read_apart(runs, run_id, name)
        if found is None and strict:
            what = f"the record of step {name!r} in run {run_id} is gone or damaged"
            raise RunFailed(Problem("no-record", what))
        return _NO_TASKS if found is None else found

    return {name: about(name, written) for name, written in (record.get("steps") or {}).items()}


class StepAbout(Mapping[str, Any]):
    """A step's record as its readers want it: a state and an entry's key for each position, attempts
    and seconds by position. Records of earlier versions, which were written like that, are read too."""

    def __init__(self, written: Callable[[], Mapping[str, Any]]) -> None:
        self._look = written
        self._read: dict[str, Any] = {}

    @cached_property
    def _written(self) -> Mapping[str, Any]:
        return self._look()

    def __getitem__(self, field: str) -> Any:
        found = self._read.get(field)
        if found is None:
            value = self._written[field]
            reader = _READERS.get(field)
            found = self._read[field] = value if reader is None else reader(value)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


class EntryKeys(Sequence[Any]):
    """The keys of a step's entries, by position: recipe and args, or None where there is none."""

    def __init__(self, recipe: str, args: str) -> None:
        self.recipe = recipe
        self._args = args
        self._asked = 0

    def __len__(self) -> int:
        return len(self._args) // _WIDTH

    @overload
    def __getitem__(self, k: int) -> Any: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Any]: ...
    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        if not -len(self) <= k < len(self):
            raise IndexError(k)
        at = k % len(self) * _WIDTH
        args = self._args[at : at + _WIDTH]
        return None if args == _BLANK else [self.recipe, args]

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, Sequence) or len(key) != 2 or key[0] != self.recipe:
            return False
        self._asked += 1
        if self._asked > _SINGLY:
            return key[1] in self._set
        at = self._args.find(key[1])
        while at >= 0 and at % _WIDTH:
            at = self._args.find(key[1], at + 1)
        return at >= 0

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self._args[at : at + _WIDTH] for at in range(0, len(self._args), _WIDTH))

    def __iter__(self) -> Iterator[Any]:
        text, recipe = self._args, self.recipe
        for at in range(0, len(text), _WIDTH):
            args = text[at : at + _WIDTH]
            yield None if args == _BLANK else [recipe, args]


# ---- one field ---------------------------------------------------------------------------------------


def write_entries(table: Table) -> Any:
    """The keys of a step's entries, as ``read_steps`` reads them."""
    args = table.args
    text = "".join(cast("list[str]", args) if table.complete else [a or _BLANK for a in args])
    if len(text) == _WIDTH * len(args):  # else some are longer; none is shorter
        return {"recipe": table.recipe, "args": text}
    return [None if a is None else [table.recipe, a] for a in args]


def _read_entries(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return EntryKeys(value["recipe"], value["args"])
    recipes = {entry[0] for entry in value if entry}
    if len(recipes) != 1 or any(entry and len(entry[1]) != _WIDTH for entry in value):
        return value or []
    return EntryKeys(recipes.pop(), "".join([entry[1] if entry else _BLANK for entry in value]))


def write_keys(keys: Sequence[str] | None) -> Any:
    """The KEYs of a step's items: one text, a line each, where that tells them."""
    text = "\n".join(keys or ())
    return text if keys and text.count("\n") == len(keys) - 1 else keys


def read_keys(value: Any) -> Any:
    """The KEYs again."""
    return Lines(value) if isinstance(value, str) else value


class Lines(Sequence[str]):
    """The lines of a text, as a list would have them; parted when one is asked for by its number."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return self._text.count("\n") + 1

    @overload
    def __getitem__(self, k: int) -> str: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[str]: ...
    def __getitem__(self, k: Any) -> Any:
        return self._lines[k]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __eq__(self, other: object) -> bool:
        return self._lines == (other._lines if isinstance(other, Lines) else other)

    __hash__ = None  # type: ignore[assignment]

    def __contains__(self, line: object) -> bool:
        return isinstance(line, str) and self._find(line) >= 0

    def index(self, line: str, *within: int) -> int:
        """Its number."""
        at = -1 if within else self._find(line)
        return self._text.count("\n", 0, at) if at >= 0 else self._lines.index(line, *within)

    def _find(self, line: str) -> int:
        """Where it first begins, or -1."""
        if "\n" in line:
            return -1
        if self._text == line or self._text.startswith(f"{line}\n"):
            return 0
        found = self._text.find(f"\n{line}\n") + 1
        if not found and self._text.endswith(f"\n{line}"):
            found = len(self._text) - len(line)
        return found or -1

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")


def _read_states(value: Sequence[Any]) -> Sequence[str]:
    if not value or isinstance(value[0], str):
        return value
    return [state for state, count in value for _ in range(count)]


def _stretches(values: Mapping[int, int]) -> list[list[int]]:
    """``{0: 1, 1: 1, 5: 2}`` -> ``[[0, 2, 1], [5, 6, 2]]``: first, beyond, value."""
    found: list[list[int]] = []
    for k in sorted(values):
        if found and found[-1][1] == k and found[-1][2] == values[k]:
            found[-1][1] += 1
        else:
            found.append([k, k + 1, values[k]])
    return found


def _read_stretches(value: Any) -> Mapping[str, int]:
    if isinstance(value, dict):
        return value
    return {str(k): v for first, beyond, v in value for k in range(first, beyond)}


def _column(values: Mapping[int, float]) -> Any:
    """Where there is one for most positions, a list of them."""
    beyond = max(values, default=-1) + 1
    if len(values) * 2 > beyond:
        return [round(values[k], 6) if k in values else None for k in range(beyond)]
    return {str(k): round(v, 6) for k, v in values.items()}


def _read_column(value: Any) -> Mapping[str, float]:
    if isinstance(value, dict):
        return value
    return {str(k): v for k, v in enumerate(value) if v is not None}


_READERS = {
    "keys": read_keys,
    "entries": _read_entries,
    "states": _read_states,
    "attempts": _read_stretches,
    "seconds": _read_column,
}
