"""Tracked files have the same key on Windows as elsewhere: names with ``/``, in the same order."""

from __future__ import annotations

import ntpath
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_runner.keys import files, known_files, listing, trees
from pipeline_runner.keys.files import FileIndex

DRIVE = "C:\\"


class WindowsOs:
    """``os`` with Windows' paths over a folder: ``C:\\x`` is ``folder/x``."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder) + "/"
        self.sep = "\\"
        self.path = SimpleNamespace(
            **{n: getattr(ntpath, n) for n in ("join", "normpath", "normcase", "isabs", "split", "splitext")},
            **{n: getattr(ntpath, n) for n in ("basename", "dirname", "relpath", "expanduser")},
            **{n: self._of(getattr(os.path, n)) for n in ("isfile", "isdir", "lexists", "exists", "islink")},
            abspath=ntpath.normpath,
            realpath=ntpath.normpath,
        )
        self.stat = self._of(os.stat)
        self.open = self._of(os.open)

    def _posix(self, path: str) -> str:
        assert path.startswith(DRIVE), path
        return self._folder + path.removeprefix(DRIVE).replace("\\", "/")

    def _of(self, function: Any) -> Any:
        return lambda path, *more: function(self._posix(path), *more)

    def scandir(self, path: str) -> Any:
        found = [
            SimpleNamespace(name=e.name, path=ntpath.join(path, e.name), is_dir=e.is_dir)
            for e in os.scandir(self._posix(path))
        ]
        return _Entries(found[::-1])

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class _Entries:
    def __init__(self, found: list[Any]) -> None:
        self.found = found

    def __enter__(self) -> list[Any]:
        return self.found

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = "data/b.csv data/sub/c.csv data/Sub2/d.csv data-1/e.csv data.x/f.csv data1/g.csv top.csv"
    for name in names.split():
        path = tmp_path / "proj" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "proj"


@pytest.mark.parametrize(
    "value",
    [
        "top.csv",
        "data/sub/c.csv",
        "data",
        ".",
        "data/*.csv",
        "data*/*.csv",
        "**/*.csv",
        "data/**",
        ["top.csv", "data1/g.csv"],
    ],
)
def test_the_key_is_the_same_on_windows(root: Path, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = FileIndex(str(root)).track(value)
    windows = WindowsOs(root.parent)
    for module in (files, known_files, listing, trees):
        monkeypatch.setattr(module, "os", windows)
    there = FileIndex("C:\\proj").track(value)
    assert there.digest == here.digest
    relative = [os.path.relpath(path, root).replace("/", "\\") for path in here.paths]
    assert list(there.paths) == [ntpath.join("C:\\proj", name) for name in relative]


def test_windows_ways_of_writing_a_path_are_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = FileIndex(str(root)).track("data/sub/*.csv")
    windows = WindowsOs(root.parent)
    for module in (files, known_files, listing, trees):
        monkeypatch.setattr(module, "os", windows)
    index = FileIndex("C:\\proj")
    for value in (
        "data/sub/*.csv",
        "data\\sub\\*.csv",
        "C:\\proj\\data\\sub\\*.csv",
        "C:/proj/data/sub/*.csv",
    ):
        assert index.track(value).digest == here.digest


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_folders_of_a_drive_without_inodes_are_all_entered(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "data" / "sub" / "up").symlink_to("..")
    here = FileIndex(str(root)).track("data")
    numberless = WindowsOs(root)
    numberless.sep, numberless.path, numberless.scandir = "/", os.path, os.scandir
    numberless.stat = lambda path: os.stat_result((*os.stat(path)[:1], 0, *os.stat(path)[2:]))
    monkeypatch.setattr(listing, "os", numberless)
    assert listing.files_below(str(root / "data")) == list(here.paths)
