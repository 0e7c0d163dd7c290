# ruff: noqa: E501

"""Objects by the parts of their pickle: equal content, one digest, in every process; else another."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import ipaddress
import operator
import os
import pickle
import random
import re
import subprocess
import sys
import types
import typing
import uuid
import weakref
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from pipeline_runner.keys.objects import content_digest
from pipeline_runner.keys.unhashable import Unhashable

WORDS = ["apple", "banana", "cherry", "date", "elder", "fig", "grape"]
TURNED = [*reversed(WORDS)]


@dataclass(frozen=True)
class Frozen:
    x: Any
    y: Any = None


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    x: Any
    y: Any = None


@dataclass
class Defaults:
    x: Any = field(default_factory=set)
    y: Any = field(default_factory=list)


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int = 0
    words: set[str] = set()
    _private: int = pydantic.PrivateAttr(default=0)


class Named(typing.NamedTuple):
    a: int
    b: Any


class Number(enum.IntEnum):
    ONE = 1


class Flags(enum.Flag):
    A = 1
    B = 2


class Dict(dict[Any, Any]): ...


class List(list[Any]): ...


class Set(set[Any]): ...


class Frozenset(frozenset[Any]): ...


class Int(int): ...


class Text(str): ...


class Tuple(tuple[Any, ...]): ...


class NumpyFloat(np.float64): ...


class PathOfMine(type(Path())): ...  # type: ignore[misc]


class State:
    """Says itself what its state is."""

    def __init__(self, x: Any) -> None:
        self.x = x
        self.cache = object()

    def __getstate__(self) -> Any:
        return {"x": self.x}


class Reduced:
    """Says itself how it is made."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __reduce__(self) -> Any:
        return Reduced, (self.x,)


def having(value: Any, **attributes: Any) -> Any:
    for name, v in attributes.items():
        setattr(value, name, v)
    return value


def itself() -> Any:
    value: list[Any] = [1]
    value.append(value)
    return value


EQUAL: dict[str, tuple[Any, Any]] = {
    "frozen dataclass": (lambda: Frozen(set(WORDS)), lambda: Frozen(set(TURNED))),
    "slots": (lambda: FrozenSlots(set(WORDS)), lambda: FrozenSlots(set(TURNED))),
    "default factories": (Defaults, lambda: Defaults(set(), [])),
    "order of attributes": (lambda: Plain(a=1, b=2), lambda: Plain(b=2, a=1)),
    "a text made and one written": (lambda: Plain(a="abc"), lambda: Plain(a="".join("abc"))),
    "shared and copied": (lambda: (lambda p: [p, p])(Plain(a=1)), lambda: [Plain(a=1), Plain(a=1)]),
    "contains itself": (itself, itself),
    "pydantic": (lambda: Model(a=1, words=set(WORDS), z=3), lambda: Model(a=1, words=set(TURNED), z=3)),
    "mapping of a class": (
        lambda: having(Dict(a=1, b=2), z={1}), lambda: having(Dict(b=2, a=1), z={1})
    ),
    "set of a class": (lambda: Set(WORDS), lambda: Set(TURNED)),
    "frozenset of a class": (lambda: [Frozenset(WORDS)], lambda: [Frozenset(TURNED)]),
    "set of objects": (lambda: set(map(Frozen, WORDS)), lambda: set(map(Frozen, TURNED))),
    "sets as keys": (
        lambda: {frozenset(WORDS): Plain(a=1)}, lambda: {frozenset(TURNED): Plain(a=1)}
    ),
    "defaultdict": (
        lambda: collections.defaultdict(list, a=1, b=2), lambda: collections.defaultdict(list, b=2, a=1)
    ),
    "deque": (lambda: collections.deque([set(WORDS)], 3), lambda: collections.deque([set(TURNED)], 3)),
    "partial": (lambda: functools.partial(sorted, set(WORDS)), lambda: functools.partial(sorted, set(TURNED))),
    "namespace": (lambda: types.SimpleNamespace(a=1, b=2), lambda: types.SimpleNamespace(b=2, a=1)),
    "own state": (lambda: State(set(WORDS)), lambda: State(set(TURNED))),
    "own reduce": (lambda: Reduced(set(WORDS)), lambda: Reduced(set(TURNED))),
    "exception": (lambda: ValueError(set(WORDS)), lambda: ValueError(set(TURNED))),
    "generators of numbers": (
        lambda: [np.random.default_rng(3), np.random.RandomState(3), random.Random(3)],
        lambda: [np.random.default_rng(3), np.random.RandomState(3), random.Random(3)],
    ),
    "attrs of a frame": (
        lambda: having(pd.DataFrame({"a": [1]}), attrs={"k": set(WORDS)}),
        lambda: having(pd.DataFrame({"a": [1]}), attrs={"k": set(TURNED)}),
    ),
    "a frame that was looked into": (
        lambda: pd.DataFrame({"a": [1, 2]}),
        lambda: (lambda f: (f.index.is_unique, f.groupby("a").sum(), f)[-1])(pd.DataFrame({"a": [1, 2]})),
    ),
    "levels that are not used": (
        lambda: pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])).iloc[:1],
        lambda: pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)])),
    ),
    "a numpy number in a list, which may be stored by itself": (
        lambda: [np.arange(3), np.float64(1.5)], lambda: [np.arange(3), 1.5]
    ),
}  # fmt: skip

DISTINCT: list[Any] = [
    1, True, "1", "a", 1.5, (1, 2), [1, 2], {1: "a"}, {"1": "a"}, {1.0: "a"}, {True: "a"}, {1}, frozenset({1}), 0.0, -0.0,
    Frozen(1), FrozenSlots(1), Defaults(1), Frozen(1, 1), Frozen((1,)), Frozen([1]), Frozen({1}), Frozen(frozenset({1})),
    Frozen(np.float32(1)), Frozen(1.0), Frozen(np.float64(1)), Frozen({"k": np.float64(1)}), Frozen({"k": 1.0}),
    NumpyFloat(1.5), Number.ONE, Flags.A, Flags.B, Flags.A | Flags.B,
    Model(), Model(a=0), Model(a=1), Model(words={"a"}), Model(z=1), having(Model(), _private=3),
    Named(1, 2), Tuple((1, 2)), List([1, 2]), having(List([1, 2]), z=1), Dict(a=1), {"a": 1}, having(Dict(a=1), z=1),
    Set([1]), Set([2]), Frozenset([1]), Int(1), Text("a"),
    collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1), collections.defaultdict(list, a=1),
    collections.defaultdict(dict, a=1), collections.deque([1]), collections.deque([1], 3), collections.ChainMap({"a": 1}),
    Path("a"), PurePosixPath("a"), PureWindowsPath("a"), PathOfMine("a"),
    dt.datetime(2026, 10, 25, 2, 30), dt.datetime(2026, 10, 25, 2, 30, fold=1), dt.UTC,
    dt.timezone(dt.timedelta(hours=1)), dt.timezone(dt.timedelta(hours=1), "X"), dt.date(2026, 10, 25), dt.time(1, fold=1),
    decimal.Decimal("1.0"), decimal.Decimal("1.00"), decimal.Decimal("NaN"), decimal.Decimal("-0"), fractions.Fraction(1, 2),
    range(0, 5, 2), range(0, 6, 2), slice(1), Ellipsis, functools.partial(sorted), functools.partial(sorted, key=1),
    operator.itemgetter(1), operator.itemgetter(2), operator.attrgetter("a"), "x".upper, "y".upper,
    re.compile("a"), re.compile(b"a"), re.compile("a", re.I), uuid.UUID(int=5), uuid.UUID(int=6),
    b"abc", bytearray(b"abc"), "abc", array.array("b", b"abc"), array.array("B", b"abc"), ipaddress.ip_address("1.2.3.4"),
    State(1), State(2), Reduced(1), Reduced(2), Plain(), Plain(a=1), Plain(a=2), Plain(b=1), Plain(a=[1]), itself(), [1, itself()],
    np.random.default_rng(3), np.random.default_rng(4), np.random.PCG64(3), random.Random(3), having(ValueError("a"), x=1),
    ValueError("a"), KeyError("a"), int, list[int], typing.Optional[int], typing.Any, type(None), type(Ellipsis),  # noqa: UP045
    np.longdouble(1.5), np.datetime64("2026"), np.datetime64("2026-01-01"), np.timedelta64(1, "s"), np.timedelta64(1000, "ms"),
    np.zeros(1, [("a", "i4")])[0], np.zeros(1, [("a", "i8")])[0],
]  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_equal_content_has_one_digest(name: str) -> None:
    a, b = EQUAL[name]
    assert content_digest(a()) == content_digest(b())


@pytest.mark.parametrize("name", EQUAL)
def test_what_is_loaded_again_has_the_digest_that_it_had(name: str) -> None:
    value = EQUAL[name][0]()
    assert content_digest(pickle.loads(pickle.dumps(value, 5))) == content_digest(value)


def test_different_content_never_shares_a_digest() -> None:
    digests = [content_digest(v) for v in DISTINCT]
    repeated = [i for i, d in enumerate(digests) if digests.index(d) != i]
    assert [DISTINCT[i] for i in repeated] == []


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ([memoryview(b"a")], "return bytes"),
        (Plain(a=weakref.ref(Plain)), "__getstate__"),
        (Plain(a=weakref.WeakSet()), "WeakSet"),
        ((i for i in ()), "return a list"),
    ],
)
def test_what_has_no_content_of_its_own_is_refused(value: Any, hint: str) -> None:
    with pytest.raises(Unhashable, match=hint):
        content_digest(value)


SCRIPT = """
import sys
import test_reduced
from pipeline_runner.keys.objects import content_digest
from sklearn.feature_extraction.text import TfidfVectorizer
values = [made() for pair in test_reduced.EQUAL.values() for made in pair] + test_reduced.DISTINCT
digests = [content_digest(v) for v in values]
digests.append(content_digest(TfidfVectorizer(stop_words=["fig"]).fit(test_reduced.WORDS)))
print(" ".join(digests))
"""


def test_digests_are_the_same_in_every_process() -> None:
    pytest.importorskip("sklearn")
    here = {"PYTHONPATH": os.pathsep.join([str(PurePath(__file__).parent), *sys.path])}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, **here, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("0", "1", "42")
    ]
    assert [i for i, found in enumerate(zip(*outputs, strict=True)) if len(set(found)) > 1] == []
