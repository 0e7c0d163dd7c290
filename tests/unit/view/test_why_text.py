"""The answer of `prun why`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pipeline_runner.model.decision import Reason
from pipeline_runner.view.why_text import LONGEST_DIFF, code_lines, why_lines


def why(**fields: Any) -> Any:
    given = {"task": "train[1,3]", "status": "changed", "since": "", "reasons": [], "chain": [], "diff": ""}
    return SimpleNamespace(**{**given, **fields})


def test_what_changed(golden: Callable[..., None]) -> None:
    answer = why(
        since="20260105-101500",
        reasons=[
            Reason("code", "churn.model:train", "churn/model.py:14"),
            Reason("param", "params.n", "1 -> 2"),
        ],
        chain=[("split", [Reason("file", "data/customers.csv")]), ("load", [])],
        diff="--- churn/model.py\n+++ churn/model.py\n@@ -1 +1 @@\n-\ta\n+\tb\n",
    )
    golden("why", why_lines(answer, width=60), 60)


def test_never_ran() -> None:
    answer = why(status="never ran", reasons=[Reason("new")], chain=(), diff="")
    assert why_lines(answer) == ["train[1,3] never succeeded: nothing is stored for it"]


def test_up_to_date() -> None:
    (line,) = why_lines(why(status="up to date", since="r1"))
    assert line == "train[1,3] is up to date: nothing changed since run r1"


def test_a_long_diff_is_cut_unless_verbose() -> None:
    answer = why(diff="\n".join(f"+ line {n}" for n in range(500)))
    assert len(why_lines(answer)) == 2 + LONGEST_DIFF + 1
    assert why_lines(answer)[-1] == "... 440 more lines (prun why -v shows all)"
    assert len(why_lines(answer, verbose=True)) == 502


def test_undecided() -> None:
    lines = why_lines(why(status="undecided", chain=[("split", [Reason("new")])]))
    assert lines[0] == "train[1,3] is undecided: it runs if what it needs gives something new"
    assert lines[1:] == ["because of split:", "  new  new"]


def test_the_code_that_counts(golden: Callable[..., None]) -> None:
    reached = [
        SimpleNamespace(name=name, file="churn/model.py", line=line, source=source, why=why)
        for name, line, source, why in (
            ("churn.model:train", 20, "", "called by the step"),
            ("churn.model:_estimator", 30, "churn.model:train", "uses _estimator"),
            ("churn.data:<import>", 1, "churn.model:<module>", "imported by churn.model"),
        )
    ]
    golden("why_code", code_lines(reached, width=80), 80)
