"""Names of steps, keys of items, ids of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline_runner.model.names import NAME, item_keys, short_key, split_task_id, task_id


@pytest.mark.parametrize("name", ["a", "load_2", "_x", "two-words", "A"])
def test_what_a_step_may_be_called(name: str) -> None:
    assert NAME.match(name)


@pytest.mark.parametrize("name", ["", "2a", "a.b", "a b", "-a", "a\n", "ä", "a[0]"])
def test_what_a_step_may_not_be_called(name: str) -> None:
    assert not NAME.match(name)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (1, "1"),
        (-3, "-3"),
        (True, "true"),
        (False, "false"),
        ("a.b-c_9", "a.b-c_9"),
        ("x" * 40, "x" * 40),
        ("x" * 41, None),
        ("", None),
        ("a b", None),
        ("a,b", None),
        ("a]", None),
        ("a\n", None),
        ("ü", None),
        (1.5, None),
        (None, None),
        ([1], None),
        (10**40, None),
    ],
)
def test_short_keys(value: Any, key: str | None) -> None:
    assert short_key(value) == key


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ([], []),
        (["b", "a"], ["b", "a"]),
        (["a", {"x": 1}, "b"], ["a", "1", "b"]),
        (["a", "a"], ["0", "1"]),
        ([1, "1"], ["0", "1"]),
        ([True, "true"], ["0", "1"]),
        ([1, 1.5], ["0", "1"]),  # 1.5 stands under its index, which is the key of 1
    ],
)
def test_item_keys(values: list[Any], keys: list[str]) -> None:
    assert item_keys(values) == keys


@pytest.mark.parametrize(
    ("step", "key", "id"), [("a", None, "a"), ("a", "1,3", "a[1,3]"), ("a", "x", "a[x]")]
)
def test_task_ids_there_and_back(step: str, key: str | None, id: str) -> None:
    assert task_id(step, key) == id
    assert split_task_id(id) == (step, key)


@pytest.mark.parametrize(
    "values",
    [
        list(range(100)),
        [*range(99), 5],
        [*range(99), True],
        [*range(99), "5"],
        [*range(99), 10**40],
        [-1, *range(99)],
    ],
)
def test_many_numbers_are_named_as_few_are(values: list[Any]) -> None:
    keys = [short_key(v) for v in values]
    named = [str(i) if k is None else k for i, k in enumerate(keys)]
    assert item_keys(values) == (named if len(set(named)) == 100 else [str(i) for i in range(100)])
