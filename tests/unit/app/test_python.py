"""What a Python session or a notebook shows, and the examples of the docstrings."""

from __future__ import annotations

import doctest
import importlib
import pickle
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline_runner import Pipeline, Run, Task
from pipeline_runner.app.init import init_project

MODULES = ["app.pipeline", "app.plan", "app.run", "app.task"]


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    init_project(tmp_path / "demo")
    monkeypatch.chdir(tmp_path / "demo")
    return tmp_path / "demo"


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(demo: Path, module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"pipeline_runner.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_texts(demo: Path) -> None:
    pipeline = Pipeline.load()
    assert repr(pipeline) == "<Pipeline demo: 4 steps>"
    assert repr(pipeline.plan()) == "<Plan of demo: 4 to run>"
    run = pipeline.run(backend="sequential")
    assert repr(run).startswith(f"<Run {run.id} of demo: succeeded; 6 succeeded")
    assert repr(run.task("load")).startswith("<Task load succeeded in ")
    assert repr(pipeline.plan()) == "<Plan of demo: 6 reused>"


def test_params_are_a_mapping(demo: Path) -> None:
    with pytest.raises(TypeError, match="params must be a mapping of names to values, not a list"):
        Pipeline.load("pipeline.yaml", params=["warm=20"])  # type: ignore[arg-type]


def test_tasks_know_their_run(demo: Path) -> None:
    Path("weather.py").write_text(
        Path("weather.py").read_text().replace("    celsius =", "    print(city['name'])\n    celsius =")
    )
    made = Pipeline.load().run(backend="sequential")
    for run in (made, Run.latest()):
        task = run.task("describe[Lima]")
        assert isinstance(task, Task)
        assert task.log == "Lima\n"
        assert task.inputs["city"]["name"] == task.output["name"] == "Lima"
        assert task.debug() == task.output
        assert [t.id for t in run] == [t.id for t in run.tasks]
        assert pickle.loads(pickle.dumps(task)) == tuple(task)
    with pytest.raises(Exception, match=r"no task 'describe\[Rome\]'"):
        made.task("describe[Rome]")


def test_notebooks(demo: Path) -> None:
    pipeline = Pipeline.load()
    plan = pipeline.plan()._repr_html_()
    assert "<b>describe</b>" in plan
    assert "4 <span" in plan
    ElementTree.fromstring(plan)
    run = pipeline.run(backend="sequential")
    ElementTree.fromstring(run._repr_html_())
    assert ">succeeded</span> in " in run._repr_html_()
    assert "<b>describe</b>" in run._repr_html_()
    html = run.task("load")._repr_html_()
    ElementTree.fromstring(html)
    assert "data/temperatures.csv" in html
    assert pipeline._repr_html_().startswith("<svg")


def test_html_is_escaped(demo: Path) -> None:
    Path("weather.py").write_text(
        "def load(path):\n    raise ValueError('<script>')\n"
        + Path("weather.py").read_text().partition("def load")[2].partition("\n\n\n")[2]
    )
    run = Pipeline.load().run(backend="sequential")
    for html in (run._repr_html_(), run.task("load")._repr_html_()):
        assert "&lt;script&gt;" in html
        assert "<script>" not in html
