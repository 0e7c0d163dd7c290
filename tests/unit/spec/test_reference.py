"""References and texts with ``${{ }}`` in them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipeline_runner.model.graph import Ref, Text
from pipeline_runner.spec.reference import RefError, looks_like_reference, parse_reference, parse_text


@pytest.mark.parametrize(
    ("text", "root", "name", "path", "star"),
    [
        ("train", "step", "train", (), False),
        ("train-2", "step", "train-2", (), False),
        ("split.train", "step", "split", ("train",), False),
        ("split.train.0", "step", "split", ("train", 0), False),
        ("split.train[0]", "step", "split", ("train", 0), False),
        ("a.b-c.d", "step", "a", ("b-c", "d"), False),
        ("a[0][12].x", "step", "a", (0, 12, "x"), False),
        ("a.007", "step", "a", ("007",), False),
        ("a.2024-01", "step", "a", ("2024-01",), False),
        ("a.größe", "step", "a", ("größe",), False),
        ("load.*", "step", "load", (), True),
        ("load.parts.*", "step", "load", ("parts",), True),
        ("load[*]", "step", "load", (), True),
        ("params.seeds", "params", "seeds", (), False),
        ("params.models.0.kind", "params", "models", (0, "kind"), False),
        ("item", "item", "", (), False),
        ("item.name", "item", "", ("name",), False),
        ("item[1]", "item", "", (1,), False),
        ("matrix.model", "matrix", "model", (), False),
        ("matrix.model.kind", "matrix", "model", ("kind",), False),
        ("secrets.TOKEN", "secrets", "TOKEN", (), False),
        ("run.id", "run", "id", (), False),
        ("runner", "step", "runner", (), False),
    ],
)
def test_a_reference(text: str, root: str, name: str, path: tuple[str | int, ...], star: bool) -> None:
    assert parse_reference(text) == Ref(root, name, path, star, text)
    assert looks_like_reference(text)


@pytest.mark.parametrize(
    ("text", "offset", "hint"),
    [
        ("", 0, "STEP"),
        (" a", 0, ""),
        ("3", 0, "STEP"),
        ("a b", 1, ""),
        ("a/b.csv", 1, ""),
        ("a.", 2, ""),
        ("a..b", 2, ""),
        ("a[", 1, "[N]"),
        ("a[x]", 2, "write .x"),
        ("a['x']", 2, "write .x"),
        ("a[-1]", 2, ""),
        ("a.*.b", 1, ""),
        ("a[*].b", 1, ""),
        ("a == b", 1, ""),
        ("params", 6, "params.NAME"),
        ("params.0", 6, "params.NAME"),
        ("matrix", 6, "matrix.NAME"),
        ("secrets.T.x", 9, ""),
        ("secrets.*", 7, "secrets.NAME"),
        ("run", 3, "run.id"),
        ("run.name", 3, "run.id"),
        ("env.HOME", 0, "env"),
        ("${{ params.x }}", 0, "write params.x"),
    ],
)
def test_no_reference(text: str, offset: int, hint: str) -> None:
    with pytest.raises(RefError) as caught:
        parse_reference(text)
    assert caught.value.offset == offset
    assert hint in caught.value.hint
    assert caught.value.message


@pytest.mark.parametrize("text", ["data/raw.csv", "*.csv", "a b", "", "s3://x", "a..b", "3.csv", "a.*.b"])
def test_what_does_not_look_like_a_reference(text: str) -> None:
    assert not looks_like_reference(text)


def ref(text: str) -> Ref:
    return parse_reference(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("cost $5 {{ x }}", "cost $5 {{ x }}"),
        ("${{ params.x }}", Text((ref("params.x"),))),
        ("${{params.x}}", Text((ref("params.x"),))),
        ("a ${{ run.id }} b", Text(("a ", ref("run.id"), " b"))),
        ("${{ item.a }}${{ item.b }}", Text((ref("item.a"), ref("item.b")))),
        ("$${{ params.x }}", "${{ params.x }}"),
        ("a $${{ x }} ${{ item }}.", Text(("a ${{ x }} ", ref("item"), "."))),
    ],
)
def test_a_text(text: str, expected: str | Text) -> None:
    assert parse_text(text) == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a ${{ params.x", 2),
        ("${{ }}", 0),
        ("${{ a | upper }}", 4),
        ("x ${{ params. }}", 13),
        ("${{ a + b }}", 4),
    ],
)
def test_a_wrong_text(text: str, offset: int) -> None:
    with pytest.raises(RefError) as caught:
        parse_text(text)
    assert caught.value.offset == offset


def test_references_are_light_to_import() -> None:
    code = "import sys, pipeline_runner.spec.reference; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("'pydantic'", "'yaml'", "'difflib'", "'blake3'"):
        assert heavy not in loaded
