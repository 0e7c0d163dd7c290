"""What a task finds of its environment, and what it leaves of it."""

from __future__ import annotations

import os

import pytest
from worker_kit import Kit

from pipeline_runner.workers.failure import TaskError
from pipeline_runner.workers.fence import Fence


@pytest.mark.parametrize("env", [{"A": "1", "B": "nul\0in"}, {"A": "1", "B=C": "x"}, {"A": "1", "": "x"}])
def test_what_cannot_stand_in_an_environment_is_told_and_leaves_nothing(
    kit: Kit, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "before")
    before = dict(os.environ)
    with pytest.raises(TaskError, match=r"^env (B|B=C|): .* cannot stand there"):
        Fence().enter(kit.job(env=env))
    assert dict(os.environ) == before


def test_a_task_s_environment_is_gone_after_it(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "before")
    monkeypatch.delenv("B", raising=False)
    fence, job = Fence(), kit.job(env={"A": "1", "B": "2"})
    fence.enter(job)
    assert (os.environ["A"], os.environ["B"]) == ("1", "2")
    os.environ["C"] = "left behind"
    fence.leave(job)
    assert (os.environ["A"], os.environ.get("B"), os.environ.get("C")) == ("before", None, None)
