"""The record of a run with a large step, whose tasks stand in a file of their own."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from pipeline_runner import Pipeline, Run
from pipeline_runner.app.upkeep import Upkeep
from pipeline_runner.errors import RunFailed

TASKS = """
import pathlib, time

def make(x): return bytes([x]) * 100_000
def harm(xs):
    for blob in pathlib.Path(".prun/blobs").rglob("*"):
        if blob.is_file() and blob.read_bytes()[-1:] == bytes([3]):
            blob.unlink()
def read(xs, harmed): return sum(map(len, xs))
def wait(xs):
    end = time.monotonic() + 20
    while not list(pathlib.Path(".prun/runs").glob("*/steps/make-*")):
        assert time.monotonic() < end, "nothing is written while this runs"
        time.sleep(0.01)
"""
PIPELINE = """
name: p
params: {n: [0, 1, 2, 3, 4, 5, 6, 7]}
executor: {backend: threading, workers: 1}
steps:
  make: {call: large_tasks:make, foreach: params.n, inputs: {x: item}}
"""
WAITS = "  wait: {call: large_tasks:wait, inputs: {xs: make}}\n"
HARMS = """
  harm: {call: large_tasks:harm, inputs: {xs: make}}
  read: {call: large_tasks:read, inputs: {xs: make, harmed: harm}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("pipeline_runner.app.record.APART", 5)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large_tasks.py").write_text(TASKS)
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted((folder / ".prun" / "runs").glob("*/steps/*"))


def states(run: Run) -> dict[str, str]:
    return {task.id: task.status for task in run.tasks}


MADE = {f"make[{k}]": "succeeded" for k in range(8)}
REUSED = {f"make[{k}]": "reused" for k in range(8)}


def test_the_run_is_told_from_both(folder: Path) -> None:
    run = Pipeline.load().run()
    [file] = files(folder)
    assert file.name.startswith("make-")
    assert run.store.runs.read_json(run.id, "run")["steps"] == {"make": {"apart": 8}}
    for found in (run, Run.latest()):
        assert states(found) == MADE
        assert found.output("make[2]") == bytes([2]) * 100_000
        assert found.task("make[2]").attempts == 1


def test_a_run_in_which_nothing_changed_refers_to_it(folder: Path) -> None:
    Pipeline.load().run()
    again = Pipeline.load().run()
    assert len(files(folder)) == 1
    assert states(again) == states(Run.latest()) == REUSED
    assert Pipeline.load().plan().counts["reuse"] == 8


def test_reasons_and_the_next_run_know_it(folder: Path) -> None:
    Pipeline.load().run()
    (folder / "large_tasks.py").write_text(TASKS.replace("100_000", "100_001"))
    assert {task.reasons[0].kind for task in Pipeline.load().plan().tasks} == {"code"}
    found = Pipeline.load(params={"n": [0, 9, 2]}).run()
    assert states(found) == {f"make[{k}]": "succeeded" for k in (0, 9, 2)}


def test_without_the_file_nothing_is_computed_again(folder: Path) -> None:
    first = Pipeline.load().run()
    shutil.rmtree(files(folder)[0].parent)
    with pytest.raises(RunFailed, match=f"the record of step 'make' in run {first.id} is gone or damaged"):
        states(Run.latest())
    assert states(Pipeline.load().run()) == REUSED
    assert len(files(folder)) == 1
    assert states(Run.latest()) == REUSED


@pytest.mark.parametrize("keep", [1, 2])
def test_gc_keeps_what_it_leads_to(folder: Path, keep: int) -> None:
    Pipeline.load().run()
    store = Pipeline.load(params={"n": [1, 2, 3, 4, 5, 20]}).run().store
    Upkeep(store, now=lambda: time.time() + 1e6).gc(keep_runs=keep)
    assert len(files(folder)) == keep
    found = states(Pipeline.load().run())
    lost = {"make[0]", "make[6]", "make[7]"} if keep == 1 else set()
    assert {task for task, state in found.items() if state == "succeeded"} == lost


def test_it_is_written_while_others_work(folder: Path) -> None:
    (folder / "pipeline.yaml").write_text(PIPELINE + WAITS)
    assert Pipeline.load().run().status == "succeeded"


def test_what_changes_after_it_was_written_is_written_again(folder: Path) -> None:
    (folder / "pipeline.yaml").write_text(PIPELINE + HARMS)
    run = Pipeline.load().run()
    assert run.status == "succeeded"
    for found in (run, Run.latest()):
        assert found.output("read") == 800_000
        assert [found.task(f"make[{k}]").attempts for k in range(8)] == [1, 1, 1, 2, 1, 1, 1, 1]
