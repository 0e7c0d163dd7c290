"""The table of a fan-out: what its tasks led to, as columns.

A hundred thousand results are a dozen lists, not half a million objects: they are read from the
store, compared, gathered and recorded column by column, and a row is made into an ``Entry`` or an
``Artifact`` only where somebody asks for that one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from .artifact import Artifact, CacheKey, Damaged, Entry

_FEW = 64  # rows that are looked for one after the other


class Column(NamedTuple):
    """One output of many tasks: a list for each field of ``Artifact``."""

    digest: list[str]
    codec: list[str]
    size: list[int]
    inline: list[str | None]
    blob: list[str | None]
    classes: list[tuple[str, ...]]
    type: list[str]

    @classmethod
    def blank(cls, count: int) -> Column:
        return cls(
            [""] * count,
            [""] * count,
            [0] * count,
            [None] * count,
            [None] * count,
            [()] * count,
            [""] * count,
        )

    def artifact(self, k: int) -> Artifact:
        return Artifact(
            self.digest[k], self.codec[k], self.size[k], self.inline[k], self.blob[k], self.classes[k],
            self.type[k],
        )  # fmt: skip

    def put(self, k: int, artifact: Artifact) -> None:
        digest, codec, size, inline, blob, classes, type = self
        (digest[k], codec[k], size[k], inline[k], blob[k], classes[k], type[k]) = artifact


class Table:
    """One row for each task; ``args[k]`` is None where there is nothing.

    All rows have the same ``recipe`` and the same outputs ("" where the step declares none).
    """

    __slots__ = ("args", "count", "outputs", "recipe", "seconds")

    def __init__(self, size: int, recipe: str = "") -> None:
        self.recipe = recipe
        self.args: list[str | None] = [None] * size
        self.seconds: list[float] = [0.0] * size  # that the calls took
        self.outputs: dict[str, Column] = {}
        self.count = 0  # rows that are there

    @classmethod
    def of(cls, entries: Sequence[Entry | None]) -> Table:
        table = cls(len(entries))
        for k, entry in enumerate(entries):
            if entry is not None:
                table.put(k, entry)
        return table

    def __len__(self) -> int:
        return len(self.args)

    # ---- reading ---------------------------------------------------------------------------------

    def has(self, k: int) -> bool:
        return k < len(self.args) and self.args[k] is not None

    @property
    def complete(self) -> bool:
        return self.count == len(self.args)

    def there(self, missing: Sequence[int] | None = None) -> Sequence[int]:
        """The rows that are there; ``missing``, if it is known, spares looking for those that are not."""
        missing = self.missing() if missing is None else missing
        size = len(self.args)
        if not missing:
            return range(size)
        if missing == list(range(missing[0], size)):
            return range(missing[0])
        gone = set(missing)
        return stretch([k for k in range(size) if k not in gone])

    def missing(self) -> Sequence[int]:
        """The rows that are not there."""
        left = len(self.args) - self.count
        if left > _FEW:
            return [k for k, args in enumerate(self.args) if args is None]
        found: list[int] = []
        for _ in range(left):  # one after the other at the speed of C
            found.append(self.args.index(None, found[-1] + 1 if found else 0))
        return found

    def key(self, k: int) -> CacheKey | None:
        args = self.args[k]
        return None if args is None else CacheKey(self.recipe, args)

    def cache_keys(self) -> Iterator[CacheKey]:
        """Of the rows that are there."""
        return (CacheKey(self.recipe, args) for args in self.args if args is not None)

    def artifacts(self, k: int) -> dict[str, Artifact]:
        """The outputs of a row, by name."""
        return {name: column.artifact(k) for name, column in self.outputs.items()}

    def took(self) -> float:
        """Seconds of all rows that are there."""
        return sum(self.seconds)

    def holding(self, blobs: Container[str]) -> list[int]:
        """The rows of which one of these blobs is an output."""
        found = {
            k for column in self.outputs.values() for k, blob in enumerate(column.blob)
            if blob is not None and blob in blobs
        }  # fmt: skip
        return sorted(k for k in found if self.args[k] is not None)

    # ---- filling ---------------------------------------------------------------------------------

    def put(self, k: int, entry: Entry) -> None:
        self.recipe = entry.key.recipe
        self._columns(entry.outputs)
        self.count += self.args[k] is None
        self.args[k] = entry.key.args
        self.seconds[k] = entry.seconds
        for name, artifact in entry.outputs.items():
            self.outputs[name].put(k, artifact)

    def clear(self, k: int) -> None:
        self.count -= self.args[k] is not None
        self.args[k] = None
        self.seconds[k] = 0.0

    def take(self, at: Sequence[int], other: Table, rows: Sequence[int]) -> None:
        """Copy rows of another table; they must be there."""
        if not len(at):
            return
        self.recipe = other.recipe
        if not self.count and isinstance(at, range) and at[0] == 0 and at.step == 1:
            self._begin(_chooser(rows), other, len(self.args) - len(at))
            self.count = len(at)
            return
        self._columns(other.outputs)
        if self.count:
            before = _chooser(at)(self.args)
            self.count -= len(before) - before.count(None)
        self.count += len(at)
        chosen = _chooser(rows)
        _put(self.args, at, chosen(other.args))
        _put(self.seconds, at, chosen(other.seconds))
        for name, column in other.outputs.items():
            for mine, theirs in zip(_fields(self.outputs[name]), _fields(column), strict=True):
                _put(mine, at, chosen(theirs))

    def _begin(self, chosen: Callable[[list[Any]], Sequence[Any]], other: Table, left: int) -> None:
        """Be some rows of another table, and so many more where there is nothing."""

        def made(values: list[Any], blank: list[Any]) -> list[Any]:
            found = chosen(values)
            found = found if isinstance(found, list) else list(found)  # a list is a copy
            found += blank
            return found

        self.args = made(other.args, [None] * left)
        self.seconds = made(other.seconds, [0.0] * left)
        for name, column in other.outputs.items():
            fields = zip(_fields(column), _fields(Column.blank(left)), strict=True)
            self.outputs[name] = Column._make([made(field, blank) for field, blank in fields])

    def extend(self, other: Table) -> None:
        """Add the rows of another table at the end; they must all be there."""
        size = len(self.args)
        if not size:
            self.recipe = other.recipe
        self.count += len(other)
        self.args += other.args
        self.seconds += other.seconds
        for name in other.outputs.keys() - self.outputs.keys():
            self.outputs[name] = Column.blank(size)
        for name, column in self.outputs.items():
            theirs = other.outputs.get(name) or Column.blank(len(other))
            for mine, values in zip(_fields(column), _fields(theirs), strict=True):
                mine += values

    def _columns(self, names: Iterable[str]) -> None:
        if not self.outputs.keys() >= (wanted := set(names)):
            for name in wanted - self.outputs.keys():
                self.outputs[name] = Column.blank(len(self.args))


class Found(NamedTuple):
    """What a look-up of many keys gave: a row for each, in their order."""

    table: Table
    damaged: dict[int, Damaged]  # what is there but cannot be trusted

    @classmethod
    def of(cls, recipe: str, args: Sequence[str], known: Mapping[CacheKey, Entry | Damaged]) -> Found:
        """From entries that were looked up."""
        found = cls(Table(len(args), recipe), {})
        for k, a in enumerate(args):
            entry = known.get(CacheKey(recipe, a))
            if entry is not None:
                found.put(k, entry)
        return found

    def put(self, k: int, entry: Entry | Damaged) -> None:
        if isinstance(entry, Entry):
            self.table.put(k, entry)
        else:
            self.table.clear(k)
            self.damaged[k] = entry


def _fields(column: Column) -> tuple[list[Any], ...]:
    return column


def _chooser(rows: Sequence[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """What takes some rows of a column."""
    if isinstance(rows, range) and rows.step == 1:
        every = slice(rows.start, rows.stop)
        return lambda values: values[every]
    if len(rows) == 1:
        return lambda values: [values[rows[0]]]
    return itemgetter(*rows)


def _put(mine: list[Any], at: Sequence[int], values: Sequence[Any]) -> None:
    if isinstance(at, range) and at.step == 1:
        mine[at.start : at.stop] = values
    else:
        for k, value in zip(at, values, strict=True):
            mine[k] = value


def stretch(rows: Sequence[int]) -> Sequence[int]:
    """Rows that follow each other as a range."""
    if isinstance(rows, list) and rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return range(rows[0], rows[-1] + 1)
    return rows
