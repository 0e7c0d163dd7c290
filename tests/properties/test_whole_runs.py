"""Any pipeline over dictionaries: plans tell the truth, results are those of a fresh run."""

from __future__ import annotations

import random
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine_world import Opaque, World
from hypothesis import given, settings
from hypothesis import strategies as st


def function(name: str, opaque: bool, version: list[int]) -> Callable[..., Any]:
    """Gives a list of up to three numbers that depends on all arguments."""

    def call(**kwargs: Any) -> Any:
        seed = zlib.crc32(repr((name, version, sorted(kwargs.items()))).encode())
        values = [seed % (7 + i) for i in range(seed % 4)]
        return Opaque(values) if opaque else values

    return call


def random_pipeline(rng: random.Random) -> tuple[str, dict[str, bool]]:
    """A pipeline's text, and which of its steps give what only a worker can open."""
    lines = ["params: {p: [1, 2], q: 5}", "steps:"]
    fans: list[str] = []
    opaque: dict[str, bool] = {}
    for i in range(rng.randint(2, 7)):
        name = f"s{i}"
        before = list(opaque)
        inputs = {f"x{j}": n for j, n in enumerate(rng.sample(before, min(len(before), rng.randint(0, 2))))}
        if rng.random() < 0.3:
            inputs["q"] = "params.q"
        kind = rng.random()
        over = ""
        if kind < 0.2:
            over = "params.p"
        elif kind < 0.4 and [n for n in before if n not in fans]:
            over = rng.choice([n for n in before if n not in fans])
        elif kind < 0.55 and fans:
            over = rng.choice(fans)
        elif kind < 0.65 and fans:
            over = rng.choice(fans) + ".*"
        if over:
            inputs["item"] = "item"
            fans.append(name)
        given_ = ", ".join(f"{k}: {v}" for k, v in inputs.items())
        fanout = f", foreach: {over}" if over else ""
        lines.append(f"  {name}: {{call: m:{name}{fanout}, inputs: {{{given_}}}}}")
        opaque[name] = rng.random() < 0.4
    return "\n".join(lines) + "\n", opaque


class Case:
    def __init__(self, seed: int, folder: str) -> None:
        self.rng = random.Random(seed)
        self.folder = Path(folder)
        self.text, self.opaque = random_pipeline(self.rng)
        self.versions: dict[str, list[int]] = {name: [1] for name in self.opaque}
        self.world = self.fresh()

    def fresh(self) -> World:
        functions = {n: function(n, o, self.versions[n]) for n, o in self.opaque.items()}
        world = World(self.folder, self.text, **functions)
        world.code.versions = {n: str(v[0]) for n, v in self.versions.items()}
        return world

    def run(self) -> dict[str, list[Any]]:
        """All values, which have to be those of a run that nothing was kept for."""
        state = self.world.run(workers=self.rng.randint(1, 4))
        assert state.status == "succeeded", (self.text, self.world.errors())
        assert len(set(self.world.calls)) == len(self.world.calls)
        return {name: self.world.values(name) for name in self.opaque}

    def edit(self) -> None:
        for name in self.rng.sample(list(self.versions), self.rng.randint(1, 2)):
            self.versions[name][0] += 1
            self.world.code.versions[name] = str(self.versions[name][0])

    def lose(self) -> None:
        blobs = sorted(self.world.cache.blobs)
        for blob in self.rng.sample(blobs, self.rng.randint(0, len(blobs))):
            del self.world.cache.blobs[blob]

    def expected(self) -> tuple[dict[str, list[Any]], dict[str, Any]]:
        """The values of a run that nothing was kept for, and its blobs."""
        world = self.fresh()
        world.run()
        return {name: world.values(name) for name in self.opaque}, world.cache.blobs


def case(seed: int, check: Callable[[Case], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(Case(seed, folder))


@given(st.integers(0, 2**48))
@settings(max_examples=80, deadline=None)
def test_a_plan_tells_what_a_run_does(seed: int) -> None:
    def check(found: Case) -> None:
        world = found.world
        found.run()
        assert {row.action for row in world.plan()} == {"reuse"} or not world.plan()
        found.run()
        assert world.calls == []
        found.edit()
        rows = world.plan()
        found.run()
        called = set(world.calls)
        for row in rows:
            tasks = (
                {row.id} if row.key is not None else {c for c in called if c.partition("[")[0] == row.step}
            )
            if row.action == "run" and (row.key is not None or world.graph.steps[row.step].fanout is None):
                # equal keys are computed once: the other tasks are reused
                same = world.state.steps[row.step].tally["reused"]
                assert row.id in called or same, (found.text, row)
            if row.action == "reuse":
                assert not tasks & called, (found.text, row)

    case(seed, check)


@given(st.integers(0, 2**48))
@settings(max_examples=120, deadline=None)
def test_edits_and_losses_never_change_what_comes_out(seed: int) -> None:
    def check(found: Case) -> None:
        found.run()
        for _ in range(2):
            if found.rng.random() < 0.7:
                found.edit()
            found.lose()
            found.world.plan()
            state = found.world.run(workers=found.rng.randint(1, 4))
            assert state.status == "succeeded", (found.text, found.world.errors())
            values, blobs = found.expected()
            found.world.cache.blobs.update(blobs)  # what nobody read may be lost still
            assert {name: found.world.values(name) for name in found.opaque} == values, found.text

    case(seed, check)
