from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.keys.digest import digest
from pipeline_runner.model.artifact import ArgPart, Artifact, CacheKey, Damaged, Entry
from pipeline_runner.store import entry_form, folders
from pipeline_runner.store.sealed import seal
from pipeline_runner.store.store import Store

RECIPE = digest(b"recipe")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def again(store: Store) -> Store:
    """The same store, seen from another process."""
    return Store.open(store.url, "/")


def entry(n: int, recipe: str = RECIPE, **changes: Any) -> Entry:
    artifact = Artifact(digest(b"v%d" % n), "data", 4, inline=f'"😀{n}"', type="str")
    parts = {"x": ArgPart("item", "", digest(b"x"), "x"), "y": ArgPart("input", "clean", digest(b"y"))}
    made = Entry(CacheKey(recipe, digest(b"%d" % n)), {"": artifact}, parts, 0.5, 1.0 + n, "run", f"t[{n}]")
    return made._replace(**changes)


def keys(*entries: Entry) -> list[CacheKey]:
    return [e.key for e in entries]


def folder(store: Store) -> Path:
    return Path(store.url) / "entries" / RECIPE


def test_one_entry_is_a_file_and_reads_back(store: Store) -> None:
    e = entry(1)
    assert store.lookup(keys(e)) == {}
    store.commit([e])
    assert (folder(store) / f"{e.key.args}.json").exists()
    for s in (store, again(store)):
        assert s.lookup(keys(e, entry(2))) == {e.key: e}


def test_all_fields_read_back(store: Store) -> None:
    blob = store.blobs.put(b"bytes")
    outputs = {
        "a": Artifact("d1", "pickle", 5, blob=blob, classes=("m:C", "m:D"), type="C"),
        "b": Artifact("d2", "data", 3, inline='"\\u2028"'),
    }
    e = entry(1, outputs=outputs, parts={})
    store.commit([e])
    found = again(store).lookup(keys(e))[e.key]
    assert found == e
    assert type(found.outputs["a"].classes) is tuple  # type: ignore[union-attr]


def test_several_entries_are_a_pack(store: Store) -> None:
    some = [entry(i) for i in range(5)]
    other = entry(9, recipe=digest(b"other"))
    store.commit([*some, other])
    assert [p.suffix for p in folder(store).iterdir()] == [".pack"]
    for s in (store, again(store)):
        assert s.lookup([*keys(*some), other.key, entry(7).key]) == {e.key: e for e in [*some, other]}
        assert s.lookup(keys(some[3])) == {some[3].key: some[3]}


def test_many_keys_over_files_and_packs(store: Store) -> None:
    some = [entry(i) for i in range(60)]
    for e in some[:20]:
        store.commit([e])
    store.commit(some[20:40])
    store.commit(some[40:])
    missing = [entry(i).key for i in range(100, 120)]
    assert again(store).lookup([*keys(*some), *missing]) == {e.key: e for e in some}


def test_a_pack_written_by_another_process_is_seen(store: Store) -> None:
    store.commit([entry(1), entry(2)])
    assert store.lookup(keys(entry(3))) == {}
    again(store).commit([entry(3), entry(4)])
    assert set(store.lookup(keys(entry(3), entry(4)))) == {entry(3).key, entry(4).key}


def test_an_entry_that_is_there_is_kept_unless_replaced(store: Store) -> None:
    first, second = entry(1), entry(1, run="second")
    store.commit([first])
    store.commit([second])
    assert again(store).lookup(keys(first)) == {first.key: first}
    store.commit([second], replace=True)
    assert again(store).lookup(keys(first)) == {first.key: second}


def test_replacing_reaches_what_files_and_packs_hold(store: Store) -> None:
    store.commit([entry(1)])
    store.commit([entry(2), entry(3)])
    new = [entry(i, run="new") for i in range(1, 4)]
    store.commit(new, replace=True)
    assert again(store).lookup(keys(*new)) == {e.key: e for e in new}
    newer = entry(2, run="newer")
    store.commit([newer], replace=True)
    assert again(store).lookup(keys(newer)) == {newer.key: newer}


def test_a_lost_blob_is_told(store: Store) -> None:
    blob = store.blobs.put(b"bytes")
    e = entry(1, outputs={"out": Artifact("d", "pickle", 5, blob=blob)})
    pack = [entry(i, outputs=e.outputs) for i in (2, 3)]
    store.commit([e])
    store.commit(pack)
    path = Path(store.url) / "blobs" / blob[:2] / blob
    path.write_bytes(b"byt")
    told = [again(store).prove(one.outputs, False) for one in (e, *pack)]
    assert [d.kind for d in told if d is not None] == ["corrupt"] * 3
    path.unlink()
    told = [again(store).prove(one.outputs, False) for one in (e, *pack)]
    assert [d.kind for d in told if d is not None] == ["missing"] * 3
    assert len(again(store).lookup(keys(e, *pack))) == 3  # a hit proves the entry alone


@pytest.mark.parametrize("batch", [1, 3])
def test_what_is_computed_again_takes_the_place_of_what_was_lost(store: Store, batch: int) -> None:
    blob = store.blobs.put(b"bytes")
    lost = [entry(i, outputs={"": Artifact("d", "pickle", 5, blob=blob)}) for i in range(batch)]
    for e in lost:
        store.commit([e])
    (Path(store.url) / "blobs" / blob[:2] / blob).unlink()
    new = [entry(i, run="new") for i in range(batch)]
    store.commit(new)
    assert again(store).lookup(keys(*new)) == {e.key: e for e in new}


def test_entries_of_a_newer_format_are_as_if_absent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as m:
        m.setattr(entry_form, "VERSION", 2)
        store.commit([entry(1)])
        store.commit([entry(2), entry(3)])
    assert again(store).lookup(keys(entry(1), entry(2), entry(3))) == {}
    assert again(store).recipe_entries(RECIPE) == []


def test_an_entry_under_the_wrong_name_is_not_believed(store: Store) -> None:
    store.commit([entry(1)])
    (folder(store) / f"{entry(1).key.args}.json").rename(folder(store) / f"{entry(2).key.args}.json")
    assert isinstance(store.lookup(keys(entry(2)))[entry(2).key], Damaged)


@pytest.mark.parametrize("value", [{}, [], [1], [1, 2, 3, 4, 5, 6, 7, 8, 9], "x", None, 3])
def test_sealed_nonsense_is_damage(store: Store, value: Any) -> None:
    store.commit([entry(2)])
    (folder(store) / f"{entry(1).key.args}.json").write_bytes(seal(value))
    found = store.lookup(keys(entry(1)))
    assert not isinstance(found.get(entry(1).key), Entry)


@pytest.mark.parametrize(
    "odd",
    [
        {"blob": 5}, {"blob": ["x"]}, {"size": "9"}, {"digest": 5}, {"codec": ["data"]}, {"inline": 5},
        {"type": None}, {"seconds": "x"}, {"created": None}, {"run": 5}, {"task": 5},
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 3])
def test_an_entry_of_odd_fields_is_damage(store: Store, odd: dict[str, Any], batch: int) -> None:
    some = [entry(n) for n in range(batch)]
    if odd.keys() <= set(Entry._fields):
        some = [e._replace(**odd) for e in some]
    else:
        some = [e._replace(outputs={"": Artifact("1" * 48, "data", 1, "5")._replace(**odd)}) for e in some]
    store.commit(some)
    assert {type(found) for found in again(store).lookup(keys(*some)).values()} == {Damaged}


def test_all_entries_of_a_recipe(store: Store) -> None:
    some = [entry(i) for i in range(4)]
    store.commit(some[:1])
    store.commit(some[1:])
    store.commit([entry(1, run="new")], replace=True)
    (folder(store) / f"{entry(8).key.args}.json").write_bytes(b"torn")
    found = sorted(store.recipe_entries(RECIPE), key=lambda e: e.created)
    assert found == [some[0], entry(1, run="new"), some[2], some[3]]
    assert store.recipe_entries(digest(b"none")) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a\\b", "x" * 200])
def test_a_key_cannot_lead_out_of_the_store(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        store.commit([entry(1)._replace(key=CacheKey(name, "a"))])
    with pytest.raises(ValueError, match="cannot name"):
        store.commit([entry(1)._replace(key=CacheKey("r", name))])


def test_the_key_of_an_uncached_task_of_a_run(store: Store) -> None:
    e = entry(1, recipe="run-20261122-171455-a1b2c3")
    store.commit([e])
    assert again(store).lookup(keys(e)) == {e.key: e}


def test_a_large_folder_is_not_listed_for_each_look_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.commit([entry(0)])
    for n in range(600):
        (folder(store) / f"{n:048x}.json").write_bytes(b"")
    listed = []
    real = store.files.list_many
    monkeypatch.setattr(store.files, "list_many", lambda names: listed.append(1) or real(names))
    monkeypatch.setattr(folders, "_SHARE", 1e9)  # however long it takes here
    for n in range(1, 6):
        assert store.lookup([CacheKey(RECIPE, f"{n:046x}zz")]) == {}
    assert len(listed) == 1
    store.commit([entry(n) for n in range(1, 4)])  # what is known to have changed is listed again
    assert len(store.lookup([entry(n).key for n in range(4)])) == 4
    assert len(listed) > 1
