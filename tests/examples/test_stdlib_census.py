"""The census runs with prun alone, and counts right."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from pipeline_runner import Pipeline

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


def test_an_edit_reruns_what_it_reaches(tmp_path):
    copy = shutil.copytree(EXAMPLE, tmp_path / "census", ignore=shutil.ignore_patterns(".prun", "reports"))
    source = copy / "census" / "measure.py"

    def load():
        return Pipeline.load(copy / "pipeline.yaml", params={"packages": ["html"]})

    def plan():
        return {task.step: task for task in load().plan().tasks}

    first = load().run()
    assert first.status == "succeeded", [t.error for t in first.tasks if t.error]
    second = {task.id: task.status for task in load().run().tasks}
    assert second.pop("modules") == "succeeded"  # cache: false
    assert set(second.values()) == {"reused"}

    source.write_text(source.read_text().replace("class Counter:", "# a comment\nclass Counter:"))
    assert plan()["measure"].action == "undecided"  # it hangs on what `modules` gives
    source.write_text(source.read_text().replace("len(child.values) - 1", "len(child.values)"))
    measure, packages = plan()["measure"], plan()["packages"]
    assert measure.action == "run"
    assert [(r.kind, r.what) for r in measure.reasons] == [("code", "census.measure:Counter")]
    assert packages.action == "undecided"  # equal counts would leave it as it is

    third = {task.id: task.status for task in load().run().tasks}
    assert third["measure[html.parser]"] == "succeeded"


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
