"""The language of ``when``: what it means, what it refuses, and that nothing hostile gets through."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from pipeline_runner.keys.deeper import go_deeper
from pipeline_runner.model.graph import Ref
from pipeline_runner.resolve import condition
from pipeline_runner.resolve.condition import MAX_LENGTH, ConditionError, NotPlain
from pipeline_runner.spec.reference import parse_reference

VALUES: dict[str, Any] = {
    "params": {"min": 0.75, "on": True, "off": False, "name": "dev", "none": None, "list": [1, 2], "a-b": 4},
    "ev": {"auc": 0.8, "n": [10, 20], "text": "abc", "day": datetime.date(2024, 1, 2)},
    "long-name": 7,
    "item": {"k": 3},
    "keys": {"größe": 1, "2024": {"1a": 2}},
}


def value_of(ref: Ref) -> Any:
    if ref.root == "step":
        return go_deeper(VALUES[ref.name], ref.path)
    base = VALUES[ref.root]
    return go_deeper(base[ref.name] if ref.name else base, ref.path)


def holds(text: str) -> bool:
    return condition.evaluate(condition.parse(text, parse_reference), value_of)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ev.auc >= params.min", True),
        ("ev.auc < params.min", False),
        ("ev.auc>=0.8", True),
        ("ev.auc > 8e-1", False),
        ("0.5 < ev.auc", True),
        ("item.k == 3", True),
        ("item.k != -3", True),
        ("item.k == 3.0", True),
        ("ev.n[0] == 10", True),
        ("ev.n.1 <= 20", True),
        ("ev.n == [10, 20]", True),
        ("ev.n == []", False),
        ("long-name == 7", True),
        ("params.a-b == 4", True),
        ("keys.größe == 1 and keys.2024.1a == 2", True),
        ("params.name == 'dev'", True),
        ('params.name == "dev"', True),
        (r"'it\'s' == 'it\'s'", True),
        (r"'a\\b' != 'ab'", True),
        ("'a b (and) [0] == x' == 'a b (and) [0] == x'", True),
        ("'ü' == 'ü'", True),
        ("params.name in ['dev', 'prod']", True),
        ("params.name not in ['dev', 'prod']", False),
        ("'ev' in params.name", True),
        ("'text' in ev", True),
        ("2 in params.list", True),
        ("item.k in [3]", True),
        ("[1] == [ 1 ]", True),
        ("params.list == [1, 2]", True),
        ("5 not in params.list", True),
        ("params.on", True),
        ("not params.on", False),
        ("not not params.on", True),
        ("not item.k == 4", True),
        ("true", True),
        ("false", False),
        ("params.none == null", True),
        ("params.none != None", False),
        ("params.none == 0", False),
        ("params.name == 5", False),
        ("(params.on)", True),
        ("params.off or params.on", True),
        ("params.off or params.off", False),
        ("'a' < 'b'", True),
        ("[1, 2] < [1, 3]", True),
        ("  params.on  ", True),
        ("params.on and\n  item.k == 3", True),
        # "and" binds tighter than "or", "not" tighter than both
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not false and false", False),
        ("not (false and false)", True),
        ("false and true or true", True),
        # the right side is not looked at where the left decides
        ("params.off and params.name > 1", False),
        ("params.on or params.name > 1", True),
        ("params.none == null or params.none > 3", True),
    ],
)
def test_what_a_condition_says(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params.none > 3", "params.none (None) > 3 cannot be compared"),
        ("params.name >= 1", "params.name ('dev') >= 1 cannot be compared"),
        ("ev < 1", "cannot be compared"),
        ("[1, 'a'] < [1, 2]", "cannot be compared"),
        ("item.k", "item.k (3) is neither true nor false: compare it with something"),
        ("not params.name", "neither true nor false"),
        ("params.none", "params.none (None) is neither true nor false"),
        ("1 and true", "1 is neither true nor false"),
        ("3 in 'abc'", "cannot be looked for in a text"),
        ("3 in item.k", "item.k (3) holds nothing"),
        ("3 in params.none", "params.none (None) holds nothing"),
    ],
)
def test_what_cannot_be_told(text: str, message: str) -> None:
    with pytest.raises(NotPlain) as error:
        holds(text)
    assert message in str(error.value)


def test_dates_are_compared() -> None:
    tree = condition.parse("a < b", parse_reference)
    days = {"a": datetime.date(2024, 1, 1), "b": datetime.date(2024, 1, 2)}
    assert condition.evaluate(tree, lambda ref: days[ref.name])
    with pytest.raises(NotPlain):
        condition.evaluate(tree, lambda ref: days["a"] if ref.name == "a" else datetime.time(1))


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "empty", 0),
        ("   ", "empty", 0),
        ("a ==", "ends too early", 4),
        ("a = 1", "'='", 2),
        ("a == 1 == 1", "cannot be chained", 7),
        ("1 < a < 3", "cannot be chained", 6),
        ("a in b in c", "cannot be chained", 7),
        ("a & b", "'&'", 2),
        ("a | b", "'|'", 2),
        ("!a", "'!'", 0),
        ("${{ a }} == 1", "'$'", 0),
        ("a == 'open", '"\'"', 5),
        ("(a == 1", "')' is expected", 7),
        ("a == 1)", "')' is not expected", 6),
        ("a == [1, 2", "',' is expected", 10),
        ("a == [1 2]", "','", 8),
        ("a == 1 b", "'b' is not expected", 7),
        ("and a", "'and' is not expected", 0),
        ("a or", "ends too early", 4),
        ("a == not b", "'not' is not expected", 5),
        ("a [0] == 1", "'[' is not expected", 2),
        ("f(1)", "'(' is not expected", 1),
        ("a + 1 == 2", "'+'", 2),
        ("a == 1; b", "';'", 6),
        ("__import__('os')", "'('", 10),
        ("a.*", "'.'", 1),
        ("params", "'params'", 0),
        ("env.HOME == 'x'", "env", 0),
        ("a == \x00", "", 5),
        ("ä == 1", "'ä'", 0),
    ],
)
def test_what_is_no_condition(text: str, message: str, offset: int) -> None:
    with pytest.raises(ConditionError) as error:
        condition.parse(text, parse_reference)
    assert message in error.value.message
    assert error.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1900,
        "(" * 900 + "a" + ")" * 900,
        "[" * 900 + "a" + "]" * 900,
        "not " * 400 + "true",
        "a and " * 330 + "a",
        "a or " * 399 + "a",
        "'" + "\\" * 1800,
        "'" * 1999,
        "9" * 1999,
        "a" + ".b" * 990,
        "a" + "[0]" * 600,
        "-" * 1999,
        " " * 1999 + "a",
        "a" * 10_000,
        "(" * 10_000,
        "[a, " * 400,
        "." * 1999,
        "\n" * 1999,
    ],
    ids=lambda text: f"{text[:8]!r}x{len(text)}",
)
def test_hostile_texts_are_a_tree_or_an_error_at_once(text: str) -> None:
    began = time.process_time()
    try:
        tree = condition.parse(text, parse_reference)
        list(condition.references(tree))
        try:
            condition.evaluate(tree, lambda ref: " or " not in text)
        except NotPlain:
            pass
    except ConditionError:
        pass
    assert time.process_time() - began < 5  # quadratic would be fine, exponential not


def test_too_long_is_refused() -> None:
    condition.parse("a" * MAX_LENGTH, parse_reference)
    with pytest.raises(ConditionError, match="at most"):
        condition.parse("a" * (MAX_LENGTH + 1), parse_reference)


def test_hints_say_what_to_write() -> None:
    for text, hint in {
        "a = 1": "compare with ==",
        "a & b": "write: and",
        "1 < a < 2": "a < b and b < c",
    }.items():
        with pytest.raises(ConditionError) as error:
            condition.parse(text, parse_reference)
        assert hint in error.value.hint


def test_all_references_are_found() -> None:
    tree = condition.parse("not (a.b in [c, params.d]) and e or item.f == matrix.g", parse_reference)
    found = {ref.text for ref in condition.references(tree)}
    assert found == {"a.b", "c", "params.d", "e", "item.f", "matrix.g"}
