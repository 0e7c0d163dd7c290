"""Order, cycles and conditions, for any input."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_runner.resolve import condition
from pipeline_runner.resolve.order import find_cycle, in_order, waves
from pipeline_runner.spec.reference import parse_reference

NAMES = st.sampled_from([f"s{i}" for i in range(9)])
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=9)


@given(GRAPHS)
def test_an_order_or_a_cycle(needs: dict[str, list[str]]) -> None:
    order = in_order(needs)
    assert sorted(order) == sorted(needs)
    cycle = find_cycle(needs)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(b in needs[a] for a, b in pairwise(cycle))
        return
    place = {name: i for i, name in enumerate(order)}
    wave = waves({name: needs[name] for name in order})
    for name, above in needs.items():
        for need in above:
            if need in needs:
                assert place[need] < place[name]
                assert wave[need] < wave[name]


@given(GRAPHS)
def test_where_the_given_order_works_it_is_kept(needs: dict[str, list[str]]) -> None:
    if not find_cycle(needs):
        order = in_order(needs)
        assert in_order({name: needs[name] for name in order}) == order


# ---- conditions ------------------------------------------------------------------------------------

LITERALS = st.one_of(
    st.booleans(), st.none(), st.integers(-99, 99), st.floats(-9, 9), st.text("ab '\"\\()[]", max_size=5)
)


def written(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    return repr(value)


@given(LITERALS, LITERALS)
def test_literals_are_what_was_written(a: Any, b: Any) -> None:
    tree = condition.parse(f"{written(a)} == {written(b)}", parse_reference)
    assert condition.evaluate(tree, lambda ref: None) is (a == b)
    tree = condition.parse(f"{written(a)} in [{written(b)}, {written(a)}]", parse_reference)
    assert condition.evaluate(tree, lambda ref: None)


FORMULAS = st.recursive(
    st.sampled_from(["a", "b", "c", "true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map(lambda x: f"not {x}"),
        inner.map(lambda x: f"({x})"),
    ),
    max_leaves=12,
)


@given(FORMULAS, st.booleans(), st.booleans(), st.booleans())
def test_and_or_and_not_are_those_of_python(text: str, a: bool, b: bool, c: bool) -> None:
    values = {"a": a, "b": b, "c": c}
    expected = eval(text, {"true": True, "false": False, **values})
    tree = condition.parse(text, parse_reference)
    assert condition.evaluate(tree, lambda ref: values[ref.name]) is expected
    assert {ref.name for ref in condition.references(tree)} <= set(values)


@given(st.text(max_size=60))
@example("[" * 500)
@example("a" + "[0]" * 100)
@example("1e999 == 1")
@example("'\\")
def test_any_text_is_a_tree_or_one_error(text: str) -> None:
    tree_or_error(text)


def tree_or_error(text: str) -> None:
    tree = problem = None
    try:
        tree = condition.parse(text, parse_reference)
    except condition.ConditionError as error:
        problem = error
    if tree is None:
        assert problem is not None
        assert 0 <= problem.offset <= len(text)
        assert problem.message
        return
    try:
        condition.evaluate(tree, lambda ref: 1)
    except condition.NotPlain:
        pass


TOKENS = [
    "a",
    "b.c",
    "1",
    "'x'",
    "(",
    ")",
    "[",
    "]",
    ",",
    "==",
    "<",
    "in",
    "not",
    "and",
    "or",
    "true",
    "-",
    "x[0]",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=14))
def test_any_tokens_are_a_tree_or_one_error(tokens: list[str]) -> None:
    tree_or_error(" ".join(tokens))
