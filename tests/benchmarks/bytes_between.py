"""400 MB between tasks: what it costs beyond the same pipeline at 1 MB."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import projects
import rivals
from measure import Cost, Lab, Row, figure


def array(lab: Lab) -> Iterator[Row]:
    if not lab.has("numpy"):
        return
    yield from _bytes(lab, "array", projects.array)


def frame(lab: Lab) -> Iterator[Row]:
    if not lab.has("pandas"):
        return
    yield from _bytes(lab, "frame", projects.frame)


def _bytes(lab: Lab, what: str, make: Callable[[Path, float], Path]) -> Iterator[Row]:
    mb = max(4.0, 400 * lab.scale)
    peaks = []
    found: list[tuple[Cost, Cost]] = []

    def ours(size: float) -> Cost:
        folder = make(lab.folder(what), size)
        cost, peak = lab.peak(folder)
        peaks.append(peak)
        made = sum(seconds for name, seconds in projects.lines(folder / "seconds.log") if name == "make")
        total = projects.result(folder)
        if not isinstance(total, float) or total <= 0:
            raise SystemExit(f"a wrong answer in {folder}: {total!r}")
        shutil.rmtree(folder)
        return Cost(cost.wall - made, cost.cpu)

    for _ in range(lab.rounds):
        folder = lab.folder("by-hand")
        seconds = float(lab.says([lab.python, "-c", rivals.BY_HAND.format(mb=mb)], folder))
        shutil.rmtree(folder)
        small, large = ours(1), ours(mb)
        found.append((Cost(seconds, seconds), large - small))
    ratio = median(o.wall / f.wall for f, o in found)
    yield Row(
        f"{mb:.0f} MB {what}, five tasks", "beyond 1 MB <= 2 x by hand", "np.save + 4 mapped sums",
        median(f.wall for f, _ in found), median(o.wall for _, o in found), "s", ratio, None, 2.0,
        "without the seconds that making it takes",
    )  # fmt: skip
    yield figure(f"parent's peak, {mb:.0f} MB {what}", "< 120 MB", max(peaks), "MB", 120.0)
