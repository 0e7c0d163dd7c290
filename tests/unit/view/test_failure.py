"""How a failure is told."""

from __future__ import annotations

from pipeline_runner.model.outcome import ErrorInfo
from pipeline_runner.view.failure import LONGEST, failure_lines, failure_table, frames, grouped
from pipeline_runner.view.style import PLAIN
from pipeline_runner.view.summary import Failure

from .runs import NO_ROWS


def failure(task: str, error: ErrorInfo, *, tolerated: bool = False) -> Failure:
    return Failure(task, task.partition("[")[0], error, 1, 0.1, tolerated)


def test_frames_are_short_and_without_the_message() -> None:
    assert frames(NO_ROWS) == [
        "churn/model.py:31, in train",
        "    return fit(frame)",
        "churn/model.py:14, in fit",
        '    raise ValueError("no rows left")',
    ]


def test_without_a_traceback_the_place_is_told() -> None:
    assert frames(ErrorInfo("exception", "E: x", where=("a.py", 3, "f"))) == ["a.py:3, in f"]
    assert frames(ErrorInfo("timeout", "took longer than 5 s")) == []


def test_deep_recursion_is_cut() -> None:
    deep = "".join(f'  File "a.py", line {n}, in f\n    f()\n' for n in range(500)) + "RecursionError: deep\n"
    lines = frames(ErrorInfo("exception", "RecursionError: deep", traceback=deep))
    assert len(lines) == LONGEST + 1
    assert lines[0] == "a.py:0, in f"
    assert lines[-2:] == ["a.py:499, in f", "    f()"]


def test_a_message_is_one_line_and_cannot_steer_the_terminal() -> None:
    error = ErrorInfo("exception", "E: a\nb\x1b[2J", traceback="E: a\nb\x1b[2J\n")
    for line in failure_lines(failure("a", error), PLAIN):
        assert line.isprintable()


def test_source_lines_are_cut_where_they_do_not_fit() -> None:
    where = f'File "a.py", line 3, in f\n    raise ValueError("a long line of code")\n    {"^" * 24}'
    lines = failure_lines(failure("a", ErrorInfo("exception", "no", traceback=where)), PLAIN, width=30)
    assert lines[:2] == ["a failed: no", "    a.py:3, in f"]
    assert lines[2:] == ['        raise ValueError("a l…', "        " + "^" * 21 + "…"]


def test_a_hint_is_told() -> None:
    error = ErrorInfo("output", "cannot be stored", hint="return a list")
    assert failure_lines(failure("a", error), PLAIN)[-1] == "    hint: return a list"


def test_failures_are_grouped_by_step_class_and_place() -> None:
    other_place = NO_ROWS._replace(where=("churn/model.py", 15, "fit"))
    other_class = NO_ROWS._replace(types=("KeyError",))
    other_text = NO_ROWS._replace(message="ValueError: no rows left in 7")
    found = grouped(
        [failure("a[0]", NO_ROWS), failure("a[1]", other_place), failure("a[2]", other_text),
         failure("a[3]", other_class), failure("b", NO_ROWS), failure("a[4]", NO_ROWS, tolerated=True)]
    )  # fmt: skip
    assert [(g.first.task, g.others) for g in found] == [
        ("a[0]", ("a[2]",)), ("a[1]", ()), ("a[3]", ()), ("b", ()), ("a[4]", ()),
    ]  # fmt: skip


def test_the_table_is_bounded() -> None:
    many = [failure(f"step{n}", NO_ROWS) for n in range(50)]
    lines = failure_table(grouped(many), PLAIN, 60)
    assert len(lines) == 11
    assert lines[-1] == "  and 40 more kinds of failure"
    assert all(len(line) <= 60 for line in lines)
