"""Which runs are kept, and what a run that goes on has noted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_runner.app.reached import FEW, Reached, keys_noted
from pipeline_runner.app.records import OPEN_FOR, kept, place_of, read_records, run_id_after, tasks_by_key
from pipeline_runner.errors import StoreError
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.model.event import TasksReused, TasksStarted
from pipeline_runner.model.table import Table
from pipeline_runner.store.runs import new_run_id
from pipeline_runner.store.store import Store

NOW = 1_000_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open("store", str(tmp_path))


def run_id(n: int) -> str:
    return f"20260101-{n:06d}-abcdef"


def key(n: int) -> CacheKey:
    return CacheKey("r", str(n))


def noted(key: CacheKey) -> dict[str, Any]:
    return {"steps": {"s": {"entries": [list(key)]}}}


def put(store: Store, n: int, pipeline: str = "demo", status: str = "succeeded", **more: Any) -> str:
    record = {
        "run_id": run_id(n),
        "pipeline": pipeline,
        "status": status,
        "started": NOW - 1000 + n,
        "steps": {"s": {"keys": ["a", "b"], "entries": [list(key(n)), None]}},
        **more,
    }
    store.runs.write_json(run_id(n), "run", record)
    return run_id(n)


def keep(store: Store, runs: int) -> tuple[set[str], set[CacheKey]]:
    found = kept(store, read_records(store), runs, NOW)
    return found.runs, found.keys


def test_the_last_runs_of_each_pipeline_are_kept(store: Store) -> None:
    for n in range(1, 5):
        put(store, n)
    put(store, 0, "other")
    assert keep(store, 2) == ({run_id(3), run_id(4), run_id(0)}, {key(3), key(4), key(0)})
    assert keep(store, 0) == (set(), set())


def test_pipelines_of_one_name_do_not_push_one_another_out(store: Store) -> None:
    for n in range(1, 5):
        put(store, n, place="../here/pipeline.yaml")
    put(store, 0, place="../there/pipeline.yaml")
    assert keep(store, 1) == ({run_id(4), run_id(0)}, {key(4), key(0)})


def test_pipelines_that_have_not_run_for_long_may_be_forgotten(store: Store) -> None:
    put(store, 1, place="../gone/pipeline.yaml")
    put(store, 2, place="../here/pipeline.yaml")
    store.runs.write_json(run_id(1), "run", {**store.runs.read_json(run_id(1), "run"), "started": NOW - 9e6})
    store.runs.write_latest("demo", {"s": {"run": run_id(1), "seconds": 1}})
    found = kept(store, read_records(store), 5, NOW, forget=8e6)
    assert (found.runs, found.keys) == ({run_id(2)}, {key(2)})
    assert kept(store, read_records(store), 5, NOW, forget=1e7).runs == {run_id(1), run_id(2)}


def test_of_records_read_before_only_open_ones_are_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 1)
    put(store, 2, status="running", steps={})
    before = read_records(store)
    put(store, 3)
    store.runs.write_json(run_id(2), "reached", noted(key(77)))
    asked: list[str] = []
    real = store.runs.read_json
    monkeypatch.setattr(store.runs, "read_json", lambda run, name: (asked.append(run), real(run, name))[1])
    assert [r.run for r in read_records(store, before)] == [run_id(3), run_id(2), run_id(1)]
    assert set(asked) == {run_id(2), run_id(3)}
    assert kept(store, read_records(store, before), 0, NOW).open_keys == {key(77)}


def test_a_project_that_moves_with_its_store_stays_the_same_pipeline(tmp_path: Path) -> None:
    here = Store.open(str(tmp_path / "a" / ".prun"), "/")
    there = Store.open(str(tmp_path / "b" / ".prun"), "/")
    assert place_of(str(tmp_path / "a" / "p.yaml"), here) == "../p.yaml"
    assert place_of(str(tmp_path / "b" / "p.yaml"), there) == "../p.yaml"
    assert place_of(str(tmp_path / "b" / "p.yaml"), here) == "../../b/p.yaml"
    far = Store.open(f"memory://{tmp_path.name}", str(tmp_path))
    assert place_of("/home/ada/p.yaml", far) == "/home/ada/p.yaml"


def test_the_record_that_has_the_tasks_is_kept_too(store: Store) -> None:
    put(store, 1)
    put(store, 2, same_as=run_id(1), steps={})
    put(store, 3, same_as=run_id(2), steps={})
    assert keep(store, 1) == ({run_id(1), run_id(2), run_id(3)}, {key(1)})


def test_the_run_in_which_a_step_last_gave_something_is_kept(store: Store) -> None:
    """Reasons are told from it, however many runs of other steps came later."""
    for n in range(1, 5):
        put(store, n)
    store.runs.write_latest("demo", {"s": {"run": run_id(1), "seconds": 1}})
    assert keep(store, 1)[0] == {run_id(1), run_id(4)}


def test_a_run_that_may_go_on_is_kept_with_what_it_has_noted(store: Store) -> None:
    put(store, 1, status="running", steps={})
    store.runs.write_json(run_id(1), "reached", noted(key(77)))
    put(store, 2)
    found = kept(store, read_records(store), 0, NOW)
    assert (found.runs, found.keys, found.open_keys) == ({run_id(1)}, {key(77)}, {key(77)})
    later = kept(store, read_records(store), 0, NOW + OPEN_FOR)
    assert later.runs == set()


def test_damaged_records_are_passed_over(store: Store, tmp_path: Path) -> None:
    put(store, 1)
    put(store, 2)
    path = tmp_path / "store" / "runs" / run_id(2) / "run.json"
    path.write_bytes(path.read_bytes()[:-1])
    assert [r.run for r in read_records(store)] == [run_id(1)]


def test_tasks_are_named_as_the_newest_run_does(store: Store) -> None:
    put(store, 1, steps={"old": {"keys": None, "entries": [list(key(5))]}})
    put(store, 2, steps={"new": {"keys": ["x"], "entries": [list(key(5))]}})
    assert tasks_by_key(read_records(store)) == {key(5): ("demo", "new", "new[x]")}


def test_a_run_comes_after_those_before_it_though_the_clock_went_back(store: Store) -> None:
    now = 1_800_000_000.0
    early, late = new_run_id(now - 60), new_run_id(now + 86400)
    assert early < run_id_after(store, [early], now) < late
    for run in (early, late):
        store.runs.write_json(run, "run", {})
    assert run_id_after(store, [late], now) > late
    later = new_run_id(now + 90000)
    store.runs.write_json(later, "run", {})
    assert run_id_after(store, [late], now) > later
    assert store.runs.list_runs()[0] == later


# ---- what a run notes --------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def results(*numbers: int) -> Any:
    entries = [Entry(key(n), {}, {}, 0.0, 0.0, "", "") for n in numbers]
    return {"s": SimpleNamespace(items=None, table=Table.of([*entries, None]))}


def test_a_short_run_notes_nothing(store: Store) -> None:
    clock = Clock()
    reached = Reached(store, run_id(1), results(1), now=clock)
    for at in (0.1, 1.0, 4.0):
        clock.at = at
        reached(None)
    assert store.runs.read_json(run_id(1), "reached") is None


def reached_in(store: Store, run: str) -> list[CacheKey]:
    return list(keys_noted(store.runs.read_json(run, "reached")))


def test_what_a_run_relies_on_is_noted_when_something_is_computed(store: Store) -> None:
    asked = []

    def about() -> dict[str, Any]:
        asked.append(1)
        return {"params": {"n": 1}}

    reached = Reached(store, run_id(1), results(1), about, now=Clock())
    reached(TasksReused(0.1, "s", [0], 1.0))
    assert store.runs.read_json(run_id(1), "reached") is None
    reached(TasksStarted(0.2, "t", [0], 1))
    assert reached_in(store, run_id(1)) == [key(1)]
    reached.note()
    assert store.runs.read_json(run_id(1), "reached")["params"] == {"n": 1}
    assert asked == [1]
    reached.close()
    assert store.runs.read_json(run_id(1), "reached") is None


def test_what_a_run_of_very_many_tasks_relies_on_is_noted_later(store: Store) -> None:
    clock = Clock()
    reached = Reached(store, run_id(1), results(*range(FEW)), now=clock)
    reached(TasksStarted(0.2, "t", [0], 1))
    assert store.runs.read_json(run_id(1), "reached") is None
    clock.at = 6.0
    reached.look()
    assert len(reached_in(store, run_id(1))) == FEW


def test_a_long_run_notes_seldom_and_takes_it_back(store: Store) -> None:
    clock, found = Clock(), results(1)
    reached = Reached(store, run_id(1), found, now=clock)
    clock.at = 6.0
    reached(None)
    assert reached_in(store, run_id(1)) == [key(1)]
    found.update(results(2, 1))
    clock.at = 20.0
    reached(None)
    assert reached_in(store, run_id(1)) == [key(1)]
    clock.at = 70.0
    reached(None)
    assert reached_in(store, run_id(1)) == [key(2), key(1)]
    reached.close()
    assert store.runs.read_json(run_id(1), "reached") is None


def test_what_is_reused_later_is_noted_soon(store: Store) -> None:
    clock, found = Clock(), results(1)
    reached = Reached(store, run_id(1), found, now=clock)
    reached(TasksStarted(0.1, "t", [0], 1))
    clock.at = 1.0
    found.update(results(2, 1))
    reached(TasksReused(1.0, "s", [0], 1.0))
    assert reached_in(store, run_id(1)) == [key(1)]
    clock.at = 3.0
    reached.look()
    assert reached_in(store, run_id(1)) == [key(2), key(1)]


def test_a_full_disk_does_not_end_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise StoreError("full")

    monkeypatch.setattr(store.runs, "write_json", full)
    clock = Clock()
    reached = Reached(store, run_id(1), results(1), now=clock)
    clock.at = 6.0
    reached(None)
    reached.close()
