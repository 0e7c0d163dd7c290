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
from ..model.alike import comparable, made_again
from ..model.graph import Step
from ..model.names import item_keys, short_keys

if TYPE_CHECKING:
    from .results import StepResult

MANY = 1000  # items from which on they are kept


class KnownItems(NamedTuple):
    """Items as a run left them. ``values``: those that the digests are of, where they are plain.

    ``args``: their keys' second halves; ``around``: what these were made of beside the digests;
    ``names``: their KEYs, where each is that of its value.
    """

    values: Sequence[Any] | None
    digests: Sequence[str]
    around: tuple[bytes, bytes]
    args: Sequence[str]
    names: Sequence[str] | None = None

    def names_of(self, values: Sequence[Any]) -> Sequence[str]:
        """``item_keys`` of values."""
        if self.names is None or self.values is None or not comparable(values):
            return item_keys(values)
        found = made_again(values, self.values, self.names, short_keys)
        return item_keys(values) if "" in found or len(set(values)) < len(values) else found

    def digests_of(self, values: Sequence[Any]) -> list[str]:
        """``plain_digests`` of values."""
        if self.values is None or not comparable(values):  # those of before were, or were not kept
            return plain_digests(values)
        return made_again(values, self.values, self.digests, plain_digests)

    def to_keep(self) -> KnownItems:
        """The same without values that later ones cannot be compared to; with their names."""
        if self.values is None or not comparable(self.values):
            return self._replace(values=None)
        names = short_keys(self.values)
        return self._replace(names=None if "" in names else names)

    def args_of(self, keys: ArgsDigests, digests: Sequence[str]) -> list[str]:
        """``ArgsDigests.of_all`` of one column."""
        if keys.around != self.around:
            return keys.of_all([digests])
        return made_again(digests, self.digests, self.args, lambda some: keys.of_all([some]))


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
