"""What earlier runs left: how it is asked for."""

from __future__ import annotations

from pipeline_runner.app.history import StoreHistory
from pipeline_runner.model.artifact import Artifact, CacheKey, Entry


class Runs:
    def __init__(self, keys: list[CacheKey]) -> None:
        self.keys = keys

    def read_latest(self, name: str) -> object:
        return {"squares": {"run": "r1", "seconds": 0.1}}

    def read_json(self, run: str, name: str) -> object:
        names = [str(k) for k in range(len(self.keys))]
        return {"steps": {"squares": {"keys": names, "entries": [list(k) for k in self.keys]}}}


class Store:
    """Has one run of one fan-out."""

    def __init__(self, count: int) -> None:
        self.keys = [CacheKey("aa", f"{n:04x}") for n in range(count)]
        self.runs = Runs(self.keys)
        self.asked: list[int] = []
        self.recipes = 0

    def lookup(self, keys: list[CacheKey]) -> dict[CacheKey, Entry]:
        self.asked.append(len(keys))
        there = {k for k in keys if k != self.keys[0]}  # one was removed since
        outputs = {"": Artifact("d", "data", 1, inline="1")}
        return {k: Entry(k, outputs, {}, 0.1, 1.0, "r1", k.args) for k in there}

    def get_recipe(self, digest: str) -> None:
        self.recipes += 1


def test_a_plan_that_asks_for_every_task_of_a_large_fan_out_costs_few_look_ups() -> None:
    store = Store(3000)
    history = StoreHistory(store, "p")  # type: ignore[arg-type]
    for n, key in enumerate(store.keys):
        found = history.previous("squares", str(n), {})
        assert (found.key if found else None) == (key if n else None)
    assert len(store.asked) < 20
    assert sum(store.asked) == 3000, "none is looked up twice"


def test_a_run_that_asks_for_one_task_of_a_large_fan_out_looks_up_that_one() -> None:
    store = Store(3000)
    history = StoreHistory(store, "p")  # type: ignore[arg-type]
    assert history.previous("squares", "7", {}) is not None
    assert store.asked == [1]


def test_a_recipe_is_read_once() -> None:
    store = Store(1)
    history = StoreHistory(store, "p")  # type: ignore[arg-type]
    assert history.recipe("aa") is history.recipe("aa") is None
    assert store.recipes == 1
