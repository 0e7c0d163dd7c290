from __future__ import annotations

import datetime as dt
import json
import math
import os
import subprocess
import sys
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_runner.keys.canonical import (
    MAX_DEPTH,
    Unhashable,
    dumps,
    go_deeper,
    is_plain,
    list_digest,
    loads,
    named_digest,
    plain_digest,
    plain_digests,
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters()),  # surrogates too
    st.binary(max_size=8),
    st.complex_numbers(),
    st.decimals(),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.one_of(st.none(), st.just(dt.UTC), st.timezones())),
    st.timedeltas(),
)
keys = st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans(), st.tuples(st.integers()))
hashables = st.one_of(st.integers(), st.text(max_size=4), st.none(), st.frozensets(st.integers(), max_size=3))
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(st.sampled_from(["!", "v", "a"]), inner, max_size=3),
        st.sets(hashables, max_size=4),
        st.frozensets(hashables, max_size=4),
    ),
    max_leaves=12,
)

# one of each kind, all different
DISTINCT: list[Any] = [
    None, True, False, 0, 1, -1, 2**70, 10**5000, 0.0, -0.0, 1.0, math.nan, math.inf, -math.inf,
    "", "1", "None", "nan", "\ud83d\ude00", "😀", "\ud800", b"", b"1", b"bytes:", 1 + 0j, 0j,
    Decimal("1"), Decimal("1.0"), Decimal("NaN"), dt.date(2026, 1, 1), dt.datetime(2026, 1, 1),
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, fold=1),
    dt.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), "X")),
    dt.time(1), dt.time(1, 0, 0, 1), dt.timedelta(0), dt.timedelta(0, 1),
    [], [1], [[1]], [1, 2], [2, 1], ["1"], (), (1,), ((),), [()], {}, {"a": 1}, {"a": 1.0}, {1: "a"},
    {"1": "a"}, {None: "a"}, {"!": "tuple", "v": [1]}, {"!": "int", "v": "0x1"}, {"!": {}}, set(),
    {1}, {"1"}, {1, "1"}, frozenset(), frozenset({1}), {frozenset({1})}, {(1,)},
    [b"1"], [[b"1"]], (b"1",),
]  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equal in type and value, nan and the sign of zero included."""
    return type(a) is type(b) and repr_of(a) == repr_of(b)


def repr_of(v: Any) -> Any:
    if isinstance(v, (list, tuple)):
        return [type(v).__name__, *map(repr_of, v)]
    if isinstance(v, dict):
        return sorted((repr((repr_of(k), repr_of(x))) for k, x in v.items()))
    if isinstance(v, (set, frozenset)):
        return [type(v).__name__, *sorted(repr(repr_of(x)) for x in v)]
    return hex(v) if type(v) is int else repr(v)


@settings(max_examples=300, deadline=None)
@given(plain)
def test_the_text_reads_back_as_the_same_value(value: Any) -> None:
    back = loads(dumps(value))
    assert same(back, value)
    assert dumps(back) == dumps(value)
    assert plain_digest(back) == plain_digest(value)


@settings(max_examples=200, deadline=None)
@given(plain, plain)
def test_digests_are_equal_exactly_where_texts_are(a: Any, b: Any) -> None:
    assert (plain_digest(a) == plain_digest(b)) == (dumps(a) == dumps(b)) == same(a, b)


@pytest.mark.parametrize("value", DISTINCT, ids=lambda v: str(type(v)))
def test_each_kind_of_value_reads_back(value: Any) -> None:
    assert same(loads(dumps(value)), value)
    dumps(value).encode()  # it can be written


def test_values_of_different_types_never_share_a_digest() -> None:
    digests = [plain_digest(v) for v in DISTINCT]
    assert len(set(digests)) == len(DISTINCT)
    assert len({plain_digest([v]) for v in DISTINCT}) == len(DISTINCT)
    assert len({plain_digest((v,)) for v in DISTINCT}) == len(DISTINCT)


def test_text_is_strict_json() -> None:
    json.loads(dumps([math.nan, math.inf, {1: "\ud800"}]), parse_constant=pytest.fail)


def test_the_order_of_mappings_and_sets_does_not_matter() -> None:
    assert dumps({"b": 1, "a": 2}) == dumps({"a": 2, "b": 1})
    assert dumps({2: 1, None: 2, "x": 3}) == dumps({"x": 3, None: 2, 2: 1})
    words = [f"w{i}" for i in range(50)]
    backwards = sorted(words, reverse=True)
    assert dumps(set(words)) == dumps(set(backwards))


def test_digests_are_the_same_in_every_process() -> None:
    cases = "[{'b': {'x', 'y', ('z', 1)}, 'a': [1, 2.5, None]}, {'q', 'r', 's'}, [[1], {None: b'x', 'k': 2}]]"
    script = (
        f"from pipeline_runner.keys.canonical import plain_digest\nprint([plain_digest(v) for v in {cases}])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert outputs == {f"{[plain_digest(v) for v in eval(cases)]}\n"}


def test_a_list_is_known_from_its_elements() -> None:
    values = [1, "a", [2, [3]], {"k": [4]}, None, b"x", {5}]
    assert plain_digest(values) == list_digest([plain_digest(v) for v in values])
    assert plain_digest([]) == list_digest([])


@pytest.mark.parametrize("odd", [7, 2**1024, -(2**1024), True, 1.0, None, "1", [1], Decimal(1)])
def test_a_long_list_of_numbers_is_no_special_case(odd: Any) -> None:
    values = [*range(-50, 50), odd]
    assert plain_digests(values) == [plain_digest(v) for v in values]
    assert plain_digest(values) == list_digest([plain_digest(v) for v in values])
    assert same(loads(dumps(values)), values)
    assert dumps(values) == "[" + ",".join(dumps(v) for v in values) + "]"


def test_named_outputs_are_known_from_theirs() -> None:
    assert named_digest({"a": "1", "b": "2"}) == named_digest({"b": "2", "a": "1"})
    assert named_digest({"a": "1"}) != named_digest({"b": "1"})
    assert named_digest({"a": "b"}) != list_digest(["a", "b"])


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        (np.int64(3), 3),
        (np.float64(2.5), 2.5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        (np.complex128(1j), 1j),
    ],
)
def test_numpy_scalars_count_as_pythons(scalar: Any, value: Any) -> None:
    assert is_plain(scalar)
    assert plain_digest(scalar) == plain_digest(value)
    assert same(loads(dumps({"k": [scalar]})), {"k": [value]})


@pytest.mark.parametrize("value", [np.datetime64("2026-01-01"), np.zeros(1), np.longdouble(1)])
def test_numpy_values_that_python_has_no_equal_for_are_not_plain(value: Any) -> None:
    assert not is_plain(value)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [Text("a"), object(), print, {"a": Text("b")}, [dt.tzinfo()]])
def test_only_exact_types_are_plain(value: Any) -> None:
    assert not is_plain(value)
    with pytest.raises(Unhashable):
        plain_digest(value)


def test_an_error_names_the_path_and_the_type() -> None:
    with pytest.raises(Unhashable) as caught:
        plain_digest({"rows": [1, {"x": (2, object())}]})
    assert caught.value.path == "['rows'][1]['x'][1]"
    assert caught.value.type_name == "object"
    assert "['rows'][1]['x'][1]" in str(caught.value)


def nested(depth: int) -> Any:
    value: Any = 1
    for i in range(depth):
        value = [value] if i % 3 == 0 else {"k": value} if i % 3 == 1 else (value,)
    return value


def test_deep_values_work_and_the_recursion_limit_is_left_as_it_was() -> None:
    before = sys.getrecursionlimit()
    value = nested(900)
    text = dumps(value)
    assert dumps(loads(text)) == text
    assert len(plain_digest(value)) == 48
    assert is_plain(value)
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("f", [dumps, plain_digest])
def test_what_is_too_deep_is_refused(f: Any) -> None:
    with pytest.raises(Unhashable, match="levels deep"):
        f(nested(MAX_DEPTH + 200))
    assert not is_plain(nested(MAX_DEPTH + 200))


def test_what_contains_itself_is_refused_with_the_path() -> None:
    value: list[Any] = [1]
    value.append({"a": value})
    for f in (dumps, plain_digest):
        with pytest.raises(Unhashable, match="contains itself") as caught:
            f(value)
        assert caught.value.path == "[1]['a']"
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unhashable, match="contains itself"):
        plain_digest(loop)


def test_the_same_value_twice_is_no_circle() -> None:
    shared = [1]
    assert plain_digest([shared, shared]) == plain_digest([[1], [1]])
    assert dumps((shared, shared)) == dumps(([1], [1]))


def test_going_deeper() -> None:
    value = {"a": [10, {"b": None}], 3: "three", "4": "four"}
    assert go_deeper(value, ()) is value
    assert go_deeper(value, ("a", 0)) == 10
    assert go_deeper(value, ("a", 1, "b")) is None
    assert go_deeper(value, (3,)) == "three"
    assert go_deeper(value, (4,)) == "four"
    assert go_deeper((1, (2,)), (1, 0)) == 2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("x",), "there is no key 'x': the keys are 'a', 'n'"),
        (("a", 2), "there is no position 2 of .a: it is a list of 2"),
        (("a", "k"), "there is no key 'k' of .a: it is a list of 2"),
        (("n", "k"), "None has no parts"),
        (("a", 0, "k"), "a value of type int has no parts"),
    ],
)
def test_going_where_nothing_is_says_what_is_there(path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(LookupError) as caught:
        go_deeper({"a": [1, 2], "n": None}, path)
    assert message in str(caught.value)
