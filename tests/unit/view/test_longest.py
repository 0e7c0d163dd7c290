"""The longest path of a plan."""

from __future__ import annotations

from pipeline_runner.model.decision import REUSE, RUN, PlannedTask
from pipeline_runner.view.longest import Leg, longest_path
from pipeline_runner.view.plan_table import plan_lines


def task(id: str, needs: tuple[str, ...] = (), seconds: float | None = 1.0, action: str = RUN) -> PlannedTask:
    step, _, key = id.partition("[")
    return PlannedTask(id, step, key[:-1] or None, action, 0, needs, (), seconds)


def test_through_the_slowest_item_of_a_fan_out() -> None:
    tasks = [
        task("load", seconds=2.0),
        task("train[a]", ("load",), 3.0),
        task("train[b]", ("load",), 9.0),
        task("quick", ("load",), 1.0),
        task("join", ("train", "quick"), 1.0),
    ]
    assert longest_path(tasks) == [Leg("load", 2.0), Leg("train[b]", 9.0), Leg("join", 1.0)]
    assert (
        plan_lines("demo", tasks, estimate_s=12.0)[1]
        == "  longest path 12 s: load 2 s, train[b] 9 s, join 1 s"
    )


def test_item_by_item() -> None:
    tasks = [
        task("a[0]", (), 9.0), task("a[1]", (), 5.0),
        task("b[0]", ("a[0]",), 1.0), task("b[1]", ("a[1]",), 6.0),
    ]  # fmt: skip
    assert longest_path(tasks) == [Leg("a[1]", 5.0), Leg("b[1]", 6.0)]


def test_what_is_reused_or_unknown_takes_no_time() -> None:
    tasks = [task("a", action=REUSE), task("b", ("a",), None), task("c", ("b",), 2.0)]
    assert longest_path(tasks) == [Leg("c", 2.0)]
    assert longest_path([]) == []
    assert "longest" not in "".join(plan_lines("demo", tasks, estimate_s=2.0))


def test_many_legs_are_few_words() -> None:
    tasks = [task("s0", (), 1.0), *(task(f"s{n}", (f"s{n - 1}",), 1.0 + n % 7) for n in range(1, 1000))]
    line = plan_lines("demo", tasks, estimate_s=4000.0, width=80)[1]
    assert line.startswith("  longest path 1h 06m: ")
    assert len(line) <= 80
