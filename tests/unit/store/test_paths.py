"""Files and folders as values: executable bits and links are part of them; nothing reaches out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.errors import BlobLost
from pipeline_runner.model.artifact import Artifact
from pipeline_runner.store.census import Census
from pipeline_runner.store.codecs import decode, encode
from pipeline_runner.store.paths import Paths
from pipeline_runner.store.store import Store

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def keep(store: Store, value: Any) -> Artifact:
    return encode(value, store, lambda module: False)


def executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


@posix
def test_an_executable_file_can_be_run_by_its_reader(store: Store, tmp_path: Path) -> None:
    tool = tmp_path / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    plain = keep(store, tool)
    tool.chmod(0o755)
    runs = keep(store, tool)
    assert plain.blob == runs.blob
    assert plain.digest != runs.digest  # what a reader can do with it differs
    assert (plain.type, runs.type) == ("file.sh", "executable file.sh")
    for _ in range(2):
        assert executable(decode(runs, store))
        assert not executable(decode(plain, store))
    assert decode(runs, store).suffix == ".sh"


@posix
def test_within_other_values_too(store: Store, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert executable(decode(keep(store, {"tools": [tool]}), store)["tools"][0])


@posix
def test_a_folder_comes_back_with_its_bits_and_links(store: Store, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "bin").mkdir(parents=True)
    (made / "empty").mkdir()
    (made / "bin" / "tool").write_text("#!/bin/sh\n")
    (made / "bin" / "tool").chmod(0o755)
    (made / "latest").symlink_to("bin/tool")
    (made / "all").symlink_to("bin")
    artifact = keep(store, made)
    found = decode(artifact, store)
    assert executable(found / "bin" / "tool")
    assert os.readlink(found / "latest") == "bin/tool"
    assert (found / "all" / "tool").exists()
    assert (found / "empty").is_dir()
    (made / "bin" / "tool").chmod(0o644)
    assert keep(store, made).digest != artifact.digest


# ---- folders that somebody made up ----------------------------------------------------------------------


def forged(store: Store, *rows: tuple[str, str, str]) -> str:
    """A folder's blob with these nodes: path, kind, target; each file holds "evil"."""
    evil = store.blobs.put(b"evil")
    tree = [[path, kind, target, True, evil if kind == "file" else ""] for path, kind, target in rows]
    return store.blobs.put(json.dumps({"tree": tree}, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "rows",
    [
        [("../out", "file", "")],
        [("a/../../out", "file", "")],
        [("/out", "file", "")],
        [("a//out", "file", "")],
        [(".", "folder", "")],
        [("", "file", "")],
        [("a\0b", "file", "")],
        [("up", "link", ".."), ("up/out", "file", "")],
        pytest.param([("up", "link", "../../.."), ("x", "file", "")], marks=posix),
        pytest.param([("etc", "link", "/etc")], marks=posix),
        pytest.param([("a", "link", "b"), ("b", "link", "../..")], marks=posix),
    ],
)
def test_a_forged_folder_writes_nothing_elsewhere(
    store: Store, tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    blob = forged(store, *rows)
    with pytest.raises(BlobLost):
        Paths(store).restore("tree", blob, "folder")
    assert not list(tmp_path.rglob("out"))
    assert not Path("/out").exists()
    assert os.listdir(tmp_path / "store" / "tmp") == []


@pytest.mark.parametrize("kind", ["file/../../../out", "file..\\..\\out", "executable file/../../out"])
def test_a_forged_suffix_names_nothing_elsewhere(store: Store, tmp_path: Path, kind: str) -> None:
    path = Paths(store).restore("file", store.blobs.put(b"evil"), kind)
    assert (tmp_path / "store" / "files") in path.parents
    assert ".." not in path.parts
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "junk",
    [
        b"[]", b'{"tree": 3}', b'{"tree": [[1]]}', b'{"tree": [[]]}', b"no json",
        b'{"tree":[["a","file"]]}', b'{"tree":[["a","file","",true]]}', b'{"tree":[["a","file","",true,5]]}',
        b'{"tree":[["a","file","",true,["x"]]]}', b'{"tree":[["a","link",7,true,""]]}',
        b'{"tree":[["a","odd","",true,"x"]]}', b'{"tree":[["a",[1],"",true,"x"]]}',
    ],
)  # fmt: skip
def test_what_is_no_folder_is_as_good_as_damaged(store: Store, junk: bytes) -> None:
    blob = store.blobs.put(junk)
    assert all(map(str.isalnum, Census(store).needs(Artifact("c" * 48, "tree", 4, blob=blob))))
    with pytest.raises(BlobLost):
        Paths(store).restore("tree", blob, "folder")


@pytest.mark.parametrize("name", ["../../victim", "x/../../../victim", "../victim", "", "a\0b", ".."])
def test_a_forged_name_of_a_blob_reads_and_removes_nothing_elsewhere(
    store: Store, tmp_path: Path, name: str
) -> None:
    store.blobs.put(b"something")
    victims = [tmp_path / "victim", tmp_path / "store" / "victim", tmp_path / "store" / "blobs" / "victim"]
    for victim in victims:
        victim.write_text("mine")
    for read in (store.blobs.read, store.blobs.read_segments, store.blobs.path):
        with pytest.raises(BlobLost):
            read(name)
    for codec in ("file", "tree", "data", "bytes", "pickle", "parts"):
        with pytest.raises(BlobLost):
            decode(Artifact("1" * 48, codec, 4, blob=name), store)
    assert store.blobs.size(name) is None
    assert not store.blobs.verify(name)
    assert all(victim.read_text() == "mine" for victim in victims)
