"""``max_failures``: when it is enough, and what becomes of the rest."""

from __future__ import annotations

import pytest
from engine_kit import Hand, fan, follow, retry, step

from pipeline_runner.engine.tolerance import enough, how_many
from pipeline_runner.model.event import TaskFailed, TasksCancelled
from pipeline_runner.model.graph import Share


def opened(hand: Hand, count: int, started: int) -> None:
    """A fan-out ``f`` with so many items, of which so many run."""
    hand.begin()
    hand.expanded("f", count)
    hand.miss("f", *range(count))
    assert len(hand.slots(started)) == started


@pytest.mark.parametrize(
    ("limit", "count", "allowed"),
    [(3, 10, 3), (Share(10.0), 39, 3), (Share(10.0), 9, 0), (Share(100.0), 7, 7), (Share(29.0), 100, 29),
     (Share(2.3), 1000, 23), (Share(0.0), 100, 0)],
)  # fmt: skip
def test_a_share_is_rounded_down_and_exact(limit: int | Share, count: int, allowed: int) -> None:
    assert how_many(limit, count) == allowed


@pytest.mark.parametrize(
    ("on_error", "limit", "ending"), [("skip", 2, 3), ("skip", 0, 1), ("fail", 2, 2), ("fail", 0, 1)]
)
def test_with_skip_so_many_may_fail_and_without_it_ends_at_so_many(
    on_error: str, limit: int, ending: int
) -> None:
    made = fan("f", on_error=on_error, max_failures=limit)
    assert [enough(made, failed, 10) for failed in (ending - 1, ending)] == [False, True]


def test_without_a_limit_it_is_never_enough() -> None:
    assert not enough(fan("f"), 1000, 1000)


def test_one_more_than_may_fail_cancels_what_has_not_started() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=1), step("all", "f"))
    opened(hand, 6, 3)
    hand.fail("f", 0)
    assert hand.outcome("f") is None
    hand.fail("f", 1)
    assert hand.slots(4) == []
    assert hand.outcome("f") is None  # item 2 runs, and may end
    hand.done("f", 2)
    assert hand.tally("f") == {"succeeded": 1, "failed": 2, "cancelled": 3}
    assert hand.outcomes() == {"f": "failed", "all": "blocked"}
    assert hand.state.status == "failed"
    assert [e.reason for e in hand.seen(TasksCancelled)] == ["too many failed: 2 of 6"]


def test_as_many_as_may_fail_do_no_harm() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=2), step("all", "f"))
    opened(hand, 3, 3)
    hand.fail("f", 0)
    hand.fail("f", 1)
    assert hand.done("f", 2) == ["prepare all 0"]
    assert hand.outcome("f") == "succeeded"


def test_without_skip_the_rest_is_not_started() -> None:
    hand = Hand(fan("f", max_failures=2))
    opened(hand, 5, 2)
    hand.fail("f", 0)
    assert hand.slots(1) == ["start f 2 #1"]
    hand.fail("f", 1)
    assert hand.slots(2) == []
    hand.done("f", 2)
    assert hand.tally("f") == {"succeeded": 1, "failed": 2, "cancelled": 2}
    assert hand.outcome("f") == "failed"


def test_what_runs_is_not_tried_again_and_what_waits_for_its_time_is_cancelled() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=0, retry=retry(1, 60.0)))
    opened(hand, 3, 3)
    assert hand.fail("f", 0) == ["timer f 0 60.0"]
    assert hand.fail("f", 1) == ["timer f 1 60.0"]
    hand.timer("f", 1)
    assert hand.slots(1) == ["start f 1 #2"]
    hand.fail("f", 1)  # for good
    assert hand.timer("f", 0) == []
    assert hand.fail("f", 2) == []
    assert hand.tally("f") == {"failed": 2, "cancelled": 1}
    assert hand.state.finished
    assert [e.retry_in for e in hand.seen(TaskFailed)] == [60.0, 60.0, None, None]


def test_a_batch_that_comes_back_undone_is_cancelled() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=0))
    opened(hand, 2, 2)
    hand.fail("f", 0)
    assert hand.undone("f", 1) == []
    assert hand.tally("f") == {"failed": 1, "cancelled": 1}


def test_items_that_cannot_be_bound_count_too() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=1))
    hand.begin()
    hand.expanded("f", 4)
    from engine_kit import BOOM

    hand.prepared("f", failed=[(0, BOOM), (1, BOOM)], misses=[2, 3])
    assert hand.slots(4) == []
    assert hand.tally("f") == {"failed": 2, "cancelled": 2}


def test_what_follows_cancelled_items_is_blocked_and_the_rest_of_it_runs() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=0), follow("g", "f"))
    opened(hand, 3, 2)
    hand.expanded("g", 3)
    assert hand.done("f", 0) == ["prepare g 0"]
    hand.fail("f", 1)
    hand.run("g", 0)
    assert hand.tally("g") == {"succeeded": 1, "skipped": 1, "blocked": 1}


def test_who_waits_for_an_equal_task_that_is_cancelled_computes_it_himself() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=0), step("other"))
    opened(hand, 2, 1)
    hand.prepared("other", same=[(0, ("f", 1))])
    assert hand.fail("f", 0) == ["prepare other 0"]


def test_with_fail_fast_giving_up_stops_the_run() -> None:
    hand = Hand(fan("f", on_error="skip", max_failures=0), step("other"), fail_fast=True)
    opened(hand, 2, 1)
    hand.fail("f", 0)
    assert hand.outcomes() == {"f": "failed", "other": "cancelled"}
