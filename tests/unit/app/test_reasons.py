"""A workflow tested as a unit: outputs, states and reasons, with the fixture that we give to users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_runner import Run
from pipeline_runner.app.init import init_project


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    init_project(tmp_path / "demo")
    return tmp_path / "demo" / "pipeline.yaml"


def test_outputs_states_and_reasons(prun_pipeline: Callable[..., Run], pipeline: Path) -> None:
    run = prun_pipeline(pipeline, backend="sequential")
    assert run.status == "succeeded"
    assert {task.reason for task in run} == {"new"}
    again = prun_pipeline(pipeline, backend="sequential")
    assert {(task.status, task.reason) for task in again} == {("reused", "")}
    other = prun_pipeline(pipeline, {"warm": 20.0}, backend="sequential")
    assert other.task("load").status == "reused"
    assert other.task("describe[Oslo]").reason == "param params.warm (15.0 -> 20.0)"
    assert other.task("report").status == "succeeded"
    assert not (pipeline.parent / "report.md").exists(), "nothing is published"
    assert not (pipeline.parent / ".prun" / "runs").exists(), "the store is a temporary one"


def test_why_something_did_not_run(prun_pipeline: Callable[..., Run], pipeline: Path) -> None:
    weather = pipeline.parent / "weather.py"
    weather.write_text(
        weather.read_text().replace("def load(path):", "def load(path):\n    raise OSError('gone')")
    )
    run = prun_pipeline(pipeline, backend="sequential")
    assert run.status == "failed"
    assert run.task("load").error == "OSError: gone"
    assert (run.task("cities").status, run.task("cities").reason) == ("blocked", "load")
