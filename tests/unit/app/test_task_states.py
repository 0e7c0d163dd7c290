"""States by position, a byte each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline_runner.app.task_states import TaskStates
from pipeline_runner.model.outcome import FAILED, REUSED, STATES, SUCCEEDED

LISTS = st.lists(st.sampled_from(["", *STATES]), max_size=30)


@given(LISTS)
def test_they_are_told_as_they_were_put(states: list[str]) -> None:
    found = TaskStates(len(states))
    for k, state in enumerate(states):
        found.put([k], state)
    assert len(found) == len(states)
    assert [s for s, n in found.stretches() for _ in range(n)] == states
    assert [s for s, n in TaskStates.of(states).stretches() for _ in range(n)] == states
    for state in STATES:
        assert found.count(state) == states.count(state)
        assert found.where(state) == [k for k, s in enumerate(states) if s == state]
        assert found.only([state, FAILED]) == (set(states) <= {state, FAILED})


def test_stretches_are_as_long_as_can_be() -> None:
    found = TaskStates(1000)
    found.put(range(1000), REUSED)
    found.put(range(10, 20), SUCCEEDED)
    found.put([500, 502], FAILED)
    assert found.stretches() == [
        (REUSED, 10), (SUCCEEDED, 10), (REUSED, 480), (FAILED, 1), (REUSED, 1), (FAILED, 1), (REUSED, 497),
    ]  # fmt: skip
