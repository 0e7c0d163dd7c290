"""Published values in the format of the path's suffix."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy
import pandas
import pyarrow
import pytest

from pipeline_runner.workers.failure import TaskError
from pipeline_runner.workers.render import render

FRAME = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
TABLE = pyarrow.Table.from_pandas(FRAME, preserve_index=False)


class Polars:
    """As much of a polars frame as is used."""

    def write_csv(self, path: Path) -> None:
        path.write_text("of polars", encoding="utf-8")

    def write_parquet(self, path: Path) -> None:
        FRAME.to_parquet(path)

    def to_dicts(self) -> list[dict[str, Any]]:
        return FRAME.to_dict("records")


def text(value: Any, suffix: str, folder: Path) -> str:
    return render(value, suffix, str(folder)).read_bytes().decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5), "b": None}, {"a": [1, 2.5], "b": None}),
        (numpy.arange(3), [0, 1, 2]),
        ({"n": numpy.float64(0.5)}, {"n": 0.5}),
        (FRAME, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        (TABLE, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        (Polars(), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ("ü", "ü"),
        (pandas.DataFrame({"a": [1.5, numpy.nan]}), [{"a": 1.5}, {"a": None}]),
        ({"a": pandas.Series([numpy.inf])}, {"a": [None]}),
    ],
)
def test_json(value: Any, expected: Any, tmp_path: Path) -> None:
    assert json.loads(text(value, ".json", tmp_path)) == expected


@pytest.mark.parametrize("value", [math.nan, {"auc": [-math.inf]}, numpy.array([1.0, numpy.nan])])
def test_json_has_no_numbers_that_are_not_finite(value: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"(nan|-inf) cannot be written as \.json") as raised:
        text(value, ".json", tmp_path)
    assert raised.value.hint == "give None in its place"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (FRAME, "a,b\n1,x\n2,y\n"),
        (FRAME.set_index("b"), "b,a\nx,1\ny,2\n"),
        ([{"a": 1, "b": "x,y"}, {"b": "z", "c": 3}], 'a,b,c\n1,"x,y",\n,z,3\n'),
        ({"a": [1, 2], "b": [3, 4]}, "a,b\n1,3\n2,4\n"),
        ([[1, 2], [3, 4]], "1,2\n3,4\n"),
        ([], ""),
        (FRAME["a"], "a\n1\n2\n"),
        (TABLE, "a,b\n1,x\n2,y\n"),
        (Polars(), "of polars"),
    ],
)
def test_csv(value: Any, expected: str, tmp_path: Path) -> None:
    assert text(value, ".csv", tmp_path).strip("\n") == expected.strip("\n")


@pytest.mark.parametrize("value", [FRAME, FRAME.to_dict("records"), FRAME.to_dict("list"), TABLE, Polars()])
def test_parquet(value: Any, tmp_path: Path) -> None:
    pandas.testing.assert_frame_equal(pandas.read_parquet(render(value, ".parquet", str(tmp_path))), FRAME)


def test_a_meaningful_index_is_kept_in_parquet(tmp_path: Path) -> None:
    frame = FRAME.set_index("b")
    pandas.testing.assert_frame_equal(pandas.read_parquet(render(frame, ".parquet", str(tmp_path))), frame)


def test_npy_and_pickle(tmp_path: Path) -> None:
    assert numpy.load(render([1, 2], ".npy", str(tmp_path))).tolist() == [1, 2]
    assert pickle.loads(render({1, 2}, ".pkl", str(tmp_path)).read_bytes()) == {1, 2}


@pytest.mark.parametrize(
    ("value", "suffix", "message"),
    [
        (object(), ".json", "a value of type object cannot be written as .json"),
        (5, ".csv", "a value of type int cannot be written as .csv"),
        ({"a": [1], "b": [1, 2]}, ".csv", "not equally long"),
        (5, ".parquet", "a value of type int cannot be written as .parquet"),
        ([object()], ".npy", "cannot be written as .npy"),
        (lambda: 1, ".pkl", "cannot be written as .pkl"),
        (5, ".docx", "cannot publish as .docx"),
    ],
)
def test_what_does_not_fit(value: Any, suffix: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=message) as caught:
        render(value, suffix, str(tmp_path))
    assert caught.value.kind == "publish"
