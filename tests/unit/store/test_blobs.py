from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline_runner.errors import BlobLost
from pipeline_runner.keys.digest import digest
from pipeline_runner.store import blobs as blobs_module
from pipeline_runner.store.blobs import Blobs
from pipeline_runner.store.local import LocalFiles
from pipeline_runner.store.segments import ALIGN
from pipeline_runner.store.store import Store

LARGE = os.urandom(1 << 18)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def path_of(store: Store, blob: str) -> Path:
    return Path(store.url) / "blobs" / blob[:2] / blob


@pytest.mark.parametrize("data", [b"", b"x", LARGE])
def test_bytes_are_named_by_their_digest(store: Store, data: bytes) -> None:
    blob = store.blobs.put(data)
    assert blob == digest(data)
    assert path_of(store, blob).read_bytes() == data
    assert store.blobs.read(blob) == data
    assert store.blobs.size(blob) == len(data)
    assert store.blobs.verify(blob)
    assert Path(store.blobs.path(blob)).read_bytes() == data


def test_pieces_are_one_blob(store: Store) -> None:
    assert store.blobs.put([b"ab", bytearray(b"c"), memoryview(b"d")]) == digest(b"abcd")
    assert store.blobs.read(digest(b"abcd")) == b"abcd"


def test_a_file_is_stored_by_its_bytes(store: Store, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(LARGE)
    assert store.blobs.put_file(str(tmp_path / "f")) == (digest(LARGE), len(LARGE))
    assert store.blobs.read(digest(LARGE)) == LARGE


def test_what_is_there_is_not_written_again(store: Store) -> None:
    blob = store.blobs.put(LARGE)
    before = path_of(store, blob).stat()
    store.blobs.put(LARGE)
    assert path_of(store, blob).stat().st_ino == before.st_ino


def test_nothing_temporary_is_left(store: Store) -> None:
    store.blobs.put(LARGE)
    assert list((Path(store.url) / "tmp").iterdir()) == []


def test_a_missing_blob_is_lost(store: Store) -> None:
    for read in (store.blobs.read, store.blobs.read_segments, store.blobs.path):
        with pytest.raises(BlobLost) as caught:
            read(digest(b"never"))
        assert caught.value.blob == digest(b"never")
        assert not caught.value.damaged
    assert not store.blobs.verify(digest(b"never"))


def test_segments_lie_aligned_and_are_private(store: Store) -> None:
    parts = [b"head", LARGE, b"", b"tail"]
    blob, size = store.blobs.put_segments(parts, [None, digest(LARGE), None, None], refs=["r"])
    assert path_of(store, blob).stat().st_size == size
    found = store.blobs.read_segments(blob)
    assert [bytes(p) for p in found.parts] == parts
    assert found.refs == ["r"]
    found.parts[1][0] ^= 1
    again = Blobs(LocalFiles(store.url)).read_segments(blob)
    assert bytes(again.parts[1]) == LARGE
    raw = path_of(store, blob).read_bytes()
    assert raw.index(LARGE) % ALIGN == 0


def test_the_name_of_segments_commits_to_all_of_them(store: Store) -> None:
    names = {
        store.blobs.put_segments(parts, [None] * len(parts))[0]
        for parts in ([b"a", b"b"], [b"a", b"c"], [b"ab", b""], [b"ab"], [b"b", b"a"])
    }
    assert len(names) == 5


def test_a_wrong_digest_given_for_a_segment_is_found_when_it_is_read(store: Store) -> None:
    blob, _ = store.blobs.put_segments([b"a", LARGE], [None, digest(b"something else")])
    with pytest.raises(BlobLost):
        store.blobs.read_segments(blob)


def test_a_file_that_looks_like_segments_is_a_blob_like_any_other(store: Store) -> None:
    name, _ = store.blobs.put_segments([b"a", LARGE], [None, None])
    copy = store.blobs.put(path_of(store, name).read_bytes())
    assert copy != name
    assert store.blobs.verify(copy)
    assert store.blobs.verify(name)


def test_a_blob_is_verified_once_and_again_when_its_file_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob, _ = store.blobs.put_segments([b"a", LARGE], [None, None])
    os.utime(path_of(store, blob), (2, 2))
    fresh = Blobs(LocalFiles(store.url))
    checks: list[str] = []
    real = blobs_module.is_whole
    monkeypatch.setattr(blobs_module, "is_whole", lambda v, n: checks.append(n) or real(v, n))
    fresh.read_segments(blob)
    fresh.read_segments(blob)
    assert checks == [blob]
    os.utime(path_of(store, blob), (1, 1))
    fresh.read_segments(blob)
    assert checks == [blob, blob]


def test_a_time_stamp_that_is_too_coarse_to_tell_of_changes_proves_nothing(store: Store) -> None:
    blob, _ = store.blobs.put_segments([b"a", LARGE], [None, None])
    path = path_of(store, blob)
    now = int(time.time())  # as FAT and HFS+ have it
    os.utime(path, (now, now))
    fresh = Blobs(LocalFiles(store.url))
    fresh.read_segments(blob)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, (now, now))
    with pytest.raises(BlobLost):
        fresh.read_segments(blob)
