"""The answer of `prun diff`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace as Some
from typing import Any

from pipeline_runner.model.decision import Reason
from pipeline_runner.view.diff_text import diff_lines
from pipeline_runner.view.style import Style

Golden = Callable[..., None]


def change(name: str, before: str, after: str) -> Any:
    return Some(name=name, before=before, after=after)


def step(name: str, **fields: Any) -> Any:
    given = {
        "step": name, "status": "changed", "reasons": (), "because": (), "outputs": (0, 0), "states": None,
        "seconds": (None, None), "scalars": (), "items": ((), ()),
    }  # fmt: skip
    found = Some(**{**given, **fields})
    found.changed = found.status != "same"
    return found


def two_runs() -> Any:
    reason = Reason("code", "churn.model:train", "churn/model.py:14")
    return Some(
        before=Some(id="20260104-090000-abc", status="succeeded", seconds=61.0),
        after=Some(id="20260105-101500-def", status="failed", seconds=4.2),
        params=[change("test_size", "0.2", "0.3"), change("models.kind", "", "forest")],
        steps=[
            step("load", status="same"),
            step(
                "train",
                reasons=[reason],
                outputs=(2, 6),
                items=(["train[7]"], ["train[1]", "train[2]"]),
                seconds=(2.0, 6.0),
            ),
            step("best", because=["train"], outputs=(1, 1), scalars=[change("best.auc", "0.91", "0.93")]),
            step("copy", because=["train"], outputs=(0, 1)),
            step("report", status="same", states=change("", "run", "failed"), seconds=(0.1, 0.3)),
            step("extra", status="added"),
            step("old", status="removed"),
        ],
        causes={"train": ["code churn.model:train"], "best": ["code churn.model:train"]},
        source="--- churn/model.py (a)\n+++ churn/model.py (b)\n@@ -1 +1 @@\n-x = \x1b[31m1\n+x = 2\n",
    )


def test_two_runs(golden: Golden) -> None:
    golden("diff", diff_lines(two_runs(), width=80), 80)
    golden("diff_40", diff_lines(two_runs(), width=40), 40)


def test_colour() -> None:
    text = "\n".join(diff_lines(two_runs(), width=80, style=Style(True)))
    assert "\x1b[31m-x = ?[31m1\x1b[0m" in text, "the user's control characters are harmless, ours colour"


def test_much_is_cut_unless_verbose() -> None:
    runs = two_runs()
    runs.source = "\n".join(f"+line {n}" for n in range(300))
    runs.steps = [step(f"s{n}", scalars=[change(f"v{n}", "1", "2")]) for n in range(100)]
    short, long = diff_lines(runs), diff_lines(runs, verbose=True)
    assert "  and 60 more (prun diff -v shows all)" in short
    assert "... 220 more lines (prun diff -v shows all)" in short
    assert sum("more" in line for line in long) == 0
    assert len(long) > 500
