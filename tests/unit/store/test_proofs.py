from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_runner.errors import BlobLost
from pipeline_runner.store import blobs as blobs_module
from pipeline_runner.store.blobs import Blobs
from pipeline_runner.store.local import LocalFiles
from pipeline_runner.store.store import Store

BIG, SMALL = os.urandom(1 << 21), os.urandom(1 << 17)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the blobs that were read to be verified."""
    found: list[str] = []
    real = blobs_module.is_whole
    monkeypatch.setattr(blobs_module, "is_whole", lambda v, n: found.append(n) or real(v, n))
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def stored(store: Store, data: bytes) -> tuple[str, Path]:
    """A blob whose time stamp is not of this moment."""
    name, _ = store.blobs.put_segments([b"a", data], [None, None])
    path = Path(store.url) / "blobs" / name[:2] / name
    os.utime(path, (2.000000001, 2.000000001))
    return name, path


def process(store: Store, folder: Path | None) -> Blobs:
    """As another process of the run sees the blobs."""
    blobs = Blobs(LocalFiles(store.url))
    blobs.proofs.folder = None if folder is None else str(folder)
    return blobs


def test_what_one_process_of_a_run_has_verified_the_others_need_not(
    store: Store, tmp_path: Path, checks: list[str]
) -> None:
    name, _ = stored(store, BIG)
    for folder in (tmp_path, tmp_path, tmp_path):
        assert bytes(process(store, folder).read_segments(name).parts[1]) == BIG
    assert checks == [name]
    process(store, None).read_segments(name)  # another run
    assert checks == [name, name]


def test_small_ones_are_verified_sooner_than_told(store: Store, tmp_path: Path, checks: list[str]) -> None:
    name, _ = stored(store, SMALL)
    process(store, tmp_path).read_segments(name)
    assert not list(tmp_path.glob("proved-*"))
    process(store, tmp_path).read_segments(name)
    assert checks == [name, name]


def test_what_was_told_counts_for_that_file_alone(store: Store, tmp_path: Path) -> None:
    name, path = stored(store, BIG)
    process(store, tmp_path).read_segments(name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BlobLost):
        process(store, tmp_path).read_segments(name)
    assert not list(tmp_path.glob("proved-*"))


def test_a_note_that_is_torn_proves_nothing(store: Store, tmp_path: Path, checks: list[str]) -> None:
    name, _ = stored(store, BIG)
    process(store, tmp_path).read_segments(name)
    [note] = tmp_path.glob("proved-*")
    note.write_bytes(note.read_bytes()[:-1])
    process(store, tmp_path).read_segments(name)
    assert checks == [name, name]


def test_verifying_reads_all_whatever_was_told(store: Store, tmp_path: Path, checks: list[str]) -> None:
    name, _ = stored(store, BIG)
    process(store, tmp_path).read_segments(name)
    assert process(store, tmp_path).verify(name)
    assert checks == [name, name]
