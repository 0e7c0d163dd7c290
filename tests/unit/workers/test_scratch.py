from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pipeline_runner.workers import scratch
from pipeline_runner.workers.scratch import Scratch

POSIX = pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.parametrize("gone", [False, pytest.param(True, marks=POSIX)])
def test_a_folder_that_another_run_swept_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    lock, asked = scratch.lock_opened, [0]

    def late(fd: int) -> None:
        asked[0] += 1
        if asked[0] == 1 and gone:
            shutil.rmtree(next(tmp_path.iterdir()))
        elif asked[0] == 1:
            raise BlockingIOError
        lock(fd)

    monkeypatch.setattr(scratch, "lock_opened", late)
    mine = Scratch()
    assert [str(path) for path in tmp_path.iterdir()] == [mine.path]
    Scratch().remove()  # whose sweep leaves ours alone
    assert os.path.isdir(mine.path)
    mine.remove()
    assert list(tmp_path.iterdir()) == []


def test_without_locks_there_is_a_folder_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(fd: int) -> None:
        raise OSError("not here")

    monkeypatch.setattr(scratch, "lock_opened", no_locks)
    mine = Scratch()
    assert [str(path) for path in tmp_path.iterdir()] == [mine.path]


@POSIX
def test_what_is_swept_stays_locked_until_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "prun-run-left"
    left.mkdir()
    (left / "lock").touch()
    discard, taken = scratch.discard, []

    def seen(path: str) -> None:
        if path == str(left):
            taken.append(scratch._try_lock(str(left / "lock"), os.O_RDWR) is None)
        discard(path)

    monkeypatch.setattr(scratch, "discard", seen)
    Scratch().remove()
    assert taken == [True]
    assert not left.exists()
