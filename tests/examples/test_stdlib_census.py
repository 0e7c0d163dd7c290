"""The census runs with prun alone, and counts right."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "stdlib_census"


def test_a_few_packages_are_measured_and_ranked(prun_pipeline):
    run = prun_pipeline(EXAMPLE / "pipeline.yaml", params={"packages": ["json", "html"], "top": 2})

    assert run.status == "succeeded"
    names = [module["name"] for module in run.output("measure")]
    assert {"html", "html.parser", "json", "json.decoder"} <= set(names)
    assert names == sorted(names)
    assert "measure[json.decoder]" in {task.id for task in run.tasks}
    ranking = run.output("ranking")
    assert len(ranking["biggest"]) == 2
    assert ranking["biggest"][0]["name"] == "html.entities"
    assert {p["name"] for p in ranking["packages"]} == {"html", "json"}


def test_the_table_and_the_report_say_what_was_measured(prun_pipeline):
    run = prun_pipeline(EXAMPLE / "pipeline.yaml", params={"packages": ["json"]})

    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(run.output("table")))}
    source = Path(json.__file__).read_text(encoding="utf-8")
    assert int(rows["json"]["lines"]) == source.count("\n")
    assert "# Census of Python" in run.output("report")
    assert "| json.decoder " in run.output("report")


def test_a_package_that_is_not_there_fails_with_its_name(prun_pipeline):
    run = prun_pipeline(EXAMPLE / "pipeline.yaml", params={"packages": ["no_such_package"]})

    assert run.status == "failed"
    states = {task.step: task.status for task in run.tasks}
    assert states["modules"] == "failed"
    assert states["report"] == "blocked"
    error = next(str(task.error) for task in run.tasks if task.step == "modules")
    assert "no_such_package" in error


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from census.measure import measure

    return measure


def test_counts_by_hand(measure, tmp_path):
    module = tmp_path / "made_up.py"
    module.write_text(
        "import os.path\n"
        "from . import sibling\n"
        "from json.decoder import JSONDecoder as D\n"
        "class A:\n"
        "    def easy(self):\n"
        "        return 1\n"
        "    def hard(self, xs):\n"
        "        for x in xs:\n"  # + 1
        "            if x and os or D:\n"  # + 1, + 1 for `and`, + 1 for `or`
        "                return [y for y in x]\n"  # + 1
        "        def inner():\n"
        "            return 2 if xs else 3\n"  # inner's own: + 1
    )

    found = measure("made_up", "library", str(module))

    assert found["lines"] == 12
    assert (found["functions"], found["classes"]) == (3, 1)
    assert found["imports"] == ["json", "os"]
    by_name = {f["name"]: f["complexity"] for f in found["hardest"]}
    assert by_name == {"A.hard": 6, "A.hard.inner": 2, "A.easy": 1}
    assert found["complexity"] == 9
    assert found["problem"] == ""


def test_a_file_that_does_not_parse_is_told_not_fatal(measure, tmp_path):
    module = tmp_path / "broken.py"
    module.write_text("def broken(:\n")

    found = measure("broken", "test", str(module))

    assert found["problem"].startswith("SyntaxError")
    assert str(tmp_path) not in found["problem"]
    assert found["lines"] == 0
