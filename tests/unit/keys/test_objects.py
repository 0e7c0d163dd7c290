# ruff: noqa: E501

from __future__ import annotations

import collections
import dataclasses
import decimal
import enum
import functools
import io
import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline_runner.keys.canonical import list_digest, plain_digest
from pipeline_runner.keys.objects import content, content_digest
from pipeline_runner.keys.unhashable import Unhashable


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a = a
        self.b = b


Pair = collections.namedtuple("Pair", "left right")


def helper() -> None:
    pass


A = np.arange(12.0).reshape(3, 4)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": [1, 2, 3],
            "s": ["x", None, "z"],
            "c": pd.Categorical(["u", "v", "u"]),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "d": pd.date_range("2026", periods=3, tz="UTC"),
            "o": [{"k": 1}, [1], None],
            "p": pd.period_range("2026", periods=3),
            "v": pd.interval_range(0, 3),
            "t": pd.to_timedelta([1, 2, 3], unit="s"),
            "a": pd.array([[1], None, [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            "b": pd.array([True, None, False], dtype="boolean"),
            "z": pd.arrays.SparseArray([0, 0, 1]),
        }
    )


def with_attrs(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["unit"] = "EUR"
    return frame


EQUAL = {
    "plain": (lambda: {"a": {1, 2}, "b": 3}, lambda: {"b": 3, "a": {2, 1}}),
    "array and its copy": (lambda: A, lambda: A.copy()),
    "C and Fortran order": (lambda: A, lambda: np.asfortranarray(A)),
    "strided and contiguous": (lambda: A[:, ::2], lambda: A[:, ::2].copy()),
    "shared and equal": (lambda: [A, A], lambda: [A, A.copy()]),
    "object array": (lambda: np.array(["a", None, {1}], object), lambda: np.array(["a", None, {1}], object)),
    "frame and its copy": (frame, lambda: frame().copy()),
    "frame and its pickle": (frame, lambda: pickle.loads(pickle.dumps(frame()))),
    "frame in pieces": (
        frame,
        lambda: pd.concat([frame().iloc[:1], frame().iloc[1:]]).set_axis(pd.RangeIndex(3)),
    ),
    "series": (lambda: frame()["s"], lambda: frame()["s"].copy()),
    "multi-index": (lambda: frame().set_index(["s", "i"])[["t"]], lambda: frame().set_index(["s", "i"])[["t"]]),
    "arrow in chunks": (
        lambda: pa.table({"a": pa.chunked_array([["x"], ["y", None]])}),
        lambda: pa.table({"a": pa.chunked_array([["x", "y"], [None]])}),
    ),
    "arrow slice": (lambda: pa.array([0, 1, None, 3])[1:], lambda: pa.array([1, None, 3])),
    "dataclass with a set": (lambda: Point({"a", "b"}), lambda: Point({"b", "a"})),
    "slots": (lambda: Slotted(1, A), lambda: Slotted(1, A.copy())),
    "shared attribute": (lambda: (lambda s: Point(s, s))(Point(1)), lambda: Point(Point(1), Point(1))),
    "namedtuple": (lambda: Pair(1, A), lambda: Pair(1, A.copy())),
    "counter": (lambda: collections.Counter("ab"), lambda: collections.Counter("ba")),
    "partial": (lambda: functools.partial(helper, 1), lambda: functools.partial(helper, 1)),
    "pattern": (lambda: re.compile("a+"), lambda: re.compile("a+")),
    "fields with padding": (
        lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        lambda: np.frombuffer(b"\0\1\1\1\1\1\1\1" + bytes(8) + b"\0" * 16, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    ),
    "masked values": (
        lambda: pd.array([1, None], dtype="Int64"),
        lambda: pd.arrays.IntegerArray(np.array([1, 77]), np.array([False, True])),
    ),
    "random state": (lambda: np.random.default_rng(1), lambda: np.random.default_rng(1)),
}  # fmt: skip

DISTINCT: list[Any] = [
    A, A.astype("f4"), A.astype(">f8"), A.reshape(4, 3), A + 1, A.T, [A], (A,), {"a": A}, {"b": A}, [A, A],
    np.zeros((0, 3)), np.zeros((3, 0)), np.array(1.0), np.array([1.0]), np.array(["a"]), np.array([b"a"]),
    np.array(["a"], object), np.array([0], "M8[s]"), np.array([0], "M8[ms]"), np.array([0], "m8[s]"),
    np.array([0]), np.array([False]), np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0]),
    frame(), frame().rename(columns={"i": "j"}), frame().assign(i=[1, 2, 4]), frame().assign(s=["x", "", "z"]),
    frame().set_axis([5, 6, 7]), frame()[["s", "i"]], frame()[["i", "s"]], frame()["i"], frame()[["i"]],
    frame()["i"].rename("j"), frame()["i"].astype("i4"), frame()["n"], frame().index, frame()["c"],
    frame()["c"].cat.as_ordered(), frame()["d"], frame()["d"].dt.tz_convert("Europe/Berlin"),
    pd.array([1, None], dtype="Int64"), pd.array([1, 0], dtype="Int64"), pa.array([1]), pa.array([1.0]),
    pa.array([None], pa.int64()), pa.array([0], pa.int64()), pa.array([""]), pa.array([None], pa.string()),
    Point(1), Point(2), Point(1, 1), Point(Point(1)), Slotted(1, 2), Slotted(2, 1), Pair(1, 2), (1, 2),
    Colour.RED, Colour.BLUE, Colour, Point, helper, len, functools.partial(helper, 1),
    functools.partial(helper, 2), re.compile("a"), re.compile("a", re.I), range(3), range(4), slice(1),
    Path("a"), Path("b"), "a", collections.OrderedDict(a=A, b=1), collections.OrderedDict(b=1, a=A),
    collections.defaultdict(list, a=A), collections.Counter("a"), ValueError("a"), ValueError("b"),
    np.datetime64("2026-01-01"), np.dtype("f4"), np.dtype("f8"), np.float32, io.BytesIO(b"a"), io.BytesIO(b"b"),
    pd.Timestamp("2026"), pd.NaT, pd.NA, pd.Timedelta(1, "s"),
    np.array([0.0]), np.array([-0.0]), np.array([np.nan]), np.frombuffer(b"\1\0\0\0\0\0\xf8\x7f", "f8"), np.array([0.0], object),
    np.zeros(2, [("a", "i1"), ("b", "f8")]), np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    np.zeros(2, [("b", "f8"), ("a", "i1")]), np.zeros(2, [("a", "i1", (2,))]), np.array([1], "m8[2s]"), np.array(["NaT"], "M8[ns]"),
    np.ma.array([1, 2]), np.ma.array([1, 2], mask=[0, 1], fill_value=7), np.rec.array([(1, 2.0)], names="a,b"),
    pd.DataFrame(), pd.DataFrame(index=[0]), pd.DataFrame(columns=["a"]), pd.DataFrame({"a": pd.Series([], dtype="i8")}),
    pd.Series([], dtype="i8"), pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": ["1"]}),
    pd.DataFrame({"a": pd.Series(["1"], dtype=object)}), pd.DataFrame({"a": pd.Series(["1"], dtype="string")}),
    pd.DataFrame({"a": [1]}, index=pd.Index([0], name="n")), pd.DataFrame({"a": [1]}).rename_axis(columns="c"),
    pd.DataFrame({0: [1]}), pd.DataFrame({"0": [1]}), pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1, 2]], columns=["a", "b"]),
    with_attrs(pd.DataFrame({"a": [1]})), pd.Series(pd.Categorical(["a"])), pd.Series(pd.Categorical(["a"], categories=["a", "b"])),
    pd.Series(pd.Categorical(["a"], categories=["b", "a"])), pd.Series(pd.Categorical([None], categories=["a"])),
    pd.Series([1], dtype="Int64"), pd.Series([1], dtype="Int32"), pd.Series([1], dtype="int64[pyarrow]"), pd.Series([None], dtype="Int64"),
    pd.Series([None], dtype=object), pd.Series([np.nan], dtype=object), pd.Series([pd.NA], dtype=object), pd.Series([0.5], dtype="Float64"),
    pd.MultiIndex.from_tuples([("a", 1)]), pd.MultiIndex.from_tuples([("a", 1)], names=["x", None]), pd.Index([("a", 1)], tupleize_cols=False),
    pd.date_range("2026", periods=3), pd.DatetimeIndex(list(pd.date_range("2026", periods=3))), pd.Series([decimal.Decimal("1.0")]),
    pd.Series([decimal.Decimal("1.00")]), pd.Series(pd.arrays.SparseArray([0, 0, 1])), pd.Series(pd.arrays.SparseArray([0, 0, 1], fill_value=1)),
    pa.table({"a": [1]}), pa.table({"b": [1]}), pa.record_batch({"a": [1]}), pa.array([[1]]), pa.array([[1], []]), pa.array([{"a": 1}]),
    pa.array(["a"]), pa.array([b"a"]), pa.array(["a"]).dictionary_encode(), pa.array([1], pa.int8()), pa.array([1], pa.timestamp("ms")),
]  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_equal_content_has_one_digest(name: str) -> None:
    a, b = EQUAL[name]
    assert content_digest(a()) == content_digest(b())


def test_different_content_never_shares_a_digest() -> None:
    digests = [content_digest(v) for v in DISTINCT]
    repeated = [i for i, d in enumerate(digests) if digests.index(d) != i]
    assert [DISTINCT[i] for i in repeated] == []


def test_plain_data_has_its_plain_digest() -> None:
    for value in (1, "a", [1, [2]], {"a": (1,)}, {1, 2}, np.int64(3), b"x"):
        assert content_digest(value) == plain_digest(value)


def test_a_list_is_known_from_its_elements() -> None:
    values = [1, A, [Point(1), "x"], frame()]
    assert content_digest(values) == list_digest([content_digest(v) for v in values])


def test_arrays_that_use_the_same_memory_one_after_another_are_told_apart() -> None:
    # what is made on the way (values under a mask) is freed, and its address used again
    frames = [
        pd.DataFrame(
            {c: pd.array(np.arange(i, i + 5000), dtype="Int64") for c, i in zip("ab", start, strict=True)}
        )
        for start in ([0, 0], [0, 1], [1, 0], [1, 1])
    ]
    assert len({content_digest(f) for f in frames}) == 4


def test_cycles_have_a_digest() -> None:
    def ring(n: int, value: Any) -> Point:
        first = last = Point(value)
        for _ in range(n):
            last.y = Point(value)
            last = last.y
        last.y = first
        return first

    assert content_digest(ring(3, 1)) == content_digest(ring(3, 1))
    assert content_digest(ring(3, 1)) != content_digest(ring(3, 2))
    loop: list[Any] = [1]
    loop.append(loop)
    other: list[Any] = [1]
    other.append(other)
    assert content_digest(loop) == content_digest(other)


def test_many_objects_that_all_refer_to_each_other_come_to_an_end() -> None:
    def clique(n: int) -> list[Point]:
        points = [Point(i) for i in range(n)]
        for p in points:
            p.y = [Point(p.x, q) for q in points]
        return points

    assert content_digest(clique(9)) == content_digest(clique(9))


def test_a_long_chain_of_objects() -> None:
    def chain(n: int) -> Point:
        p = Point(0)
        for i in range(n):
            p = Point(i, p)
        return p

    assert content_digest(chain(400)) == content_digest(chain(400))
    with pytest.raises(Unhashable, match="levels deep"):
        content_digest(chain(5000))


class WithLock:
    def __init__(self) -> None:
        self.parts = {"lock": [threading.Lock()]}


def local_class() -> Any:
    class Local:
        pass

    return Local()


@pytest.mark.parametrize(
    ("value", "path", "hint"),
    [
        ((i for i in ()), "", "return a list"),
        ({"f": [lambda: 1]}, "['f'][0]", "top level"),
        (WithLock(), ".parts['lock'][0]", "__getstate__"),
        ([re], "[0]", "return what it holds"),
        (local_class(), "", "top level"),
        (pd.DataFrame({"o": [1, lambda: 2]}), "['o'][1]", "top level"),
        (np.array([None, threading.Lock()]), "[1]", "__getstate__"),
        ({1: threading.current_thread()}, "[1]", ""),
    ],
)
def test_what_cannot_be_told_honestly_is_an_error_with_its_path(value: Any, path: str, hint: str) -> None:
    with pytest.raises(Unhashable) as caught:
        content_digest(value)
    assert caught.value.path.startswith(path)
    assert hint in str(caught.value)


def test_an_open_file_is_refused_and_its_path_suggested(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w") as file, pytest.raises(Unhashable, match=r"return its pathlib\.Path"):
        content_digest([Point(file)])


def test_project_classes_and_functions_are_collected() -> None:
    found = content(
        [Point(Colour.RED), helper, np.zeros(1), re.compile("a"), Pair(1, object)],
        is_project=lambda module: module == __name__,
    )
    assert found.classes == tuple(
        f"{__name__}:{name}" for name in sorted(["Colour", "Pair", "Point", "helper"])
    )
    assert content(Point(1), is_project=lambda module: False).classes == ()


def test_a_stored_path_counts_by_what_stands_for_it() -> None:
    def digest_of(path: Any) -> str | None:
        return "stored" if path.name == "kept" else None

    assert content(Path("a/kept"), path_digest=digest_of).digest == "stored"
    assert content([Path("a/kept")], path_digest=digest_of).digest == list_digest(["stored"])
    assert content(Path("a"), path_digest=digest_of).digest == content_digest(Path("a"))


def test_big_buffers_are_digested_once() -> None:
    big = np.arange(10_000.0)
    found = content({"a": big, "b": big})
    assert found.buffer_digest(big.ctypes.data, big.nbytes) is not None
    assert len(found.buffers) == 1


SCRIPT = """
import dataclasses, re, sys
from pipeline_runner.keys.objects import content_digest
import numpy as np, pandas as pd
class Thing:
    def __init__(self, **k): self.__dict__.update(k)
sys.modules["things"] = sys.modules["__main__"]; Thing.__module__ = "things"
words = {"alpha", "beta", "gamma", ("delta", 1)}
values = [Thing(words=words, again=[words, {w: i for i, w in enumerate("abc")}]), {"t": Thing(a={1, "x", None})},
          [np.arange(5.0), pd.DataFrame({"a": ["x", None], "o": [words, {3}]})], re.compile("x"), {Thing: {frozenset("ab")}}]
print([content_digest(v) for v in values])
"""


def test_digests_are_the_same_in_every_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "42")
    }
    assert len(outputs) == 1


def test_polars_frames() -> None:
    pl = pytest.importorskip("polars")
    frames = [
        pl.DataFrame({"a": [1, None], "b": ["x", "y"]}), pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"b": ["x", "y"], "a": [1, None]}), pl.DataFrame({"a": [1.0, None], "b": ["x", "y"]}),
        pl.DataFrame(), pl.Series("a", [1]), pl.Series("b", [1]), pl.Series("a", ["x"], dtype=pl.Categorical),
    ]  # fmt: skip
    digests = [content_digest(frame) for frame in frames]
    assert len(set(digests)) == len(frames)
    assert [content_digest(pickle.loads(pickle.dumps(frame))) for frame in frames] == digests
    assert content_digest(pl.concat([frames[0][:1], frames[0][1:]])) == digests[0]


NO_ARROW = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd
from pipeline_runner.keys.objects import content_digest
names = ["anna", "bo", None]
frames = [pd.DataFrame({"name": names}), pd.DataFrame({"name": names}), pd.DataFrame({"name": names[::-1]})]
print(*map(content_digest, frames))
"""


def test_frames_have_digests_where_pyarrow_is_not_installed() -> None:
    done = subprocess.run([sys.executable, "-c", NO_ARROW], capture_output=True, text=True, check=True)
    one, same, other = done.stdout.split()
    assert one == same != other
