from __future__ import annotations

from typing import Any

import pytest

from pipeline_runner.keys.cache_key import ArgsDigests, args_digest, recipe_digest
from pipeline_runner.keys.digest import digest

BASE: dict[str, Any] = {"code": {"m:f": "1"}, "packages": {"numpy": "2.0"}, "python": "3.11"}


def test_the_order_of_the_parts_does_not_matter() -> None:
    assert args_digest({"a": "1", "b": "2"}) == args_digest({"b": "2", "a": "1"})
    two = {"m:f": "1", "m:g": "2"}
    assert recipe_digest(**{**BASE, "code": two}) == recipe_digest(
        **{**BASE, "code": dict(reversed(two.items()))}
    )


@pytest.mark.parametrize(
    "change",
    [
        {"code": {"m:f": "2"}},
        {"code": {"m:g": "1"}},
        {"code": {"m:f": "1", "m:g": "1"}},
        {"packages": {"numpy": "2.1"}},
        {"packages": {}},
        {"python": "3.12"},
        {"version": "2"},
        {"env": {"A": "1"}},
        {"outputs": ()},
        {"outputs": ("a", "b")},
        {"check": {"": "m:check"}},
    ],
)
def test_every_part_of_a_recipe_counts(change: dict[str, Any]) -> None:
    assert recipe_digest(**{**BASE, **change}) != recipe_digest(**BASE)


def test_the_order_of_declared_outputs_counts() -> None:
    assert recipe_digest(**BASE, outputs=("a", "b")) != recipe_digest(**BASE, outputs=("b", "a"))


def test_names_and_values_of_arguments_are_told_apart() -> None:
    assert args_digest({"a": "b", "c": "d"}) != args_digest({"a": "c", "b": "d"})
    assert args_digest({}) != args_digest({"": ""})


@pytest.mark.parametrize("varying", [("x",), ("x", "a"), ()])
@pytest.mark.parametrize("odd", [digest(b"odd"), "short"])
def test_the_arguments_of_many_calls_count_as_each_by_itself(varying: tuple[str, ...], odd: str) -> None:
    fixed = {"m": digest(b"m")}
    columns = [[digest(b"%d%d" % (i, k)) for k in range(5)] + [odd] for i in range(len(varying))]
    rows = list(zip(*columns, strict=True))
    made = ArgsDigests(fixed, varying)
    one = [args_digest({**fixed, **dict(zip(sorted(varying), row, strict=True))}) for row in rows]
    assert [made.of(row) for row in rows] == one
    assert made.of_all(columns) == one
