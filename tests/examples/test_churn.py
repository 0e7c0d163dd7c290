"""The churn example: the contract's pipeline on a real table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

PIPELINE = Path(__file__).parents[2] / "examples" / "churn" / "pipeline.yaml"
SMALL = {"seeds": [1], "models": [{"kind": "logreg"}]}


def states(run):
    return {task.id: task.status for task in run.tasks}


def test_from_the_table_to_the_promoted_model_and_the_report(prun_pipeline, tmp_path):
    registry = tmp_path / "registry"
    run = prun_pipeline(PIPELINE, params={**SMALL, "registry": str(registry)})

    assert run.status == "succeeded"
    assert set(states(run).values()) == {"succeeded"}
    assert run.output("evaluate.auc") > 0.95
    facts = json.loads((registry / "current.json").read_text())
    assert facts["model"] == "LogisticRegression"
    report = run.output("report")
    assert report.count("<svg") == 4
    assert ">promoted<" in report


def test_a_model_that_is_not_good_enough_is_reported_but_not_promoted(prun_pipeline, tmp_path):
    registry = tmp_path / "registry"
    run = prun_pipeline(PIPELINE, params={**SMALL, "min_auc": 1.0, "registry": str(registry)})

    assert run.status == "succeeded"
    assert states(run)["promote"] == "skipped"
    assert ">not promoted<" in run.output("report")
    assert not registry.exists()


def test_a_model_that_fails_is_left_out(prun_pipeline, tmp_path):
    params = {**SMALL, "models": [{"kind": "nonsense"}, {"kind": "logreg"}], "registry": str(tmp_path)}
    run = prun_pipeline(PIPELINE, params=params)

    assert run.status == "succeeded"
    assert states(run)["train[0,1]"] == "failed"
    assert states(run)["score[0,1]"] == "skipped"
    assert [score["model"] for score in run.output("score")] == ["LogisticRegression"]
    assert type(run.output("best")[-1]).__name__ == "LogisticRegression"
