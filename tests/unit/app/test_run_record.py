from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner import Pipeline, Run
from pipeline_runner.model.artifact import CacheKey
from pipeline_runner.store.store import Store

PIPELINE = """\
steps:
  numbers: {call: "work:numbers"}
  square: {call: "work:square", foreach: numbers, inputs: {x: item}}
  total: {call: "work:total", inputs: {xs: square}}
"""
CODE = """\
def numbers():
    return list(range(30))


def square(x):
    return x * x


def total(xs):
    return sum(xs)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "work.py").write_text(CODE)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return Pipeline.load(tmp_path / "pipeline.yaml").run(backend="sequential")


def test_the_tasks_of_a_fan_out_are_looked_up_together(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    lookup = Store.lookup

    def counted(self: Store, keys: list[CacheKey]) -> object:
        asked.append(len(keys))
        return lookup(self, keys)

    monkeypatch.setattr(Store, "lookup", counted)
    squares = [x * x for x in range(30)]
    assert run.output("square") == squares
    assert asked == [30]
    asked.clear()
    assert run.inputs("total") == {"xs": squares}
    assert sorted(asked) == [1, 1, 30]  # step by step
    assert run.output("square[7]") == 49
    assert run.output("total") == sum(squares)


def test_of_lost_entries_there_is_none(run: Run) -> None:
    found = run.record.entries("square")
    assert [entry.task for entry in found if entry is not None] == [f"square[{k}]" for k in range(30)]
    for entry in Path(run.store.url).glob(f"entries/{found[0].key.recipe}/*"):  # type: ignore[union-attr]
        entry.unlink()
    run.store.entries.lookup((), refresh=True)
    assert run.record.entries("square") == [None] * 30
