"""Trigger rules, retries, priorities: tables."""

from __future__ import annotations

from typing import get_args

import pytest
from engine_kit import graph, step
from hypothesis import given
from hypothesis import strategies as st

from pipeline_runner.engine.priority import MAX_BATCH, batch_size, remaining_paths
from pipeline_runner.engine.retry import delay_before
from pipeline_runner.engine.rules import decide
from pipeline_runner.engine.timers import Timers
from pipeline_runner.model.graph import Retry
from pipeline_runner.model.outcome import ErrorInfo
from pipeline_runner.spec import models, policies, steps, types

# ---- trigger rules ---------------------------------------------------------------------------------

S, K, F, B, C = "succeeded", "skipped", "failed", "blocked", "cancelled"
MIXES: list[tuple[str, ...]] = [
    (), (S,), (K,), (F,), (B,), (C,), (S, S), (S, K), (S, F), (K, K), (K, F), (F, B), (S, K, F),
]  # fmt: skip
TABLE = {  # r: run, s: skipped, b: blocked; a letter for each mix
    "all_success":                 "r r s b b b r s b s b b b",
    "all_done":                    "r r r r r r r r r r r r r",
    "none_failed":                 "r r r b b b r r b r b b b",
    "none_failed_min_one_success": "r r s b b b r r b s b b b",
    "one_success":                 "r r s b b b r r r s b b r",
    "one_failed":                  "s s s r r r s s r s r r r",
    "one_done":                    "r r s r r r r r r s r r r",
    "all_failed":                  "r s s r r r s s s s s r s",
    "all_skipped":                 "r s r s s s s s s r s s s",
    "none_skipped":                "r r s r r r r s r s s r s",
}  # fmt: skip
WORDS = {"r": "run", "s": "skipped", "b": "blocked"}


@pytest.mark.parametrize("rule", TABLE)
def test_trigger_rules(rule: str) -> None:
    expected = [WORDS[w] for w in TABLE[rule].split()]
    assert [decide(rule, mix) for mix in MIXES] == expected


def test_always_is_all_done() -> None:
    assert {decide("always", mix) for mix in MIXES} == {"run"}


def test_every_rule_that_a_file_may_name_is_known() -> None:
    names = {
        name
        for module in (types, policies, steps, models)
        for alias in vars(module).values()
        if "all_success" in get_args(alias)
        for name in get_args(alias)
    }
    for name in names:
        assert decide(name, [S]) in WORDS.values()


def test_an_unknown_rule_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        decide("sometimes", [])


# ---- retries ---------------------------------------------------------------------------------------


def error(kind: str = "exception", *types: str) -> ErrorInfo:
    return ErrorInfo(kind, "boom", types)


@pytest.mark.parametrize(
    ("retry", "attempt", "wait"),
    [
        (Retry(), 1, None),
        (Retry(1), 1, 0.0),
        (Retry(1), 2, None),
        (Retry(3, 5.0), 1, 5.0),
        (Retry(3, 5.0), 3, 5.0),
        (Retry(3, 5.0, 2.0), 1, 5.0),
        (Retry(3, 5.0, 2.0), 2, 10.0),
        (Retry(3, 5.0, 2.0), 3, 20.0),
        (Retry(3, 5.0, 2.0, max_delay=12.0), 3, 12.0),
        (Retry(3, 5.0, 2.0, "full"), 2, 2.5),
        (Retry(3, 5.0, 2.0, "full", max_delay=8.0), 2, 2.0),
        (Retry(10**6, 5.0, 10.0), 10**6, 366 * 86400.0),
        (Retry(10**6, 5.0, 10.0, max_delay=60.0), 10**6, 60.0),
        (Retry(3, 0.0, 10.0), 2, 0.0),
    ],
)
def test_when_the_next_attempt_is(retry: Retry, attempt: int, wait: float | None) -> None:
    assert delay_before(retry, attempt, error(), 0.25) == wait


@given(
    st.integers(1, 10**6),
    st.floats(0, 1e6),
    st.floats(1, 100),
    st.none() | st.floats(0, 1e7),
    st.floats(0, 1, exclude_max=True),
)
def test_full_jitter_stays_within_its_bounds(
    attempt: int, delay: float, backoff: float, most: float | None, chance: float
) -> None:
    plain = delay_before(Retry(10**6, delay, backoff, "none", most), attempt, error(), chance)
    drawn = delay_before(Retry(10**6, delay, backoff, "full", most), attempt, error(), chance)
    assert plain is not None
    assert drawn is not None
    assert 0 <= drawn <= plain <= (366 * 86400 if most is None else most)
    assert drawn == pytest.approx(plain * chance)


def test_no_delay_stays_no_delay_however_large_the_backoff() -> None:
    assert delay_before(Retry(10**6, 0.0, 10.0), 10**6, error(), 0.5) == 0.0


REQUESTS = ("ConnectionError", "requests.exceptions.ConnectionError", "requests.exceptions.RequestException")
MRO = ("ConnectionResetError", "builtins.ConnectionResetError", "ConnectionError", "OSError", "Exception")


@pytest.mark.parametrize(
    ("on", "failure", "again"),
    [
        ((), error("exception", "ValueError"), True),
        (("ConnectionError",), error("exception", *MRO), True),
        (("builtins.ConnectionResetError",), error("exception", *MRO), True),
        (("OSError", "KeyError"), error("exception", *MRO), True),
        (("ValueError",), error("exception", *MRO), False),
        (("Connection",), error("exception", *MRO), False),
        (("requests.exceptions.ConnectionError",), error("exception", *REQUESTS), True),
        (("requests.exceptions.RequestException",), error("exception", *REQUESTS), True),
        (("urllib3.exceptions.ConnectionError",), error("exception", *REQUESTS), False),
        (("TimeoutError",), error("timeout", "timeout", "TimeoutError"), True),
        (("timeout",), error("timeout", "timeout"), True),
        (("timeout",), error("timeout"), True),
        (("timeout",), error("exception", "ValueError"), False),
        (("worker_lost",), error("worker_lost", "worker_lost"), True),
        (("worker_lost",), error("worker_lost"), True),
        (("ValueError",), error("worker_lost"), False),
        ((), error("code-changed"), False),
        ((), error("when"), False),
        ((), error("publish"), False),
        ((), error("bug"), False),
    ],
)
def test_what_is_tried_again(on: tuple[str, ...], failure: ErrorInfo, again: bool) -> None:
    assert (delay_before(Retry(1, on=on), 1, failure, 0.5) is not None) is again


# ---- priorities ------------------------------------------------------------------------------------


def test_the_longest_path_counts_and_unknown_steps_take_a_second() -> None:
    found = remaining_paths(
        graph(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")), {"b": 5.0, "c": 2.0, "d": 0.5}
    )
    assert found == {"a": 6.5, "b": 5.5, "c": 2.5, "d": 0.5}


@pytest.mark.parametrize(
    ("ready", "slots", "seconds", "size"),
    [
        (100, 2, None, 1),
        (100, 2, 1.0, 1),
        (100, 2, 0.1, 1),
        (100, 2, 0.02, 5),
        (100, 2, 0.001, 25),
        (10, 2, 0.001, 3),
        (1, 4, 0.001, 1),
        (100, 0, 0.001, 100),
        (10**6, 2, 0.0, MAX_BATCH),
        (0, 2, 0.001, 1),
    ],
)
def test_how_many_go_together(ready: int, slots: int, seconds: float | None, size: int) -> None:
    assert batch_size(ready, slots, seconds) == size


# ---- timers ----------------------------------------------------------------------------------------


def test_timers_are_due_in_order() -> None:
    timers = Timers()
    timers.set(5.0, "b", 0)
    timers.set(2.0, "a", 1)
    assert timers.wait(0.0, None) == 2.0
    assert timers.wait(0.0, 0.5) == 0.5
    assert timers.wait(9.0, None) == 0.0
    assert list(timers.due(1.0)) == []
    assert list(timers.due(5.0)) == [("a", 1), ("b", 0)]
    assert timers.wait(0.0, None) is None
    assert timers.wait(0.0, 3.0) == 3.0
