"""Whatever a stop or a bad disk leaves of an entry is never read as a result."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.errors import StoreError
from pipeline_runner.keys.digest import digest
from pipeline_runner.model.artifact import Artifact, CacheKey, Damaged, Entry
from pipeline_runner.store import local
from pipeline_runner.store.store import Store

RECIPE = digest(b"recipe")


def entry(n: int, run: str = "run") -> Entry:
    outputs = {"": Artifact(digest(b"v%d" % n), "data", 4, inline=f'"é😀{n}"', type="str")}
    return Entry(CacheKey(RECIPE, digest(b"%d" % n)), outputs, {}, 0.5, 1.0, run, f"t[{n}]")


def lookup(store: Store, *entries: Entry) -> dict[CacheKey, Entry | Damaged]:
    return Store.open(store.url, "/").lookup([e.key for e in entries])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def only_file(store: Store) -> Path:
    (path,) = (Path(store.url) / "entries" / RECIPE).iterdir()
    return path


def test_an_entry_cut_at_every_byte_is_never_a_result(store: Store) -> None:
    store.commit([entry(1)])
    path = only_file(store)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert type(lookup(store, entry(1))[entry(1).key]) is Damaged, cut
    path.write_bytes(whole)
    assert lookup(store, entry(1)) == {entry(1).key: entry(1)}


def test_an_entry_with_any_byte_changed_is_never_a_result(store: Store) -> None:
    store.commit([entry(1)])
    path = only_file(store)
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        assert type(lookup(store, entry(1))[entry(1).key]) is Damaged, i
    path.write_bytes(whole + b"more")
    assert type(lookup(store, entry(1))[entry(1).key]) is Damaged


def test_of_a_pack_cut_at_every_byte_only_whole_lines_are_results(store: Store) -> None:
    some = [entry(i) for i in range(3)]
    store.commit(some)
    path = only_file(store)
    whole = path.read_bytes()
    ends = [i for i, b in enumerate(whole) if b == 10]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found = lookup(store, *some)
        results = {k: v for k, v in found.items() if isinstance(v, Entry)}
        assert len(results) == sum(end <= cut for end in ends), cut
        assert all(results[e.key] == e for e in some if e.key in results)


def test_of_a_pack_with_any_byte_changed_only_whole_lines_are_results(store: Store) -> None:
    some = [entry(i) for i in range(3)]
    store.commit(some)
    path = only_file(store)
    whole = path.read_bytes()
    for i in range(0, len(whole), 3):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        found = lookup(store, *some)
        assert all(found[e.key] == e or isinstance(found[e.key], Damaged) for e in some if e.key in found)
        assert sum(isinstance(v, Entry) for v in found.values()) <= 2 or whole[i : i + 1] == b"\n"


def test_a_damaged_entry_is_replaced_by_the_next_result(store: Store) -> None:
    store.commit([entry(1)])
    only_file(store).write_bytes(b"torn")
    store.commit([entry(1, "new")])
    assert lookup(store, entry(1)) == {entry(1).key: entry(1, "new")}
    only_file(store).write_bytes(b"torn")
    store.commit([entry(1, "newer"), entry(2)])
    assert lookup(store, entry(1), entry(2)) == {entry(1).key: entry(1, "newer"), entry(2).key: entry(2)}


@pytest.mark.parametrize("point", ["open", "write", "link", "replace"])
def test_a_full_disk_leaves_neither_an_entry_nor_a_temporary_file(
    store: Store, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    store.commit([entry(9)])

    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as m:
        if point == "write":
            m.setattr(local, "_write_all", full)
        elif point in ("link", "replace"):
            m.setattr(local.os, "link", full)
            m.setattr(local.os, "replace", full)
        else:
            real = os.open
            m.setattr(local.os, "open", lambda p, f, *a: full() if f & os.O_CREAT else real(p, f, *a))
        with pytest.raises(StoreError, match=r"No space left.*free some space"):
            store.commit([entry(1)])
        with pytest.raises(StoreError, match="No space left"):
            store.blobs.put(b"some bytes")
    assert lookup(store, entry(1), entry(9)) == {entry(9).key: entry(9)}
    assert list((Path(store.url) / "tmp").iterdir()) == []
    store.commit([entry(1)])
    assert lookup(store, entry(1)) == {entry(1).key: entry(1)}


def test_a_half_written_temporary_file_is_never_seen(store: Store) -> None:
    store.commit([entry(1)])
    (Path(store.url) / "tmp" / "1-1-dead").write_bytes(only_file(store).read_bytes()[:40])
    assert lookup(store, entry(1)) == {entry(1).key: entry(1)}


def test_temporary_files_of_the_dead_are_removed_in_time(store: Store) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    old, new = (Path(store.url) / "tmp" / f"{process.pid}-{name}" for name in ("1-old", "2-new"))
    store.commit([entry(1)])
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    Store.open(store.url, "/").commit([entry(2)])
    assert not old.exists()
    assert new.exists()


WRITER = """
import sys
sys.path.insert(0, {here!r})
from test_store_entries import entry
from pipeline_runner.store.store import Store
store = Store.open({url!r}, "/")
print("ready", flush=True)
sys.stdin.readline()
for i in range(60):
    if i % 3:
        store.commit([entry(i, {run!r})])
    else:
        store.commit([entry(i, {run!r}), entry(i + 1000, {run!r})])
    store.blobs.put(b"x" * 100000 + b"%d" % i)
"""


def start_writer(store: Store, run: str) -> subprocess.Popen[str]:
    script = WRITER.format(here=str(Path(__file__).parent), url=store.url, run=run)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_that_commit_the_same_keys(store: Store) -> None:
    writers = [start_writer(store, run) for run in ("one", "two")]
    for w in writers:
        assert w.stdin is not None
        w.stdin.write("\n")
        w.stdin.flush()
    for w in writers:
        w.communicate(timeout=60)
        assert w.returncode == 0
    found = lookup(store, *(entry(i) for i in range(60)))
    assert len(found) == 60
    for i in range(60):
        assert found[entry(i).key] in (entry(i, "one"), entry(i, "two"))
    assert list((Path(store.url) / "tmp").iterdir()) == []


def test_a_writer_killed_at_any_instant_leaves_only_whole_results(store: Store) -> None:
    chance = random.Random(7)
    for _ in range(6):
        writer = start_writer(store, "killed")
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
        try:
            writer.wait(chance.uniform(0.0, 0.03))
        except subprocess.TimeoutExpired:
            writer.kill()
        writer.communicate()
        found = lookup(store, *(entry(i) for i in range(60)))
        assert all(found[entry(i).key] == entry(i, "killed") for i in range(60) if entry(i).key in found)
        for folder in (Path(store.url) / "blobs").glob("*"):
            for blob in folder.iterdir():
                assert digest(blob.read_bytes()) == blob.name
