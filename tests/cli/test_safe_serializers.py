"""`serializers: safe` in a pipeline."""

from __future__ import annotations

import pytest
from harness import Project, ran, reused

CODE = """
import numpy, pandas

class Model:
    pass

def table(): return pandas.DataFrame({"a": [1, 2]})
def array(table): return {"sums": table.a.to_numpy() * 2, "n": 2}
def model(array): return {"good": 1, "model": Model()}
def total(array): return int(array["sums"].sum())
"""
SAFE = """
serializers: safe
steps:
  table: {call: "work:table"}
  array: {call: "work:array", inputs: {table: table}}
  total: {call: "work:total", inputs: {array: array}}
"""
MODEL = '  model: {call: "work:model", inputs: {array: array}, outputs: [good, model]}\n'


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_arrays_and_tables_cross_steps(project: Project, backend: str) -> None:
    project.file("work.py", CODE).pipeline(SAFE)
    assert ran(project.run("--backend", backend)) == {"table", "array", "total"}
    assert reused(project.run()) == {"table", "array", "total"}
    for entry in (project.folder / ".prun" / "entries").rglob("*.json"):
        assert b'"pickle"' not in entry.read_bytes()


def test_an_object_fails_at_the_output_that_needs_a_pickle(project: Project) -> None:
    project.file("work.py", CODE).pipeline(SAFE + MODEL)
    result = project.run(exit=1)
    error = result.tasks["model"]["error"]
    assert "output model" in error
    assert "work.Model" in error
    assert "serializers: safe" in error
    assert "plain data" in project.prun("run", "--backend", "sequential", exit=1).text
    assert ran(result) == {"table", "array", "total"}


def test_turned_on_later_what_was_pickled_runs_again(project: Project) -> None:
    project.file("work.py", CODE).pipeline(SAFE.replace("serializers: safe\n", ""))
    project.run()
    project.pipeline(SAFE)
    result = project.run()
    assert ran(result) == {"table", "array"}  # the total is plain data
    assert "2 entries of the store ignored: pickles" in result.err
    assert reused(project.run()) == {"table", "array", "total"}


def test_nothing_is_published_as_a_pickle(project: Project) -> None:
    project.file("work.py", CODE)
    project.pipeline(SAFE.replace("array: array}}", "array: array}, publish: total.pkl}"))
    assert "forbids to pickle" in project.run(exit=1).tasks["total"]["error"]


def test_another_word_is_refused(project: Project) -> None:
    project.file("work.py", CODE).pipeline(SAFE.replace("safe", "save"))
    assert "safe" in project.check(exit=2).err
