"""Removing and replacing files, also where they are read-only or in use for a moment (Windows)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pipeline_runner.store import disk


class Busy:
    """``os.replace`` or ``os.unlink`` of Windows: refuses read-only files, and some times for no reason."""

    def __init__(self, real, times: int) -> None:
        self.real = real
        self.times = times
        self.pauses: list[float] = []

    def __call__(self, *paths) -> None:
        target = Path(paths[-1])
        if self.times > 0 or (target.exists() and not target.stat().st_mode & 0o200):
            self.times -= 1
            raise PermissionError(13, "Access is denied", str(target))
        self.real(*paths)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch):
    def rules(name: str, times: int = 0) -> Busy:
        busy = Busy(getattr(os, name), times)
        monkeypatch.setattr(disk, "WINDOWS", True)
        monkeypatch.setattr(shutil, "_use_fd_functions", False, raising=False)  # as it is there
        monkeypatch.setattr(disk.os, name, busy)
        monkeypatch.setattr(disk.time, "sleep", busy.pauses.append)
        return busy

    return rules


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    return str(tmp_path / "new"), str(tmp_path / "old")


def test_what_is_in_use_for_a_moment_is_replaced_after_it(files, windows) -> None:
    busy = windows("replace", times=3)
    disk.replace(*files)
    assert Path(files[1]).read_text() == "new"
    assert len(busy.pauses) == 3


def test_what_stays_in_use_is_refused_in_the_end(files, windows) -> None:
    busy = windows("replace", times=1000)
    with pytest.raises(PermissionError):
        disk.replace(*files)
    assert 0 < sum(busy.pauses) < 2


def test_nobody_waits_where_there_is_no_such_rule(files, windows, monkeypatch) -> None:
    busy = windows("unlink", times=1)
    monkeypatch.setattr(disk, "WINDOWS", False)
    with pytest.raises(PermissionError):
        disk.remove(files[0])
    assert busy.pauses == []


def test_read_only_files_are_replaced_and_removed(files, windows) -> None:
    os.chmod(files[1], 0o444)
    windows("replace")
    disk.replace(*files)
    os.chmod(files[1], 0o444)
    windows("unlink")
    disk.remove(files[1])
    assert not os.path.exists(files[1])


def test_folders_with_read_only_files_are_discarded(tmp_path: Path, windows) -> None:
    inside = tmp_path / "tree" / "deep"
    inside.mkdir(parents=True)
    (inside / "file").write_text("x")
    (inside / "file").chmod(0o444)
    windows("unlink")
    disk.discard(str(tmp_path / "tree"))
    disk.discard(str(tmp_path / "tree"))  # nothing there: nothing to say
    assert not (tmp_path / "tree").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_a_folder_is_discarded_and_not_the_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("x")
    (tmp_path / "link").symlink_to("folder")
    disk.discard(str(tmp_path / "link"))
    assert not os.path.lexists(tmp_path / "link")
    assert (tmp_path / "folder" / "file").exists()


def test_whole_files_or_none(files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    disk.write_whole(files[1], [b"whole", b" thing"])
    assert Path(files[1]).read_bytes() == b"whole thing"
    monkeypatch.setattr(disk.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        disk.write_whole(files[1], [b"other"])
    assert Path(files[1]).read_bytes() == b"whole thing"
    assert sorted(os.listdir(Path(files[1]).parent)) == ["new", "old"]
