"""The live picture, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from pipeline_runner.model.event import Event, RunStarted, StepExpanded, TasksReused, TasksStarted
from pipeline_runner.view.layout import Room, picture
from pipeline_runner.view.summary import fold
from pipeline_runner.view.text import cells

from .runs import all_reused, failing, mixed, one, trivial

Golden = Callable[[str, Iterable[str], int], None]


def drawn(events: Sequence[Event], now: float, room: Room) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in picture(fold(events), now, room)]


def half_way() -> list[Event]:
    """A step done, a fan-out running, one item failed, others waiting."""
    keys = [f"{a},{b}" for a in range(3) for b in range(10)]
    events: list[Event] = [
        RunStarted(
            0.0,
            "r1",
            "churn",
            ("load", "train", "score", "report"),
            "loky",
            4,
            None,
            {"train": 4.0, "score": 1.0, "report": 12.0},
            {"report": 1},
            {"train": ["load"], "score": ["train"], "report": ["score"]},
        ),
        *one("load", 0.1, 1.2),
        StepExpanded(1.4, "train", 30, keys),
        StepExpanded(1.4, "score", 30, keys),
        TasksReused(1.5, "train", range(9), 20.0),
        TasksReused(1.5, "score", range(9), 2.0),
    ]
    events += [e._replace(step="train", item=9) for e in failing(1) if hasattr(e, "error")]
    return [*events, TasksStarted(2.0, "train", (10, 11, 12), 1, "new")]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_half_way(golden: Golden, width: int) -> None:
    golden(f"live_{width}", drawn(half_way(), 7.0, Room(width, 24)), width)


def test_on_a_narrow_terminal_the_count_comes_before_the_time_that_is_left() -> None:
    events = [
        RunStarted(0.0, "r1", "p", ("a_rather_long_name",), "loky", 2, None, {"a_rather_long_name": 1.0}),
        StepExpanded(0.0, "a_rather_long_name", 6, list("abcdef")),
        TasksStarted(0.0, "a_rather_long_name", (0, 1), 1),
    ]
    assert drawn(events, 0.5, Room(80, 24))[0].endswith("0 s, ~2 s left")
    assert "0/6" in drawn(events, 0.5, Room(30, 24))[0]


def test_without_unicode() -> None:
    assert all(line.isascii() for line in drawn(half_way(), 7.0, Room(100, 24, True)))


@pytest.mark.parametrize("events", [half_way(), mixed()[:9], failing()[:6], trivial(200)[:500]])
@pytest.mark.parametrize("width", [1, 8, 20, 33, 79, 300])
@pytest.mark.parametrize("height", [1, 3, 10, 60])
def test_it_always_fits(events: Sequence[Event], width: int, height: int) -> None:
    lines = drawn(events, 5.0, Room(width, height))
    assert len(lines) <= max(height, 3)
    assert all(cells(line) <= width for line in lines)


def test_many_steps_show_the_running_ones_and_count_the_others() -> None:
    names = tuple(f"step_{n}" for n in range(300))
    events: list[Event] = [RunStarted(0, "r", "p", names, "loky", 2)]
    for n in range(100):
        events += one(names[n], n / 100, 0.01)
    events += [TasksStarted(1, name, (0,), 1) for name in (names[200], names[299])]
    lines = drawn(events, 2.0, Room(80, 12))
    assert len(lines) == 11
    assert [line.split()[1] for line in lines if "running" in line and "step_" in line] == [
        "step_200",
        "step_299",
    ]
    assert lines[-2].strip().startswith("291 more steps: ")
    assert "198 waiting" in lines[-2]


def test_the_last_frame_tells_what_ran_and_counts_what_was_reused() -> None:
    lines = drawn([*all_reused()], 1.0, Room(80, 24))
    assert lines == ["  2 steps: 2 reused"]
    lines = drawn(mixed(), 10.0, Room(80, 24))
    assert [line.split()[1] for line in lines[:-1]] == ["load", "train", "report"]
    assert lines[-1].strip() == "1 more step: 1 skipped"
    assert "3 run  3 reused" in lines[1]


def test_a_failed_step_is_marked() -> None:
    lines = drawn(failing(), 3.0, Room(80, 24))
    assert lines[0].startswith("✗ train")
    assert "6 failed" in lines[0]


def test_a_fan_out_of_100000_is_one_line(golden: Golden) -> None:
    keys = [str(n) for n in range(100_000)]
    events: list[Event] = [
        RunStarted(0.0, "r1", "big", ("part", "join"), "loky", 8, None, {"part": 0.01}),
        StepExpanded(0.1, "part", 100_000, keys),
        TasksReused(0.2, "part", range(60_000), 600.0),
        TasksStarted(0.3, "part", range(60_000, 60_008), 1, "new"),
    ]
    for width in (40, 80):
        lines = drawn(events, 12.0, Room(width, 24))
        golden(f"live_100000_{width}", lines, width)
        assert len(lines) == 3, "part, join, and the run"


def test_a_terminal_that_is_resized_gets_the_next_picture_in_its_size() -> None:
    for width in (120, 24, 60):
        assert max(cells(line) for line in drawn(half_way(), 7.0, Room(width, 24))) <= width
