"""Past runs as tables."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pipeline_runner.view.history import PREVIEW_LINES, SHOWN_STEPS, run_lines, runs_lines, task_lines

Golden = Callable[..., None]


def info(id: str, status: str, started: float, **counts: int) -> Any:
    return SimpleNamespace(
        id=id, pipeline="churn", status=status, started=started, seconds=4.2, counts=counts
    )


def task(id: str, status: str = "succeeded", error: str | None = None, seconds: float | None = 1.0) -> Any:
    step = id.partition("[")[0]
    return SimpleNamespace(id=id, step=step, status=status, attempts=1, seconds=seconds, error=error)


def test_runs(golden: Golden) -> None:
    runs = [
        info("20260105-101500-ab", "succeeded", 99_000.0, succeeded=3, reused=9),
        info("20260105-101400-ab", "failed", 90_000.0, succeeded=3, failed=1, blocked=8),
        info("20260105-101300-ab", "", 10_000.0),
    ]
    golden("runs", runs_lines(runs, now=100_000.0, width=80), 80)


def test_no_runs() -> None:
    assert runs_lines([]) == ["No runs yet."]


def test_older_runs_are_counted() -> None:
    runs = [info(f"r{n}", "succeeded", float(n), reused=1) for n in range(30)]
    lines = runs_lines(runs, now=100.0, most=20)
    assert len(lines) == 22
    assert lines[-1] == "and 10 older (prun runs --all)"


def test_a_run(golden: Golden) -> None:
    tasks = [task("load", "reused", seconds=None)]
    tasks += [
        task(f"train[{n}]", "failed" if n == 2 else "succeeded", "ValueError: no" if n == 2 else None)
        for n in range(6)
    ]
    golden("show_run", run_lines("run r1 failed", tasks, width=80), 80)
    golden("show_run_verbose", run_lines("run r1 failed", tasks, width=80, verbose=True), 80)


def test_a_run_of_many_steps_is_bounded() -> None:
    lines = run_lines("r", [task(f"step{n}") for n in range(1000)], width=80)
    assert len(lines) == SHOWN_STEPS + 3
    assert lines[-1] == "  and 940 more steps (prun show -v shows all)"


def test_a_task(golden: Golden) -> None:
    about = {
        "id": "train[1,3]",
        "step": "train",
        "status": "failed",
        "attempts": 3,
        "seconds": 4.0,
        "key": "abc/def",
        "parts": [
            ("frame", "input", "clean", "DataFrame"),
            ("seed", "item", "", "3"),
            ("n", "literal", "", "1\n2"),
        ],
        "outputs": [
            ("", "pandas.DataFrame (2 x 2)", 2000, "   a  b\n0  1  2\n1  2  3"),
            ("auc", "float", 4, "0.81"),
        ],
        "error": "ValueError: no\x1b[2J",
        "traceback": 'Traceback (most recent call last):\n  File "churn/model.py", line 3, in f\n    boom\n',
    }
    golden("show_task", task_lines(about, width=80), 80)


def shown(kind: str, count: int, more: int = 0) -> list[str]:
    preview = "\n".join(map(str, range(count)))
    return task_lines({"id": "a", "status": "succeeded", "outputs": [("", kind, 9, preview, more)]}, width=80)


def test_a_long_preview_is_cut() -> None:
    assert shown("str", 100)[-1] == f"    ... {100 - PREVIEW_LINES} more lines"
    assert shown("str", 100, 900)[-1] == f"    ... {1000 - PREVIEW_LINES} more lines"
    assert shown("str", PREVIEW_LINES + 1)[-1] == f"    {PREVIEW_LINES}", (
        "the line that says so would be as long"
    )


def test_a_size_is_told_once() -> None:
    assert "  str, 9 B" in shown("str", 3)
    assert "  PNG image 6 x 4, 22 KiB" in shown("PNG image 6 x 4, 22 KiB", 3)


def test_a_reused_task_says_what_made_it() -> None:
    made = {"run": "r0", "task": "old", "seconds": 72.0, "created": 0.0}
    about = {"id": "a", "status": "reused", "key": "k/l", "made": made}
    assert task_lines(about) == ["a reused", "  key k/l", "  made by old in run r0 in 1m 12s"]


def test_why_a_task_was_skipped() -> None:
    assert (
        task_lines({"id": "a", "status": "skipped", "reason": "when is false"})[1]
        == "  because when is false"
    )
