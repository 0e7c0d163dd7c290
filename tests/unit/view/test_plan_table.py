"""Plans as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from pipeline_runner.model.decision import PlannedTask, Reason
from pipeline_runner.view.plan_table import plan_lines

Golden = Callable[..., None]
NEW = (Reason("new"),)


def churn() -> list[PlannedTask]:
    code = (
        Reason("code", "churn.data:clean", "churn/data.py:14"),
        Reason("package", "pandas", "2.1.0 -> 2.2.0"),
    )
    tasks = [
        PlannedTask("load", "load", None, "reuse", 1, ()),
        PlannedTask("clean", "clean", None, "run", 2, ("load",), code, 1.2),
        PlannedTask("split", "split", None, "undecided", 3, ("clean",), (), 0.3),
    ]
    for key in ("0,1", "0,2", "0,3", "1,1", "1,2", "1,3"):
        run = key in ("0,2", "1,3")
        action, why = ("run", NEW) if run else ("undecided", ())
        tasks.append(PlannedTask(f"train[{key}]", "train", key, action, 4, ("split",), why, 14.0))
    return [
        *tasks,
        PlannedTask("score", "score", None, "undecided", 4, ("train",), (), 3.0),
        PlannedTask("best", "best", None, "undecided", 5, ("train", "score"), ()),
        PlannedTask("promote", "promote", None, "run", 6, ("best",), (Reason("cache-off"),)),
        PlannedTask("report", "report", None, "skip", 7, ("promote",)),
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120, None])
def test_a_plan(golden: Golden, width: int | None) -> None:
    lines = plan_lines("churn", churn(), estimate_s=92, unsized={"score"}, width=width)
    golden(f"plan_{width or 'pipe'}", lines, width)


def test_a_verbose_plan_names_everything(golden: Golden) -> None:
    golden(
        "plan_verbose",
        plan_lines("churn", churn(), estimate_s=92, unsized={"score"}, width=80, verbose=True),
        80,
    )


def chain(actions: Iterable[str]) -> list[PlannedTask]:
    return [
        PlannedTask(
            f"s{n}", f"s{n}", None, action, n + 1, (f"s{n - 1}",), NEW if action == "run" else (), 0.1
        )
        for n, action in enumerate(actions)
    ]


def test_nothing_to_do_is_said_first() -> None:
    assert plan_lines("p", chain(["reuse"] * 12)) == ["Nothing to do: all 12 tasks are up to date."]
    assert plan_lines("p", chain(["reuse"])) == ["Nothing to do: the 1 task is up to date."]
    assert plan_lines("p", chain(["reuse", "skip"])) == [
        "Nothing to do: all 2 tasks are up to date (1 skipped)."
    ]
    assert plan_lines("p", []) == ["Nothing to do: p has no tasks."]


def test_a_thousand_new_steps(golden: Golden) -> None:
    golden("plan_1000_new", plan_lines("chain", chain(["run"] * 1000), estimate_s=100.0, width=80), 80)


def test_a_thousand_steps_of_which_some_run(golden: Golden) -> None:
    actions = ["reuse"] * 500 + ["run"] + ["reuse"] * 399 + ["run"] * 2 + ["undecided"] * 98
    golden("plan_1000_mixed", plan_lines("chain", chain(actions), width=80), 80)


def test_verbose_collapses_nothing() -> None:
    lines = plan_lines("chain", chain(["run"] * 1000), verbose=True)
    assert len(lines) == 1003


def test_a_large_fan_out_is_one_line() -> None:
    tasks = [PlannedTask(f"f[{n}]", "f", str(n), "run", 1, (), NEW, 0.01) for n in range(100_000)]
    lines = plan_lines("p", tasks, width=80)
    assert len(lines) == 4
    assert "run all 100,000" in lines[3]
    tasks[7] = tasks[7]._replace(action="reuse")
    lines = plan_lines("p", tasks, width=80)
    assert "run 99,999, reuse 1" in lines[3]
    assert lines[4].strip() == "f[0], f[1], f[2] and 99,996 more"


def test_reasons_that_differ_are_counted() -> None:
    tasks = [
        PlannedTask(f"f[{n}]", "f", str(n), "run", 1, (), NEW if n else (Reason("forced"),)) for n in range(3)
    ]
    assert "new (2 of 3); forced (1 of 3)" in plan_lines("p", tasks)[-1]
