"""A store with 50 ms added to each request: how the round trips grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import projects
from measure import Lab, Row, figure


def runs(lab: Lab, folder: Path) -> list[dict[str, Any]]:
    """A cold run and two that reuse everything."""
    script = Path(__file__).with_name("far_store.py")
    found: list[dict[str, Any]] = json.loads(lab.says([lab.python, str(script), str(folder)], folder))
    for told in found:
        if told["status"] != "succeeded":
            raise SystemExit(f"a run in {folder} ended as {told['status']}")
    if found[2]["counts"]["reused"] != sum(found[2]["counts"].values()):
        raise SystemExit(f"not all was reused in {folder}: {found[2]['counts']}")
    return found


def store(lab: Lab) -> Iterator[Row]:
    few, many = lab.size(100, 10), lab.size(2000, 40)
    narrow = runs(lab, projects.fanout(lab.folder("far"), few))
    wide = runs(lab, projects.fanout(lab.folder("far"), many))
    yield _trips(
        f"trips, fan-out {many:,}", f"as for {few:,} (<= 1.2 x)", narrow[2], wide[2], 1.2, f"{few:,}"
    )
    shallow_n, deep_n = lab.size(10, 4), lab.size(40, 12)
    shallow = runs(lab, projects.chain(lab.folder("far"), shallow_n))
    deep = runs(lab, projects.chain(lab.folder("far"), deep_n))
    growth = (deep[2]["trips"] - shallow[2]["trips"]) / (deep_n - shallow_n)
    note = f"{shallow[2]['trips']} at {shallow_n}, {deep[2]['trips']} at {deep_n}, {deep[2]['seconds']:.2f} s"
    yield figure("trips a level, reused chain", "grow with the depth (<= 1 each)", growth, "", 1.0, note)
    seconds = wide[0]["seconds"]
    alone = wide[0]["requests"] * 0.05
    yield Row(
        f"cold fan-out {many:,}, 50 ms away", "writes overlap with work", "its requests one by one", alone,
        seconds, "s", seconds / alone, None, 1.0, f"{wide[0]['requests']} requests, {wide[0]['trips']} trips",
    )  # fmt: skip


def _trips(name: str, goal: str, few: Any, many: Any, limit: float, base: str) -> Row:
    note = f"{few['requests']} and {many['requests']} requests, {many['seconds']:.2f} s"
    return Row(
        name, goal, f"trips at {base}", few["trips"], many["trips"], "trips",
        many["trips"] / max(1, few["trips"]), None, limit, note,
    )  # fmt: skip
