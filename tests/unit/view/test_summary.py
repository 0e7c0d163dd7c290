"""The fold over events."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline_runner.model.event import (
    Event,
    InputsLost,
    RunFinished,
    RunStarted,
    StepExpanded,
    StepFinished,
    TaskFailed,
    TasksBlocked,
    TasksCancelled,
    TasksReused,
    TasksSkipped,
    TasksStarted,
    TasksSucceeded,
)
from pipeline_runner.view.summary import KEPT_FAILURES, Summary, fold

from .runs import NO_ROWS, all_reused, failing, left_out, mixed, stopped, trivial

NONE = {"succeeded": 0, "reused": 0, "skipped": 0, "failed": 0, "blocked": 0, "cancelled": 0}


@pytest.mark.parametrize(
    ("events", "counts", "status"),
    [
        ([], {}, ""),
        (all_reused(), {"reused": 12}, "succeeded"),
        (trivial(5), {"succeeded": 5}, "succeeded"),
        (mixed(), {"succeeded": 5, "reused": 3, "skipped": 1}, "succeeded"),
        (failing(), {"failed": 6, "succeeded": 4, "blocked": 2}, "failed"),
        (left_out(), {"failed": 1, "succeeded": 2}, "succeeded"),
        (stopped(), {"succeeded": 1, "cancelled": 1}, "cancelled"),
    ],
    ids=["nothing", "all reused", "trivial", "mixed", "failing", "left out", "stopped"],
)
def test_whole_runs(events: Sequence[Event], counts: dict[str, int], status: str) -> None:
    summary = fold(events)
    assert summary.counts == {**NONE, **counts}
    assert summary.status == status
    assert summary.total == sum(counts.values())
    assert all(not step.running for step in summary.steps.values())


def test_what_was_saved() -> None:
    assert fold(all_reused()).saved_s == 72.0


def test_a_large_fan_out_is_cheap_to_fold() -> None:
    many = 100_000
    summary = fold(
        [
            StepExpanded(0, "a", many, [str(n) for n in range(many)]),
            TasksReused(0, "a", range(many - 10), 5.0),
            TasksStarted(1, "a", range(many - 10, many), 1),
        ]
    )
    step = summary.steps["a"]
    assert (step.count("reused"), step.count("running"), step.done) == (many - 10, 10, many - 10)
    assert len(step.states) == many


@pytest.mark.parametrize("items", [(3, 1), [1, 3], range(1, 5, 2)])
def test_items_in_any_kind_of_sequence(items: Sequence[int]) -> None:
    summary = fold([StepExpanded(0, "a", 5, list("vwxyz")), TasksReused(0, "a", items, 0)])
    assert summary.counts["reused"] == 2
    assert summary.steps["a"].count("waiting") == 3
    assert [summary.steps["a"].states[i] for i in (1, 3)] == [summary.steps["a"].states[1]] * 2


def test_an_item_that_runs_again_counts_once() -> None:
    events = [
        StepExpanded(0, "a", 2, ["x", "y"]),
        TasksReused(0, "a", range(2), 4.0),
        StepFinished(0, "a", "reused"),
        InputsLost(1, "b", 0, ("a[y]",), True),
        TasksStarted(1, "a", (1,), 1, "stored result is damaged"),
    ]
    summary = fold(events)
    step = summary.steps["a"]
    assert (step.count("reused"), step.count("running"), step.state) == (1, 1, "")
    summary.apply(TasksSucceeded(2, "a", (1,), (1.0,)))
    assert summary.counts == {**NONE, "reused": 1, "succeeded": 1}


def test_a_retry_is_no_failure() -> None:
    summary = fold([StepExpanded(0, "a", 1, None), TasksStarted(0, "a", (0,), 1)])
    summary.apply(TaskFailed(1, "a", 0, 1, NO_ROWS, 1.0, 5.0))
    step = summary.steps["a"]
    assert (step.count("retrying"), step.count("failed"), step.active, step.done) == (1, 0, True, 0)
    assert summary.failures == []
    summary.apply(TasksStarted(6, "a", (0,), 2))
    assert (step.count("retrying"), step.count("running"), step.attempts) == (0, 1, {0: 2})
    summary.apply(TaskFailed(7, "a", 0, 2, NO_ROWS, 1.0))
    assert [(f.task, f.attempts) for f in summary.failures] == [("a", 2)]
    assert not step.active


def test_failures_beyond_a_bound_are_only_counted() -> None:
    many = KEPT_FAILURES + 50
    summary = fold([StepExpanded(0, "a", many, [str(n) for n in range(many)])])
    for n in range(many):
        summary.apply(TaskFailed(n, "a", n, 1, NO_ROWS, 0.0))
    assert (len(summary.failures), summary.failed, summary.count("failed")) == (KEPT_FAILURES, many, many)


def test_tolerated_failures_are_known() -> None:
    summary = fold(left_out())
    assert summary.tolerated == 1
    assert [f.task for f in summary.failures if f.tolerated] == ["train[b]"]


@pytest.mark.parametrize("state", ["skipped", "blocked", "cancelled"])
def test_a_fan_out_that_was_never_known_counts_as_one(state: str) -> None:
    summary = fold([StepFinished(0, "a", state)])
    assert summary.counts == {**NONE, state: 1}


def test_an_empty_fan_out_has_no_tasks() -> None:
    summary = fold([StepExpanded(0, "a", 0, []), StepFinished(0, "a", "succeeded")])
    assert summary.total == 0
    assert summary.steps["a"].total == 0


def test_how_many_is_unknown_until_it_is_expanded() -> None:
    summary = fold([RunStarted(0, "r", "p", ("a",), "loky", 1)])
    assert summary.steps["a"].total is None
    summary.apply(StepExpanded(0, "a", 7, list("abcdefg")))
    assert summary.steps["a"].total == 7


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (TasksSkipped(0, "a", (0,), ""), "skipped"),
        (TasksBlocked(0, "a", (0,), "b"), "blocked"),
        (TasksCancelled(0, "a", (0,)), "cancelled"),
    ],
)
def test_states_without_running(event: Event, state: str) -> None:
    assert fold([event]).counts == {**NONE, state: 1}


def test_times_of_a_step() -> None:
    summary = fold(
        [
            RunStarted(0, "r", "p", ("a",), "loky", 2, None, {"a": 3.0}),
            StepExpanded(0, "a", 4, list("wxyz")),
        ]
    )
    step = summary.steps["a"]
    assert step.elapsed(9) is None
    assert step.left(9, 2) == pytest.approx(6.0)  # 4 tasks of 3 s on two workers
    summary.apply(TasksStarted(1, "a", (0, 1), 1))
    assert step.elapsed(3) == 2
    assert step.left(3, 2) == pytest.approx(4.0)  # 2 s of each of the two are over
    summary.apply(TasksSucceeded(5, "a", (0, 1), (4.0, 4.0)))
    assert step.elapsed(9) == 4  # nothing of it runs now
    assert step.left(9, 2) == pytest.approx(4.0)  # what its tasks really take now counts
    assert step.left(9, 8) == pytest.approx(4.0)  # no more workers than tasks


def test_replay_rebuilds_the_summary() -> None:
    events = mixed()
    live = Summary()
    for event in events:
        live.apply(event)
    again = fold(events)
    assert (again.counts, again.saved_s, again.published, again.at) == (
        live.counts, live.saved_s, live.published, live.at,
    )  # fmt: skip
    assert again.status == RunFinished(0, "succeeded").status


def test_of_tiny_tasks_the_time_left_counts_what_is_around_them() -> None:
    summary = fold(
        [
            RunStarted(0.0, "r1", "p", ("a",), "loky", 2),
            StepExpanded(0.0, "a", 1000, [str(k) for k in range(1000)]),
            TasksStarted(0.0, "a", range(200), 1),
            TasksSucceeded(2.0, "a", range(100), [0.0] * 100),
        ]
    )
    assert summary.step("a").left(2.0, 2) == pytest.approx(18.0)
