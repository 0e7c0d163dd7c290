"""Packs of many entries, and their columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.keys.digest import digest
from pipeline_runner.model.artifact import ArgPart, Artifact, CacheKey, Damaged, Entry
from pipeline_runner.model.table import Found, Table
from pipeline_runner.store import entry_form
from pipeline_runner.store.census import Census, without_lines
from pipeline_runner.store.entry_tables import EntryTables
from pipeline_runner.store.packs import columns
from pipeline_runner.store.sealed import Seals
from pipeline_runner.store.store import Store

RECIPE = digest(b"recipe")
MANY = 40


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def test_far_away_packs_are_fetched_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"memory://{tmp_path}"
    some = [entry(n) for n in range(4 * MANY)]
    for start in range(0, len(some), MANY):
        Store.open(url, str(tmp_path)).commit(some[start : start + MANY])
    far = Store.open(url, str(tmp_path))
    fetched: list[list[str]] = []
    real = far.files.read_many

    def read_many(names: Iterable[str]) -> Any:
        fetched.append(list(names))
        return real(fetched[-1])

    monkeypatch.setattr(far.files, "read_many", read_many)
    for _ in range(2):  # the second time there is nothing to be fetched
        assert as_entries(far.find(RECIPE, [e.key.args for e in some]), *some) == some
    assert [len(names) for names in fetched if names] == [4]


def entry(n: int, what: str = "v", **changes: Any) -> Entry:
    outputs = {
        "a": Artifact(digest(b"%d" % n), "data", 4, inline=f'"{what}\U0001f600{n}"', type="str"),
        "b": Artifact(digest(b"b%d" % n), "pickle", n, blob=digest(b"x%d" % n), classes=("m:C",), type="C"),
    }
    parts = {"x": ArgPart("item", "", digest(b"x"), "x")}
    made = Entry(CacheKey(RECIPE, digest(b"%d" % n)), outputs, parts, 0.5 + n, 1.0, "run", f"t[{n}]")
    return made._replace(**changes)


def find(store: Store, *wanted: Entry) -> Found:
    return Store.open(store.url, "/").find(RECIPE, [e.key.args for e in wanted])


def as_entries(found: Found, *wanted: Entry) -> list[Any]:
    """What was found, with what columns do not tell taken from what was wanted."""
    made: list[Any] = []
    for k, e in enumerate(wanted):
        table = found.table
        told = e._replace(outputs=table.artifacts(k), seconds=table.seconds[k]) if table.has(k) else None
        made.append(found.damaged.get(k, told))
    return made


def packs(store: Store) -> list[Path]:
    return sorted((Path(store.url) / "entries" / RECIPE).glob("*.pack"))


def no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing is read line by line."""

    def read(*args: Any) -> Any:
        raise AssertionError("read line by line")

    monkeypatch.setattr(entry_form.EntryReader, "read", read)


def test_many_are_found_by_columns_in_the_order_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit(some)
    no_lines(monkeypatch)
    wanted = [some[7], *reversed(some), entry(99), some[7]]
    found = find(store, *wanted)
    assert as_entries(found, *wanted) == [*(e if e.key != entry(99).key else None for e in wanted)]
    assert not found.table.complete
    assert found.table.recipe == RECIPE


def test_columns_over_several_packs_and_single_files(store: Store) -> None:
    first, second = [entry(n) for n in range(MANY)], [entry(n) for n in range(MANY, 2 * MANY)]
    few, one = [entry(n) for n in range(200, 205)], entry(300)
    for some in (first, second, few, [one]):
        store.commit(some)
    wanted = [one, *few, *second, *first]
    assert as_entries(find(store, *wanted), *wanted) == wanted


def test_of_two_packs_the_later_counts(store: Store) -> None:
    some, newer = [entry(n) for n in range(MANY)], [entry(n, "new") for n in range(MANY)]
    store.commit(some)
    assert as_entries(store.entries.find(RECIPE, [e.key.args for e in some]), *some) == some
    store.commit(newer, replace=True)
    store.entries.lookup([], refresh=True)
    assert as_entries(store.entries.find(RECIPE, [e.key.args for e in some]), *newer) == newer
    assert as_entries(find(store, *newer), *newer) == newer


def test_a_single_file_counts_before_packs(store: Store) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit([some[3]])
    single = Path(store.url) / "entries" / RECIPE / f"{some[3].key.args}.json"
    store.commit(some)
    single.write_bytes(b"torn")
    found = as_entries(find(store, *some), *some)
    assert isinstance(found[3], Damaged)
    assert found[4:] == some[4:]


def test_a_pack_cut_anywhere_or_with_any_byte_changed_gives_whole_lines_alone(store: Store) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit(some)
    (path,) = packs(store)
    whole = path.read_bytes()
    ends = [i for i, b in enumerate(whole) if b == 10]
    for cut in range(0, len(whole), 41):
        path.write_bytes(whole[:cut])
        found = as_entries(find(store, *some), *some)
        results = [e for e in found if isinstance(e, Entry)]
        assert results == some[: sum(end <= cut for end in ends)], cut
    for i in range(0, len(whole), 41):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        found = as_entries(find(store, *some), *some)
        assert all(e == some[k] or not isinstance(e, Entry) for k, e in enumerate(found)), i
        lost = sum(not isinstance(e, Entry) for e in found)
        assert lost <= (2 if i in ends else 1 if i < ends[-2] else 0), i


def test_columns_count_only_for_the_lines_that_they_were_made_of(store: Store) -> None:
    store.commit([entry(n) for n in range(MANY)])
    store.commit([entry(n) for n in range(MANY, 2 * MANY)])
    first, second = (p.read_bytes() for p in packs(store))
    codecs = ("data", "pickle")
    at = [data.rfind(b"\n", 0, len(data) - 1) + 1 for data in (first, second)]
    assert columns(first, RECIPE, codecs, Seals()) is not None
    assert columns(first[: at[0]] + second[at[1] :], RECIPE, codecs, Seals()) is None
    assert columns(first[first.index(b"\n") + 1 :], RECIPE, codecs, Seals()) is None
    assert columns(first, digest(b"another"), codecs, Seals()) is None
    assert columns(first, RECIPE, ("data",), Seals()) is None  # read line by line, to be told of


def test_signed_columns_are_those_of_the_key(tmp_path: Path) -> None:
    some = [entry(n) for n in range(MANY)]
    files = Store.open("store", str(tmp_path)).files
    ours, theirs = Store(files, b"k" * 32), Store(files, b"t" * 32)
    theirs.commit(some)
    found = ours.find(RECIPE, [e.key.args for e in some])
    assert found.table.count == 0
    assert len(ours.entries.ignored["unsigned"]) == MANY
    Store(files, b"k" * 32).commit(some)
    assert as_entries(Store(files, b"k" * 32).find(RECIPE, [e.key.args for e in some]), *some) == some


def test_what_is_let_go_of_a_pack_is_gone_from_its_columns(store: Store) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit(some)
    (path,) = packs(store)
    gone = [f.line for f in Census(store).found if f.key == some[5].key and f.line is not None]
    path.write_bytes(without_lines(path.read_bytes(), gone))
    found = as_entries(find(store, *some), *some)
    assert found == [*some[:5], None, *some[6:]]


def test_columns_are_no_entry(store: Store) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit(some)
    assert {f.key for f in Census(store).found} == {e.key for e in some}
    assert sorted(store.recipe_entries(RECIPE)) == sorted(some)
    assert store.lookup([CacheKey(RECIPE, "*")]) == {}


def begun(store: Store, *known: Entry) -> Store:
    """The store as one opens it who knows of some entries from before."""
    names = store.entries.names(RECIPE)
    args = frozenset(e.key.args for e in known)
    alone = args.intersection([n[:-5] for n in names if n.endswith(".json")])
    others = frozenset(store.entries.tables.besides(RECIPE, names, args, alone))
    files = [n for n in names if n.endswith(".pack")] + [f"{a}.json" for a in alone]
    fresh = Store.open(store.url, "/")
    fresh.entries.tables.begin(RECIPE, files, Table.of(list(known)), others)
    return fresh


def in_a_pack_and_alone(store: Store) -> list[Entry]:
    some = [entry(n) for n in range(2 * MANY)]
    store.commit(some[:MANY])
    for e in some[MANY:]:
        store.commit([e])
    return some


def test_what_is_known_and_has_a_file_of_its_own_is_not_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = in_a_pack_and_alone(store)
    fresh = begun(store, *some)
    late = [entry(n) for n in range(700, 703)]
    for e in late:
        store.commit([e])
    monkeypatch.setattr(EntryTables, "read_pack", None)
    read: list[str] = []
    real = fresh.files.read_many

    def read_many(names: Iterable[str]) -> Any:
        read.extend(names := list(names))
        return real(names)

    monkeypatch.setattr(fresh.files, "read_many", read_many)
    orders = [[*some, *late], [*some[:9], *late, *some[9:]], [*late, *some], [*some[::-1], *late]]
    for wanted in orders:
        read.clear()
        assert as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted) == wanted
        assert sorted(read) == sorted(f"entries/{RECIPE}/{e.key.args}.json" for e in late)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("place", [0, 20, MANY + 5])
def test_a_single_file_that_came_since_counts_before_what_is_known(
    store: Store, place: int, twice: bool
) -> None:
    some = in_a_pack_and_alone(store)
    fresh = begun(store, *some)
    newer, late = entry(place, "new"), entry(900)
    store.commit([newer], replace=True)
    store.commit([late])
    fresh.entries.lookup([], refresh=True)
    wanted = [*some[:place], newer, *some[place + 1 :], late, *[newer] * twice]
    assert as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted) == wanted


@pytest.mark.parametrize("new", [1, 30])
def test_what_is_known_from_before_is_not_read(
    store: Store, monkeypatch: pytest.MonkeyPatch, new: int
) -> None:
    some = [entry(n) for n in reversed(range(2 * MANY))]
    store.commit(some[:MANY])
    store.commit(some[MANY:])
    fresh = begun(store, *some)
    monkeypatch.setattr(EntryTables, "read_pack", None)
    for wanted in (some, some[::-1], some[5:], [*some[:9], *some[10:]], [*some[:9], some[20], *some[9:]]):
        assert as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted) == wanted
    unknown = [entry(n) for n in range(500, 500 + new)]
    for wanted in ([*some, *unknown], [*some[:7], *unknown, *some[7:]], [*unknown, *some]):
        found = as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted)
        assert found == [None if e in unknown else e for e in wanted]


def test_what_packs_hold_besides_is_read(store: Store) -> None:
    some = [entry(n) for n in range(MANY)]
    store.commit(some)
    fresh = begun(store, *some[:30])
    for wanted in (some[:30], some, some[20:], some[:30]):
        assert as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted) == wanted


@pytest.mark.parametrize("asked", [True, False])
def test_packs_that_came_since_count_before_what_is_known(store: Store, asked: bool) -> None:
    some = [entry(n) for n in range(2 * MANY)]
    store.commit(some)
    fresh = begun(store, *some)
    if asked:
        fresh.find(RECIPE, [e.key.args for e in some])
    newer = [entry(n, "new") for n in range(5, 5 + MANY)]
    store.commit(newer, replace=True)
    fresh.entries.lookup([], refresh=True)
    wanted = [*some[:5], *newer, *some[5 + MANY :]]
    assert as_entries(fresh.find(RECIPE, [e.key.args for e in wanted]), *wanted) == wanted


def test_packs_whose_names_tell_what_they_hold_are_not_read_to_know_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [entry(n) for n in range(2 * MANY)]
    args = frozenset(e.key.args for e in some)
    store.commit(some[:MANY])
    store.commit(some[MANY:])
    names = store.entries.names(RECIPE)
    read: list[str] = []
    real = EntryTables.read_pack
    monkeypatch.setattr(EntryTables, "read_pack", lambda self, name: read.append(name) or real(self, name))

    def besides(known: frozenset[str]) -> set[str]:
        return set(Store.open(store.url, "/").entries.tables.besides(RECIPE, names, known, frozenset()))

    assert besides(args) == set()
    assert not read
    assert besides(args - {some[0].key.args}) == {some[0].key.args}
    assert len(read) == 2
    store.commit(some[:MANY], replace=True)  # which tells of more entries than there are
    names = store.entries.names(RECIPE)
    assert besides(args) == set()
    assert len(read) == 5
