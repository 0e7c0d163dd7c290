"""Packs: the entries of a batch of tiny tasks in one file.

A line for each entry, sealed by itself: that is the truth. In a large pack a last line repeats what a
fan-out wants to know of them all as columns (``model.table``), so that a hundred thousand entries are
read in a moment. It carries the digest of all lines before it, and counts only while these are what it
was made from: a pack that is cut, damaged or shortened is read line by line.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from itertools import count
from typing import Any

from ..keys.digest import digest
from ..model.alike import Ends, common_ends
from ..model.artifact import Damaged, Entry
from ..model.table import Column, Table, stretch
from .sealed import Seals, line_name

COLUMNS = "*"  # the name of the last line; never that of an entry
VERSION = 1
_FEW = 4  # keys that are looked for one by one
_WORTH = 32  # entries from which on a pack has columns


def pack(lines: bytes, entries: Sequence[Entry], seals: Seals) -> bytes:
    """A pack's bytes. ``lines``: the sealed lines of entries of one recipe."""
    names = entries[0].outputs.keys()
    if len(entries) < _WORTH or any(e.outputs.keys() != names for e in entries):
        return lines
    table = Table.of(entries)
    value = {
        "v": VERSION,
        "lines": digest(lines),
        "recipe": table.recipe,
        "args": table.args,
        "seconds": table.seconds,
        "outputs": {name: [_short(field) for field in column] for name, column in table.outputs.items()},
    }
    return lines + seals.seal_line(COLUMNS, value, _place(table.recipe))


def columns(data: bytes, recipe: str, codecs: Iterable[str], seals: Seals) -> Table | None:
    """What a pack holds, where it has columns that can be trusted."""
    start = _columns_at(data)
    if start is None:
        return None
    try:
        value = seals.unseal_line(data[start:-1], _place(recipe))
        if value["v"] != VERSION or value["recipe"] != recipe:
            return None
        if value["lines"] != digest(memoryview(data)[:start]):
            return None
        return _table(value, set(codecs))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def without_columns(data: bytes) -> bytes:
    """The lines of a pack alone."""
    return data[: _columns_at(data)]


def _columns_at(data: bytes) -> int | None:
    start = data.rfind(b"\n", 0, len(data) - 1) + 1
    return start if data.endswith(b"\n") and line_name(data[start : start + 256]) == COLUMNS else None


def _table(value: Mapping[str, Any], codecs: set[str]) -> Table | None:
    args = value["args"]
    table = Table(0, value["recipe"])
    table.args, table.seconds, table.count = args, value["seconds"], len(args)
    for name, fields in value["outputs"].items():
        column = Column._make([_long(field, len(args)) for field in fields])
        if not codecs.issuperset(column.codec):
            return None
        empty = column.classes.count([]) == len(args)  # type: ignore[arg-type]
        table.outputs[name] = column._replace(
            classes=[()] * len(args) if empty else [tuple(c) for c in column.classes]
        )
    return table


def _short(values: Sequence[Any]) -> Any:
    """One value for a column in which all are alike."""
    first = values[0]
    return {"all": first} if all(v == first for v in values) else values


def _long(field: Any, count: int) -> list[Any]:
    found: list[Any] = [field["all"]] * count if type(field) is dict else field
    if len(found) != count:
        raise ValueError("columns of different length")
    return found


def _place(recipe: str) -> str:
    return f"{recipe}/{COLUMNS}"


def pack_name(data: bytes, count: int) -> str:
    """What a new pack of so many entries is called: later ones come later."""
    return f"{time.time_ns() // 1000:014x}-{digest(data)[:16]}-{count}.pack"


def count_of(name: str) -> int | None:
    """How many entries a pack was written with, as far as its name tells."""
    parts = name.removesuffix(".pack").split("-")
    return int(parts[2]) if len(parts) == 3 and parts[2].isdecimal() else None


def lines(data: bytes) -> Iterator[tuple[str, int, int]]:
    """The lines of entries: name ("" where it cannot be read), offset, length. Nothing is proved."""
    offset = 0
    for line in data.split(b"\n"):
        if line and (args := line_name(line)) != COLUMNS:
            yield args, offset, len(line)
        offset += len(line) + 1


class Packed:
    """What the packs of one recipe hold: their columns, one behind the other, and who stands where.

    Of two rows with the same key that of the later pack counts. ``odd``: lines that are there but are
    no entries that count, and why.
    """

    def __init__(self) -> None:
        self.table = Table(0)
        self.odd: dict[str, Damaged | str] = {}
        self.packs: set[str] = set()
        self._last = ""
        self._rows: dict[str, int] | None = None  # where each stands; None before somebody asks
        self._in_place = True  # every row counts where it stands
        self._others: Set[str] = frozenset()  # what the packs hold besides
        self.singles: Set[str] = frozenset()  # what has a file of its own, and is in the table as it is there

    def begin(self, packs: Sequence[str], singles: Set[str], table: Table, others: Set[str]) -> None:
        """Take what was found before that these packs and single files hold, instead of reading them;
        ``others``: what the packs hold besides, for which they have to be read."""
        self._others = others
        self.singles = singles
        self.packs.update(packs)
        self._last = max(packs, default="")
        self.table = table

    @property
    def _row(self) -> dict[str, int]:
        if self._rows is None:
            self._rows = dict(zip(self.table.args, count(), strict=False))  # type: ignore[arg-type]
        return self._rows

    def add(self, pack: str, table: Table, odd: Mapping[str, Damaged | str]) -> None:
        """Add what a pack holds."""
        self.packs.add(pack)
        later = pack > self._last
        if len(table) and (not len(self.table) or self.table.outputs.keys() == table.outputs.keys()):
            assert table.complete
            start, known = len(self.table), len(self._row)
            self.table.extend(table)
            rows: Iterable[tuple[Any, int]] = zip(table.args, count(start), strict=False)
            if later:
                self._row.update(rows)
                for args in self.odd.keys() & set(table.args) if self.odd else ():
                    del self.odd[args]
            else:
                self._rows = {**dict(rows), **self._row}
            self._in_place &= len(self._row) == known + len(table)
        for args, why in odd.items():
            if later and isinstance(why, Damaged):
                self._in_place &= self._row.pop(args, None) is None
            if later or args not in self._row:
                self.odd[args] = why
        self._last = max(self._last, pack)

    def needs_reading(self, args: Iterable[str]) -> bool:
        """Whether some of these stand in packs that were not read."""
        return bool(self._others) and not self._others.isdisjoint(args)

    def besides(self, args: Set[str]) -> list[str]:
        """What there is besides these, whatever is to be thought of it."""
        return [a for a in (*self._row, *self.odd, *self._others) if a not in args]

    def without(self, args: Set[str]) -> Set[str]:
        """Those that are not there."""
        return args - self._row.keys()

    def _find(self, args: str) -> int | None:
        if self._rows is None:  # looking through a long list takes less than knowing all places
            return self.table.args.index(args) if args in self.table.args else None
        return self._rows.get(args)

    def ends(self, args: Sequence[str]) -> Ends:
        """At the start and at the end, how many of them stand in the table as they stand here."""
        return common_ends(args, self.table.args) if self._in_place else Ends(0, 0)

    def rows(
        self, args: Sequence[str], ends: Ends, alone: Container[str]
    ) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Which of them there are, and the rows where these stand: stretch by stretch, where they stand
        in the same order. What stands ``alone`` between the ends is not looked for."""
        yield range(ends.head), range(ends.head)
        behind, size = len(args) - ends.tail, len(self.table)
        between = args[ends.head : behind]
        packed = [a for a in between if a not in alone]
        find = self._find if len(packed) <= _FEW else self._row.get
        rows = [None if a in alone else find(a) for a in between]
        at = [ends.head + k for k, row in enumerate(rows) if row is not None]
        yield stretch(at), stretch([row for row in rows if row is not None])
        yield range(behind, len(args)), range(size - ends.tail, size)
