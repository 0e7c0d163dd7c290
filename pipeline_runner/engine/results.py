"""What a step gave: its items and, for each, the entry that its task led to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..keys.canonical import list_digest, named_digest, plain_digest
from ..model.artifact import Artifact, Entry
from ..model.bound import Bound, Inline, Many, Named, Stored
from ..model.graph import Step

NOTHING = Inline(plain_digest(None), None)  # what a step gave that was skipped


class Unknown(Exception):
    """A value is not there yet: ``step`` has to run first (only a plan meets this)."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Selection(NamedTuple):
    """Which items are gathered (None: all), and which of the inner lists that ``.*`` made."""

    items: Sequence[int] | None = None
    groups: Sequence[int] | None = None


class Items:
    """The items of a fan-out: their keys, and what each is bound to.

    For ``STEP.*`` the items stand in groups: ``shape`` says how many each group has, and where
    the outer list is a fan-out (``outer``), ``outer_index`` which of its items each group is of.
    """

    __slots__ = ("_axes", "_values", "keys", "outer", "outer_index", "shape")

    def __init__(
        self,
        keys: Sequence[str],
        values: Sequence[Bound] = (),
        axes: dict[str, Sequence[Bound]] | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        self.keys = keys
        self.shape = shape
        self.outer: str | None = None
        self.outer_index: Sequence[int] | None = None
        self._values = values
        self._axes = axes or {}

    def __len__(self) -> int:
        return len(self.keys)

    def item(self, k: int) -> Bound:
        return self._values[k]

    def axis(self, name: str, k: int) -> Bound:
        return self._axes[name][k]


class FollowedItems(Items):
    """The items of a fan-out over a fan-out: item ``k`` is the other's output ``k``."""

    __slots__ = ("_output", "_source")

    def __init__(self, source: StepResult, output: str | None, keys: Sequence[str] | None = None) -> None:
        assert source.items is not None
        super().__init__(keys or source.items.keys, shape=source.items.shape)
        self.outer = source.items.outer
        self.outer_index = source.items.outer_index
        self._source = source
        self._output = output

    def item(self, k: int) -> Bound:
        if not self._source.present(k) and not self._source.unknown:
            return NOTHING  # it failed, and a trigger rule lets this one run nevertheless
        return self._source.output(k, self._output)


class StepResult:
    """Filled in as a run goes on. ``unknown``: it will run, so a plan cannot say what it gives."""

    __slots__ = ("_gathered", "entries", "items", "omitted", "skipped", "step", "unknown")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.items: Items | None = None
        self.entries: list[Entry | None] = [None] if step.fanout is None else []
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
        return all(e is not None for e in self.entries)

    def expand(self, items: Items) -> None:
        self.items = items
        self.entries = [None] * len(items)
        self._gathered.clear()

    def present(self, k: int) -> bool:
        return k < len(self.entries) and self.entries[k] is not None

    def entry(self, k: int) -> Entry | None:
        return self.entries[k]

    def set_entry(self, k: int, entry: Entry | None) -> None:
        self.entries[k] = entry
        if self._gathered:
            self._gathered.clear()

    def output(self, k: int, output: str | None) -> Bound:
        """The output of item ``k``: the declared one, or all of it.

        Raises:
            Unknown: the task has given nothing (yet).
        """
        entry = self.entries[k]
        if entry is None:
            raise Unknown(self.step.name)
        if output is not None:
            artifact = entry.outputs[output]
            return Stored(artifact.digest, artifact)
        return entry_bound(entry, self.step.outputs)

    def gathered(self, output: str | None, chosen: Selection) -> Bound:
        """The list of the items' outputs (of one declared output), in item order.

        A list of lists, one for each outer item, where the items were made by ``STEP.*``.
        """
        signature = (output, "" if chosen == (None, None) else repr(chosen))
        found = self._gathered.get(signature)
        if found is None:
            found = self._gathered[signature] = self._gather(output, chosen)
        return found

    def _gather(self, output: str | None, chosen: Selection) -> Bound:
        shape = self.items.shape if self.items is not None else None
        if shape is None:
            indices = range(len(self.entries)) if chosen.items is None else chosen.items
            return list_bound([self.output(k, output) for k in indices])
        wanted = None if chosen.items is None else set(chosen.items)
        groups = None if chosen.groups is None else set(chosen.groups)
        lists: list[Bound] = []
        start = 0
        for g, size in enumerate(shape):
            inner = range(start, start + size)
            start += size
            if groups is None or g in groups:
                lists.append(
                    list_bound([self.output(k, output) for k in inner if wanted is None or k in wanted])
                )
        return list_bound(lists)


def entry_bound(entry: Entry, outputs: tuple[str, ...] | None) -> Bound:
    """A task's whole result."""
    if outputs is None:
        artifact = entry.outputs[""]
        return Stored(artifact.digest, artifact)
    items = tuple((n, Stored(entry.outputs[n].digest, entry.outputs[n])) for n in outputs)
    return Named(named_digest({n: b.digest for n, b in items}), items)


def list_bound(items: Sequence[Bound]) -> Bound:
    """A list of results as one value; of small plain data as one piece of text."""
    digest = list_digest([b.digest for b in items])
    texts = []
    for b in items:
        if not isinstance(b, Stored) or b.artifact.inline is None:
            return Many(digest, tuple(items))
        texts.append(b.artifact.inline)
    text = "[" + ",".join(texts) + "]"
    return Stored(digest, Artifact(digest, "data", len(text), text, None, (), f"list of {len(items)}"))
