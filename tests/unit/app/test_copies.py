"""Copies outside the store: whole, exact, and never a file of the user's removed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pipeline_runner.app.copies import content, look, put_bytes, put_file, put_tree

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    (folder / "bin").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "bin" / "tool").write_text("run me")
    if sys.platform != "win32":
        (folder / "bin" / "tool").chmod(0o755)
        (folder / "latest").symlink_to("bin/tool")
        (folder / "all").symlink_to("bin")
    (folder / "data.txt").write_text("data")
    return folder


def all_of(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = path.read_text() + (" x" if path.stat().st_mode & 0o100 else "")
    return found


def test_a_folder_is_copied_as_it_is(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "here"
    nodes = put_tree(str(made), str(target))
    assert all_of(target) == all_of(made)
    assert put_tree(str(made), str(target), nodes) == nodes
    assert all_of(target) == all_of(made)


def test_of_an_earlier_copy_goes_what_is_no_longer_there(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    (made / "old" / "deep").mkdir(parents=True)
    (made / "old" / "deep" / "x").write_text("x")
    before = put_tree(str(made), str(target))
    (made / "old" / "deep" / "x").unlink()
    (made / "old" / "deep").rmdir()
    (made / "old").rmdir()
    (made / "empty").rmdir()
    put_tree(str(made), str(target), before)
    assert all_of(target) == all_of(made)


def test_files_of_the_user_s_stay(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    (target / "bin").mkdir(parents=True)
    (target / "mine.txt").write_text("mine")
    (target / "bin" / "mine").write_text("mine")
    before = put_tree(str(made), str(target))
    (made / "bin" / "tool").unlink()
    (made / "bin" / "other").write_text("other")
    put_tree(str(made), str(target), before)
    assert (target / "mine.txt").read_text() == "mine"
    assert (target / "bin" / "mine").read_text() == "mine"
    assert not (target / "bin" / "tool").exists()


@posix
def test_nothing_is_written_or_removed_through_a_link(made: Path, tmp_path: Path) -> None:
    """A folder of the copy was replaced by a link to one of the user's."""
    target, mine = tmp_path / "out", tmp_path / "mine"
    before = put_tree(str(made), str(target))
    (target / "bin").rename(mine)
    (target / "bin").symlink_to(mine)
    (mine / "tool").write_text("mine")
    put_tree(str(made), str(target), before)
    assert all_of(target) == all_of(made)
    (target / "bin" / "tool").unlink()
    (target / "bin").rmdir()
    (target / "bin").symlink_to(mine)
    (made / "bin" / "tool").unlink()
    (made / "bin").rmdir()
    (made / "latest").unlink()
    (made / "all").unlink()
    put_tree(str(made), str(target), before)
    assert (mine / "tool").read_text() == "mine"


@posix
def test_a_link_that_became_a_folder_and_back(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    nodes = put_tree(str(made), str(target))
    (made / "all").unlink()
    (made / "all").mkdir()
    (made / "all" / "own").write_text("own")
    nodes = put_tree(str(made), str(target), nodes)
    assert all_of(target) == all_of(made)
    assert not (target / "bin" / "own").exists()
    (made / "all" / "own").unlink()
    (made / "all").rmdir()
    (made / "all").symlink_to("bin")
    put_tree(str(made), str(target), nodes)
    assert all_of(target) == all_of(made)


@posix
@pytest.mark.parametrize("change", ["content", "bit on", "bit off", "link", "gone", "kind"])
def test_every_difference_is_seen(made: Path, tmp_path: Path, change: str) -> None:
    target = tmp_path / "out"
    nodes = put_tree(str(made), str(target))
    seen, before = look(str(target), nodes), content(str(target), nodes, modes=True)
    assert before is not None
    data, tool = target / "data.txt", target / "bin" / "tool"
    if change == "content":
        data.write_text("DATA")
    elif change == "bit on":
        data.chmod(0o755)
    elif change == "bit off":
        tool.chmod(0o644)
    elif change == "link":
        (target / "latest").unlink()
        (target / "latest").symlink_to("data.txt")
    elif change == "gone":
        tool.unlink()
    else:
        data.unlink()
        data.symlink_to("bin/tool")
    assert look(str(target), nodes) != seen
    assert content(str(target), nodes, modes=True) != before


@posix
def test_of_a_text_the_bit_is_the_user_s(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    put_bytes(str(path), b"#!/bin/sh\n")
    before = content(str(path), None, modes=False)
    path.chmod(0o755)
    assert content(str(path), None, modes=False) == before


@posix
def test_an_executable_file_stays_one(made: Path, tmp_path: Path) -> None:
    target = tmp_path / "tool"
    put_file(str(made / "bin" / "tool"), str(target))
    assert target.stat().st_mode & 0o111
    put_file(str(made / "data.txt"), str(target))
    assert not target.stat().st_mode & 0o111


def test_what_is_in_the_way_is_told(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a file, and a folder should be"):
        put_tree(str(made), str(made / "data.txt"))
    with pytest.raises(ValueError, match="is a folder, and a file should be"):
        put_bytes(str(made / "bin"), b"")
    assert not [n for n in os.listdir(made) if n.startswith(".prun-")]


@posix
def test_copies_have_the_rights_that_any_new_file_gets(made: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        put_tree(str(made), str(tmp_path / "out"))
        put_bytes(str(tmp_path / "text"), b"x")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("out/bin/tool", "out/data.txt", "text")]
    assert modes == [0o750, 0o640, 0o640]
    assert not [n for n in os.listdir(tmp_path) if n.startswith(".prun-")]
