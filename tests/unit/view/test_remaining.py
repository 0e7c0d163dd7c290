"""How long the whole run will still take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from pipeline_runner.model.event import (
    RunStarted,
    StepExpanded,
    StepFinished,
    TasksReused,
    TasksStarted,
    TasksSucceeded,
)
from pipeline_runner.view.remaining import remaining, time_left
from pipeline_runner.view.summary import Summary, fold


def begun(
    seconds: Mapping[str, float],
    needs: Mapping[str, Sequence[str]],
    *,
    steps: Sequence[str] = ("a", "b", "c"),
    workers: int = 2,
    tasks: Mapping[str, int] | None = None,
) -> Summary:
    known = dict.fromkeys(steps, 1) if tasks is None else tasks
    return fold([RunStarted(0.0, "r", "p", tuple(steps), "loky", workers, None, seconds, known, needs)])


TIMES = {"a": 10.0, "b": 20.0, "c": 30.0}


@pytest.mark.parametrize(
    ("needs", "workers", "expected"),
    [
        ({"b": ["a"], "c": ["b"]}, 2, 60.0),  # one after another
        ({}, 1, 60.0),  # all on one worker
        ({}, 2, 30.0),
        ({}, 8, 30.0),  # the longest
        ({"c": ["a"]}, 2, 40.0),
    ],
)
def test_the_longest_path_or_the_work(
    needs: Mapping[str, Sequence[str]], workers: int, expected: float
) -> None:
    assert remaining(begun(TIMES, needs, workers=workers), 0.0) == (pytest.approx(expected), True)


def test_it_shrinks_as_the_run_goes_on() -> None:
    summary = begun(TIMES, {"b": ["a"], "c": ["b"]})
    for event in (StepExpanded(0.0, "a", 1, None), TasksStarted(0.0, "a", (0,), 1)):
        summary.apply(event)
    assert remaining(summary, 4.0).seconds == pytest.approx(56.0)
    assert remaining(summary, 99.0).seconds == pytest.approx(50.0)  # longer than it used to take
    for event in (TasksSucceeded(12.0, "a", (0,), (12.0,)), StepFinished(12.0, "a", "succeeded")):
        summary.apply(event)
    assert time_left(summary, 12.0) == "about 50 s left"
    for event in (StepExpanded(12.0, "b", 1, None), TasksReused(12.0, "b", (0,), 20.0)):
        summary.apply(event)
    assert remaining(summary, 12.0).seconds == pytest.approx(30.0)
    summary.apply(StepFinished(13.0, "c", "reused"))
    assert time_left(summary, 13.0) == ""


def test_a_fan_out_is_shared_among_the_workers() -> None:
    summary = begun({"a": 10.0}, {}, steps=("a",), workers=4, tasks={"a": 8})
    assert remaining(summary, 0.0).seconds == pytest.approx(20.0)  # as many as last time
    summary.apply(StepExpanded(0.0, "a", 100, [str(k) for k in range(100)]))
    assert remaining(summary, 0.0).seconds == pytest.approx(250.0)
    summary.apply(TasksReused(0.0, "a", range(96), 1.0))
    assert remaining(summary, 0.0).seconds == pytest.approx(10.0)


def test_what_is_not_known_makes_it_longer() -> None:
    summary = begun({"a": 10.0, "b": 20.0}, {})
    assert remaining(summary, 0.0) == (20.0, False)
    assert time_left(summary, 0.0) == "at least 20 s left"
    summary.apply(StepFinished(0.0, "c", "skipped"))
    assert time_left(summary, 0.0) == "about 20 s left"
    assert remaining(begun(TIMES, {}, tasks={"a": 1, "b": 1}), 0.0) == (20.0, False)  # how many of c?
    assert time_left(begun({}, {}), 0.0) == ""
