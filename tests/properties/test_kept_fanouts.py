"""Fan-outs over whatever lists, edited between runs, while what is kept of them is lost, old or damaged:
each item has its own result, and what is reused was computed.

A seed makes a story of runs. ``PRUN_FANOUTS=300`` goes on with new seeds for 300 seconds;
``PRUN_FANOUTS_SEED=7`` tells one story again.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner import Pipeline
from pipeline_runner.app.upkeep import Upkeep
from pipeline_runner.errors import RunFailed
from pipeline_runner.model.names import item_keys

STORIES = 4
RUNS = 8
TASKS = """
def listed(xs): return xs
def told(x, k=0):
    if x == "fails": raise ValueError(x)
    if isinstance(x, list): x.append(0); x.pop()
    made = [MARK, shown(x), k]
    return made + ["=" * 20_000] if shown(x)[-1:] == "7" else made
def again(y):
    y.append("again")
    return y[:3] + ["again"]
def both(x, b): return [MARK, shown(x), b]
def all_of(told, again, both): return [told, again, both]
def shown(x):
    if isinstance(x, dict): return "{" + ", ".join(f"{k!r}: {shown(x[k])}" for k in sorted(x)) + "}"
    if isinstance(x, list): return "[" + ", ".join(map(shown, x)) + "]"
    return repr(x)
"""
ODD: tuple[Any, ...] = (
    1, True, 1.0, 0, False, 0.0, -0.0, float("nan"), float("inf"), "1", "true", "", None, 10**38, -(10**40),
    2**63, 2**64 + 1, "x" * 41, "y" * 5000, "a\nb", "\ud800", "ä", "fails", [1], [True], [], {},
    {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": True, "b": 2}, [[1, {"c": None}]], "1,2", "a]b", " ",
)  # fmt: skip
TWINS = (*ODD, False, 1.0, -0.0, *map(float, range(300)))


def shown(x: Any) -> str:
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k!r}: {shown(x[k])}" for k in sorted(x)) + "}"
    if isinstance(x, list):
        return "[" + ", ".join(map(shown, x)) + "]"
    return repr(x)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is for large fan-outs only is for small ones."""
    for module in ("app.fanouts", "engine.prepare", "engine.expand", "engine.reuse"):
        monkeypatch.setattr(f"pipeline_runner.{module}.MANY", 8)
    monkeypatch.setattr("pipeline_runner.keys.long_lists.LONG", 8)
    monkeypatch.setattr("pipeline_runner.store.packs._WORTH", 4)
    monkeypatch.setattr("pipeline_runner.store.entries._FEW", 1)


class Story:
    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.store = folder / ".prun"
        for mark in "AB":
            (folder / f"told_{mark}.py").write_text(f"MARK = {mark!r}\n{TASKS}")
        kind = self.rng.random()
        self.kind = "numbers" if kind < 0.4 else "texts" if kind < 0.6 else "odd"
        self.lists = [[self.fresh() for _ in range(self.rng.choice((7, 12, 40, 90)))] for _ in range(2)]
        self.mark, self.k, self.version = "A", 0, 1
        self.computed: set[tuple[str, ...]] = set()  # what has had a result
        self.there: set[tuple[str, ...]] = set()  # what must have one still
        self.old: list[Path] = []

    def fresh(self) -> Any:
        if self.kind != "odd":
            number = self.rng.randrange(10**6)
            return number if self.kind == "numbers" else str(number)
        return self.rng.choice(ODD) if self.rng.random() < 0.3 else self.rng.randrange(300)

    # ---- between runs ----------------------------------------------------------------------------

    def edit(self, xs: list[Any]) -> list[Any]:
        rng, at = self.rng, self.rng.randrange(len(xs) + 1)
        match rng.randrange(11):
            case 0:
                return [*xs[:at], *[self.fresh() for _ in range(rng.choice((1, 1, 5, 30)))], *xs[at:]]
            case 1:
                return xs[:at] + xs[at + rng.choice((1, 1, 10)) :]
            case 2:
                return rng.sample(xs, len(xs))
            case 3:
                return xs + rng.sample(xs, min(3, len(xs)))
            case 4:
                return xs[:at] or [self.fresh()]
            case 5:
                return [*xs[:at], rng.choice(ODD), *xs[at + 1 :]]
            case 6:
                return xs[::-1]
            case 7:
                return [*xs[at:], *xs[:at]]
            case 8:  # equal, and something else
                return [rng.choice([t for t in TWINS if t == x] or [x]) for x in xs]
            case 9:
                kind = rng.choice((float, bool, str, int))
                return [kind(x) if type(x) in (int, float, bool) and 0 <= x < 300 else x for x in xs]
        return xs

    def disturb(self) -> None:
        """Harm the store, or what is kept beside it. What was there need not be there any more."""
        rng = self.rng
        index = self.store / "index"
        packs = sorted((self.store / "entries").rglob("*.*"))
        blobs = [file for file in sorted((self.store / "blobs").rglob("*")) if file.is_file()]
        what = rng.randrange(16)
        if what == 0 and packs:
            rng.choice(packs).unlink()
        elif what == 1 and packs:
            file = rng.choice(packs)
            bits = bytearray(file.read_bytes())
            bits[rng.randrange(len(bits))] ^= 1 << rng.randrange(8)
            file.write_bytes(bits)
        elif what == 2 and packs:
            file = rng.choice(packs)
            file.write_bytes(file.read_bytes()[: rng.randrange(file.stat().st_size)])
        elif what == 3 and blobs:
            rng.choice(blobs).unlink()
        elif what == 4:
            upkeep = Upkeep.open(str(self.store))
            size = rng.choice((None, None, 20_000))
            upkeep.gc(keep_runs=rng.randrange(3), grace=0.0, max_size=size)
        elif what == 5 and self.old:
            shutil.rmtree(index, ignore_errors=True)
            shutil.copytree(rng.choice(self.old) / "index", index)
        elif what == 6 and self.old:
            shutil.rmtree(self.store / "entries")
            shutil.copytree(rng.choice(self.old) / "entries", self.store / "entries")
        elif what == 7:
            files = [file for file in sorted(index.rglob("*")) if file.is_file()]
            for file in rng.sample(files, len(files) // 2):
                file.unlink()
        elif what == 8:  # each is what is kept of another fan-out
            files = sorted((index / "fanouts").glob("*"))
            for file, data in zip(files, [f.read_bytes() for f in files][1:], strict=False):
                file.write_bytes(data)
        else:
            if what == 9:
                copy = self.folder / f"old-{len(self.old)}"
                shutil.copytree(self.store, copy)
                self.old.append(copy)
            return
        self.there.clear()

    def change(self) -> None:
        rng = self.rng
        for i in range(2):
            self.lists[i] = self.edit(self.lists[i])[:150] if rng.random() < 0.7 else self.lists[i]
        self.mark = rng.choice("AB") if rng.random() < 0.2 else self.mark
        self.k = rng.choice((0, 1, True)) if rng.random() < 0.2 else self.k
        self.version = rng.choice((1, 2)) if rng.random() < 0.1 else self.version
        self.disturb()

    # ---- a run -----------------------------------------------------------------------------------

    def file(self) -> Path:
        told = {"call": f"told_{self.mark}:told", "on_error": "skip", "cache": {"version": str(self.version)}}
        steps = {
            "listed": {"call": f"told_{self.mark}:listed", "inputs": {"xs": "params.xs"}},
            "told": {**told, "foreach": "listed", "inputs": {"x": "item", "k": "params.k"}},
            "others": {**told, "foreach": "params.ys", "inputs": {"x": "item", "k": "params.k"}},
            "again": {"call": f"told_{self.mark}:again", "foreach": "told", "inputs": {"y": "item"}},
            "both": {
                "call": f"told_{self.mark}:both",
                "matrix": {"x": "listed", "b": [1, True]},
                "inputs": {"x": "matrix.x", "b": "matrix.b"},
            },
        }
        gathered = {"told": "told", "again": "again", "both": "both"}
        steps["all"] = {"call": f"told_{self.mark}:all_of", "inputs": gathered}
        path = self.folder / self.rng.choice(("one.yaml", "two.yaml"))
        pipeline = {"name": path.stem, "params": {"xs": [], "ys": [], "k": None}, "steps": steps}
        path.write_text(json.dumps(pipeline))
        return path

    def run(self) -> None:
        rng = self.rng
        xs, ys = self.lists
        params = {"xs": xs, "ys": ys, "k": self.k}
        pipeline = Pipeline.load(self.file(), params=params, store=str(self.store))
        forced = ["told"] if rng.random() < 0.15 else []
        options: dict[str, Any] = {"force": forced, "paranoid": rng.random() < 0.1}
        planned = pipeline.plan(**options) if rng.random() < 0.5 else None
        run = pipeline.run(rng.choice(("sequential", "threading")), 2, **options)
        good = [x for x in xs if x != "fails"]
        states = {task.id: task.status for task in run.tasks}
        self.expect(run, states, "told", xs, forced)
        self.expect(run, states, "others", ys, forced)
        if all(any(x != "fails" for x in some) for some in (xs, ys)):
            assert run.status == "succeeded", run.status
            assert run.output("told") == [self.of(x) for x in good]
            assert run.output("again") == [[*self.of(x)[:3], "again"] for x in good]
            assert run.output("both") == [[self.mark, shown(x), b] for x in xs for b in (1, True)]
            want = [run.output(name) for name in ("told", "again", "both")]
            assert repr(run.output("all")) == repr(want)
        if planned is not None:
            for row in planned.tasks:
                if row.id in states and row.action in ("run", "reuse"):
                    told = {"run": ("succeeded", "failed", "reused"), "reuse": ("reused",)}[row.action]
                    assert states[row.id] in told, (row, states[row.id])

    def row(self, x: Any) -> tuple[str, ...]:
        """What a result depends on."""
        return self.mark, str(self.version), repr(self.k), shown(x)

    def of(self, x: Any) -> list[Any]:
        made = [self.mark, shown(x), self.k]
        return [*made, "=" * 20_000] if shown(x)[-1:] == "7" else made

    def expect(self, run: Any, states: dict[str, str], step: str, xs: list[Any], forced: list[str]) -> None:
        """Each item's own result under its own name, reused where there was one and only there."""
        keys = item_keys(xs)
        rows = list(map(self.row, xs))
        times = Counter(map(self.row, self.lists[0] + self.lists[1]))
        for key, x, row in zip(keys, xs, rows, strict=True):
            state = states[f"{step}[{key}]"]
            if x == "fails":
                assert state == "failed"
                continue
            if step in forced:
                assert state == "succeeded"
            elif state == "reused":
                assert row in self.computed or times[row] > 1, (step, key)
            else:
                assert state == "succeeded", (step, key)
                assert row not in self.there, (step, key, row)
        some = range(len(xs)) if self.rng.random() < 0.1 else self.rng.sample(range(len(xs)), min(3, len(xs)))
        for k in some:
            if xs[k] != "fails":
                assert repr(run.output(f"{step}[{keys[k]}]")) == repr(self.of(xs[k])), (step, keys[k])
                assert shown(run.inputs(f"{step}[{keys[k]}]")) == shown({"x": xs[k], "k": self.k})

    def settle(self) -> None:
        for xs in self.lists:
            rows = {self.row(x) for x in xs if x != "fails"}
            self.computed |= rows
            self.there |= rows


def tell(seed: int, folder: Path) -> None:
    folder.mkdir()
    story = Story(seed, folder)
    for n in range(RUNS):
        if n:
            story.change()
        try:
            lost = False
            try:
                story.run()
            except RunFailed:  # the bytes of a result that no step had to read
                lost = True
            story.settle()
            if lost:
                story.there.clear()
        except BaseException as error:
            error.add_note(f"in run {n} of the story: PRUN_FANOUTS_SEED={seed}")
            raise


def test_each_item_has_its_own_result_whatever_is_kept(tmp_path: Path) -> None:
    if "PRUN_FANOUTS_SEED" in os.environ:
        tell(int(os.environ["PRUN_FANOUTS_SEED"]), tmp_path / "one")
        return
    until = time.monotonic() + float(os.environ.get("PRUN_FANOUTS", 0))
    first = random.randrange(10**9) if until > time.monotonic() + 1 else 0
    seed = first
    while seed < first + STORIES or time.monotonic() < until:
        tell(seed, tmp_path / "story")
        shutil.rmtree(tmp_path / "story")
        seed += 1
