"""Runs and plans of a pipeline in which nothing has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.keys.code import CodeIndex

PIPELINE = """
executor: {backend: threading}
steps: {count: {call: "warm_tasks:count", with: {to: 3}}}
"""


@pytest.mark.parametrize("first", ["run", "plan"])
def test_what_was_read_again_is_read_once(tmp_path: Path, monkeypatch, first: str) -> None:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    tasks = tmp_path / "warm_tasks.py"
    tasks.write_text("def count(to):\n    return list(range(to))\n")

    def reused(what: str) -> None:
        found = Pipeline.load(tmp_path)
        if what == "plan":
            assert found.plan().summary["reuse"] == 1
        else:
            assert [task.status for task in found.run().tasks] == ["reused"]

    assert Pipeline.load(tmp_path).run().status == "succeeded"
    reused("run")
    tasks.write_text("# counts\n" + tasks.read_text())
    reused(first)

    def analysed(self: CodeIndex) -> None:
        raise AssertionError("it was looked at before")

    monkeypatch.setattr(CodeIndex, "_made_tools", analysed)
    reused("run")
    reused("plan")
