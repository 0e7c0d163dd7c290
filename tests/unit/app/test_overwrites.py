"""Places that differ in upper and lower case alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.app import overwrites


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes upper and lower case for the same."""
    same = os.path.samefile
    monkeypatch.setattr(os.path, "samefile", lambda a, b: a.casefold() == b.casefold() or same(a, b))


def test_whether_a_disk_folds_case_is_found_by_looking(tmp_path: Path) -> None:
    (tmp_path / "123").mkdir()
    (tmp_path / "123" / "some").write_text("")
    folds = (tmp_path / "123" / "SOME").exists()
    for path in ("123/x", "123/not/there/x", "123/SOME"):
        assert overwrites.folds_case(str(tmp_path / path)) == folds


def test_of_an_empty_folder_its_own_name_tells(tmp_path: Path, folding: None) -> None:
    (tmp_path / "empty").mkdir()
    assert overwrites.folds_case(str(tmp_path / "empty" / "x"))


def test_two_names_that_differ_are_two_files(tmp_path: Path) -> None:
    for name in ("same", "SAME"):
        (tmp_path / name).write_text("")
    if len(list(tmp_path.iterdir())) == 2:
        assert not overwrites.folds_case(str(tmp_path / "x"))


@pytest.mark.parametrize(
    "steps",
    [
        "a: {call: tasks:f, publish: out/a.txt}\n  b: {call: tasks:f, publish: Out/A.txt}",
        'a: {call: tasks:f, foreach: [x, X], inputs: {x: item}, publish: "out/${{ item }}.txt"}',
    ],
)
def test_two_places_are_one_where_the_disk_folds_case(tmp_path: Path, folding: None, steps: str) -> None:
    (tmp_path / "tasks.py").write_text("def f(x=0): return 'text'\n")
    (tmp_path / "pipeline.yaml").write_text(f"name: p\nsteps:\n  {steps}\n")
    [problem] = Pipeline.load(tmp_path / "pipeline.yaml").check()
    assert "are one file here: this disk does not tell upper from lower case" in problem.message
    assert problem.severity == "error"
    assert problem.where is not None
