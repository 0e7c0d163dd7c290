"""`serializers: safe`: what is stored without pickle, and what is refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_runner.keys.objects import content_digest
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.model.work import StoreAt
from pipeline_runner.store import codecs
from pipeline_runner.store.codecs import PickleRefused, Unstorable, decode, encode
from pipeline_runner.store.store import Store

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, np.nan, -1.0],
        "text": ["a", None, "ü"],
        "when": pd.to_datetime(["2024-01-01", None, "2024-03-01"]).tz_localize("Europe/Berlin"),
        "kind": pd.Categorical(["u", "v", "u"], ordered=True),
        "many": pd.array([1, None, 3], dtype="Int64"),
    },
    index=pd.Index([10, 20, 30], name="id"),
)
VALUES: list[Any] = [
    np.arange(12.0).reshape(3, 4),
    np.asfortranarray(np.arange(12).reshape(3, 4)),
    np.arange(100)[::7],
    np.zeros((0, 3)),
    np.array(3.5),
    np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"),
    np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")]),
    np.array(["äö", "b"]),
    np.array([True, False]),
    np.array([1 + 2j]),
    FRAME,
    FRAME.reset_index(drop=True),
    FRAME["x"],
    FRAME["text"].rename(None),
    pd.DataFrame(),
    pd.DataFrame(np.ones((2, 3))),
    pd.DataFrame({("a", 1): [1], ("b", 2): [2]}),
    FRAME.set_index(["kind", "n"]),
    {"train": FRAME, "weights": np.ones(5), "name": "m", 3: (np.zeros(2), [1, {"deep": np.ones(1)}])},
    [np.ones(2), None, datetime.date(2024, 1, 1)],
]


def safe(root: Path, on: bool = True) -> Store:
    return Store.open(StoreAt("store", None, on), str(root))


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and content_digest(a) == content_digest(b)


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_values_come_back_without_a_pickle(
    tmp_path: Path, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any, **options: Any) -> Any:
        raise AssertionError("a pickle")

    monkeypatch.setattr(codecs, "_Pickler", never)
    monkeypatch.setattr(codecs, "_Unpickler", never)
    artifact = encode(value, safe(tmp_path), lambda module: False)
    assert artifact.codec == "parts"
    assert same(decode(artifact, safe(tmp_path)), value)
    assert same(decode(artifact, safe(tmp_path, False)), value)  # every prun can read it


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_the_content_is_what_it_is_with_a_pickle(tmp_path: Path, value: Any) -> None:
    """So turning it on runs nothing again but what was pickled."""
    with_pickle = encode(value, safe(tmp_path, False), lambda module: False)
    assert encode(value, safe(tmp_path), lambda module: False).digest == with_pickle.digest


def test_an_array_can_be_changed_without_changing_what_is_stored(tmp_path: Path) -> None:
    artifact = encode(np.zeros(50_000), safe(tmp_path), lambda module: False)
    decode(artifact, safe(tmp_path))[:] = 1
    assert decode(artifact, safe(tmp_path)).sum() == 0


def test_files_and_plain_data_are_as_always(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    for value, codec in (([1, "x"], "data"), (b"x" * 50_000, "bytes"), (tmp_path / "a.txt", "file")):
        assert encode(value, safe(tmp_path), lambda module: False).codec == codec


def test_files_within_are_kept_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    value = {"where": tmp_path / "a.txt", "scores": np.ones(3), "table": FRAME}
    artifact = encode(value, safe(tmp_path), lambda module: False)
    (tmp_path / "a.txt").unlink()
    assert decode(artifact, safe(tmp_path))["where"].read_text() == "text"


class Model:
    pass


class Frame(pd.DataFrame):
    pass


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Model(), "Model"),
        ({"a": [1, Model()]}, r"Model at \['a'\]\[1\]"),
        (np.array([Model()], dtype=object), "ndarray of objects"),
        (pd.DataFrame({"c": [Model()]}), "DataFrame"),
        (pd.DataFrame({"c": [{1, 2}, 3]}), "DataFrame"),
        (Frame({"a": [1]}), "Frame"),
        (len, "builtin"),
        (np.ma.masked_array([1, 2], [True, False]), "MaskedArray"),
    ],
)
def test_what_needs_a_pickle_is_refused_by_type_and_path(tmp_path: Path, value: Any, kind: str) -> None:
    with pytest.raises(Unstorable, match=kind) as error:
        encode(value, safe(tmp_path), lambda module: False)
    assert "serializers: safe" in str(error.value)
    assert "plain data" in error.value.hint


def test_a_pickle_that_is_there_is_not_loaded(tmp_path: Path) -> None:
    artifact = encode(Model(), safe(tmp_path, False), lambda module: False)
    with pytest.raises(PickleRefused, match="Model"):
        decode(artifact, safe(tmp_path))


def test_an_entry_of_pickles_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    plain, store = safe(tmp_path, False), safe(tmp_path)
    keys = [CacheKey("a" * 48, f"{n:048x}") for n in range(2)]
    values = [Model(), np.ones(3)]
    for key, value in zip(keys, values, strict=True):
        artifact = encode(value, plain if value is values[0] else store, lambda module: False)
        plain.commit([Entry(key, {"": artifact}, {}, 1.0, 2.0, "run", "t")])
    assert set(store.lookup(keys)) == {keys[1]}
    assert store.notes() == ["1 entry of the store ignored: pickles, which `serializers: safe` forbids"]
    again = Entry(keys[0], {"": encode("no model", store, lambda module: False)}, {}, 1.0, 2.0, "run", "t")
    store.commit([again])
    assert store.lookup(keys)[keys[0]] == again
