"""Why a task runs, in words."""

from __future__ import annotations

import pytest

from pipeline_runner.model.decision import REASON_KINDS, Reason
from pipeline_runner.view.reasons import common_reasons, reason_words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("new"), "new"),
        (Reason("code", "m:f", "m.py:14"), "code changed: m:f (m.py:14)"),
        (Reason("param", "params.n", "1 -> 2"), "params.n: 1 -> 2"),
        (Reason("input", "clean"), "clean changed"),
        (Reason("file", "data/a.csv"), "data/a.csv changed"),
        (Reason("package", "pandas", "2.1 -> 2.2"), "pandas: 2.1 -> 2.2"),
        (Reason("python", "", "3.11 -> 3.12"), "Python: 3.11 -> 3.12"),
        (Reason("version", "", "1 -> 2"), "cache.version: 1 -> 2"),
        (Reason("forced"), "forced"),
        (Reason("cache-off"), "cache: false"),
        (Reason("missing"), "stored result is missing"),
        (Reason("corrupt"), "stored result is damaged"),
    ],
)
def test_words(reason: Reason, words: str) -> None:
    assert reason_words(reason) == words


@pytest.mark.parametrize("kind", REASON_KINDS)
def test_every_kind_has_words_without_details(kind: str) -> None:
    words = reason_words(Reason(kind))
    assert words
    assert words == words.strip()
    assert "()" not in words


def test_values_cannot_break_the_line() -> None:
    assert "\n" not in reason_words(Reason("param", "params.x", "a\nb -> \x1b[31m"))


def test_the_commonest_come_first() -> None:
    tasks = [(Reason("new"),)] * 2 + [(Reason("code", "m:f"),)] * 3 + [(Reason("code", "m:f"), Reason("new"))]
    assert common_reasons(tasks) == "code changed: m:f (4 of 6); new (3 of 6)"
    assert common_reasons([(Reason("new"),)] * 6) == "new"
    assert common_reasons([()]) == ""


def test_what_is_left_out_is_counted() -> None:
    reasons = tuple(Reason("param", f"params.p{i}") for i in range(5))
    assert common_reasons([reasons[:4]]).endswith("; 1 more reason")
    assert common_reasons([reasons]).endswith("; 2 more reasons")
