"""Edits and whether they change what a callable does: the whole table, with and without an index."""

from __future__ import annotations

from pathlib import Path

import pytest
from code_scenarios_more import MORE
from code_scenarios import BINDINGS, CLASSES, HELPERS, OWN_CODE, Row

from pipeline_runner.keys.code import CodeIndex
from pipeline_runner.model.work import Project

ROWS = [*OWN_CODE, *HELPERS, *CLASSES, *BINDINGS, *MORE]


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


def fingerprint(root: Path, *, index: bool = True) -> str:
    made = CodeIndex(
        Project(str(root), (str(root),)), index_file=str(root / ".prun" / "code") if index else None
    )
    digest = made.fingerprint("app:run").digest
    made.save()
    return digest


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_edit(row: Row, tmp_path: Path) -> None:
    write(tmp_path, row.files)
    before = fingerprint(tmp_path)
    for name, text in edited(row).items():
        if text is None:
            (tmp_path / name).unlink()
        else:
            write(tmp_path, {name: text})
    after = fingerprint(tmp_path)
    assert (after != before) is row.changes
    assert fingerprint(tmp_path, index=False) == after, "the index changes what is found"


def test_the_table_is_large_and_has_no_doubles() -> None:
    assert len(ROWS) >= 160
    assert len({row.name for row in ROWS}) == len(ROWS)
