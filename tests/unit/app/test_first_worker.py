"""A worker that starts before the engine is loaded: only where it is needed, and never left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.app import execute
from pipeline_runner.workers.loky_pool import LokyPool

PIPELINE = """
params: {to: 3}
steps:
  first: {call: "early_tasks:count", inputs: {to: params.to}}
  last: {call: "early_tasks:total", inputs: {xs: first}}
"""
TASKS = "def count(to):\n    return list(range(to))\ndef total(xs):\n    return sum(xs)\n"
ENGINE = "the engine"


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened in turn."""
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "early_tasks.py").write_text(TASKS)
    told: list[str] = []

    def noting(owner: object, name: str, what: str) -> None:
        real: Callable[..., object] = getattr(owner, name)

        def noted(*args: object, **named: object) -> object:
            told.append(what)
            return real(*args, **named)

        monkeypatch.setattr(owner, name, noted)

    noting(LokyPool, "expect", "a worker")
    noting(LokyPool, "_shut", "the end")
    noting(execute, "execute", ENGINE)
    return told


def test_it_starts_first_and_is_the_one_that_works(tmp_path: Path, notes: list[str]) -> None:
    run = Pipeline.load(tmp_path).run(jobs=1)
    assert run.output("last") == 3
    assert notes[:2] == ["a worker", ENGINE]
    assert notes.count("the end") == 1


def test_none_starts_for_what_is_there(tmp_path: Path, notes: list[str]) -> None:
    Pipeline.load(tmp_path).run(jobs=1)
    notes.clear()
    Pipeline.load(tmp_path).run(jobs=1, select=["first", "last"])  # no stamp is asked
    assert notes == [ENGINE]


def test_a_step_further_down_starts_its_own(tmp_path: Path, notes: list[str]) -> None:
    Pipeline.load(tmp_path).run(jobs=1)
    notes.clear()
    (tmp_path / "early_tasks.py").write_text(TASKS.replace("sum(xs)", "-sum(xs)"))
    assert Pipeline.load(tmp_path).run(jobs=1).output("last") == -3
    assert notes[:2] == [ENGINE, "a worker"]


@pytest.mark.parametrize("options", [{"select": ["last"]}, {"backend": "threading"}, {"paranoid": True}])
def test_what_is_not_sure_is_left_to_the_run(tmp_path: Path, notes: list[str], options: dict) -> None:
    Pipeline.load(tmp_path).run(jobs=1)
    notes.clear()
    changed = Pipeline.load(tmp_path, params={"to": 3 if "select" in options else 4})
    changed.run(jobs=1, **options)
    assert notes[0] == ENGINE


def test_it_ends_whatever_comes_between(tmp_path: Path, notes: list[str], monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(execute, "execute", broken)
    with pytest.raises(KeyboardInterrupt):
        Pipeline.load(tmp_path).run(jobs=1)
    assert notes == ["a worker", "the end"]
