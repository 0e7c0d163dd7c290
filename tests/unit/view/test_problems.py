"""Problems as text."""

from __future__ import annotations

import subprocess
import sys

from pipeline_runner.errors import Place, Problem
from pipeline_runner.view.problems import render, render_one


def at(text: str, column: int) -> Place:
    return Place("p.yaml", 3, column, text)


def test_a_problem_with_a_place() -> None:
    problem = Problem("unknown-key", "unknown key 'x'", at("  x: 1", 3), "did you mean 'y'?")
    assert render_one(problem).split("\n") == [
        "p.yaml:3:3: error: unknown key 'x'",
        "      x: 1",
        "      ^",
        "  hint: did you mean 'y'?",
    ]


def test_a_problem_without_a_place() -> None:
    assert (
        render([Problem("a", "no file"), Problem("b", "old", severity="warning")])
        == "error: no file\nwarning: old"
    )


def test_the_caret_stands_under_its_character() -> None:
    for text, column in [("日本: x", 5), ("a\tb: x", 3), ("é: x", 4), ("x" * 300 + "!" + "y" * 300, 301)]:
        _, line, caret = render_one(Problem("a", "m", at(text, column))).split("\n")
        shown = "".join(char * (2 if char in "日本" else 1) for char in line)
        assert shown[caret.index("^")] == text[column - 1]
        assert len(line) <= 104


def test_the_caret_behind_the_end() -> None:
    _, line, caret = render_one(Problem("a", "m", at("a: [1", 6))).split("\n")
    assert caret.index("^") == len(line)


def test_control_characters_never_reach_the_terminal() -> None:
    shown = render_one(Problem("a", "m\x1b[31m", at("a: \x1b]0;x\x07", 1), "h\x1b"))
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_colour() -> None:
    problem = Problem("a", "m", at("a: b", 1), "h")
    shown = render_one(problem, colour=True)
    assert "\x1b[" in shown
    assert "\x1b[" not in render_one(problem)


def test_rich_is_not_loaded() -> None:
    code = "import sys, pipeline_runner.view.problems; print('rich' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
    )
