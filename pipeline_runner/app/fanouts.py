"""Large fan-outs as their last run left them: a local file for each, so that what has not changed need be
neither digested nor read from the packs again.

It holds what follows from the items (their digests and keys), and what certain packs of the store hold,
which counts while these are byte for byte (by size and time stamp) the files that they were. It says nothing
of what is new: that is digested, looked up and computed as if there were no such file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..engine.items import pick
from ..engine.known import MANY, KnownItems
from ..keys import kept
from ..keys.digest import combine
from ..model.alike import common_ends
from ..model.artifact import ONE_RUN
from ..model.table import Column, Table

if TYPE_CHECKING:
    from ..engine.ports import Code
    from ..engine.results import StepResult
    from ..model.graph import Graph, Step
    from ..store.store import Store

Stamp: TypeAlias = tuple[str, int, int]  # a file's name, size and time stamp

_FORMAT = "fan-out 3"
_SHARE = 20  # written anew when more than one item in so many is not in it


class KeptFanOuts:
    """Those of one pipeline over a local store."""

    def __init__(self, store: Store, graph: Graph, code: Code) -> None:
        self._store = store
        self._file = graph.file
        self._code = code
        self._folder = os.path.join(store.index_dir, "fanouts")
        self._items: dict[str, KnownItems | None] = {}
        self._kept: dict[str, Sequence[str]] = {}  # args of the rows that a file holds, and holds rightly

    def items(self, step: Step) -> KnownItems | None:
        """What is known of the items; the entries of their tasks are at hand in the store from then on."""
        if step.name not in self._items:
            self._items[step.name] = self._read(step)
        return self._items[step.name]

    def _read(self, step: Step) -> KnownItems | None:
        found = kept.load(self._path(step.name), _FORMAT)
        if found is None:
            return None
        recipe, files, items, args, others, seconds, outputs = found
        args = items[3] if args is None else args
        if recipe == self._code.recipe(step.name).digest and self._stamps(recipe, files) == files:
            if files:
                table = Table(0, recipe)
                table.args, table.seconds, table.count = list(args), seconds, len(args)
                for name, fields in outputs.items():
                    table.outputs[name] = Column._make([_long(field, len(args)) for field in fields])
                self._store.entries.tables.begin(recipe, [name for name, _, _ in files], table, others)
            self._kept[step.name] = args
        return None if items is None else KnownItems._make(items)

    def keep(self, known: Mapping[str, KnownItems], results: Mapping[str, StepResult]) -> None:
        """Keep what a run left; losing it costs time only."""
        for name, result in results.items():
            table = result.table
            if table.count < MANY or table.recipe.startswith(ONE_RUN):
                continue
            rows = table.there()
            args = pick(table.args, rows)
            kept_before = common_ends(args, self._kept.get(name, ())).total
            if len(args) - kept_before > len(args) // _SHARE and ONE_RUN not in "".join(args):
                self._keep(name, known.get(name), table, rows)

    def _keep(self, name: str, known: KnownItems | None, table: Table, rows: Sequence[int]) -> None:
        args = pick(table.args, rows)
        every = frozenset(args)
        entries = self._store.entries
        names = entries.names(table.recipe)
        alone = every.intersection([n[:-5] for n in names if n.endswith(".json")])
        files: Sequence[Stamp] = ()
        others: frozenset[str] = frozenset()
        outputs: dict[str, Any] = {}
        if len(alone) <= len(args) // 2:  # else each of them is read for itself
            others = frozenset(entries.tables.besides(table.recipe, names, every, alone))
            held = [n for n in names if n.endswith(".pack")] + [f"{a}.json" for a in alone]
            files = self._stamps(table.recipe, [(n, 0, 0) for n in sorted(held)]) or ()
            for output, column in table.outputs.items():
                outputs[output] = [_short(pick(field, rows)) for field in column]
        items = known and tuple(known.to_keep())
        same = known is not None and known.args == args
        value = (
            table.recipe, files, items, None if same else args, others, pick(table.seconds, rows), outputs,
        )  # fmt: skip
        kept.save(self._path(name), _FORMAT, value)

    def _stamps(self, recipe: str, files: Sequence[Stamp]) -> Sequence[Stamp] | None:
        """The present sizes and time stamps of files that hold entries; None where one is gone."""
        found = []
        try:
            for name, _, _ in files:
                s = os.stat(self._store.files.local_path(f"entries/{recipe}/{name}"))
                found.append((name, s.st_size, s.st_mtime_ns))
        except OSError:
            return None
        return tuple(found)

    def _path(self, step: str) -> str:
        return os.path.join(self._folder, combine("fan-out", [self._store.identity, self._file, step]))


def _short(values: Sequence[Any]) -> Any:
    """One value in a tuple for a column in which all are alike."""
    return (values[0],) if values.count(values[0]) == len(values) else list(values)


def _long(field: Any, count: int) -> list[Any]:
    return list(field) * count if type(field) is tuple else field
