"""Measures prun against floors and rivals of the same run, and prints the table.

    python -m tests.benchmarks                              all of it (some twenty minutes)
    python -m tests.benchmarks --quick warm plan            small sizes: whether it works, not how fast
    python -m tests.benchmarks --python /venv/bin/python    the Python whose prun is measured
    python -m tests.benchmarks --peer doit=/venv --peer pipefunc=/other

Measure a prun that was installed from a wheel: an editable one is compiled anew at every start where
byte code may not be written. Rivals are used where they are installed, and left out otherwise. Nothing
here asserts a time; each benchmark checks that the answers are right.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bytes_between
import cold
import makespan
import remote
import sources
import start_and_warm as start
from measure import Lab, Row

BENCHMARKS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "startup": start.startup,
    "warm": start.warm,
    "plan": start.plan,
    "added": start.added,
    "cold": cold.fanout,
    "growth": cold.growth,
    "chain": cold.chain,
    "array": bytes_between.array,
    "frame": bytes_between.frame,
    "makespan": makespan.row,
    "graphs": makespan.random_graphs,
    "remote": remote.store,
    "files": sources.files,
    "code": sources.code,
}
PEERS = ("doit", "joblib", "pipefunc")


def peers(given: Sequence[str], python: str) -> dict[str, str]:
    """The Python of each rival: of the venv that was named, else the measured one if it has it."""
    found = {}
    for text in given:
        name, _, venv = text.partition("=")
        if name not in PEERS or not venv:
            raise SystemExit(f"--peer {text}: one of {', '.join(PEERS)}, then =, then a virtual environment")
        place = Path(venv).expanduser()
        folder = "Scripts" if os.name == "nt" else "bin"
        found[name] = str(place / folder / "python") if place.is_dir() else str(place)
    for name in PEERS:
        if name not in found:
            command = [python, "-c", f"import {name}"]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                found[name] = python
    return found


def measure(lab: Lab, names: Sequence[str], told: Callable[[Row], None]) -> list[Row]:
    rows = []
    for name in names:
        for row in BENCHMARKS[name](lab):
            rows.append(row)
            told(row)
    return rows


COLUMNS = ("what", "goal", "floor", "prun", "ratio", "cpu", "met")


def cells(row: Row) -> tuple[str, ...]:
    def shown(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"

    floor = f"{row.floor_of} {shown(row.floor)}{_unit(row)}" if row.floor is not None else ""
    met = {True: "yes", False: "NO", None: "-"}[row.met]
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    cpu = "" if row.cpu_ratio is None else f"{row.cpu_ratio:.2f}"
    note = f"{met}  ({row.note})" if row.note else met
    return (row.name, row.goal, floor, f"{shown(row.figure)}{_unit(row)}", ratio, cpu, note)


def _unit(row: Row) -> str:
    return f" {row.unit}" if row.unit else ""


def table(rows: Sequence[Row]) -> str:
    every = [COLUMNS, *map(cells, rows)]
    widths = [max(len(r[i]) for r in every) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in every)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of measurements (default 5)")
    parser.add_argument("--python", default=sys.executable, help="the Python whose prun is measured")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=VENV", help=", ".join(PEERS))
    parser.add_argument("--work", help="where to work (default: a temporary folder)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of the table")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}: {', '.join(BENCHMARKS)}")
    python = os.path.abspath(chosen.python)
    work = Path(tempfile.mkdtemp(prefix="prun-bench-", dir=chosen.work))
    rounds, scale = (1, 0.01) if chosen.quick else (chosen.rounds, 1.0)
    lab = Lab(work, python, peers(chosen.peer, python), rounds=rounds, scale=scale)

    def told(row: Row) -> None:
        if chosen.json:
            print(json.dumps({**row._asdict(), "met": row.met}), flush=True)
        else:
            print("  ".join(c for c in cells(row) if c), file=sys.stderr, flush=True)

    try:
        rows = measure(lab, chosen.names or list(BENCHMARKS), told)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not chosen.json:
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
