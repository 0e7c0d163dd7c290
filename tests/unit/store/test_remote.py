from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec
import pytest

from pipeline_runner.errors import BlobLost, StoreError
from pipeline_runner.keys.digest import digest
from pipeline_runner.model.artifact import Artifact, CacheKey, Damaged, Entry
from pipeline_runner.store import remote
from pipeline_runner.store.store import Store
from pipeline_runner.store.urls import track_url

RECIPE = digest(b"r")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"memory://{tmp_path.name}/store/", str(tmp_path))


def entry(n: int) -> Entry:
    outputs = {"": Artifact(digest(b"%d" % n), "data", 1, inline=str(n))}
    return Entry(CacheKey(RECIPE, digest(b"%d" % n)), outputs, {}, 0.1, 1.0, "run", f"t[{n}]")


def objects(store: Store) -> Any:
    return fsspec.filesystem("memory")


def path_of(store: Store, name: str) -> str:
    return store.url.removeprefix("memory:/") + "/" + name


def test_a_remote_store_keeps_its_local_files_with_the_pipeline(store: Store, tmp_path: Path) -> None:
    assert store.url == f"memory://{tmp_path.name}/store"
    assert store.local_dir == str(tmp_path / ".prun")
    assert store.index_dir == str(tmp_path / ".prun" / "index")
    assert not store.shared_between_processes
    store.blobs.put(b"x")
    assert (tmp_path / ".prun" / ".gitignore").read_text() == "*\n"
    assert objects(store).cat(path_of(store, "format")) == b"prun-store 1\n"


def test_entries(store: Store, tmp_path: Path) -> None:
    store.commit([entry(1)])
    store.commit([entry(i) for i in range(2, 30)])
    keys = [entry(i).key for i in range(40)]
    for s in (store, Store.open(store.url, str(tmp_path / "elsewhere"))):
        found = s.lookup(keys)
        assert set(found) == {entry(i).key for i in range(1, 30)}
        assert found[entry(5).key] == entry(5)
    store.commit([entry(1)._replace(run="second")])
    assert store.lookup(keys[1:2])[keys[1]] == entry(1)
    store.commit([entry(1)._replace(run="third")], replace=True)
    assert store.lookup(keys[1:2])[keys[1]] == entry(1)._replace(run="third")
    assert len(store.recipe_entries(RECIPE)) == 29


def test_a_cut_entry_is_damaged(store: Store) -> None:
    store.commit([entry(1)])
    path = path_of(store, f"entries/{RECIPE}/{entry(1).key.args}.json")
    objects(store).pipe(path, objects(store).cat(path)[:-3])
    assert isinstance(store.lookup([entry(1).key])[entry(1).key], Damaged)
    store.commit([entry(1)])
    assert store.lookup([entry(1).key]) == {entry(1).key: entry(1)}


def test_blobs_are_read_through_local_copies(store: Store, tmp_path: Path) -> None:
    blob = store.blobs.put(b"bytes")
    other = Store.open(store.url, str(tmp_path / "other"))
    assert other.blobs.read(blob) == b"bytes"
    objects(store).rm(path_of(store, f"blobs/{blob[:2]}/{blob}"))
    assert other.blobs.read(blob) == b"bytes"
    with pytest.raises(BlobLost):
        Store.open(store.url, str(tmp_path / "third")).blobs.read(blob)


def test_a_damaged_copy_is_fetched_again(store: Store) -> None:
    blob = store.blobs.put(b"bytes")
    copy = Path(store.local_dir) / "blobs" / blob[:2] / blob
    copy.write_bytes(b"bytez")
    assert store.blobs.read(blob) == b"bytes"
    assert copy.read_bytes() == b"bytes"


def test_a_blob_that_is_damaged_there_is_lost_and_removed(store: Store, tmp_path: Path) -> None:
    blob = store.blobs.put(b"bytes")
    path = path_of(store, f"blobs/{blob[:2]}/{blob}")
    objects(store).pipe(path, b"bytez")
    other = Store.open(store.url, str(tmp_path / "other"))
    with pytest.raises(BlobLost) as caught:
        other.blobs.read(blob)
    assert caught.value.damaged
    assert not objects(store).exists(path)


class Flaky:
    """Fails a number of times before each success."""

    def __init__(self, fs: Any, failures: int, error: type[Exception] = TimeoutError) -> None:
        self._fs, self._failures, self._error = fs, failures, error
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._fs, name)

        def call(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls <= self._failures:
                raise self._error("slow down")
            return real(*args, **options)

        return call


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(remote.time, "sleep", waited.append)
    return waited


def test_errors_that_pass_are_tried_again(store: Store, no_waiting: list[float]) -> None:
    store.blobs.put(b"first")
    store.files._fs = Flaky(store.files._fs, 3)  # type: ignore[attr-defined]
    blob = store.blobs.put(b"bytes")
    assert objects(store).cat(path_of(store, f"blobs/{blob[:2]}/{blob}")) == b"bytes"
    assert len(no_waiting) == 3
    assert no_waiting[2] > no_waiting[0]


def test_errors_that_stay_are_errors(store: Store, no_waiting: list[float]) -> None:
    store.blobs.put(b"first")
    store.files._fs = Flaky(store.files._fs, 99, OSError)  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="slow down"):
        store.blobs.put(b"bytes")


def test_what_is_forbidden_is_not_tried_again(store: Store, no_waiting: list[float]) -> None:
    store.blobs.put(b"first")
    store.files._fs = Flaky(store.files._fs, 99, PermissionError)  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        store.blobs.put(b"bytes")
    assert no_waiting == []


@pytest.mark.parametrize("url", ["nosuch://x/y", "s3x://b"])
def test_an_unknown_kind_of_url_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match=url):
        Store.open(url, str(tmp_path))


@pytest.mark.parametrize("url", ["ftp://localhost:1/x", "reference://x"])
def test_a_url_that_cannot_be_opened_is_no_bug_of_ours(tmp_path: Path, url: str) -> None:
    """Nobody listens there; an option is missing: fsspec lets each file system's own error through."""
    with pytest.raises(StoreError, match=f"the store {url} cannot be opened: "):
        Store.open(url, str(tmp_path))


def test_a_store_behind_a_cache_is_refused(tmp_path: Path) -> None:
    """It would give what a record was before it was written again."""
    with pytest.raises(StoreError, match="behind a cache"):
        Store.open(f"simplecache::file://{tmp_path}", str(tmp_path))


def test_a_file_system_that_makes_no_folders_is_no_bug_of_ours(tmp_path: Path) -> None:
    store = Store.open(f"dir::file://{tmp_path}/none", str(tmp_path))
    with pytest.raises(StoreError, match="cannot write to the store dir::file"):
        store.blobs.put(b"bytes")


def test_tracked_urls(tmp_path: Path) -> None:
    fs = fsspec.filesystem("memory")
    base = f"/{tmp_path.name}"
    fs.pipe({f"{base}/a.csv": b"a", f"{base}/sub/b.csv": b"b"})
    urls, parts, many = track_url(f"memory:/{base}/a.csv", False)
    assert (urls, many) == ([f"memory:/{base}/a.csv"], False)
    assert len(track_url(f"memory:/{base}/**", False)[0]) == 2
    assert len(track_url(f"memory:/{base}", False)[0]) == 2
    fs.pipe(f"{base}/a.csv", b"A")
    assert track_url(f"memory:/{base}/a.csv", False)[1] != parts
    for missing in (f"memory:/{base}/x.csv", f"memory:/{base}/*.tsv"):
        with pytest.raises(FileNotFoundError):
            track_url(missing, False)


def test_many_packs_are_read_together_and_the_latest_counts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for round in range(40):  # more than are read at once
        store.commit([entry(0)._replace(run=f"run {round}"), entry(round + 1)], replace=True)
    other = Store.open(store.url, str(tmp_path / "elsewhere"))
    many = []
    real = other.files.read_many
    monkeypatch.setattr(other.files, "read", None)
    monkeypatch.setattr(other.files, "read_many", lambda names: many.append(1) or real(names))
    found = other.lookup([entry(n).key for n in range(41)])
    assert len(found) == 41
    assert found[entry(0).key] == entry(0)._replace(run="run 39")
    assert len(many) == 3, "for single entries, for the latest packs, for those before"
