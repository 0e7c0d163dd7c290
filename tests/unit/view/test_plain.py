"""What a pipe or a CI log gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from pipeline_runner.model.event import Event, RunFinished, RunStarted, StepExpanded, TasksStarted
from pipeline_runner.view.messages import NORMAL, QUIET, VERBOSE
from pipeline_runner.view.plain import Plain

from .runs import all_reused, failing, left_out, mixed, stopped, trivial

Golden = Callable[[str, Iterable[str]], None]

RUNS = {
    "all_reused": all_reused(),
    "trivial": trivial(100),
    "mixed": mixed(),
    "failing": failing(),
    "left_out": left_out(),
    "stopped": stopped(),
}


def lines_of(events: Sequence[Event], level: int = NORMAL) -> list[str]:
    lines: list[str] = []
    with Plain(lines.append, level=level, clock=lambda: 0.0) as view:
        for event in events:
            view(event)
    return lines


@pytest.mark.parametrize("name", RUNS)
def test_plain(golden: Golden, name: str) -> None:
    golden(f"plain_{name}", lines_of(RUNS[name]))


@pytest.mark.parametrize("name", ["mixed", "failing"])
def test_verbose(golden: Golden, name: str) -> None:
    golden(f"verbose_{name}", lines_of(RUNS[name], VERBOSE))


def test_quiet_tells_failures_only() -> None:
    assert [line for name in ("all_reused", "mixed", "stopped") for line in lines_of(RUNS[name], QUIET)] == []
    told = "\n".join(lines_of(RUNS["failing"], QUIET))
    assert "train[0,x]" in told
    assert "ValueError: no rows left" in told
    assert "tasks" not in told


def test_a_fully_reused_run_is_one_line() -> None:
    assert len(lines_of(all_reused())) == 1


def test_trivial_steps_cost_no_lines() -> None:
    assert len("\n".join(lines_of(trivial(1000)))) < 500


def test_there_are_no_control_characters() -> None:
    for events in RUNS.values():
        for level in (QUIET, NORMAL, VERBOSE):
            assert all(line.isprintable() for line in lines_of(events, level))


def test_colour_only_when_asked_for() -> None:
    lines: list[str] = []
    with Plain(lines.append, colour=True) as view:
        for event in failing():
            view(event)
    assert any("\x1b[31m" in line for line in lines)


def test_a_long_silence_is_broken() -> None:
    now = [0.0]
    lines: list[str] = []
    with Plain(lines.append, clock=lambda: now[0]) as view:
        view(RunStarted(0, "r", "p", ("a",), "loky", 2, None, {"a": 40.0}))
        view(StepExpanded(0, "a", 3, list("xyz")))
        view(TasksStarted(0, "a", (0, 1), 1))
        assert len(lines) == 1
        for second in range(1, 600):
            now[0] = float(second)
            view.tick()
        assert lines[1] == "0 of 3 tasks done, 2 running (a[x], a[y]), 5.0 s, about 55 s left"
        assert 10 < len(lines) < 40  # seldom and seldomer
        view(RunFinished(600, "succeeded"))
        told = len(lines)
        now[0] = 9999.0
        view.tick()
        assert len(lines) == told  # nothing after the end


def test_a_reader_that_went_away_does_not_stop_the_run() -> None:
    written = []

    def write(line: str) -> None:
        written.append(line)
        raise BrokenPipeError

    with Plain(write) as view:
        for event in failing():
            view(event)
    assert len(written) == 1
    assert view.summary.status == "failed"
