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
    assert reader.notes() == [
        "4 entries of the store ignored: not signed with the store's key (`sign`: another key, or none)"
    ]
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
    plain.runs.write_texts(run, "theirs", 1, ["a"])
    assert own.runs.read_texts(run, "theirs") is None
    own.runs.write_texts(run, "ours", 1, ["a"])
    assert own.runs.read_texts(run, "ours") == (1, ["a"])
    (folder / other / "ours").write_bytes((folder / run / "ours").read_bytes())
    assert own.runs.read_texts(other, "ours") is None


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
    [
        ("env:NOT_SET", "NOT_SET is not set"),
        ("env:BLANK", "BLANK is not set"),
        ("env:SHORT", "SHORT holds fewer than 16 characters"),
        ("file:empty", "empty holds fewer"),
        ("file:none", "cannot read none"),
        ("file:.", "cannot read"),
        ("KEY", "neither"),
    ],
)
def test_without_a_key_nothing_is_opened(
    tmp_path: Path, source: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "short")
    monkeypatch.setenv("BLANK", " \n ")
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError, match=message) as error:
        signed(tmp_path, source)
    assert "short" not in str(error.value)


def test_the_key_never_leaves_through_what_is_sent_to_workers(tmp_path: Path) -> None:
    assert signed(tmp_path).place == StoreAt(str(tmp_path / "store"), "env:KEY")
    assert signed(tmp_path, None).place == str(tmp_path / "store")


def test_blanks_around_a_key_and_bytes_that_are_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = signed(tmp_path)
    own.commit([entry(own, 1)])
    monkeypatch.setenv("PADDED", f"  {KEY}\n")  # as `$(cat file)` or a secret's mount may leave it
    assert signed(tmp_path, "env:PADDED").lookup([CacheKey(RECIPE, f"{1:048x}")])
    monkeypatch.setenv("BYTES", KEY + "\udcff")
    assert signed(tmp_path, "env:BYTES").seals.signs


# ---- what somebody may do who can write to the store ----------------------------------------------------

RUNS = ["20260101-000000-aaaaaa", "20260102-000000-bbbbbb"]


def filled(root: Path, source: str | None = "env:KEY") -> Store:
    """Two of everything that is signed."""
    store = signed(root, source)
    store.commit([entry(store, 1, "one")])
    store.commit([entry(store, 2, "two")])
    store.commit([entry(store, 3, "three"), entry(store, 4, "four")])
    store.commit([entry(store, 5, "five"), entry(store, 6, "six")])
    for n, run in enumerate(RUNS):
        store.runs.write_json(run, "run", {"n": n})
        store.runs.write_json(run, "reached", [["r", str(n)]])
        store.runs.write_latest(f"p{n}", {"n": n})
        store.put_recipe(Recipe(f"{n:048x}", {}, {}, "3.11", str(n), {}, None, {}, {}))
    return store


def readable(root: Path) -> dict[str, Any]:
    """All that who has the key reads."""
    store = signed(root)
    keys = [CacheKey(RECIPE, f"{n:048x}") for n in range(1, 7)]
    found: dict[str, Any] = {str(k.args): store.lookup([k]).get(k) for k in keys}
    for n, run in enumerate(RUNS):
        found[run] = store.runs.read_json(run, "run")
        found[f"{run} reached"] = store.runs.read_json(run, "reached")
        found[f"p{n}"] = store.runs.read_latest(f"p{n}")
        found[f"recipe {n}"] = store.get_recipe(f"{n:048x}")
    return {name: value for name, value in found.items() if value is not None}


def records(root: Path) -> list[Path]:
    return sorted(
        p for p in (root / "store").rglob("*") if p.suffix in (".json", ".pack") and "index" not in p.parts
    )


def believed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """What is read otherwise than it was written; nothing must be."""
    return {n for n, value in after.items() if not isinstance(value, Damaged) and value != before.get(n)}


def test_whatever_is_put_elsewhere_is_not_believed(tmp_path: Path) -> None:
    filled(tmp_path)
    before = readable(tmp_path)
    assert len(before) == 14
    files = records(tmp_path)
    data = {path: path.read_bytes() for path in files}
    for path in files:
        for other in files:
            if other != path:
                path.write_bytes(data[other])
                after = readable(tmp_path)
                assert believed(before, after) == set(), (path, other)
                assert after != before or path.suffix == ".pack" == other.suffix
        path.write_bytes(data[path])
    assert readable(tmp_path) == before


def test_lines_of_packs_are_not_believed_under_another_key(tmp_path: Path) -> None:
    filled(tmp_path)
    before = readable(tmp_path)
    one, two = [p for p in records(tmp_path) if p.suffix == ".pack"]
    mine, theirs = one.read_bytes().split(b"\n"), two.read_bytes().split(b"\n")
    name, other = line_name(mine[0]).encode(), line_name(theirs[0]).encode()
    one.write_bytes(b"\n".join([theirs[0].replace(other, name), *mine[1:]]))
    assert believed(before, readable(tmp_path)) == set()
    one.write_bytes(b"\n".join([theirs[0], *mine[1:]]))  # as it is, in another pack: it is what it was
    assert believed(before, readable(tmp_path)) == set()


@pytest.mark.parametrize("how", ["cut", "unsigned", "other key", "other key's signature"])
def test_what_is_cut_or_signed_by_another_is_not_believed(tmp_path: Path, how: str) -> None:
    filled(tmp_path)
    filled(tmp_path / "theirs", "env:OTHER")
    before = readable(tmp_path)
    theirs = {p.relative_to(tmp_path / "theirs"): p.read_bytes() for p in records(tmp_path / "theirs")}
    for path in records(tmp_path):
        data = path.read_bytes()
        forged = theirs.get(path.relative_to(tmp_path), b"")
        if how == "cut":
            changed = [data[:n] for n in range(0, len(data), 7)]
        elif how == "unsigned":
            changed = [data[:48] + data[97:]]
        elif how == "other key":
            changed = [forged]
        else:
            changed = [data[:49] + forged[49:97] + data[97:]]
        for some in changed:
            path.write_bytes(some)
            assert believed(before, readable(tmp_path)) == set(), path
        path.write_bytes(data)
    assert readable(tmp_path) == before


def test_an_older_record_of_the_same_key_counts_again(tmp_path: Path) -> None:
    """Not promised otherwise: who can write can also put back what was there. It was a result of the
    very same key, and whatever shows it was true once."""
    own = signed(tmp_path)
    own.runs.write_latest("p", {"n": 1})
    [path] = records(tmp_path)
    old = path.read_bytes()
    own.runs.write_latest("p", {"n": 2})
    path.write_bytes(old)
    assert signed(tmp_path).runs.read_latest("p") == {"n": 1}
