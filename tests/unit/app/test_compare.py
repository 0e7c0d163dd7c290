from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_runner.app.compare import difference


class Model:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


def array(*values: float) -> Any:
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (1, 2, "1 became 2"),
        (1, 1.0, "int 1 became float 1.0"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "at ['a'][1]['b']: 2 became 3"),
        ({"a": 1}, {}, "the key 'a' is gone"),
        ({}, {"a": 1}, "the key 'a' is new"),
        ([1], [1, 2], "1 elements became 2"),
        (array(1, 2, 3), array(1, 2.5, 3.25), "2 of 3 values differ, by up to 0.5"),
        (array(1), array(1, 2), "shape (1,) became (2,)"),
        (array(1), np.array([1]), "dtype float64 became int64"),
        (pd.DataFrame({"x": [1], "y": [2]}), pd.DataFrame({"x": [1], "y": [5]}),
         "column 'y': 1 of 1 values differ, by up to 3"),
        (pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]}), "columns ['x'] became ['y']"),
        (Model(weights=array(1), name="m"), Model(weights=array(2), name="m"),
         "at .weights: 1 of 1 values differ, by up to 1"),
        ("x" * 500, "y", "became 'y'"),
    ],
)  # fmt: skip
def test_the_first_difference_is_told(old: Any, new: Any, text: str) -> None:
    assert text in difference(old, new)


@pytest.mark.parametrize(
    "value",
    [1, float("nan"), {"a": [None]}, array(1, float("nan")), pd.DataFrame({"x": ["a", None]}), Model(a=1)],
)
def test_no_difference_is_told_where_there_is_none(value: Any) -> None:
    import copy

    assert difference(value, copy.deepcopy(value)) == ""


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x


def test_objects_that_only_know_who_they_are_are_compared_by_content() -> None:
    def thing(x: int, seed: int) -> dict[str, object]:
        return {"random": np.random.default_rng(seed), "slotted": Slotted(x)}

    assert difference(thing(1, 1), thing(1, 1)) == ""
    assert difference(thing(1, 1), thing(2, 1)) == "at ['slotted']: the content of Slotted differs"
    assert difference(thing(1, 1), thing(1, 2)) == "at ['random']: the content of Generator differs"
