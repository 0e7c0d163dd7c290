"""YAML 1.2 core, strictly; nothing in a file can hurt; every value has its place."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_runner.errors import Problem
from pipeline_runner.spec import yaml_source
from pipeline_runner.spec.source import SourceFile, SourceMap
from pipeline_runner.spec.yaml_source import decode, parse


def read(text: str) -> Any:
    parsed = parse(text, SourceFile("p.yaml", text))
    assert parsed.problems == ()
    return parsed.root.data if parsed.root else None


def problems(text: str) -> tuple[Problem, ...]:
    return parse(text, SourceFile("p.yaml", text)).problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL"),
        ("true", True), ("FALSE", False), ("tRUE", "tRUE"),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("1", 1), ("-17", -17), ("+3", 3), ("010", 10), ("0o17", 15), ("0xfF", 255), ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("1E-3", 0.001),
        ("-.inf", -math.inf), (".Inf", math.inf),
        ("12:30:00", "12:30:00"), ("190:20", "190:20"), ("2024-01-01", "2024-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"), ("=", "="), ("1.2.3", "1.2.3"),
        (".", "."), ("-", [None]), ("+", "+"), ("e3", "e3"), ("0x", "0x"),
        ("'1'", "1"), ('"true"', "true"), ("''", ""),
    ],
)  # fmt: skip
def test_a_scalar(text: str, value: Any) -> None:
    found = read(f"[{text}]" if value != [None] else text)
    found = found[0] if value != [None] and found else found
    if text == "":
        found = read("a: ")["a"]
    assert (type(found), found) == (type(value), value)


def test_nan() -> None:
    assert math.isnan(read("a: .NaN")["a"])


def test_block_texts_and_collections() -> None:
    text = "a: |\n  x\n   y\nb: >-\n  x\n  y\nc: {d: [1, {e: f}]}\n? g\n: h\n"
    assert read(text) == {"a": "x\n y\n", "b": "x y", "c": {"d": [1, {"e": "f"}]}, "g": "h"}


def test_an_alias_gives_a_copy() -> None:
    data = read("a: &x {b: [1]}\nc: *x\n")
    assert data["c"] == {"b": [1]}
    data["a"]["b"].append(2)
    assert data["c"] == {"b": [1]}


def test_the_quoted_merge_sign_is_a_key() -> None:
    assert read('"<<": 1') == {"<<": 1}


# ---- hostile files -------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 50_000, "yaml-too-deep"),
        ("[" * 50_000 + "]" * 50_000, "yaml-too-deep"),
        ("{a: " * 50_000, "yaml-too-deep"),
        ("- " * 50_000, "yaml-too-deep"),
        ("? " * 50_000, "yaml-too-deep"),
        ("[{" * 500, "yaml-too-deep"),
        ("\n".join(" " * i + "a:" for i in range(300)), "yaml-too-deep"),
        (LAUGHS, "yaml-aliases"),
        ("a: &a [*a]", "yaml-alias"),
        ("a: *b", "yaml-alias"),
        ("a: !!python/object/apply:os.system [ls]", "yaml-tag"),
        ("a: !!str 3", "yaml-tag"),
        ("a: !x 3", "yaml-tag"),
        ("!x\na: 3", "yaml-tag"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "yaml-tag"),
        ("%YAML 1.1\n---\na: 1", "yaml-version"),
        ("b: &x {c: 1}\na:\n  <<: *x", "yaml-merge"),
        ("a: 1\na: 2", "duplicate-key"),
        ("a: {b: 1, 'b': 2}", "duplicate-key"),
        ("1: a", "yaml-key"),
        ("null: a", "yaml-key"),
        ("[a]: b", "yaml-key"),
        ("a: {{ b }}", "yaml-key"),
        ("a: 1\n---\nb: 1", "yaml-documents"),
        ("a: \0", "yaml-character"),
        ("a: \x1b[31m", "yaml-character"),
        ("a: x\u2028b: 1", "yaml-character"),
        ("a: " + "9" * 5000, "yaml-number"),
        ("a: 1e999", "yaml-number"),
        ("a: [1", "yaml-syntax"),
    ],
)  # fmt: skip
def test_a_hostile_text_is_a_problem_with_a_place(text: str, code: str) -> None:
    found = problems(text)
    assert code in [problem.code for problem in found]
    assert all(problem.where is not None for problem in found)


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_source, "MAX_NODES", 100)
    assert [p.code for p in problems("[" + "a, " * 200 + "]")] == ["yaml-too-large"]


def test_a_huge_text_is_read() -> None:
    assert len(read("a: '" + "x" * 2_000_000 + "'")["a"]) == 2_000_000


def test_nesting_up_to_the_bound_is_read() -> None:
    assert read("[" * 100 + "]" * 100)


def test_all_problems_that_leave_the_rest_readable_are_collected() -> None:
    text = "a: 1\na: 2\nb: !x 3\n1: c\nd: {<<: e}\n"
    assert [p.code for p in problems(text)] == ["duplicate-key", "yaml-tag", "yaml-key", "yaml-merge"]


def test_the_python_parser_bounds_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml."""
    import yaml

    monkeypatch.setattr(yaml_source, "_LOADER", yaml.SafeLoader)
    assert [p.code for p in problems("[" * 50_000)] == ["yaml-too-deep"]
    assert read("a: {b: [1, x]}") == {"a": {"b": [1, "x"]}}


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: \xff", "encoding", 1, 4),
        (b"a: 1\nb: \xc3\xa4\xe4\n", "encoding", 2, 5),
        ("a: 1".encode("utf-16"), "encoding", 1, 1),
        (b"a: " + b"x" * (5 * 1024 * 1024), "yaml-too-large", 1, 1),
    ],
)
def test_bytes_that_are_no_text(data: bytes, code: str, line: int, column: int) -> None:
    text, (problem,) = decode(data, "p.yaml")
    assert (text, problem.code) == ("", code)
    assert problem.where is not None
    assert problem.where[:3] == ("p.yaml", line, column)
    assert problem.hint


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfa: 1", "p.yaml") == ("a: 1", ())


# ---- places --------------------------------------------------------------------------------------

PLACED = "steps:\n  train: {inputs: {frame: split.train, \"x\": 'a b'}}\n  list:\n    - a\n    - b: c\n"


@pytest.mark.parametrize(
    ("path", "key", "line", "column"),
    [
        ((), False, 1, 1),
        (("steps",), True, 1, 1),
        (("steps",), False, 2, 3),
        (("steps", "train", "inputs", "frame"), False, 2, 27),
        (("steps", "train", "inputs", "frame"), True, 2, 20),
        (("steps", "list", 0), False, 4, 7),
        (("steps", "list", 1, "b"), False, 5, 10),
        (("steps", "train", "timeout"), False, 2, 3),  # the nearest above: its key
        (("steps", "list", 7), False, 3, 3),
        (("steps", "train", "inputs", "frame", "deep"), False, 2, 27),  # below a text: the text
        (("nope",), False, 1, 1),
    ],
)
def test_a_place(path: tuple[str | int, ...], key: bool, line: int, column: int) -> None:
    root = parse(PLACED, SourceFile("p.yaml", PLACED)).root
    assert root is not None
    place = SourceMap(root).place(path, key)
    assert place is not None
    assert (place.line, place.column) == (line, column)
    assert place.text == PLACED.split("\n")[line - 1]


def test_a_place_inside_a_text() -> None:
    root = parse(PLACED, SourceFile("p.yaml", PLACED)).root
    assert root is not None
    source = SourceMap(root)
    plain = source.within(("steps", "train", "inputs", "frame"), 6)
    quoted = source.within(("steps", "train", "inputs", "x"), 2)
    assert plain is not None
    assert quoted is not None
    assert PLACED.split("\n")[1][plain.column - 1 :].startswith("train, ")
    assert PLACED.split("\n")[1][quoted.column - 1 :].startswith("b'")


# ---- anything at all -----------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *"[]{}:,-?!&*#|>%@`'\" \n\t~",
        "a",
        "b: ",
        "- ",
        "\n  ",
        "<<: ",
        "${{ ",
        " }}",
        "1e3",
        "\\",
        "\0",
        "\u2028",
        "é",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=40)))
def test_no_text_crashes(text: str) -> None:
    parsed = parse(text, SourceFile("p.yaml", text))
    for problem in parsed.problems:
        assert problem.message
        assert problem.where is not None
        assert 1 <= problem.where.line <= len(text.split("\n")) + 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_crash(data: bytes) -> None:
    text, found = decode(data, "p.yaml")
    assert bool(found) or text is not None
