from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.errors import StoreError
from pipeline_runner.model.artifact import ArgPart, CacheKey, Damaged, Entry, Recipe
from pipeline_runner.model.work import StoreAt
from pipeline_runner.store.codecs import encode
from pipeline_runner.store.sealed import Seals, Unsigned, line_name
from pipeline_runner.store.store import Store

KEY = "a key that nobody knows"
RECIPE = "a" * 48


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("OTHER", "another key that nobody knows")


def signed(root: Path, source: str | None = "env:KEY") -> Store:
    return Store.open(StoreAt("store", source), str(root))


def entry(store: Store, n: int, value: Any = "x") -> Entry:
    artifact = encode(value, store, lambda module: False)
    return Entry(
        CacheKey(RECIPE, f"{n:048x}"),
        {"": artifact},
        {"a": ArgPart("literal", "", "1")},
        1.0,
        2.0,
        "run",
        "t",
    )


# ---- seals -----------------------------------------------------------------------------------------

ONE, TWO, NONE = Seals(b"1" * 32), Seals(b"2" * 32), Seals()


def test_what_is_signed_verifies_with_its_key_and_place_alone() -> None:
    data = ONE.seal({"a": [1]}, "here")
    assert ONE.unseal(data, "here") == {"a": [1]}
    assert NONE.unseal(data, "anywhere") == {"a": [1]}  # whole, whoever signed it
    for seals, place in ((ONE, "there"), (TWO, "here")):
        with pytest.raises(Unsigned):
            seals.unseal(data, place)


def test_what_is_not_signed_is_refused_by_who_has_a_key() -> None:
    with pytest.raises(Unsigned):
        ONE.unseal(NONE.seal(1), "")
    with pytest.raises(Unsigned):
        ONE.unseal_line(NONE.seal_line("n", 1).rstrip(b"\n"), "")


def test_a_changed_byte_is_damage_or_a_wrong_signature() -> None:
    data = ONE.seal({"a": 1}, "here")
    line = ONE.seal_line("name", {"a": 1}, "here").rstrip(b"\n")
    assert line_name(line) == "name"
    assert ONE.unseal_line(line, "here") == {"a": 1}
    for whole, unseal in ((data, ONE.unseal), (line, ONE.unseal_line)):
        for i in range(len(whole)):
            with pytest.raises(ValueError, match=r"checksum|signed"):
                unseal(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :], "here")
            with pytest.raises(ValueError, match=r"checksum|signed"):
                unseal(whole[:i], "here")


def test_a_forged_record_of_another_content_keeps_no_signature() -> None:
    """The checksum can be made by anybody; the signature cannot."""
    mine, theirs = ONE.seal([1], "p"), NONE.seal([2], "p")
    forged = theirs[:48] + mine[48:97] + theirs[48:]
    assert NONE.unseal(forged, "p") == [2]
    with pytest.raises(Unsigned):
        ONE.unseal(forged, "p")


# ---- stores ----------------------------------------------------------------------------------------


def test_entries_of_another_key_or_none_are_absent_and_counted(tmp_path: Path) -> None:
    plain = signed(tmp_path, None)
    plain.commit([entry(plain, 1)])
    plain.commit([entry(plain, n) for n in (2, 3, 4)])  # a pack
    own = signed(tmp_path)
    own.commit([entry(own, 5)])
    own.commit([entry(own, n) for n in (6, 7, 8)])
    keys = [CacheKey(RECIPE, f"{n:048x}") for n in range(1, 9)]
    reader = signed(tmp_path)
    assert set(reader.lookup(keys)) == set(keys[4:])
    assert reader.lookup(keys[:1]) == {}
    assert reader.notes() == ["4 entries of the store ignored: not signed with the store's key (`sign`)"]
    assert set(signed(tmp_path, "env:OTHER").lookup(keys)) == set()
    assert set(signed(tmp_path, None).lookup(keys)) == set(keys)  # who has no key reads both


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_not_signed_is_replaced(tmp_path: Path, count: int) -> None:
    plain, own = signed(tmp_path, None), signed(tmp_path)
    for n in range(count):
        plain.commit([entry(plain, n, "theirs")])
    own.commit([entry(own, n, "ours") for n in range(count)])
    found = signed(tmp_path).lookup([CacheKey(RECIPE, f"{n:048x}") for n in range(count)])
    assert [e.outputs[""].inline for e in found.values() if isinstance(e, Entry)] == ['"ours"'] * count


def test_an_entry_that_is_moved_to_another_key_is_refused(tmp_path: Path) -> None:
    own = signed(tmp_path)
    own.commit([entry(own, 1)])
    folder = tmp_path / "store" / "entries" / RECIPE
    (folder / f"{2:048x}.json").write_bytes((folder / f"{1:048x}.json").read_bytes())
    found = signed(tmp_path).lookup([CacheKey(RECIPE, f"{2:048x}")])
    assert not any(isinstance(e, Entry) for e in found.values())


def test_a_damaged_entry_is_still_damaged(tmp_path: Path) -> None:
    own = signed(tmp_path)
    own.commit([entry(own, 1)])
    [path] = (tmp_path / "store" / "entries" / RECIPE).iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    [found] = signed(tmp_path).lookup([CacheKey(RECIPE, f"{1:048x}")]).values()
    assert isinstance(found, Damaged)


def test_records_that_lead_to_entries_are_signed(tmp_path: Path) -> None:
    plain, own = signed(tmp_path, None), signed(tmp_path)
    run, other = "20260101-000000-abcdef", "20260101-000000-abcdee"
    plain.runs.write_json(run, "run", {"by": "them"})
    plain.runs.write_latest("demo", {"by": "them"})
    plain.put_recipe(Recipe("r" * 48, {}, {}, "3.11", "", {}, None, {}))
    assert (own.runs.read_json(run, "run"), own.runs.read_latest("demo")) == (None, None)
    assert own.get_recipe("r" * 48) is None
    own.runs.write_json(run, "run", {"by": "us"})
    assert own.runs.read_json(run, "run") == {"by": "us"}
    folder = tmp_path / "store" / "runs"
    (folder / other).mkdir()
    (folder / other / "run.json").write_bytes((folder / run / "run.json").read_bytes())
    assert own.runs.read_json(other, "run") is None  # it is the record of another run


def test_what_others_could_write_is_read_once(tmp_path: Path) -> None:
    """Bytes that were verified are those that are used, though somebody changes the file meanwhile."""
    import numpy

    from pipeline_runner.store.codecs import decode

    own = signed(tmp_path)
    made = entry(own, 1, numpy.ones(100_000)).outputs[""]
    value = decode(made, own)
    [path] = (p for p in (tmp_path / "store" / "blobs").rglob("*") if p.is_file())
    data = path.read_bytes()
    with open(path, "r+b") as file:
        file.seek(-8000, 2)
        file.write(bytes(8000))
    assert value.sum() == 100_000
    path.write_bytes(data)


def test_indexes_of_code_lie_where_others_do_not_write(tmp_path: Path) -> None:
    assert signed(tmp_path).index_dir == str(tmp_path / ".prun" / "index")
    assert signed(tmp_path, None).index_dir == str(tmp_path / "store" / "index")


# ---- the key ---------------------------------------------------------------------------------------


def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    own = signed(tmp_path)
    own.commit([entry(own, 1)])
    assert signed(tmp_path, "file:key").lookup([CacheKey(RECIPE, f"{1:048x}")])


@pytest.mark.parametrize(
    ("source", "message"),
    [("env:NOT_SET", "not set"), ("env:SHORT", "shorter"), ("file:none", "cannot read"), ("KEY", "neither")],
)
def test_without_a_key_nothing_is_opened(
    tmp_path: Path, source: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "short")
    with pytest.raises(StoreError, match=message) as error:
        signed(tmp_path, source)
    assert "short" not in str(error.value).replace("shorter", "")


def test_the_key_never_leaves_through_what_is_sent_to_workers(tmp_path: Path) -> None:
    assert signed(tmp_path).place == StoreAt(str(tmp_path / "store"), "env:KEY")
    assert signed(tmp_path, None).place == str(tmp_path / "store")
