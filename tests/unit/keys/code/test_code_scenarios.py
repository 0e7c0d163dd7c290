"""Edits and whether they change what a callable does: the whole table, with and without an index."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from code_scenarios import BINDINGS, CLASSES, HELPERS, OWN_CODE, Row
from code_scenarios_by_name import BY_NAME
from code_scenarios_effects import EFFECTS
from code_scenarios_failing import FAILING
from code_scenarios_more import MORE
from code_scenarios_users import DATA, USERS

from pipeline_runner.keys.code import CodeIndex
from pipeline_runner.model.work import Project

ROWS = [*OWN_CODE, *HELPERS, *CLASSES, *BINDINGS, *MORE, *FAILING, *EFFECTS, *BY_NAME, *USERS, *DATA]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def edited(row: Row) -> dict[str, str | None]:
    out: dict[str, str | None] = {}
    for name, edit in row.edit.items():
        if isinstance(edit, tuple):
            assert edit[0] in row.files[name], f"{row.name}: the text to replace is not there"
            out[name] = row.files[name].replace(*edit)
        else:
            out[name] = edit
    return out


def fingerprint(root: Path, index: Path) -> str:
    made = CodeIndex(Project(str(root), (str(root),)), index_file=str(index))
    digest = made.fingerprint("app:run").digest
    made.save()
    return digest


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that knows what is installed, and no project: reading that takes longest."""
    folder = tmp_path_factory.mktemp("installed")
    write(folder, {"app.py": "def run(): ..."})
    fingerprint(folder, folder / "index")
    return folder / "index"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_edit(row: Row, tmp_path: Path, installed: Path) -> None:
    project, index, other = tmp_path / "project", tmp_path / "index", tmp_path / "other"
    shutil.copy(installed, index)
    shutil.copy(installed, other)
    write(project, row.files)
    before = fingerprint(project, index)
    assert fingerprint(project, index) == before
    for name, text in edited(row).items():
        if text is None:
            (project / name).unlink()
        else:
            write(project, {name: text})
    after = fingerprint(project, index)
    assert (after != before) is row.changes
    assert fingerprint(project, other) == after, "the index changes what is found"


def test_the_table_is_large_and_has_no_doubles() -> None:
    assert len(ROWS) >= 200
    assert len({row.name for row in ROWS}) == len(ROWS)
