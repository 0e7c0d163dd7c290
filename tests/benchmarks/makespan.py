"""How well the workers are kept busy."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import projects
from measure import Lab, Row

# The same burns by hand: two processes, each with half of the seconds.
BY_HAND = """\
import subprocess, sys
code = "import workfn; workfn.burn(0, {half})"
for p in [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]:
    p.wait()
"""


def row(lab: Lab) -> Iterator[Row]:
    """40 burns of 0.25 s and a chain of ten more, on two workers."""
    n, links = lab.size(40, 4), lab.size(10, 2)
    seconds = 0.25 if lab.scale == 1 else 0.05
    bound = max(links * seconds, (n + links) * seconds / 2)
    against_bound, against_hand, cpus, walls = [], [], [], []
    for _ in range(max(1, lab.rounds // 2)):
        folder = projects.burns(lab.folder("burns"), n, links, seconds)
        hand = lab.time([lab.python, "-c", BY_HAND.format(half=bound)], folder)
        cost = lab.run(folder)
        projects.expect(folder, n + 1)
        walls.append(cost.wall)
        against_bound.append(cost.wall / bound)
        against_hand.append(cost.wall / hand.wall)
        cpus.append(cost.cpu / hand.cpu)
        shutil.rmtree(folder)
    name = f"{n} + {links} x {seconds} s"
    yield Row(
        name, "<= 1.10 x the bound, start-up included", "bound", bound, median(walls), "s",
        median(against_bound), None, 1.10,
    )  # fmt: skip
    yield Row(
        name, "(the same machine, now)", "two processes by hand", median(walls) / median(against_hand),
        median(walls), "s", median(against_hand), median(cpus), None,
    )  # fmt: skip


def random_graphs(lab: Lab) -> Iterator[Row]:
    """Random graphs against a simulated list schedule by the longest remaining path."""
    ratios, wanted, took = [], [], []
    workers = 3
    for seed in range(max(2, lab.rounds - 1)):
        dag = projects.Dag(seed, lab.size(60, 8), 0.5 if lab.scale == 1 else 0.05)
        folder = dag.project(lab.folder("dag"), workers)
        lab.run(folder)  # durations are recorded here
        (folder / "spans.log").unlink()
        lab.run(folder, "-p", "salt=1")
        spans = {name: (began, ended) for name, began, ended in projects.lines(folder / "spans.log")}
        if len(spans) != len(dag.names):
            raise SystemExit(f"{len(spans)} of {len(dag.names)} tasks ran in {folder}")
        seconds = {name: ended - began for name, (began, ended) in spans.items()}
        bound = list_schedule(seconds, dag.needs, workers)
        span = max(e for _, e in spans.values()) - min(b for b, _ in spans.values())
        ratios.append(span / bound)
        wanted.append(bound)
        took.append(span)
        shutil.rmtree(folder)
    yield Row(
        f"{len(ratios)} random graphs", "<= 1.05 x a simulated list schedule", "simulated",
        median(wanted), median(took), "s", median(ratios), None, 1.05, f"worst {max(ratios):.3f}",
    )  # fmt: skip


def list_schedule(seconds: Mapping[str, float], needs: Mapping[str, Sequence[str]], workers: int) -> float:
    """The makespan of list scheduling by the longest remaining path. ``needs`` is in order."""
    remaining = dict(seconds)
    for name in reversed(list(needs)):
        for need in needs[name]:
            remaining[need] = max(remaining[need], seconds[need] + remaining[name])
    readers: dict[str, list[str]] = {name: [] for name in needs}
    missing = {name: len(found) for name, found in needs.items()}
    for name, found in needs.items():
        for need in found:
            readers[need].append(name)
    ready = [(-remaining[name], name) for name, left in missing.items() if not left]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            _, name = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[name], name))
        now, name = heapq.heappop(running)
        for reader in readers[name]:
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, (-remaining[reader], reader))
    return now
