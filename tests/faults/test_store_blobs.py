"""Blobs that a bad disk, a power cut or a person damaged are found before they are used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_runner.errors import BlobLost, StoreError
from pipeline_runner.model.artifact import Artifact
from pipeline_runner.store.codecs import decode, encode
from pipeline_runner.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def path_of(store: Store, artifact: Artifact) -> Path:
    assert artifact.blob
    return Path(store.url) / "blobs" / artifact.blob[:2] / artifact.blob


def kinds(store: Store, tmp_path: Path) -> dict[str, Artifact]:
    (tmp_path / "f.txt").write_bytes(os.urandom(700))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_bytes(os.urandom(10))
    values: dict[str, Any] = {
        "data": list(range(10_000)),
        "bytes": os.urandom(20_000),
        "pickle": {"a": np.arange(1000.0), "b": object},
        "large pickle": np.arange(50_000.0),
        "file": tmp_path / "f.txt",
        "tree": tmp_path / "folder",
    }
    return {name: encode(v, store, lambda m: False) for name, v in values.items()}


def test_a_blob_cut_anywhere_is_lost(store: Store, tmp_path: Path) -> None:
    for name, artifact in kinds(store, tmp_path).items():
        path = path_of(store, artifact)
        whole = path.read_bytes()
        step = max(1, len(whole) // 60)
        for cut in [*range(0, len(whole), step), len(whole) - 1]:
            path.write_bytes(whole[:cut])
            with pytest.raises(BlobLost) as caught:
                decode(artifact, Store.open(store.url, "/"))
            assert caught.value.damaged, (name, cut)
            assert not path.exists()  # or its producer would find it there and keep it


def test_a_blob_with_any_byte_changed_is_lost(store: Store, tmp_path: Path) -> None:
    for name, artifact in kinds(store, tmp_path).items():
        path = path_of(store, artifact)
        whole = path.read_bytes()
        step = max(1, len(whole) // 60)
        padding = 0
        for i in range(0, len(whole), step):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x40]) + whole[i + 1 :])
            try:
                value = decode(artifact, Store.open(store.url, "/"))
            except BlobLost as e:
                assert e.damaged, (name, i)  # noqa: PT017
            else:  # only what lies between the segments is of no account
                assert "pickle" in name
                assert whole[i] == 0
                del value
                padding += 1
        assert padding <= 8, name


def test_longer_than_it_should_be_is_damaged_too(store: Store, tmp_path: Path) -> None:
    for artifact in kinds(store, tmp_path).values():
        path = path_of(store, artifact)
        path.write_bytes(path.read_bytes() + b"\0")
        with pytest.raises(BlobLost):
            decode(artifact, Store.open(store.url, "/"))


def test_a_lost_blob_comes_back_with_its_producer(store: Store, tmp_path: Path) -> None:
    array = np.arange(50_000.0)
    artifact = encode(array, store, lambda m: False)
    path = path_of(store, artifact)
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(BlobLost):
        decode(artifact, Store.open(store.url, "/"))
    assert encode(array, store, lambda m: False) == artifact
    np.testing.assert_array_equal(decode(artifact, store), array)


def test_a_blob_changed_after_it_was_verified_is_verified_again(store: Store) -> None:
    artifact = encode(np.arange(50_000.0), store, lambda m: False)
    reader = Store.open(store.url, "/")
    decode(artifact, reader)
    path = path_of(store, artifact)
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(BlobLost):
        decode(artifact, reader)


def test_writing_into_what_was_read_reaches_no_other_reader(store: Store) -> None:
    artifact = encode({"a": np.zeros(50_000)}, store, lambda m: False)
    one, two = decode(artifact, store), decode(artifact, store)
    one["a"][:] = 7
    assert two["a"].sum() == 0
    assert decode(artifact, Store.open(store.url, "/"))["a"].sum() == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")
def test_a_store_that_may_not_be_written_says_so(store: Store) -> None:
    store.blobs.put(b"x")
    tmp = Path(store.url) / "tmp"
    tmp.chmod(0o555)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            store.blobs.put(b"y")
    finally:
        tmp.chmod(0o755)
