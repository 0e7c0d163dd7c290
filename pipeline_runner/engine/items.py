"""The items of a fan-out: their keys, and what each is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from ..keys.canonical import plain_digest, plain_digests
from ..model.bound import Bound, Inline
from ..model.names import item_keys
from .known import KnownItems, ValueDigests

if TYPE_CHECKING:
    from .results import StepResult

NOTHING = Inline(plain_digest(None), None)  # what a step gave that was skipped


class Values(Sequence[Bound]):
    """Plain values as a column: their digests are made together, each is bound when asked for."""

    __slots__ = ("_ends", "_known", "digests", "values")

    def __init__(self, values: Sequence[Any], known: KnownItems | None = None) -> None:
        self.values = values
        self._known = known
        self._ends = None if known is None else known.ends(values)
        self.digests: Sequence[str]
        if known is None or self._ends is None:
            self.digests = plain_digests(values)
        else:
            self.digests = ValueDigests(values, known, self._ends)

    def names(self) -> Sequence[str]:
        """A KEY for each item."""
        return (
            item_keys(self.values) if self._known is None else self._known.names_of(self.values, self._ends)
        )

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, k: int) -> Bound: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Bound]: ...
    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [Inline(d, v) for d, v in zip(self.digests[k], self.values[k], strict=True)]
        return Inline(self.digests[k], self.values[k])


class Items:
    """The items of a fan-out.

    For ``STEP.*`` the items stand in groups: ``shape`` says how many each group has, and where
    STEP is a fan-out, ``outer_index`` which of its items each group is of.
    """

    __slots__ = ("_axes", "_values", "keys", "outer_index", "shape")

    def __init__(
        self,
        keys: Sequence[str],
        values: Sequence[Bound] = (),
        axes: dict[str, Sequence[Bound]] | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        self.keys = keys
        self.shape = shape
        self.outer_index: Sequence[int] | None = None
        self._values = values
        self._axes = axes or {}

    def __len__(self) -> int:
        return len(self.keys)

    def item(self, k: int) -> Bound:
        return self._values[k]

    def axis(self, name: str, k: int) -> Bound:
        return self._axes[name][k]

    @property
    def plain(self) -> Sequence[Any] | None:
        """The items as plain values, where they are there as a column."""
        return self._values.values if isinstance(self._values, Values) else None

    def digests(self, indices: Sequence[int]) -> Sequence[str] | None:
        """The content digests of items, where they are there as a column."""
        if not isinstance(self._values, Values):
            return None
        return pick(self._values.digests, indices)


class FollowedItems(Items):
    """The items of a fan-out over a fan-out: item ``k`` is the other's output ``k``."""

    __slots__ = ("_output", "_source")

    def __init__(self, source: StepResult, output: str | None, keys: Sequence[str] | None = None) -> None:
        assert source.items is not None
        super().__init__(keys or source.items.keys, shape=source.items.shape)
        self.outer_index = source.items.outer_index
        self._source = source
        self._output = output

    def item(self, k: int) -> Bound:
        if not self._source.present(k) and not self._source.unknown:
            return NOTHING  # it failed, and a trigger rule lets this one run nevertheless
        return self._source.output(k, self._output)

    def digests(self, indices: Sequence[int]) -> Sequence[str] | None:
        column = self._source.column(self._output)
        if column is None or not all(map(self._source.present, indices)):
            return None
        if any(pick(column.classes, indices)):
            return None
        return pick(column.digest, indices)


def pick(values: Sequence[Any], indices: Sequence[int]) -> Sequence[Any]:
    """Some of the values; the whole list itself where all of them are meant."""
    if isinstance(indices, range) and indices.step == 1:
        return values if len(indices) == len(values) else values[indices.start : indices.stop]
    if values == range(len(values)):
        return indices
    return [values[k] for k in indices]
