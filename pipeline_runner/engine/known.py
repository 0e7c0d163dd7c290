"""What earlier runs left of a large fan-out, so that what is the same is not digested again.

Digests and keys of items follow from the items alone. So while a list begins and ends as it did, those of
its beginning and its end are taken from what was kept; only what is between is made. Nothing here can
make a key another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

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
    """Items as a run left them. ``values``: those that the digests are of, where they are plain.

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

    def digests_of(self, values: Sequence[Any], ends: Ends | None) -> list[str]:
        """``plain_digests`` of values, of which the ends are known."""
        if ends is None:
            return plain_digests(values)
        return made_again(values, ends, self.digests, plain_digests)

    def to_keep(self) -> KnownItems:
        """The same without values that later ones cannot be compared to; with their names."""
        if self.values is None or not comparable(self.values):
            return self._replace(values=None)
        names = short_keys(self.values)
        return self._replace(names=None if "" in names or len(set(names)) < len(names) else names)

    def args_of(self, keys: ArgsDigests, digests: Sequence[str]) -> list[str]:
        """``ArgsDigests.of_all`` of one column."""
        if keys.around != self.around:
            return keys.of_all([digests])
        ends = common_ends(digests, self.digests)
        return made_again(digests, ends, self.args, lambda some: keys.of_all([some]))


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
