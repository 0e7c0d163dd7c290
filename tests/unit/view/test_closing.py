"""The last words of a run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline_runner.model.event import Event, RunFinished, RunStarted
from pipeline_runner.view.closing import closing, headline
from pipeline_runner.view.style import PLAIN
from pipeline_runner.view.summary import fold

from .runs import all_reused, failing, left_out, mixed, stopped


@pytest.mark.parametrize(
    ("events", "line"),
    [
        (all_reused(), "12 tasks: all reused, nothing run (saved 1m 12s) in 200 ms"),
        (mixed(), "9 tasks: 5 run, 3 reused (saved 45.0 s), 1 skipped in 10.0 s"),
        (failing(), "FAILED 12 tasks: 6 failed, 2 blocked, 4 run in 2.1 s"),
        (stopped(), "CANCELLED 2 tasks: 1 cancelled, 1 run in 1.0 s"),
        (
            [RunStarted(0, "r", "p", (), "loky", 1), RunFinished(0.1, "succeeded")],
            "Nothing to run: no tasks, in 100 ms",
        ),
    ],
)
def test_headline(events: Sequence[Event], line: str) -> None:
    assert headline(fold(events), PLAIN) == line


def test_failures_come_last_with_what_to_do() -> None:
    lines = closing(fold(failing()), PLAIN)
    assert lines[1].split() == ["train[0,x]", "churn/model.py:14", "ValueError:", "no", "rows", "left"]
    assert "5 more like it" in lines[2]
    assert lines[3] == 'What it printed: prun logs "train[0,x]"'
    assert lines[4] == "When mended, prun run reuses what succeeded"


def test_items_left_out_are_named_though_the_run_succeeded() -> None:
    lines = closing(fold(left_out()), PLAIN)
    assert lines[1] == "1 failed item left out (on_error: skip):"
    assert lines[2].split()[0] == "train[b]"
    assert not any("When mended" in line for line in lines)


def test_a_stopped_run_says_how_to_go_on() -> None:
    assert closing(fold(stopped()), PLAIN)[-1] == "What finished is kept, prun run goes on from there"


def test_the_headline_becomes_shorter_rather_than_wrap() -> None:
    summary = fold(mixed())
    assert closing(summary, PLAIN, 50)[0] == "9 tasks: 5 run, 3 reused, 1 skipped in 10.0 s"
