"""Each benchmark at a tiny size: it works and its answers are right. No times are looked at."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import run as benchmarks
from makespan import list_schedule
from measure import Cost, Lab, Pairs, figure


@pytest.mark.skipif("PRUN_SMOKE" not in os.environ, reason="takes its time: PRUN_SMOKE=1, as CI does")
@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_a_benchmark_works_and_finds_the_right_answers(name: str, tmp_path: Path) -> None:
    python = sys.executable
    lab = Lab(tmp_path, python, benchmarks.peers((), python), rounds=1, scale=0.001)
    told: list[object] = []
    rows = benchmarks.measure(lab, [name], told.append)
    assert told == rows
    assert rows or name in ("array", "frame"), "only these need more than prun"
    assert all(len(benchmarks.cells(row)) == len(benchmarks.COLUMNS) for row in rows)


def test_the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_medians() -> None:
    pairs = Pairs([(Cost(1, 1), Cost(2, 2)), (Cost(10, 10), Cost(10, 10)), (Cost(2, 2), Cost(6, 6))])
    row = pairs.row("a", "b", "c", 2.0)
    assert (row.ratio, row.floor, row.figure, row.met) == (2.0, 2, 6, True)
    assert pairs.row("a", "b", "c", 1.9).met is False
    assert pairs.row("a", "b", "c", None).met is None


def test_a_figure_is_held_against_its_limit() -> None:
    assert figure("a", "b", 3.0, "MB", 4.0).met is True
    assert figure("a", "b", 5.0, "MB", 4.0).met is False


def test_list_scheduling_takes_the_longest_remaining_path_first() -> None:
    seconds = {"long": 3.0, "after": 4.0, "x": 2.0, "y": 2.0}
    needs = {"x": [], "y": [], "long": [], "after": ["long"]}
    assert list_schedule(seconds, needs, 1) == 11.0
    assert list_schedule(seconds, needs, 2) == 7.0
    assert list_schedule(seconds, {n: [] for n in seconds}, 2) == 6.0
