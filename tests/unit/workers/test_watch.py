"""Whether tracked files still are what a key was made from."""

from __future__ import annotations

from pathlib import Path

from pipeline_runner.keys.digest import digest
from pipeline_runner.model.bound import FileArg, Inline
from pipeline_runner.workers.watch import changed_file

STAMPS = ("st_mode", "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")


def test_a_file_is_compared_by_its_stamps_and_else_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("old")
    old = digest(b"old")
    stamps = tuple(getattr(path.stat(), name) for name in STAMPS)

    def changed(*seen: object) -> bool:
        return changed_file([Inline("", 1), FileArg("", (str(path),), False, (seen,))]) == str(path)

    assert not changed(old)
    assert not changed(old, stamps)
    assert not changed("not looked at while the stamps are the same", stamps)
    assert not changed(old, (1, 2, 3, 4, 5))  # touched
    path.write_text("new!")
    assert changed(old)
    assert changed(old, stamps)
    path.unlink()
    assert changed(old, stamps)


def test_what_cannot_be_looked_at_again_is_believed() -> None:
    assert changed_file([FileArg("", ("s3://bucket/a", "s3://bucket/b"), True, ((), ()))]) is None
    assert changed_file([FileArg("", ("/nowhere",), False)]) is None
