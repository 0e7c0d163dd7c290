"""Values with much memory: digested while they are written, in one go."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.errors import StoreError
from pipeline_runner.keys import arrays
from pipeline_runner.keys.objects import content_digest
from pipeline_runner.store import blobs as blobs_module
from pipeline_runner.store import segments
from pipeline_runner.store.blobs import Blobs
from pipeline_runner.store.codecs import Unstorable, decode, encode
from pipeline_runner.store.local import LocalFiles
from pipeline_runner.store.store import Store

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

N = 40_000


@pytest.fixture(autouse=True)
def soon_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_LARGE", 1 << 16)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def kept(store: Store, value: Any) -> Any:
    return encode(value, store, lambda module: False)


def frame(columns: str = "abcd") -> Any:
    return pd.DataFrame({c: np.arange(N, dtype="float64") + i for i, c in enumerate(columns)})


VALUES = {
    "array": lambda: np.arange(N, dtype="float64"),
    "two arrays": lambda: {"a": np.arange(N), "b": [np.zeros(N), np.arange(10), "text"]},
    "one array twice": lambda: [a := np.arange(N), a, a[: N // 2]],
    "fortran": lambda: np.asfortranarray(np.arange(4.0 * N).reshape(4, N)),
    "strided": lambda: np.arange(2.0 * N)[::2],
    "frame": frame,
    "frame of two blocks": lambda: frame().assign(n=np.arange(N), t=["x"] * N),
    "frame, by rows": lambda: pd.DataFrame(np.arange(4.0 * N).reshape(N, 4)),
    "masked": lambda: pd.DataFrame({"a": pd.array([1, None] * (N // 2), dtype="Int64")}),
    "dates": lambda: pd.DataFrame({"d": pd.date_range("2020", periods=N, freq="min", tz="UTC")}),
    "half of a frame": lambda: frame().iloc[N // 2 :],
}


@pytest.mark.parametrize("name", VALUES)
def test_the_digest_is_the_same_and_the_value_comes_back(store: Store, name: str) -> None:
    value = VALUES[name]()
    artifact = kept(store, value)
    assert artifact.digest == content_digest(value)
    assert store.blobs.verify(artifact.blob)
    assert store.blobs.size(artifact.blob) == artifact.size
    again = decode(artifact, store)
    assert content_digest(again) == artifact.digest
    assert os.listdir(os.path.join(store.url, "tmp")) == []


def test_the_bytes_are_looked_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass to store a frame; none to read it in the run that wrote it."""
    seen: list[int] = []
    apart: list[int] = []

    class Counting(segments.Hasher):
        def __init__(self) -> None:
            super().__init__()
            inner = self.update

            def update(data: Any) -> None:
                seen.append(len(data))
                inner(data)

            self.update = update

    monkeypatch.setattr(segments, "Hasher", Counting)
    real = arrays.digest
    monkeypatch.setattr(arrays, "digest", lambda data: apart.append(len(data)) or real(data))
    monkeypatch.setattr(blobs_module, "is_whole", lambda view, name: pytest.fail("read to be verified"))
    big = pd.DataFrame({c: np.arange(N, dtype="float64") + i for i, c in enumerate("abcd")})
    artifact = kept(store, big)
    assert big.memory_usage(index=False).sum() <= sum(seen) < artifact.size + 4096
    assert sum(apart) < 4096  # the labels
    decode(artifact, store)


def test_another_process_of_the_run_trusts_what_was_written_and_another_run_does_not(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.blobs.proofs.folder = str(tmp_path)
    artifact = kept(store, np.arange(N * 10))
    checks: list[str] = []
    real = blobs_module.is_whole
    monkeypatch.setattr(blobs_module, "is_whole", lambda v, n: checks.append(n) or real(v, n))
    neighbour, stranger = Blobs(LocalFiles(store.url)), Blobs(LocalFiles(store.url))
    neighbour.proofs.folder = str(tmp_path)
    neighbour.read_segments(artifact.blob)
    assert checks == []
    stranger.read_segments(artifact.blob)
    assert checks == [artifact.blob]


def test_an_array_that_changes_while_it_is_stored_is_stored_as_something_whole(store: Store) -> None:
    array = np.zeros(2_000_000)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            array[:] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        artifacts = [kept(store, array) for _ in range(5)]
    finally:
        stop.set()
        thread.join()
    for artifact in artifacts:
        assert store.blobs.verify(artifact.blob)
        assert content_digest(decode(artifact, store)) == artifact.digest


def test_what_is_there_already_is_not_written_again(store: Store) -> None:
    first = kept(store, frame())
    path = Path(store.url) / "blobs" / str(first.blob)[:2] / str(first.blob)
    inode = path.stat().st_ino
    assert kept(store, frame()) == first
    assert path.stat().st_ino == inode
    assert os.listdir(os.path.join(store.url, "tmp")) == []


def test_nothing_is_left_of_what_cannot_be_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unstorable, match="function"):
        kept(store, [np.arange(N), lambda: 1])

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs_module, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        kept(store, np.arange(N))
    temporary = os.path.join(store.url, "tmp")
    assert not os.path.exists(temporary) or os.listdir(temporary) == []


def test_a_store_that_refuses_a_large_value_says_so(store: Store) -> None:
    kept(store, np.arange(N))  # the store is there
    tmp = Path(store.url, "tmp")
    tmp.rmdir()
    tmp.write_text("in the way")
    with pytest.raises(StoreError, match="cannot write to the store"):
        kept(store, np.arange(N) + 1)


def test_a_folder_for_temporary_files_that_somebody_removed_is_made_again(store: Store) -> None:
    kept(store, np.arange(N))
    Path(store.url, "tmp").rmdir()
    made = kept(store, np.arange(N) + 1)
    assert (decode(made, store) == np.arange(N) + 1).all()


def test_a_head_that_is_taken_in_pieces_is_written_whole(tmp_path: Path) -> None:
    class Slow:
        """Takes a few bytes at a time, as an almost full disk does."""

        def __init__(self) -> None:
            self.file = open(tmp_path / "blob", "xb", buffering=0)  # noqa: SIM115
            self.seek = self.file.seek

        def write(self, data: memoryview) -> int:
            return self.file.write(data[:100])

    data = memoryview(bytes(range(256)))
    laid, _ = segments.write(Slow(), [data], [[8] * 32], [])  # type: ignore[arg-type]
    assert segments.is_whole(memoryview((tmp_path / "blob").read_bytes()), laid.name)
