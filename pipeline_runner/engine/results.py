"""What a step gave: its items and, as a table, what each of its tasks led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..keys.canonical import list_digest, named_digest
from ..model.artifact import Artifact, Entry
from ..model.bound import Bound, Many, Named, Stored
from ..model.graph import Step
from ..model.table import Column, Table
from .items import Items, pick


class Unknown(Exception):
    """A value is not there yet: ``step`` has to run first (only a plan meets this)."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Selection(NamedTuple):
    """Which items are gathered (None: all), and which of the inner lists that ``.*`` made."""

    items: Sequence[int] | None = None
    groups: Sequence[int] | None = None


class StepResult:
    """Filled in as a run goes on. ``unknown``: it will run, so a plan cannot say what it gives."""

    __slots__ = ("_gathered", "items", "omitted", "skipped", "step", "table", "unknown")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.items: Items | None = None
        self.table = Table(1 if step.fanout is None else 0)
        self.skipped = False  # as a whole
        self.omitted: set[int] = set()  # items that a plan knows to be skipped
        self.unknown = False
        self._gathered: dict[tuple[str | None, str], Bound] = {}

    @property
    def count(self) -> int | None:
        if self.step.fanout is None:
            return 1
        return None if self.items is None else len(self.items)

    @property
    def complete(self) -> bool:
        return self.table.complete

    def expand(self, items: Items) -> None:
        self.items = items
        self.table = Table(len(items))
        self._gathered.clear()

    def present(self, k: int) -> bool:
        return self.table.has(k)

    # ---- filling -----------------------------------------------------------------------------------

    def set_entry(self, k: int, entry: Entry | None) -> None:
        if entry is None:
            self.table.clear(k)
        else:
            self.table.put(k, entry)
        self._gathered.clear()

    def set_rows(self, at: Sequence[int], found: Table, rows: Sequence[int]) -> None:
        """Take what was found for some items; of all of them, the table itself, which is nobody else's."""
        whole = at == rows and len(rows) == found.count and len(found) == len(self.table)
        if whole and not self.table.count:
            self.table = found
        else:
            self.table.take(at, found, rows)
        self._gathered.clear()

    # ---- what it gave ------------------------------------------------------------------------------

    def output(self, k: int, output: str | None) -> Bound:
        """The output of item ``k``: the declared one, or all of it.

        Raises:
            Unknown: the task has given nothing (yet).
        """
        if not self.table.has(k):
            raise Unknown(self.step.name)
        if output is not None:
            artifact = self.table.outputs[output].artifact(k)
            return Stored(artifact.digest, artifact)
        return outputs_bound(self.table.artifacts(k), self.step.outputs)

    def column(self, output: str | None) -> Column | None:
        """An output of all items, where it is one output."""
        if output is None and self.step.outputs is not None:
            return None
        return self.table.outputs.get(output or "")

    def gathered(self, output: str | None, chosen: Selection) -> Bound:
        """The list of the items' outputs (of one declared output), in item order.

        A list of lists, one for each item of STEP, where the items were made by ``STEP.*``.
        """
        signature = (output, "" if chosen == (None, None) else repr(chosen))
        found = self._gathered.get(signature)
        if found is None:
            found = self._gathered[signature] = self._gather(output, chosen)
        return found

    def _gather(self, output: str | None, chosen: Selection) -> Bound:
        shape = self.items.shape if self.items is not None else None
        if shape is None:
            indices = range(len(self.table)) if chosen.items is None else chosen.items
            return self.listed(output, indices)
        wanted = None if chosen.items is None else set(chosen.items)
        groups = None if chosen.groups is None else set(chosen.groups)
        lists: list[Bound] = []
        start = 0
        for g, size in enumerate(shape):
            inner = range(start, start + size)
            start += size
            if groups is None or g in groups:
                lists.append(self.listed(output, [k for k in inner if wanted is None or k in wanted]))
        return list_bound(lists)

    def listed(self, output: str | None, indices: Sequence[int]) -> Bound:
        """Some items' outputs as one list, whatever groups they stand in.

        Of a column it is made as a whole, where that is small plain data.
        """
        column = self.column(output)
        if column is not None and (self.table.complete or all(map(self.table.has, indices))):
            texts = pick(column.inline, indices)
            if None not in texts:
                return _texts_bound(list_digest(pick(column.digest, indices)), texts)
        return list_bound([self.output(k, output) for k in indices])


def outputs_bound(outputs: Mapping[str, Artifact], names: tuple[str, ...] | None) -> Bound:
    """A task's whole result."""
    if names is None:
        artifact = outputs[""]
        return Stored(artifact.digest, artifact)
    items = tuple((n, Stored(outputs[n].digest, outputs[n])) for n in names)
    return Named(named_digest({n: b.digest for n, b in items}), items)


def list_bound(items: Sequence[Bound]) -> Bound:
    """A list of results as one value; of small plain data as one piece of text."""
    digest = list_digest([b.digest for b in items])
    texts = []
    for b in items:
        if not isinstance(b, Stored) or b.artifact.inline is None:
            return Many(digest, tuple(items))
        texts.append(b.artifact.inline)
    return _texts_bound(digest, texts)


def _texts_bound(digest: str, texts: Sequence[str]) -> Bound:
    text = "[" + ",".join(texts) + "]"
    return Stored(digest, Artifact(digest, "data", len(text), text, None, (), f"list of {len(texts)}"))
