"""A far-away store is asked for what is likely needed at once, not level by level."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.app import ahead as ahead_module
from pipeline_runner.app.ahead import Ahead
from pipeline_runner.model.artifact import Artifact, CacheKey, Entry
from pipeline_runner.model.table import Found
from pipeline_runner.store.store import Store


def entry(args: str) -> Entry:
    outputs = {"": Artifact("d" + args, "data", 1, inline="1")}
    return Entry(CacheKey("aa", args), outputs, {}, 0.1, 1.0, "run", args)


class Asked:
    """A store that notes what it is asked for."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {e.key: e for e in entries}
        self.asked: list[list[str]] = []
        self.found: list[list[str]] = []

    def find(self, recipe: str, args: list[str]) -> Found:
        self.found.append(args)
        return Found.of(recipe, args, self.entries)

    def lookup(self, keys: list[CacheKey]) -> dict[CacheKey, Entry]:
        self.asked.append([k.args for k in keys])
        return {k: self.entries[k] for k in keys if k in self.entries}

    def commit(self, entries: list[Entry], replace: bool = False) -> None:
        self.entries.update({e.key: e for e in entries})


def test_likely_keys_are_looked_up_once_and_all_others_when_they_are_asked_for() -> None:
    one, two, three = map(entry, ("01", "02", "03"))
    store = Asked(one, two, three)
    ahead = Ahead(store, lambda: [one.key, two.key, one.key])  # type: ignore[arg-type]
    assert ahead.lookup([one.key]) == {one.key: one}
    assert ahead.lookup([two.key]) == {two.key: two}
    assert store.asked == [["01", "02"]]
    assert ahead.lookup([two.key, three.key]) == {two.key: two, three.key: three}
    assert store.asked == [["01", "02"], ["03"]]


def test_what_was_not_there_is_looked_for_again() -> None:
    one = entry("01")
    store = Asked()
    ahead = Ahead(store, lambda: [one.key])  # type: ignore[arg-type]
    assert ahead.lookup([one.key]) == {}
    store.commit([one])  # by a worker, or by another run
    assert ahead.lookup([one.key]) == {one.key: one}


def test_an_entry_that_is_replaced_counts_as_replaced() -> None:
    one = entry("01")
    ahead = Ahead(Asked(one), lambda: [one.key])  # type: ignore[arg-type]
    ahead.lookup([one.key])
    ahead.commit([one._replace(run="later")], replace=True)
    assert ahead.lookup([one.key]) == {one.key: one._replace(run="later")}


def test_a_large_fan_out_is_looked_for_as_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead_module, "MANY", 3)
    some = [entry(f"0{n}") for n in range(4)]
    other = entry("09")._replace(key=CacheKey("bb", "09"))
    store = Asked(*some, other)
    ahead = Ahead(store, lambda: [*(e.key for e in some), other.key])  # type: ignore[arg-type]
    found = ahead.find("aa", [e.key.args for e in some])
    assert list(found.table.cache_keys()) == [e.key for e in some]
    assert (store.asked, store.found) == ([], [["00", "01", "02", "03"]])
    assert ahead.find("bb", ["09"]).table.count == 1
    assert store.asked == [["09"]]


def lookups(folder: Path, steps: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the store is asked in a reused run of a chain."""
    folder.mkdir()
    (folder / "work.py").write_text("def begin():\n    return 0\n\n\ndef more(x):\n    return x + 1\n")
    text = "name: chain\nsteps:\n  s0: {call: work:begin}\n"
    for i in range(1, steps):
        text += f"  s{i}: {{call: work:more, inputs: {{x: s{i - 1}}}}}\n"
    (folder / "pipeline.yaml").write_text(text)
    pipeline = Pipeline.load(folder / "pipeline.yaml", store=f"memory://{folder.name}-{steps}/far")
    assert pipeline.run(backend="sequential").counts["succeeded"] == steps
    count = 0
    real = Store.lookup

    def counted(self: Store, keys: list[CacheKey]) -> object:
        nonlocal count
        count += bool(keys)
        return real(self, keys)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "lookup", counted)
        assert pipeline.run(backend="sequential").counts["reused"] == steps
    return count


def test_a_reused_chain_costs_the_same_look_ups_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lookups(tmp_path / "short", 3, monkeypatch) == lookups(tmp_path / "long", 12, monkeypatch) == 1
