"""Which items a fan-out has: lists, matrices, other fan-outs, one level deeper."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import product
from math import isfinite
from typing import Any

from ..model.artifact import Entry
from ..model.bound import Bound, Inline, Many, Named, Stored
from ..model.graph import ForEach, Matrix, Ref, Step
from ..model.names import item_keys, own_keys, unless_repeated
from .bind import Binder, shorten
from .depends import outer_of
from .items import FollowedItems, Items, Values
from .known import MANY
from .references import BindError, as_text
from .results import Unknown


class SplitNeeded(Exception):
    """Lists that only a worker can open: each has to be split into artifacts first."""

    def __init__(self, lists: Sequence[Bound]) -> None:
        super().__init__()
        self.lists = tuple(lists)


class Expander:
    """Finds the items of fan-outs. ``splits``: by the list's digest, what a worker split it into."""

    def __init__(self, binder: Binder) -> None:
        self.binder = binder
        self.splits: dict[str, Sequence[Bound]] = {}
        self._lists: dict[str, Bound] = {}  # what was split, by the same digests

    def add_split(self, bound: Bound, entry: Entry) -> None:
        """Remember what a worker split a list into."""
        artifacts = [entry.outputs[str(i)] for i in range(len(entry.outputs))]
        self.splits[bound.digest] = [Stored(a.digest, a) for a in artifacts]
        self._lists[bound.digest] = bound

    def split_of(self, blobs: Container[str]) -> Bound | None:
        """The list that some of these blobs are elements of."""
        for digest, elements in self.splits.items():
            if any(isinstance(e, Stored) and e.artifact.blob in blobs for e in elements):
                return self._lists[digest]
        return None

    def expand(self, step: Step) -> Items:
        """The items of a fan-out.

        Raises:
            Unknown: they are not known before another step ran.
            SplitNeeded: a worker has to split a list first.
            BindError: there is no list, or a key is no good.
        """
        fanout = step.fanout
        assert fanout is not None
        if isinstance(fanout, Matrix):
            return self._matrix(step, fanout)
        if step.follows is not None:
            return self._followed(step, fanout)
        if isinstance(fanout.source, Ref) and fanout.source.star:
            items = self._deeper(step, fanout.source)
        else:
            values = self._list(step, fanout.source, "foreach")
            items = Items(_keys(values), values)
        return self._named(items, fanout, step)

    def _list(self, step: Step, source: Ref | tuple[Any, ...], what: str) -> Sequence[Bound]:
        if not isinstance(source, Ref):
            return Values(source)
        bound = self.binder.bound(source, step, None)
        return self._elements(bound, source.text or what, step if what == "foreach" else None)

    def _elements(
        self, bound: Bound, what: str, known_to: Step | None = None, hint: str = ""
    ) -> Sequence[Bound]:
        """``known_to``: the step whose items they are."""
        if isinstance(bound, Many):
            return bound.items
        if isinstance(bound, Named):
            raise BindError(f"{what} is a mapping of outputs, and a fan-out takes a list", "name one output")
        if isinstance(bound, Inline) or (isinstance(bound, Stored) and bound.artifact.codec == "data"):
            value = self.binder.plain(bound, what)
            if type(value) not in (list, tuple):
                raise BindError(f"{what} is {shorten(value, 60)}, and a fan-out takes a list", hint)
            if known_to is None or len(value) < MANY:
                return Values(value)
            return Values(value, self.binder.fanouts.items(known_to))
        if isinstance(bound, Stored) and bound.artifact.codec in ("file", "tree"):
            raise BindError(f"{what} is a file, and a fan-out takes a list")
        found = self.splits.get(bound.digest)
        if found is None:
            raise SplitNeeded([bound])
        return found

    def _matrix(self, step: Step, matrix: Matrix) -> Items:
        names = [name for name, _ in matrix.axes]
        axes = [self._list(step, source, f"matrix.{name}") for name, source in matrix.axes]
        keys = [own_keys(_shown(values)) for values in axes]
        combined = list(product(*axes))
        joined = unless_repeated([",".join(parts) for parts in product(*keys)])
        columns: dict[str, Sequence[Bound]] = {
            name: [row[i] for row in combined] for i, name in enumerate(names)
        }
        return Items(joined, axes=columns)

    def _followed(self, step: Step, fanout: ForEach) -> Items:
        assert isinstance(fanout.source, Ref)
        assert step.follows is not None
        source = self.binder.result(step.follows)
        if source.items is None:
            raise Unknown(step.follows)
        output = str(fanout.source.path[0]) if fanout.source.path else None
        return self._named(FollowedItems(source, output), fanout, step)

    def _deeper(self, step: Step, ref: Ref) -> Items:
        """``STEP.*``: an item for each element of each element; of each item's list, over a fan-out."""
        over = outer_of(self.binder.graph, step.name)
        index: Sequence[int] | None = None
        if over is None:
            outer = self._elements(self.binder.bound(ref._replace(star=False), step, None), ref.text)
            outer_keys = _keys(outer)
        else:
            index, listed = self.binder.each_item(ref, step)
            outer = self._elements(listed, ref.text)
            source = self.binder.result(over).items
            outer_keys = [source.keys[k] for k in index] if source is not None else []
        lists = self._each(outer, ref.text.removesuffix(".*"))
        keys = [f"{key},{i}" for key, inner in zip(outer_keys, lists, strict=True) for i in range(len(inner))]
        items = Items(keys, [b for inner in lists for b in inner], shape=[len(inner) for inner in lists])
        items.outer_index = index
        return items

    def _each(self, outer: Sequence[Bound], name: str) -> list[Sequence[Bound]]:
        """The elements of each list; those that have to be split are all asked for at once."""
        missing: list[Bound] = []
        lists: list[Sequence[Bound]] = []
        hint = f"foreach: {name} goes over the items themselves"
        for element in outer:
            try:
                lists.append(self._elements(element, f"an item of {name}", hint=hint))
            except SplitNeeded as split:
                missing.extend(split.lists)
        if missing:
            raise SplitNeeded(missing)
        return lists

    def _named(self, items: Items, fanout: ForEach, step: Step) -> Items:
        """``key:``: the items' own names."""
        ref = fanout.key
        if ref is None:
            return items
        keys: list[str] = []
        followed = self.binder.result(step.follows) if step.follows is not None else None
        for k in range(len(items)):
            if followed is not None and not followed.present(k) and not followed.unknown:
                keys.append(items.keys[k])  # it gave none
                continue
            value = self.binder.plain(self.binder.deeper(items.item(k), ref.path, ref), ref.text)
            if type(value) not in (str, int, bool) and not (type(value) is float and isfinite(value)):
                what = f"key {ref.text} of item {k} is {shorten(value, 60)}"
                raise BindError(f"{what}, and it takes a text, a finite number, true or false")
            keys.append(as_text(value))
        seen: dict[str, int] = {}
        for k, key in enumerate(keys):
            if key in seen:
                raise BindError(
                    f"items {seen[key]} and {k} have the same key {key!r}",
                    "name the items by something that differs, or leave key out",
                )
            seen[key] = k
        items.keys = keys
        return items


def _keys(values: Sequence[Bound]) -> Sequence[str]:
    """A KEY for each item; what is no plain value goes by its index."""
    return values.names() if isinstance(values, Values) else item_keys(_shown(values))


def _shown(values: Sequence[Bound]) -> Sequence[Any]:
    if isinstance(values, Values):
        return values.values
    return [b.value if isinstance(b, Inline) else b for b in values]
