"""The table of a fan-out: rows go in and come out, one by one and together."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline_runner.model.artifact import Artifact, CacheKey, Damaged, Entry
from pipeline_runner.model.table import Found, Table, stretch


def entry(n: int) -> Entry:
    outputs = {
        "a": Artifact(f"d{n}", "data", n, inline=f"t{n}", type="int"),
        "b": Artifact(f"e{n}", "pickle", n, blob=f"b{n}", classes=("m:C",), type="C"),
    }
    return Entry(CacheKey("recipe", f"args{n}"), outputs, {}, n / 8, 1.0, "run", "task")


def rows(table: Table) -> list[object]:
    """What is in each row, as far as a table tells."""
    return [
        (table.key(k), table.artifacts(k), table.seconds[k]) if table.has(k) else None
        for k in range(len(table))
    ]


def told(*entries: Entry | None) -> list[object]:
    return [None if e is None else (e.key, dict(e.outputs), e.seconds) for e in entries]


def test_rows_are_there_or_not() -> None:
    table = Table.of([entry(0), None, entry(2)])
    assert rows(table) == told(entry(0), None, entry(2))
    assert (len(table), table.count, table.complete) == (3, 2, False)
    assert (list(table.there()), list(table.missing())) == ([0, 2], [1])
    assert list(table.cache_keys()) == [entry(0).key, entry(2).key]
    assert table.took() == 0.25
    assert not table.has(7)
    table.put(1, entry(1))
    assert (table.complete, table.there(), list(table.missing())) == (True, range(3), [])
    table.put(1, entry(5))
    table.clear(0)
    table.clear(0)
    assert rows(table) == told(None, entry(5), entry(2))
    assert table.count == 2


@pytest.mark.parametrize(
    ("at", "chosen"),
    [
        (range(4), range(4)),
        (range(1, 4), range(2, 5)),
        (range(3), [4, 0, 2]),
        ([5, 0, 3], range(1, 4)),
        ([2, 4], [0, 0]),
        ([1], [3]),
        ([], []),
    ],
)
@pytest.mark.parametrize("before", [(), (0, 2, 5)])
def test_rows_of_another_table(at: Sequence[int], chosen: Sequence[int], before: tuple[int, ...]) -> None:
    other = Table.of([entry(n) for n in range(5)])
    table = Table.of([entry(10 + k) if k in before else None for k in range(6)])
    wanted = [entry(10 + k) if k in before else None for k in range(6)]
    for k, row in zip(at, chosen, strict=True):
        wanted[k] = entry(row)
    table.take(at, other, chosen)
    assert rows(table) == told(*wanted)
    assert table.count == sum(e is not None for e in wanted)
    assert rows(other) == told(*(entry(n) for n in range(5)))


def test_one_table_behind_the_other() -> None:
    table = Table(0)
    for start in (0, 3):
        table.extend(Table.of([entry(n) for n in range(start, start + 3)]))
    assert rows(table) == told(*(entry(n) for n in range(6)))
    assert table.recipe == "recipe"


def test_which_rows_lead_to_a_blob() -> None:
    table = Table.of([entry(n) for n in range(5)])
    table.clear(3)
    assert table.holding({"b1", "b3", "b4", "other"}) == [1, 4]


def test_what_was_looked_up_stands_in_the_order_asked_for() -> None:
    damaged = Damaged("corrupt")
    known = {entry(1).key: entry(1), entry(2).key: damaged}
    found = Found.of("recipe", ["args2", "args1", "args0", "args1"], known)
    assert rows(found.table) == told(None, entry(1), None, entry(1))
    assert found.damaged == {0: damaged}


def test_rows_that_follow_each_other_are_a_range() -> None:
    assert stretch([3, 4, 5]) == range(3, 6)
    assert stretch(range(2)) == range(2)
    for other in ([], [1, 3], [2, 1], [0, 2, 1, 3]):
        assert stretch(other) == other
    shuffled = list(range(50))
    random.Random(1).shuffle(shuffled)
    assert stretch(shuffled) == shuffled
