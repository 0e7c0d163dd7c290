"""Syntax that came with later Pythons: what it reaches counts, and nothing of it is an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline_runner.keys.code import CodeIndex
from pipeline_runner.model.work import Project

HELPER = "def helper(): return 1\n"
EDIT = ("return 1", "return 2")

ROWS = {  # since, name: text, edit, whether it changes what `run` does
    ((3, 11), "except*"): (
        HELPER + "def run():\n    try: ...\n    except* ValueError: helper()\n",
        EDIT,
        True,
    ),
    ((3, 12), "a type alias that is read"): (
        HELPER + "type A = list[helper()]\ndef run(): return A.__value__\n",
        EDIT,
        True,
    ),
    ((3, 12), "a type alias that nothing reads"): (
        "type A = int\ndef run(): return 5\n",
        ("int", "str"),
        False,
    ),
    ((3, 12), "the bound of a class, for those who look at it"): (
        "class B: x = 1\nclass Box[T: B]: ...\ndef run(): return Box.__type_params__[0].__bound__.x\n",
        ("x = 1", "x = 2"),
        True,
    ),
    ((3, 12), "the bound of a decorated function"): (
        "import some\nclass B: x = 1\n@some.where\ndef run[T: B](a: T): return a\n",
        ("x = 1", "x = 2"),
        True,
    ),
    ((3, 12), "a type parameter hides a global"): (
        "T = 1\ndef run[T](a: T): return T\n",
        ("T = 1", "T = 2"),
        False,
    ),
    ((3, 12), "f-strings in f-strings"): (
        HELPER + 'def run(): return f"{f"{helper()}"}"\n',
        EDIT,
        True,
    ),
    ((3, 12), "a comment in an f-string"): (
        'def run(): return f"{\n1 # one\n}"\n',
        ("# one", "# two"),
        False,
    ),
    ((3, 13), "the default of a type parameter"): (
        "class D: x = 1\nclass Box[T = D]: ...\ndef run(): return Box.__type_params__[0].__default__.x\n",
        ("x = 1", "x = 2"),
        True,
    ),
    ((3, 14), "template strings"): (HELPER + 'def run(): return t"{helper()} a"\n', EDIT, True),
    ((3, 14), "the text of template strings"): ('def run(): return t"{1} a"\n', ("} a", "} b"), True),
    ((3, 14), "the format of template strings"): (
        HELPER + 'def run(): return t"{1:{helper()}}"\n',
        EDIT,
        True,
    ),
    ((3, 14), "exceptions without parentheses"): (
        HELPER + "def run():\n    try: ...\n    except ValueError, KeyError: helper()\n",
        EDIT,
        True,
    ),
    ((3, 14), "annotations that are evaluated late"): (
        "class C:\n    a: Later\nclass Later: x = 1\ndef run(): return C\n",
        ("x = 1", "x = 2"),
        True,
    ),
}


@pytest.mark.parametrize(
    ("text", "edit", "changes"),
    [
        pytest.param(*row, id=name, marks=pytest.mark.skipif(sys.version_info < since, reason="newer syntax"))
        for (since, name), row in ROWS.items()
    ],
)
def test_edit(text: str, edit: tuple[str, str], changes: bool, tmp_path: Path) -> None:
    def fingerprint() -> str:
        return CodeIndex(Project(str(tmp_path), (str(tmp_path),))).fingerprint("app:run").digest

    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    before = fingerprint()
    assert text.count(edit[0]) == 1
    (tmp_path / "app.py").write_text(text.replace(*edit), encoding="utf-8")
    assert (fingerprint() != before) is changes


def test_a_kind_of_node_that_nobody_knows_is_walked_like_any_other(tmp_path: Path, monkeypatch) -> None:
    import ast

    from pipeline_runner.keys.code import normal

    class NewKind(ast.expr):
        _fields = ("value", "extra")

    def tokens(extra: str) -> list[str]:
        node = NewKind(value=ast.parse("helper()", mode="eval").body, extra=extra)
        return normal.Normal(node).core

    assert "helper" in tokens("a")
    assert tokens("a") != tokens("b")
