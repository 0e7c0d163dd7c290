"""What is taken from an earlier run is what would be made now, whatever became of the items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline_runner.engine import known
from pipeline_runner.engine.items import Values
from pipeline_runner.engine.known import KnownItems
from pipeline_runner.keys.cache_key import ArgsDigests
from pipeline_runner.keys.canonical import plain_digests
from pipeline_runner.model.bound import Inline
from pipeline_runner.model.names import item_keys

KEYS = ArgsDigests({"other": plain_digests([7])[0]}, ["x"])


def items(values: Sequence[Any]) -> KnownItems:
    assert KEYS.around is not None
    digests = plain_digests(values)
    return KnownItems(values, digests, KEYS.around, KEYS.of_all([digests])).to_keep()


OLD = list(range(20))
NEW: list[Sequence[Any]] = [
    [], OLD, [*OLD, 20], OLD[1:], [*OLD[:9], 99, *OLD[9:]], OLD[::-1], [-1, *OLD], [str(n) for n in OLD],
    [True, *OLD[1:]], ["a b", *map(str, OLD)], [*OLD, 5], [10**50, *OLD], [*OLD[:5], 10**50, *OLD[5:]],
    [0.0, *OLD[1:]], [[n] for n in OLD], (*OLD, 3), [1],
    [*OLD, 21, 22, 23, 24, 25, 3], [*OLD[:3], 30, 31, 32, 33, 34, 35, *OLD[3:]], [*OLD, 40, 40], [*OLD, *OLD],
]  # fmt: skip


@pytest.mark.parametrize("new", NEW, ids=repr)
@pytest.mark.parametrize("old", NEW, ids=repr)
def test_digests_and_keys(old: Sequence[Any], new: Sequence[Any]) -> None:
    before = items(old)
    digests = plain_digests(new)
    values = Values(new, before)
    assert list(values.names()) == item_keys(new)
    assert before.args_of(KEYS, values.digests) == before.args_of(KEYS, digests) == KEYS.of_all([digests])
    assert list(values.digests) == digests
    for one in (Values(new, before), values):
        assert [one[k] for k in range(len(new))] == one[:] == [*map(Inline, digests, new)]
        assert len(one) == len(one.digests) == len(new)


def test_only_what_is_new_is_digested(monkeypatch: pytest.MonkeyPatch) -> None:
    before = items(OLD)
    asked: list[Any] = []
    monkeypatch.setattr(known, "plain_digests", lambda some: asked.extend(some) or plain_digests(some))
    values = Values([*OLD[:5], 77, *OLD[5:]], before)
    before.args_of(KEYS, values.digests)
    assert asked == [77]
    assert (values[3].digest, asked) == (plain_digests([3])[0], [77, 3])


def test_other_arguments_make_other_keys() -> None:
    before, digests = items(OLD), plain_digests(OLD)
    for keys in (ArgsDigests({}, ["x"]), ArgsDigests({"other": plain_digests([8])[0]}, ["x"])):
        for column in (digests, Values(OLD, before).digests):
            assert before.args_of(keys, column) == keys.of_all([digests])
    two = ArgsDigests({}, ["x", "y"])
    assert two.around is None
