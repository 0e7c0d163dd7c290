"""Timing of whole processes, in pairs taken in turn, and what a benchmark answers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

# What the caller's shell must not do to a measured process: without byte code every start compiles.
UNWANTED = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONPROFILEIMPORTTIME",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
)

# Runs prun and leaves its own peak memory (not that of its workers) in a file.
WATCHED = """\
import atexit, os, sys
def note():
    peak = 0
    try:
        with open("/proc/self/status") as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    except OSError:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(os.environ["PEAK_FILE"], "w") as f:
        f.write(str(peak))
from pipeline_runner.cli.main import main
sys.argv[0] = "prun"
try:
    main()
finally:
    note()
"""


class Cost(NamedTuple):
    """Of one process and those it waited for, in seconds."""

    wall: float
    cpu: float  # user and system

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu)

    def over(self, other: Cost) -> Cost:
        return Cost(self.wall / max(other.wall, 1e-9), self.cpu / max(other.cpu, 1e-9))


class Row(NamedTuple):
    """A line of the table. ``limit``: what ``ratio`` (or the figure) may be; None where nothing is asked."""

    name: str
    goal: str
    floor_of: str
    floor: float | None
    figure: float
    unit: str
    ratio: float | None
    cpu_ratio: float | None
    limit: float | None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.limit is None:
            return None
        return (self.figure if self.ratio is None else self.ratio) <= self.limit


class Lab:
    """What the benchmarks share: which Python is measured, rivals, sizes, where to work."""

    def __init__(
        self, work: Path, python: str, peers: Mapping[str, str], *, rounds: int = 5, scale: float = 1.0
    ) -> None:
        self.work = work
        self.python = python
        self.peers = dict(peers)  # name -> the Python that has it
        self.rounds = rounds
        self.scale = scale
        self.env = {k: v for k, v in os.environ.items() if k not in UNWANTED}
        self.env.update(PYTHONHASHSEED="0", PYTHONWARNINGS="ignore")
        found = Path(python).parent / ("prun.exe" if os.name == "nt" else "prun")
        self.prun = [str(found)] if found.exists() else [python, "-m", "pipeline_runner"]

    def size(self, n: int, least: int = 3) -> int:
        """A size of the issue, smaller in a quick run."""
        return max(least, int(n * self.scale))

    def folder(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))

    def has(self, module: str) -> bool:
        """Whether the measured Python can import something."""
        command = [self.python, "-c", f"import {module}"]
        return subprocess.run(command, env=self.env, capture_output=True, check=False).returncode == 0

    def time(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, *, check: bool = True
    ) -> Cost:
        """Run a command to its end."""
        before = os.times()
        began = time.perf_counter()
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                command, cwd=cwd, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                stdout=said, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            wall = time.perf_counter() - began
            after = os.times()
            if check and done.returncode:
                said.seek(0)
                text = said.read().decode(errors="replace")[-3000:]
                raise SystemExit(f"{' '.join(command)} in {cwd} ended with {done.returncode}:\n{text}")
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Cost(wall, cpu)

    def run(self, cwd: Path, *options: str) -> Cost:
        return self.time([*self.prun, "run", "-q", *options], cwd)

    def says(self, command: Sequence[str], cwd: Path) -> str:
        """What a command prints."""
        done = subprocess.run(command, cwd=cwd, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(
                f"{' '.join(command)} in {cwd} ended with {done.returncode}:\n{done.stderr[-3000:]}"
            )
        return done.stdout

    def peak(self, cwd: Path, *options: str) -> tuple[Cost, float]:
        """A run, and the peak memory in MB of its main process alone."""
        file = cwd / "peak.kb"
        command = [self.python, "-c", WATCHED, "run", "-q", *options]
        cost = self.time(command, cwd, {"PEAK_FILE": str(file)})
        return cost, int(file.read_text()) / 1024

    def python_c(self, code: str, cwd: Path | None = None, python: str | None = None) -> Cost:
        return self.time([python or self.python, "-c", code], cwd or self.work)

    def turns(
        self, floor: Callable[[int], Cost], ours: Callable[[int], Cost], rounds: int | None = None
    ) -> Pairs:
        """Both in turn, so that what else the machine does hits both alike."""
        pairs = []
        for k in range(rounds or self.rounds):
            first = floor(k)
            pairs.append((first, ours(k)))
        return Pairs(pairs)


class Pairs(NamedTuple):
    """(floor, ours) of each round."""

    pairs: Sequence[tuple[Cost, Cost]]

    @property
    def floor(self) -> Cost:
        return Cost(median(f.wall for f, _ in self.pairs), median(f.cpu for f, _ in self.pairs))

    @property
    def ours(self) -> Cost:
        return Cost(median(o.wall for _, o in self.pairs), median(o.cpu for _, o in self.pairs))

    @property
    def ratio(self) -> Cost:
        """The median of the rounds' ratios."""
        found = [o.over(f) for f, o in self.pairs]
        return Cost(median(r.wall for r in found), median(r.cpu for r in found))

    def row(self, name: str, goal: str, floor_of: str, limit: float | None, note: str = "") -> Row:
        r = self.ratio
        return Row(name, goal, floor_of, self.floor.wall, self.ours.wall, "s", r.wall, r.cpu, limit, note)


def figure(name: str, goal: str, value: float, unit: str, limit: float | None, note: str = "") -> Row:
    """A row that is a figure by itself."""
    return Row(name, goal, "", None, value, unit, None, None, limit, note)


def own_python() -> str:
    return sys.executable
