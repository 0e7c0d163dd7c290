from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline_runner import Pipeline, Run
from pipeline_runner.errors import RunFailed
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
    with pytest.raises(RunFailed, match=r"what square\[3\] gave is no longer in the store"):
        run.output("square[3]")


def test_bytes_that_are_lost_are_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work.py").write_text("def many(): return list(range(9000))\ndef one(x): return x\n")
    (tmp_path / "pipeline.yaml").write_text(
        "steps:\n  many: {call: 'work:many'}\n  one: {call: 'work:one', foreach: many, inputs: {x: item}}\n"
    )
    monkeypatch.chdir(tmp_path)
    run = Pipeline.load().run(backend="sequential")
    assert run.inputs("one[8]") == {"x": 8}
    shutil.rmtree(tmp_path / ".prun" / "blobs")
    run = Run.latest()
    with pytest.raises(RunFailed, match="what many gave cannot be read: its stored bytes are missing"):
        run.output("many")
    with pytest.raises(RunFailed, match="stored bytes of its inputs are missing or damaged"):
        run.inputs("one[8]")


def test_of_a_killed_run_what_is_not_noted_is_not_said_to_be_nothing(run: Run) -> None:
    """A task that was reused since the last note: no entry says that it is of this run."""
    again = Pipeline.load(Path(run.graph.root) / "pipeline.yaml").run(backend="sequential", force=["numbers"])
    record = Path(run.store.url) / "runs" / again.id / "run.json"
    head = run.store.runs.read_json(again.id, "run") or {}
    run.store.runs.write_json(again.id, "run", {k: v for k, v in head.items() if k != "steps"})
    assert record.exists()
    found = Run.load(again.id, store=run.store.url)
    assert found.task("square[3]").status == "reused"
    with pytest.raises(RunFailed, match=r"what square\[3\] led to is not noted"):
        found.output("square[3]")
