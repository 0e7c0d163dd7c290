from __future__ import annotations

import dataclasses
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from content import file_content, tree_content

from pipeline_runner.errors import BlobLost
from pipeline_runner.keys.canonical import dumps, list_digest, plain_digest
from pipeline_runner.keys.objects import content_digest
from pipeline_runner.model.artifact import Artifact
from pipeline_runner.store.codecs import INLINE, Unstorable, decode, encode
from pipeline_runner.store.describe import describe
from pipeline_runner.store.store import Store


@dataclasses.dataclass
class Model:
    weights: Any
    name: str = "m"


class Refuses:
    def __init__(self) -> None:
        self.inner = {"handle": [1, Handle()]}


class Handle:
    def __reduce__(self) -> Any:
        raise TypeError("a handle of this process")


@pytest.fixture(params=["store", "memory://codecs-{name}"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store.open(request.param.format(name=tmp_path.name), str(tmp_path))


def nobody(module: str) -> bool:
    return False


def there_and_back(value: Any, store: Store, root: str = "/nowhere") -> tuple[Artifact, Any]:
    artifact = encode(value, store, nobody)
    other = Store.open(store.url, os.path.dirname(store.local_dir))
    return artifact, decode(artifact, other)


@pytest.mark.parametrize(
    "value", [None, 1, "text", [1, {"a": (2, {3})}], float("inf"), b"short", {"!": 1}, [], "x" * 100]
)
def test_small_plain_data_stands_in_the_entry(store: Store, value: Any) -> None:
    artifact, back = there_and_back(value, store)
    assert artifact.codec == "data"
    assert artifact.inline == dumps(value)
    assert artifact.blob is None
    assert artifact.digest == plain_digest(value)
    assert back == value
    assert type(back) is type(value)
    assert store.plain(artifact) == value


def test_large_plain_data_is_a_json_blob(store: Store) -> None:
    value = {"rows": list(range(10_000)), "é": "😀"}
    artifact, back = there_and_back(value, store)
    assert (artifact.codec, artifact.inline) == ("data", None)
    assert back == value
    assert store.plain(artifact) == value
    assert store.blobs.read(artifact.blob or "").decode() == dumps(value)
    assert artifact.digest == plain_digest(value)


def test_the_border_between_entry_and_blob_counts_bytes(store: Store) -> None:
    assert encode("é" * (INLINE // 2 - 1), store, nobody).inline is not None
    assert encode("é" * (INLINE // 2), store, nobody).inline is None


def test_large_bytes_are_stored_as_they_are(store: Store) -> None:
    value = os.urandom(INLINE)
    artifact, back = there_and_back(value, store)
    assert artifact.codec == "bytes"
    assert back == value == store.plain(artifact)
    assert artifact.digest == plain_digest(value)


def test_a_numpy_scalar_comes_back_as_pythons(store: Store) -> None:
    artifact, back = there_and_back({"auc": np.float64(0.5)}, store)
    assert artifact.digest == plain_digest({"auc": 0.5})
    assert type(back["auc"]) is float


@pytest.mark.parametrize(
    "array",
    [
        np.arange(20_000.0).reshape(100, 200),
        np.asfortranarray(np.arange(20_000.0).reshape(100, 200)),
        np.arange(20_000.0).reshape(100, 200)[:, ::2],
        np.arange(20_000)[::-1],
        np.zeros((0, 3)),
        np.array("2026-01-01", "M8[D]"),
        np.array(["a", None], object),
        np.arange(9_000, dtype=">i2"),
    ],
)
def test_arrays_come_back_writable_and_private(store: Store, array: Any) -> None:
    artifact, back = there_and_back(array, store)
    assert artifact.codec == "pickle"
    assert artifact.digest == content_digest(array) == content_digest(back)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    if back.size and back.dtype != object:
        before = back.copy()
        back[...] = 0
        np.testing.assert_array_equal(decode(artifact, store), before)


def test_large_arrays_are_mapped_rather_than_copied(store: Store) -> None:
    array = np.arange(100_000.0)
    _, back = there_and_back({"a": array, "b": [array * 2]}, store)
    assert not back["a"].flags.owndata
    assert back["a"].ctypes.data % 64 == 0
    assert back["b"][0].ctypes.data % 64 == 0


def test_frames_come_back_equal_and_private(store: Store) -> None:
    frame = pd.DataFrame(
        {"a": range(5000), "b": np.arange(5000.0), "s": ["x", None] * 2500, "o": [{}] * 5000}
    )
    artifact, back = there_and_back(frame, store)
    pd.testing.assert_frame_equal(back, frame)
    assert artifact.digest == content_digest(frame) == content_digest(back)
    back.loc[0, "a"] = 77
    back["b"] += 1
    pd.testing.assert_frame_equal(decode(artifact, store), frame)


def test_objects_carry_their_project_classes(store: Store) -> None:
    artifact = encode([Model(np.zeros(3))], store, lambda m: m == __name__)
    assert artifact.classes == (f"{__name__}:Model",)
    assert encode(Model(1), store, nobody).classes == ()
    assert decode(encode(Model([1]), store, nobody), store) == Model([1])


@pytest.mark.parametrize("leaf", [1, np.zeros(2), (1, 2)], ids=["plain", "array", "tagged"])
def test_a_mapping_keeps_its_order_which_is_no_part_of_its_content(store: Store, leaf: object) -> None:
    a = {"z": leaf, "a": [{"y": leaf, "b": 1}], "m": {2: 1, 1: 2}}
    b = {"a": [{"b": 1, "y": leaf}], "m": {1: 2, 2: 1}, "z": leaf}
    assert encode(a, store, nobody).digest == encode(b, store, nobody).digest
    for value in (a, b):
        back = there_and_back(value, store)[1]
        assert list(back) == list(value)
        assert list(back["a"][0]) == list(value["a"][0])
        assert list(back["m"]) == list(value["m"])


def test_what_is_shared_stays_shared(store: Store) -> None:
    inner = [np.zeros(2)]
    back = there_and_back({"z": inner, "a": inner}, store)[1]
    assert back["a"] is back["z"]


def test_elements_that_are_stored_one_by_one_make_up_the_list(store: Store) -> None:
    values = [1, np.zeros(3), {"a": Model(2)}]
    artifacts = [encode(value, store, nobody) for value in values]
    assert list_digest([a.digest for a in artifacts]) == encode(values, store, nobody).digest
    assert decode(artifacts[0], store) == 1


# ---- files and folders -----------------------------------------------------------------------------


def test_a_file_is_handed_on_as_a_read_only_path(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "report.tar.gz"
    source.write_bytes(os.urandom(1000))
    artifact, back = there_and_back(source, store)
    assert artifact.codec == "file"
    assert artifact.digest == file_content(source)
    assert back.read_bytes() == source.read_bytes()
    assert back.name == "content.tar.gz"
    assert back.stat().st_mode & 0o222 == 0
    source.unlink()
    assert decode(artifact, store).exists()


def test_large_files_too(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "big.bin"
    source.write_bytes(os.urandom(3 << 20))
    _, back = there_and_back(source, store)
    assert back.read_bytes() == source.read_bytes()
    assert there_and_back(source, store)[1] == back


def test_a_file_that_somebody_overwrote_is_mended(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("original")
    artifact, back = there_and_back(source, store)
    back.chmod(0o644)
    back.write_text("changed!")
    assert decode(artifact, store).read_text() == "original"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_a_folder_is_handed_on(store: Store, tmp_path: Path) -> None:
    top = tmp_path / "made"
    (top / "sub").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "sub" / "f.txt").write_text("f")
    (top / "run.sh").write_text("x")
    (top / "run.sh").chmod(0o755)
    (top / "link").symlink_to("sub/f.txt")
    artifact, back = there_and_back(top, store)
    assert artifact.codec == "tree"
    assert artifact.digest == tree_content(top) == tree_content(back)
    assert (back / "link").read_text() == "f"
    assert os.access(back / "run.sh", os.X_OK)
    (back / "sub" / "f.txt").chmod(0o644)
    (back / "sub" / "f.txt").write_text("changed")
    (back / "extra").write_text("x")
    assert tree_content(decode(artifact, store)) == artifact.digest


def test_paths_in_lists_and_mappings_are_stored_too(store: Store, tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.txt" for n in "ab"]
    for f in files:
        f.write_text(f.name)
    value = {"list": files, "pair": (files[0], {"deep": files[1]}), "gone": tmp_path / "never"}
    artifact, back = there_and_back(value, store)
    for f in files:
        f.unlink()
    assert [p.read_text() for p in back["list"]] == ["a.txt", "b.txt"]
    assert back["pair"][1]["deep"].read_text() == "b.txt"
    assert back["gone"] == tmp_path / "never"
    assert artifact.type == "dict with 3 keys"


def test_a_list_of_files_counts_by_their_content(store: Store, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("same")
    one = encode([tmp_path / "a.txt"], store, nobody).digest
    assert encode([tmp_path / "b.txt"], store, nobody).digest == one
    assert one == list_digest([encode(tmp_path / "a.txt", store, nobody).digest])


@pytest.mark.parametrize("wrap", [lambda p: p, lambda p: [p], lambda p: {"k": (p,)}])
def test_a_folder_that_holds_the_store_is_refused(tmp_path: Path, wrap: Any) -> None:
    store = Store.open("store", str(tmp_path))
    store.blobs.put(b"x")
    with pytest.raises(Unstorable, match="holds the store"):
        encode(wrap(tmp_path), store, nobody)


def test_a_path_without_a_file_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Unstorable, match=r"never\.csv.*no such file"):
        encode(tmp_path / "never.csv", store, nobody)


def test_a_lost_file_is_lost(tmp_path: Path) -> None:
    store = Store.open("store", str(tmp_path))
    (tmp_path / "a.txt").write_text("a")
    artifact = encode(tmp_path / "a.txt", store, nobody)
    (Path(store.url) / "blobs" / (artifact.blob or "")[:2] / (artifact.blob or "")).unlink()
    with pytest.raises(BlobLost):
        decode(artifact, store)


# ---- what cannot be stored ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: 1, "lambda: return a function defined at the top level"),
        ((i for i in ()), "generator: return a list"),
        ({"a": [threading.Lock()]}, r"_thread.lock at \['a'\]\[0\]"),
        (Model(Refuses()), r"Handle at .weights.inner\['handle'\]\[1\]"),
        (Model(threading), "module at .weights"),
    ],
)
def test_what_cannot_be_stored_is_named(store: Store, value: Any, message: str) -> None:
    with pytest.raises(Unstorable, match=message):
        encode(value, store, nobody)


def test_what_is_nested_too_deep_is_named(store: Store) -> None:
    value: Any = np.zeros(1)
    for _ in range(3000):
        value = [value]
    with pytest.raises(Unstorable, match="levels deep") as refused:
        encode(value, store, nobody)
    assert len(str(refused.value)) < 400  # of a long way the ends


def test_an_artifact_of_a_newer_kind_is_not_misread(store: Store) -> None:
    with pytest.raises(ValueError, match="newer prun"):
        decode(Artifact("d", "parquet", 1, blob="b"), store)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        ("x", "str, 1 character"),
        ("hello world!", "str, 12 characters"),
        (b"ab", "bytes, 2 bytes"),
        ([1, 2], "list of 2"),
        ({"a": 1, "b": 2, "c": 3}, "dict with 3 keys"),
        (3, "int"),
        (np.zeros((10, 2)), "ndarray float64 (10, 2)"),
        (pd.DataFrame(np.zeros((1000, 3))), "DataFrame 1000 x 3"),
        (pd.Series([1]), "Series 1"),
        (Model(1), "Model"),
    ],
)
def test_values_in_a_few_words(value: Any, text: str) -> None:
    assert describe(value) == text
