"""The state machine as tables: what it is told, what it asks for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine_kit import BOOM, Hand, fan, follow, retry, step

from pipeline_runner.engine import messages as m
from pipeline_runner.engine.losses import MAX_LOSSES
from pipeline_runner.model.event import (
    InputsLost,
    StepExpanded,
    StepFinished,
    TaskFailed,
    TasksBlocked,
    TasksReused,
    TasksSkipped,
    TasksStarted,
)
from pipeline_runner.model.graph import ForEach, Input, Ref, Step
from pipeline_runner.model.outcome import ErrorInfo

GATHERED = Ref("step", "f", (), False, "f")
ITEM = Ref("item", "", (), False, "item")


def named_by_key(name: str, followed: str) -> Step:
    found = follow(name, followed)
    assert isinstance(found.fanout, ForEach)
    return found._replace(fanout=found.fanout._replace(key=ITEM))


# ---- plain steps -----------------------------------------------------------------------------------


def test_a_chain_runs_one_step_after_the_other() -> None:
    hand = Hand(step("a"), step("b", "a"))
    assert hand.begin() == ["prepare a 0"]
    assert hand.miss("a") == []
    assert hand.slots(2) == ["start a 0 #1"]
    assert hand.done("a") == ["prepare b 0"]
    assert hand.hit("b") == []
    assert hand.state.finished
    assert hand.state.status == "succeeded"
    assert [(e.step, e.state) for e in hand.seen(StepFinished)] == [("a", "succeeded"), ("b", "reused")]


def test_a_diamond_waits_for_both_sides() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))
    hand.begin()
    assert hand.hit("a") == ["prepare b 0", "prepare c 0"]
    assert hand.run("b") == []
    assert hand.run("c") == ["prepare d 0"]


def test_the_longest_remaining_path_goes_first() -> None:
    hand = Hand(
        step("short"), step("long"), step("after", "long"), seconds={"short": 5, "long": 3, "after": 4}
    )
    hand.begin()
    hand.miss("short")
    hand.miss("long")
    assert hand.slots(1) == ["start long 0 #1"]
    assert hand.slots(1) == ["start short 0 #1"]


def test_no_more_batches_than_slots() -> None:
    hand = Hand(fan("f"))
    hand.begin()
    hand.expanded("f", 5)
    hand.miss("f", 0, 1, 2, 3, 4)
    assert hand.slots(2) == ["start f 0 #1", "start f 1 #1"]
    assert hand.slots(0) == []


def test_a_failed_step_blocks_what_needs_it_and_nothing_else() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "b"), step("other"))
    hand.begin()
    hand.hit("other")
    hand.miss("a")
    hand.slots()
    assert hand.fail("a") == []
    assert hand.outcomes() == {"a": "failed", "b": "blocked", "c": "blocked", "other": "succeeded"}
    assert [(e.step, e.by) for e in hand.seen(TasksBlocked)] == [("b", "a"), ("c", "b")]
    assert hand.state.status == "failed"


def test_a_false_when_skips_and_trigger_rules_decide_below() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "a", trigger_rule="none_failed"))
    hand.begin()
    assert hand.prepared("a", skipped=[0]) == ["prepare c 0"]
    hand.hit("c")
    assert hand.outcomes() == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert [(e.step, e.reason) for e in hand.seen(TasksSkipped)] == [
        ("a", "when is false"),
        ("b", "a was skipped"),
    ]
    assert hand.state.status == "succeeded"


def test_what_cannot_be_bound_fails_without_being_started() -> None:
    hand = Hand(step("a"), step("b", "a"))
    hand.begin()
    hand.prepared("a", failed=[(0, ErrorInfo("input", "no such key"))])
    assert hand.outcomes() == {"a": "failed", "b": "blocked"}
    assert hand.seen(TasksStarted) == []


# ---- retries ---------------------------------------------------------------------------------------


def test_a_failed_attempt_is_tried_again_after_its_delay() -> None:
    hand = Hand(step("a", retry=retry(1, 5.0)))
    hand.begin()
    hand.miss("a")
    hand.slots()
    assert hand.fail("a") == ["timer a 0 5.0"]
    assert hand.slots(4) == []  # not before its time
    assert hand.timer("a") == []
    assert hand.slots() == ["start a 0 #2"]
    assert hand.fail("a") == []
    assert hand.outcome("a") == "failed"
    assert [(e.attempt, e.retry_in) for e in hand.seen(TaskFailed)] == [(1, 5.0), (2, None)]


def test_a_retried_item_goes_to_a_worker_by_itself() -> None:
    hand = Hand(fan("f", retry=retry(1)), seconds={"f": 0.001})
    hand.begin()
    hand.expanded("f", 4)
    hand.miss("f", 0, 1, 2, 3)
    assert hand.slots(1) == ["start f 0,1 #1"]
    hand.tell(m.BatchEnded(0.0, "f"))
    hand.tell(m.ItemFailed(0.0, "f", 0, BOOM, 0.1))
    hand.tell(m.BatchSucceeded(0.0, "f", [1], [0.001]))
    hand.timer("f", 0)
    starts = hand.slots(9)
    assert "start f 0 #2" in starts
    assert all("#1" in s for s in starts if s != "start f 0 #2")


def test_a_timer_of_something_cancelled_does_nothing() -> None:
    hand = Hand(step("a", retry=retry(1, 5.0)))
    hand.begin()
    hand.miss("a")
    hand.slots()
    hand.fail("a")
    hand.stop()
    assert hand.timer("a") == []
    assert hand.outcome("a") == "cancelled"


# ---- fan-outs --------------------------------------------------------------------------------------


def test_a_fan_out_is_expanded_then_prepared_at_once() -> None:
    hand = Hand(step("a"), fan("f", "a"), step("g", "f"))
    hand.begin()
    assert hand.hit("a") == ["expand f"]
    assert hand.expanded("f", 3) == ["prepare f 0,1,2"]
    assert hand.hit("f", 0, 2) == []
    assert hand.run("f", 1) == ["prepare g 0"]
    assert hand.tally("f") == {"reused": 2, "succeeded": 1}


def test_an_empty_fan_out_is_fine() -> None:
    hand = Hand(fan("f"), follow("g", "f"), step("h", "g"))
    hand.begin()
    assert hand.expanded("f", 0) == ["expand g"]
    assert hand.expanded("g", 0) == ["prepare h 0"]
    hand.hit("h")
    assert hand.state.status == "succeeded"


def test_item_by_item_there_is_no_barrier() -> None:
    hand = Hand(fan("f"), follow("g", "f"))
    hand.begin()
    assert hand.expanded("f", 3) == ["prepare f 0,1,2", "expand g"]
    assert hand.expanded("g", 3) == []
    assert hand.hit("f", 1) == ["prepare g 1"]
    hand.hit("g", 1)
    assert hand.outcome("g") is None
    assert hand.hit("f", 0, 2) == ["prepare g 0,2"]


def test_items_final_before_the_follower_is_expanded_are_not_forgotten() -> None:
    hand = Hand(fan("f"), step("late"), follow("g", "f", "late"))
    hand.begin()
    hand.expanded("f", 2)
    hand.hit("f", 0)
    assert hand.hit("late") == ["expand g"]
    hand.hit("f", 1)
    assert hand.expanded("g", 2) == ["prepare g 0,1"]


def test_a_follower_that_gathers_the_other_too_waits_for_all_of_it() -> None:
    whole = follow("g", "f")
    whole = whole._replace(args={**whole.args, "all": Input(GATHERED)})
    hand = Hand(fan("f"), whole)
    hand.begin()
    assert hand.expanded("f", 2) == ["prepare f 0,1"]
    assert hand.hit("f", 0) == []
    assert hand.hit("f", 1) == ["expand g"]
    assert hand.expanded("g", 2) == ["prepare g 0,1"]


def test_needs_on_the_followed_fan_out_is_a_barrier() -> None:
    hand = Hand(fan("f"), follow("g", "f", after=("f",)))
    hand.begin()
    assert hand.expanded("f", 2) == ["prepare f 0,1"]
    hand.hit("f", 0)
    assert hand.hit("f", 1) == ["expand g"]


def test_names_by_key_wait_for_all_items() -> None:
    hand = Hand(fan("f"), named_by_key("g", "f"))
    hand.begin()
    assert hand.expanded("f", 2) == ["prepare f 0,1"]
    assert hand.hit("f", 0, 1) == ["expand g"]


def test_a_failed_item_blocks_the_item_that_follows_and_the_gatherer() -> None:
    hand = Hand(fan("f"), follow("g", "f"), step("h", "g"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 2)
    hand.miss("f", 0, 1)
    hand.slots(2)
    assert hand.fail("f", 0) == []
    assert hand.done("f", 1) == ["prepare g 1"]
    hand.hit("g", 1)
    assert hand.tally("g") == {"blocked": 1, "reused": 1}
    assert hand.outcomes() == {"f": "failed", "g": "blocked", "h": "blocked"}


def test_on_error_skip_leaves_the_item_out_and_the_run_succeeds() -> None:
    hand = Hand(fan("f", on_error="skip"), follow("g", "f"), step("h", "g"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 2)
    hand.miss("f", 0, 1)
    hand.slots(2)
    hand.fail("f", 0)
    assert hand.done("f", 1) == ["prepare g 1"]
    assert hand.hit("g", 1) == ["prepare h 0"]
    hand.hit("h")
    assert hand.tally("f") == {"failed": 1, "succeeded": 1}
    assert hand.tally("g") == {"skipped": 1, "reused": 1}
    assert hand.state.status == "succeeded"
    assert [e.tolerated for e in hand.seen(TaskFailed)] == [True]


def test_if_all_items_failed_the_step_fails_whatever_on_error_says() -> None:
    hand = Hand(fan("f", on_error="skip"), follow("g", "f"), step("h", "g"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 2)
    hand.miss("f", 0, 1)
    hand.slots(2)
    hand.fail("f", 0)
    hand.fail("f", 1)
    assert hand.outcomes() == {"f": "failed", "g": "blocked", "h": "blocked"}
    assert hand.tally("g") == {"skipped": 2}


def test_a_fan_out_whose_need_failed_is_named_and_blocked() -> None:
    hand = Hand(step("a"), fan("f", "a"))
    hand.begin()
    assert hand.prepared("a", failed=[(0, BOOM)]) == ["name f"]
    hand.expanded("f", 2)
    assert hand.tally("f") == {"blocked": 2}
    assert hand.state.finished


@pytest.mark.parametrize("total", [None, 0])
def test_one_that_cannot_be_named_or_is_empty_is_blocked_as_one(total: int | None) -> None:
    hand = Hand(step("a"), fan("f", "a"))
    hand.begin()
    hand.prepared("a", failed=[(0, BOOM)])
    hand.expanded("f", total)
    assert hand.tally("f") == {"blocked": 1}
    assert [e.step for e in hand.seen(StepExpanded)] == ["a"]


def test_a_whole_fan_outs_when_is_false() -> None:
    hand = Hand(fan("f"), follow("g", "f"), step("h", "f", trigger_rule="all_done"))
    hand.begin()
    assert hand.tell(m.WhenFalse(0.0, "f")) == ["name f"]
    assert hand.expanded("f", 2) == ["name g", "prepare h 0"]
    hand.expanded("g", 2)
    hand.hit("h")
    assert hand.outcomes() == {"f": "skipped", "g": "skipped", "h": "succeeded"}


def test_a_list_that_is_none_fails_the_fan_out() -> None:
    hand = Hand(fan("f"), follow("g", "f"), step("h", "g"))
    hand.begin()
    assert hand.tell(m.ExpandFailed(0.0, "f", BOOM)) == ["name g"]
    hand.expanded("g", None)
    assert hand.outcomes() == {"f": "failed", "g": "blocked", "h": "blocked"}


def test_a_follower_may_run_for_the_failed_items_alone() -> None:
    hand = Hand(fan("f"), follow("g", "f", trigger_rule="one_failed"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 2)
    hand.hit("f", 0)
    assert hand.prepared("f", failed=[(1, BOOM)]) == ["prepare g 1"]
    assert hand.tally("g") == {"skipped": 1}


@pytest.mark.parametrize("length", [3, 3000])
def test_a_long_chain_of_followers_is_no_recursion(length: int) -> None:
    names = [f"s{i}" for i in range(length)]
    hand = Hand(fan("s0"), *(follow(b, a) for a, b in pairwise(names)))
    hand.begin()
    for name in names:
        hand.expanded(name, 2)
    hand.prepared("s0", failed=[(0, BOOM), (1, BOOM)])
    assert set(hand.outcomes().values()) == {"failed", "blocked"}
    assert hand.state.finished


# ---- limits and batches ----------------------------------------------------------------------------


def test_max_parallel_limits_the_batches_at_work() -> None:
    hand = Hand(fan("f", max_parallel=2))
    hand.begin()
    hand.expanded("f", 4)
    hand.miss("f", 0, 1, 2, 3)
    assert hand.slots(4) == ["start f 0 #1", "start f 1 #1"]
    assert hand.slots(4) == []
    hand.done("f", 0)
    assert hand.slots(4) == ["start f 2 #1"]


def test_tiny_tasks_go_in_batches_once_their_pace_is_known() -> None:
    hand = Hand(fan("f"), workers=2)
    hand.begin()
    hand.expanded("f", 101)
    hand.miss("f", *range(101))
    assert hand.slots(1) == ["start f 0 #1"]
    hand.done("f", 0, seconds=0.001)
    assert hand.slots(1) == ["start f " + ",".join(map(str, range(1, 26))) + " #1"]


def test_a_batch_that_comes_back_undone_goes_one_by_one() -> None:
    hand = Hand(fan("f"), seconds={"f": 0.001})
    hand.begin()
    hand.expanded("f", 4)
    hand.miss("f", 0, 1, 2, 3)
    assert hand.slots(1) == ["start f 0,1 #1"]
    hand.undone("f", 0, 1)
    starts = hand.slots(9)
    assert {"start f 0 #1", "start f 1 #1"} < set(starts)  # and no attempt is counted


# ---- equal keys ------------------------------------------------------------------------------------


def test_equal_keys_are_computed_once() -> None:
    hand = Hand(step("a"), step("b"))
    hand.begin()
    hand.miss("a")
    assert hand.prepared("b", same=[(0, ("a", 0))]) == []
    assert hand.slots(2) == ["start a 0 #1"]
    assert hand.done("a") == ["prepare b 0"]
    hand.hit("b")
    assert len(hand.seen(TasksReused)) == 1


def test_one_that_would_wait_for_a_task_given_up_meanwhile_is_looked_up_again() -> None:
    hand = Hand(fan("f", max_failures=0), fan("g"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 1)
    hand.miss("f", 0, 1)
    hand.slots(1)
    hand.fail("f", 0)  # and f[1], which g[0] has just been found to be equal to, is given up
    assert hand.tally("f") == {"failed": 1, "cancelled": 1}
    assert hand.prepared("g", same=[(0, ("f", 1))]) == ["prepare g 0"]
    hand.run("g", 0)
    assert hand.tally("g") == {"succeeded": 1}


def test_if_the_one_that_computes_fails_the_others_try_themselves() -> None:
    hand = Hand(fan("f"))
    hand.begin()
    hand.expanded("f", 2)
    hand.prepared("f", misses=[0], same=[(1, ("f", 0))])
    hand.slots(2)
    assert hand.fail("f", 0) == ["prepare f 1"]


# ---- lost inputs -----------------------------------------------------------------------------------


def test_a_lost_input_runs_its_producer_again_then_the_reader() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "a"))
    hand.begin()
    hand.hit("a")
    hand.miss("b")
    hand.slots()
    assert hand.lost("b", 0, ("a", 0)) == ["again a 0"]
    assert hand.outcome("a") is None
    assert hand.run("a") == ["prepare b 0"]
    hand.miss("b")
    assert hand.slots() == ["start b 0 #1"]  # no attempt is counted
    hand.done("b")
    hand.hit("c")
    assert hand.state.status == "succeeded"
    assert hand.tally("a") == {"succeeded": 1}


def test_a_lost_item_is_named_by_its_key() -> None:
    hand = Hand(fan("f"), step("b", "f"))
    hand.begin()
    hand.expanded("f", 2)
    hand.hit("f", 0, 1)
    hand.miss("b")
    hand.slots()
    assert hand.lost("b", 0, ("f", 1)) == ["again f 1"]
    assert [e.producers for e in hand.seen(InputsLost)] == [("f[1]",)]


def test_a_step_not_yet_begun_waits_for_what_is_revived() -> None:
    hand = Hand(step("a"), step("slow"), step("b", "a"), step("c", "a", "slow"))
    hand.begin()
    hand.hit("a")
    hand.miss("b")
    hand.slots()
    hand.lost("b", 0, ("a", 0))
    assert hand.hit("slow") == []
    assert hand.run("a") == ["prepare b 0", "prepare c 0"]


def test_a_loss_while_items_are_found_begins_anew() -> None:
    hand = Hand(step("a"), fan("f", "a"))
    hand.begin()
    hand.hit("a")
    assert hand.lost("f", -1, ("a", 0), running=False) == ["again a 0"]
    assert hand.lost("f", -1, ("a", 0), running=False) == []  # a second list of the same split
    assert hand.run("a") == ["expand f"]


def test_a_loss_while_a_follower_finds_its_names_waits_for_the_followed() -> None:
    hand = Hand(fan("f"), named_by_key("g", "f"))
    hand.begin()
    hand.expanded("f", 2)
    assert hand.hit("f", 0, 1) == ["expand g"]
    assert hand.lost("g", -1, ("f", 0), running=False) == ["again f 0"]
    assert hand.run("f", 0) == ["expand g"]


def test_a_chain_of_losses_is_computed_from_its_start() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "b"))
    hand.begin()
    hand.hit("a")
    hand.hit("b")
    hand.miss("c")
    hand.slots()
    assert hand.lost("c", 0, ("b", 0)) == ["again b 0"]
    assert hand.lost("b", 0, ("a", 0), running=False) == ["again a 0"]
    assert hand.run("a") == ["again b 0"]  # what is stored of b is lost still
    assert hand.run("b") == ["prepare c 0"]


def test_two_readers_of_one_loss_run_the_producer_once() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "a"))
    hand.begin()
    hand.hit("a")
    hand.miss("b")
    hand.miss("c")
    hand.slots(2)
    assert hand.lost("b", 0, ("a", 0)) == ["again a 0"]
    assert hand.lost("c", 0, ("a", 0)) == []
    assert hand.run("a") == ["prepare b 0", "prepare c 0"]


def test_a_reader_of_two_losses_waits_for_both() -> None:
    hand = Hand(step("a"), step("b"), step("c", "a", "b"))
    hand.begin()
    hand.hit("a")
    hand.hit("b")
    hand.miss("c")
    hand.slots()
    assert hand.lost("c", 0, ("a", 0), ("b", 0)) == ["again a 0", "again b 0"]
    assert hand.run("a") == []
    assert hand.run("b") == ["prepare c 0"]


def test_if_the_revived_producer_fails_its_readers_are_blocked() -> None:
    hand = Hand(step("a"), step("b", "a"))
    hand.begin()
    hand.hit("a")
    hand.miss("b")
    hand.slots()
    hand.lost("b", 0, ("a", 0))
    hand.miss("a")
    hand.slots()
    hand.fail("a")
    assert hand.outcomes() == {"a": "failed", "b": "blocked"}


def test_a_producer_that_was_revived_in_vain_is_not_tried_for_each_reader() -> None:
    hand = Hand(step("a"), step("b", "a"), step("c", "a"))
    hand.begin()
    hand.hit("a")
    hand.miss("b")
    hand.miss("c")
    hand.slots(2)
    hand.lost("b", 0, ("a", 0))
    hand.miss("a")
    hand.slots()
    hand.fail("a")
    assert hand.lost("c", 0, ("a", 0)) == []
    assert hand.outcomes() == {"a": "failed", "b": "blocked", "c": "blocked"}


def test_what_is_lost_again_and_again_is_given_up() -> None:
    hand = Hand(step("a"), step("b", "a"))
    hand.begin()
    hand.hit("a")
    for _ in range(MAX_LOSSES):
        hand.miss("b")
        hand.slots()
        assert hand.lost("b", 0, ("a", 0)) == ["again a 0"]
        hand.run("a")
    hand.miss("b")
    hand.slots()
    assert hand.lost("b", 0, ("a", 0)) == []
    assert hand.outcomes() == {"a": "succeeded", "b": "failed"}


def test_any_number_of_results_may_be_found_lost_one_by_one() -> None:
    hand = Hand(fan("f"), step("b", "f"))
    hand.begin()
    hand.expanded("f", 10)
    hand.hit("f", *range(10))
    for k in range(10):
        assert hand.lost("b", 0, ("f", k), running=False) == [f"again f {k}"]
        assert hand.run("f", k) == ["prepare b 0"]


def test_a_loss_without_a_producer_fails_the_reader() -> None:
    hand = Hand(step("a"))
    hand.begin()
    hand.miss("a")
    hand.slots()
    hand.lost("a", 0)
    assert hand.outcome("a") == "failed"


# ---- stopping --------------------------------------------------------------------------------------


def test_after_a_stop_nothing_starts_and_what_runs_may_end() -> None:
    hand = Hand(step("a"), step("b"), step("c", "a"), fan("f"))
    hand.begin()
    hand.miss("a")
    hand.miss("b")
    assert hand.slots(1) == ["start a 0 #1"]
    assert hand.stop() == []
    assert hand.slots(4) == []
    assert not hand.state.finished
    assert hand.done("a") == []
    assert hand.outcomes() == {"a": "succeeded", "b": "cancelled", "c": "cancelled", "f": "cancelled"}
    assert hand.state.status == "cancelled"
    assert hand.expanded("f", 3) == []  # an answer that comes too late
    assert hand.tell(m.WhenFalse(0.0, "f")) == []
    assert hand.state.finished


def test_what_comes_back_undone_after_a_stop_is_cancelled() -> None:
    hand = Hand(step("a", retry=retry(3)))
    hand.begin()
    hand.miss("a")
    hand.slots()
    hand.stop()
    assert hand.undone("a", 0) == []
    assert hand.outcome("a") == "cancelled"


def test_no_retry_after_a_stop() -> None:
    hand = Hand(step("a", retry=retry(3)))
    hand.begin()
    hand.miss("a")
    hand.slots()
    hand.stop()
    assert hand.fail("a") == []
    assert hand.outcome("a") == "failed"


def test_fail_fast_cancels_the_rest() -> None:
    hand = Hand(step("a"), step("b"), step("c", "a"), fail_fast=True)
    hand.begin()
    hand.miss("a")
    hand.miss("b")
    hand.slots(1)
    hand.fail("a")
    assert hand.outcomes() == {"a": "failed", "b": "cancelled", "c": "cancelled"}
    assert hand.state.status == "failed"


def test_fail_fast_with_a_follower_that_waits_for_something_else() -> None:
    hand = Hand(fan("f"), step("late"), follow("g", "f", "late"), fail_fast=True)
    hand.begin()
    hand.expanded("f", 4)
    assert hand.prepared("f", failed=[(3, BOOM)], hits=[0], misses=[1, 2]) == []
    assert hand.tally("f") == {"reused": 1, "failed": 1, "cancelled": 2}
    assert hand.tally("g") == {"cancelled": 1}
    assert hand.state.finished


def test_a_tolerated_failure_does_not_stop_a_fail_fast_run() -> None:
    hand = Hand(fan("f", on_error="skip"), fail_fast=True)
    hand.begin()
    hand.expanded("f", 2)
    hand.prepared("f", failed=[(0, BOOM)], misses=[1])
    assert hand.slots() == ["start f 1 #1"]


def test_a_loss_told_after_a_stop_counts_once() -> None:
    hand = Hand(step("a"), step("b", "a"))
    hand.begin()
    hand.hit("a")
    hand.stop()
    assert hand.lost("b", 0, ("a", 0), running=False) == []
    assert hand.tally("b") == {"cancelled": 1}
    assert hand.state.finished


def test_followers_of_what_was_cancelled_are_cancelled_not_blocked() -> None:
    hand = Hand(fan("f"), follow("g", "f"))
    hand.begin()
    hand.expanded("f", 2)
    hand.expanded("g", 2)
    hand.stop()
    assert hand.tally("g") == {"cancelled": 2}
