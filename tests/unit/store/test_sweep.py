"""What goes and what stays, over real stores in a folder and in memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from pipeline_runner.model.artifact import ArgPart, CacheKey, Entry
from pipeline_runner.store.census import Census
from pipeline_runner.store.codecs import decode, encode
from pipeline_runner.store.store import Store
from pipeline_runner.store.sweep import Limits, Plan, Roots, carry_out, plan

NOW = time.time() + 10 * 86400.0  # everything is ten days old
RUN = "20260101-000000-abcdef"


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "local":
        yield Store.open("store", str(tmp_path))
        return
    import fsspec

    yield Store.open(f"memory://{tmp_path.name}", str(tmp_path))
    fsspec.filesystem("memory").store.clear()


def key(name: str, recipe: str = "a" * 48) -> CacheKey:
    return CacheKey(recipe, name.encode().hex().ljust(48, "0"))


def commit(store: Store, *values: tuple[str, Any], seconds: float = 1.0, task: str = "") -> list[Entry]:
    entries = [
        Entry(
            key(name),
            {"": encode(value, store, lambda module: False)},
            {"x": ArgPart("literal", "x", "1" * 48)},
            seconds,
            1.0,
            RUN,
            task or name,
        )
        for name, value in values
    ]
    store.commit(entries)
    return entries


def big(n: int) -> Any:
    return numpy.arange(n * 1000, dtype="float64")


def swept(store: Store, keep: list[str], runs: tuple[str, ...] = (), **limits: Any) -> Plan:
    census = Census(store)
    opened = [key(n) for n in limits.pop("open", ())]
    decided = plan(census, Roots([key(n) for n in keep], runs, opened), Limits(**{"now": NOW, **limits}))
    carry_out(store, census, decided)
    return decided


def there(store: Store) -> set[str]:
    fresh = Store(store.files)
    return {bytes.fromhex(k.args).rstrip(b"\0").decode() for k in Census(fresh).entries}


def test_what_nothing_leads_to_goes_with_its_blobs(store: Store) -> None:
    commit(store, ("keep", big(1)))
    commit(store, ("drop", big(2)), seconds=3.5)
    done = swept(store, ["keep"])
    assert [e.task for e in done.entries] == ["drop"]
    assert done.seconds == 3.5
    assert there(store) == {"keep"}
    assert len(Census(store).blobs()) == 1


def test_a_blob_that_a_kept_entry_shares_stays(store: Store) -> None:
    [kept] = commit(store, ("keep", big(1)))
    commit(store, ("drop", big(1)))
    swept(store, ["keep"])
    assert decode(kept.outputs[""], Store(store.files)).shape == (1000,)


def test_what_was_written_lately_stays(store: Store) -> None:
    commit(store, ("new", big(1)))
    store.blobs.put(b"written by a task whose entry is not there yet")
    assert swept(store, [], now=time.time() + 60).nothing
    assert not swept(store, [], now=time.time() + 60, grace=0.0).nothing


def test_older_than_spares_what_is_younger(store: Store) -> None:
    commit(store, ("drop", 1))
    assert swept(store, [], older_than=30 * 86400.0).nothing
    assert swept(store, [], older_than=5 * 86400.0).entries


def test_of_a_pack_the_lines_that_are_kept_stay(store: Store) -> None:
    commit(store, *((f"item {i}", [i, "x" * 20_000]) for i in range(20)))
    swept(store, ["item 3", "item 17"])
    assert there(store) == {"item 3", "item 17"}
    assert len(Census(store).blobs()) == 2
    found = Store(store.files).lookup([key("item 3"), key("item 4")])
    assert set(found) == {key("item 3")}


def test_a_pack_of_which_nothing_is_kept_goes_whole(store: Store) -> None:
    commit(store, *((f"item {i}", i) for i in range(5)))
    swept(store, [])
    assert not [n for n in Census(store).files if n.startswith("entries/")]


def test_folders_and_paths_within_pickles_keep_their_files(tmp_path: Path) -> None:
    store = Store.open("store", str(tmp_path))
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.txt").write_text("a" * 100)
    (folder / "b.txt").write_text("b" * 100)
    [tree] = commit(store, ("tree", folder))
    [nested] = commit(store, ("nested", {"where": [folder], "array": big(1)}))
    commit(store, ("drop", big(3)))
    swept(store, ["tree", "nested"])
    again = Store(store.files)
    assert (decode(tree.outputs[""], again) / "b.txt").read_text() == "b" * 100
    assert (decode(nested.outputs[""], again)["where"][0] / "a.txt").read_text() == "a" * 100
    swept(store, [])
    assert Census(store).blobs() == {}
    assert not [n for n in Census(store).files if n.startswith(("trees/", "files/"))]


def test_a_split_stays_while_the_list_that_was_split_does(store: Store) -> None:
    [kept] = commit(store, ("list", [1, 2]))
    split = kept._replace(
        key=CacheKey("b" * 48, kept.outputs[""].digest), parts={}, task="step (splitting its list)"
    )
    other = split._replace(key=CacheKey("b" * 48, "2" * 48), outputs={})
    store.commit([split])
    store.commit([other])
    swept(store, ["list"])
    assert set(Census(store).entries) == {kept.key, split.key}


@pytest.mark.parametrize(("room", "left"), [(100, {"cheap", "dear"}), (12, {"dear"}), (0, set())])
def test_up_to_a_size_what_is_cheap_for_its_size_goes_first(store: Store, room: int, left: set[str]) -> None:
    commit(store, ("cheap", big(1)), seconds=0.1)
    commit(store, ("dear", big(1) + 1), seconds=60.0)
    swept(store, ["cheap", "dear"], max_size=room * 1024)
    assert there(store) == left


def test_what_an_open_run_leads_to_stays_whatever_the_size(store: Store) -> None:
    commit(store, ("open", big(1)))
    commit(store, ("other", big(1) + 1))
    swept(store, ["other"], open=["open"], max_size=0)
    assert there(store) == {"open"}


def test_records_go_but_the_logs_that_kept_entries_point_at(store: Store) -> None:
    commit(store, ("keep", 1), ("drop", 2))
    for name in ("keep", "drop"):
        store.runs.write_log(RUN, name, f"log of {name}")
    store.runs.write_json(RUN, "run", {"run_id": RUN})
    assert swept(store, ["keep"]).runs == 1
    assert store.runs.read_json(RUN, "run") is None
    assert store.runs.read_log(RUN, "keep") == "log of keep"
    assert store.runs.read_log(RUN, "drop") is None


def test_leftovers_of_processes_that_died_go(tmp_path: Path) -> None:
    store = Store.open("store", str(tmp_path))
    commit(store, ("keep", 1))
    (tmp_path / "store" / "tmp" / "4999999-1-abcd").write_bytes(b"half")
    (tmp_path / "store" / "locks").mkdir()
    (tmp_path / "store" / "locks" / "a-b").write_bytes(b"")
    swept(store, ["keep"])
    assert os.listdir(tmp_path / "store" / "tmp") == []
    assert os.listdir(tmp_path / "store" / "locks") == []


def test_what_is_used_again_between_looking_and_removing_stays(tmp_path: Path) -> None:
    store = Store.open("store", str(tmp_path))
    commit(store, ("drop", big(1)))
    census = Census(store)
    for name in census.files:
        os.utime(tmp_path / "store" / name, (1, 1))
    census = Census(store)
    decided = plan(census, Roots([], ()), Limits(NOW))
    [again] = commit(store, ("again", big(1)))  # finds the blob there and does not write it
    went = carry_out(store, census, decided)
    size = (tmp_path / "store" / "blobs" / again.outputs[""].blob[:2] / again.outputs[""].blob).stat().st_size
    assert (went.freed, went.left) == (decided.freed - size, decided.left + size)
    assert sum(size for _, size in went.by_kind.values()) == went.freed
    assert decode(again.outputs[""], Store(store.files)).shape == (1000,)


def test_a_dry_run_changes_nothing(store: Store) -> None:
    commit(store, ("drop", big(1)))
    before = Census(store).files
    plan(Census(store), Roots([], ()), Limits(NOW))
    assert Census(store).files == before
