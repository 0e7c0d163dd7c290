"""What earlier runs left of a large fan-out, so that what is the same is not digested again.

Digests and keys of items follow from the items alone. So while a list begins and ends as it did, those of
its beginning and its end are taken from what was kept; only what is between is made. Nothing here can
make a key another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

from ..keys.cache_key import ArgsDigests
from ..keys.canonical import plain_digests
from ..model.alike import Ends, common_ends, comparable, made_again
from ..model.graph import Step
from ..model.names import item_keys, short_keys

if TYPE_CHECKING:
    from .results import StepResult

MANY = 1000  # items from which on they are kept
_FEW = 4  # items of which each is looked for in the list


class KnownItems(NamedTuple):
    """Items as a run left them. ``values``, where they can be compared to later ones; else their ``digests``.

    ``args``: their keys' second halves; ``around``: what these were made of beside the digests;
    ``names``: their KEYs, where each is that of its value, and none is another's.
    """

    values: Sequence[Any] | None
    digests: Sequence[str]
    around: tuple[bytes, bytes]
    args: Sequence[str]
    names: Sequence[str] | None = None

    def ends(self, values: Sequence[Any]) -> Ends | None:
        """What values have in common with these; None where they cannot be compared."""
        if self.values is None or not comparable(values):  # those of before were, or were not kept
            return None
        return common_ends(values, self.values)

    def names_of(self, values: Sequence[Any], ends: Ends | None) -> Sequence[str]:
        """``item_keys`` of values, of which the ends are known."""
        if self.names is None or ends is None:
            return item_keys(values)
        new = values[ends.head : len(values) - ends.tail]
        if len(new) <= _FEW:
            repeated = any(values.count(value) > 1 for value in new)
        else:
            repeated = len(set(values)) < len(values)
        found = [] if repeated else made_again(values, ends, self.names, short_keys)
        return item_keys(values) if repeated or "" in found[ends.head : len(found) - ends.tail] else found

    def to_keep(self) -> KnownItems:
        """What is worth keeping: values with their names, or digests."""
        if self.values is None or not comparable(self.values):
            return self._replace(values=None, digests=list(self.digests))
        names = short_keys(self.values)
        unique = "" not in names and len(set(names)) == len(names)
        return self._replace(digests=(), names=names if unique else None)

    def args_of(self, keys: ArgsDigests, digests: Sequence[str]) -> list[str]:
        """``ArgsDigests.of_all`` of one column."""
        if keys.around == self.around:
            if isinstance(digests, ValueDigests) and digests.known is self:
                make = lambda some: keys.of_all([plain_digests(some)])  # noqa: E731
                return made_again(digests.values, digests.ends, self.args, make)
            if self.values is None:
                ends = common_ends(digests, self.digests)
                return made_again(digests, ends, self.args, lambda some: keys.of_all([some]))
        return keys.of_all([digests])


class ValueDigests(Sequence[str]):
    """``plain_digests`` of values that have ends in common with what is known; made when they are looked at.

    Keys follow from the values themselves where these are the same, so hardly any digest is looked at.
    """

    __slots__ = ("_made", "ends", "known", "values")

    def __init__(self, values: Sequence[Any], known: KnownItems, ends: Ends) -> None:
        self.values = values
        self.known = known
        self.ends = ends
        self._made: list[str] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, k: int) -> str: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[str]: ...
    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return self._all()[k]
        return plain_digests([self.values[k]])[0] if self._made is None else self._made[k]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def _all(self) -> list[str]:
        if self._made is None:
            self._made = plain_digests(self.values)
        return self._made


class FanOuts(Protocol):
    """Large fan-outs as they were left."""

    def items(self, step: Step) -> KnownItems | None:
        """The items of the last run; what their tasks led to is at hand for the cache from then on."""

    def keep(self, known: Mapping[str, KnownItems], results: Mapping[str, StepResult]) -> None:
        """Keep what a run left, by step."""


class NoFanOuts:
    """Nothing is known, nothing is kept."""

    def items(self, step: Step) -> KnownItems | None:
        return None

    def keep(self, known: Mapping[str, KnownItems], results: Mapping[str, StepResult]) -> None:
        return None
