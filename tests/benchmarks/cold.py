"""Runs in which everything is computed: tiny tasks in bulk, and long chains."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import projects
import rivals
from measure import Cost, Lab, Pairs, Row, figure

RIVALS = {"pipefunc": rivals.PIPEFUNC, "joblib": rivals.JOBLIB}


def fresh(lab: Lab, shape: str, n: int) -> Path:
    make = projects.chain if shape == "chain" else projects.fanout
    return make(lab.folder(f"cold-{shape}"), n)


def cold_run(lab: Lab, shape: str, n: int) -> Cost:
    folder = fresh(lab, shape, n)
    cost = lab.run(folder)
    projects.expect(folder, n if shape == "chain" else projects.squares(n))
    shutil.rmtree(folder)
    return cost


def fanout(lab: Lab) -> Iterator[Row]:
    """10,000 trivial items, each cached."""
    n = lab.size(10_000)
    for name, text in RIVALS.items():
        python = lab.peers.get(name)
        if python is None:
            cost = Pairs([(cold_run(lab, "fanout", n),) * 2])
            note = f"{name} is not there: --peer {name}=VENV"
            yield cost.row(f"cold fan-out {n:,}", f"quicker than {name}", "", None, note)
            continue

        def theirs(_: int, python: str = python, text: str = text) -> Cost:
            folder = rivals.script(lab.folder("rival"), text, n=n)
            cost = lab.time([python, "flow.py"], folder)
            projects.expect(folder, projects.squares(n))
            shutil.rmtree(folder)
            return cost

        pairs = lab.turns(theirs, lambda _: cold_run(lab, "fanout", n))
        yield pairs.row(f"cold fan-out {n:,}", f"quicker than {name}", name, 1.0)


def growth(lab: Lab) -> Iterator[Row]:
    """What an item costs at 100,000 and at 10,000, beyond a run of ten; the parent's memory."""
    few, many = lab.size(10_000, 30), lab.size(100_000, 300)
    rounds = max(1, lab.rounds // 2)
    peaks = []

    def at(n: int) -> Cost:
        folder = fresh(lab, "fanout", n)
        cost, peak = lab.peak(folder)
        projects.expect(folder, projects.squares(n))
        shutil.rmtree(folder)
        if n == many:
            peaks.append(peak)
        return Cost(cost.wall - base.wall, cost.cpu - base.cpu).over(Cost(n / 1e6, n / 1e6))

    base = Cost(0.0, 0.0)
    base = at(10).over(Cost(1e5, 1e5))  # back to seconds
    pairs = lab.turns(lambda _: at(few), lambda _: at(many), rounds)
    row = pairs.row(f"an item at {many:,}", f"<= 1.2 x an item at {few:,}", f"item at {few:,}", 1.2)
    yield row._replace(unit="us")
    yield figure(f"parent's peak at {many:,}", "< 400 MB", sorted(peaks)[len(peaks) // 2], "MB", 400.0)


def chain(lab: Lab) -> Iterator[Row]:
    """What a step costs in a chain of 1,000, beyond a chain of 10; and in one of 10,000."""
    n, deep = lab.size(1000, 20), lab.size(10_000, 40)
    short = 10

    def per_step(cost: Cost, base: Cost, count: int) -> Cost:
        return Cost((cost.wall - base.wall) * 1000 / count, (cost.cpu - base.cpu) * 1000 / count)

    found = []
    for _ in range(lab.rounds):
        base = cold_run(lab, "chain", short)
        found.append(per_step(cold_run(lab, "chain", n), base, n - short))
    middle = sorted(found)[len(found) // 2]
    note = f"cpu {middle.cpu:.2f} ms"
    yield figure(
        f"a step of a chain of {n:,}", "< 1 ms beyond the workers' start", middle.wall, "ms", 1.0, note
    )
    base = cold_run(lab, "chain", short)
    folder = fresh(lab, "chain", deep)
    cold, peak = lab.peak(folder)
    projects.expect(folder, deep)
    at_deep = per_step(cold, base, deep - short)
    note = f"peak {peak:.0f} MB"
    yield Row(
        f"a step of a chain of {deep:,}", f"works; no growth over {n:,} (<= 1.5 x)", f"step of {n:,}",
        middle.wall, at_deep.wall, "ms", at_deep.wall / max(middle.wall, 1e-9),
        at_deep.cpu / max(middle.cpu, 1e-9), 1.5, note,
    )  # fmt: skip
    lab.run(folder)
    again = lab.run(folder)
    yield figure(f"warm chain of {deep:,}", "works", again.wall, "s", None)
