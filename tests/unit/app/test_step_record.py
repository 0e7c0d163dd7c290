"""A step's tasks in a record: short when written, by position when read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.app import step_record
from pipeline_runner.app.step_record import Lines, read_steps, write_apart
from pipeline_runner.app.task_states import TaskStates
from pipeline_runner.errors import RunFailed
from pipeline_runner.keys.digest import digest
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.model.table import Table
from pipeline_runner.store.runs import Runs
from pipeline_runner.store.store import Store

RECIPE = digest(b"recipe")


def args(n: int) -> str:
    return digest(b"%d" % n)


def table(*rows: int | None) -> Table:
    made = [n if n is None else Entry(CacheKey(RECIPE, args(n)), {}, {}, 0.5, 1.0, "", "") for n in rows]
    return Table.of(made)


def about(count: int, **changes: Any) -> dict[str, Any]:
    made = {
        "keys": [str(k) for k in range(count)], "states": ["succeeded"] * count, "attempts": {},
        "seconds": {}, "errors": {}, "reasons": {}, "shape": None,
    }  # fmt: skip
    return {**made, **changes}


def write_step(told: dict[str, Any], entries: Table) -> dict[str, Any]:
    return step_record.write_step({**told, "states": TaskStates.of(told["states"])}, entries)


def again(written: Any) -> Any:
    """As it comes back from a file."""
    return read_steps({"steps": {"s": json.loads(json.dumps(written))}})["s"]


def test_what_is_written_reads_back_by_position() -> None:
    told = about(
        5,
        states=["reused", "reused", "failed", "", "succeeded"],
        attempts={4: 1, 2: 3, 3: 1},
        seconds={2: 0.5, 4: 0.25},
        errors={"2": ["exception", "x", [], "", None, ""]},
        reasons={"3": "why"},
    )
    found = again(write_step(told, table(0, 1, None, None, 4)))
    assert found["keys"] == told["keys"]
    assert found["states"] == told["states"]
    assert found["attempts"] == {"2": 3, "3": 1, "4": 1}
    assert found["seconds"] == {"2": 0.5, "4": 0.25}
    assert found["errors"] == told["errors"]
    assert found["reasons"] == told["reasons"]
    assert list(found["entries"]) == [[RECIPE, args(0)], [RECIPE, args(1)], None, None, [RECIPE, args(4)]]
    assert [found["entries"][k] for k in (0, 2, -1)] == [[RECIPE, args(0)], None, [RECIPE, args(4)]]
    assert found["entries"][3:] == [None, [RECIPE, args(4)]]
    assert len(found["entries"]) == 5
    with pytest.raises(IndexError):
        found["entries"][5]


def test_whether_a_key_is_among_them() -> None:
    entries = again(write_step(about(2), table(0, None)))["entries"]
    assert [RECIPE, args(0)] in entries
    assert [RECIPE, args(1)] not in entries
    assert [digest(b"another"), args(0)] not in entries


def test_a_step_without_fan_out_and_without_a_result() -> None:
    found = again(write_step(about(1, keys=None, states=["blocked"]), Table(1)))
    assert found["keys"] is None
    assert found["states"] == ["blocked"]
    assert list(found["entries"]) == [None]
    assert list(again(write_step(about(0), Table(0)))["entries"]) == []


def test_seconds_of_almost_all_and_of_a_few() -> None:
    most = {k: k / 8 for k in range(50) if k != 7}
    assert again(write_step(about(50, seconds=most), Table(50)))["seconds"] == {
        str(k): v for k, v in most.items()
    }
    assert again(write_step(about(50, seconds={49: 1.5}), Table(50)))["seconds"] == {"49": 1.5}


def test_a_large_fan_out_that_was_reused_takes_one_text() -> None:
    count = 10_000
    written = write_step(about(count, states=["reused"] * count), table(*range(count)))
    written["keys"] = None
    assert len(json.dumps(written)) < 48 * count + 500


def test_records_of_earlier_versions_are_read() -> None:
    entries = [[RECIPE, args(0)], None]
    old = about(2, states=["reused", "failed"], attempts={"1": 2}, seconds={"1": 0.5}, entries=entries)
    found = again(old)
    assert (found["states"], found["attempts"], found["seconds"]) == (
        old["states"], old["attempts"], old["seconds"],
    )  # fmt: skip
    assert list(found["entries"]) == entries
    assert entries[0] in found["entries"]


@pytest.mark.parametrize(
    "keys",
    [None, [], ["a"], [""], ["a", "", "b"], ["two\nlines"], ["a", "b\n"], ["\n", "a"], ["\udcff"]],
    ids=repr,
)
def test_keys_of_any_text(keys: list[str] | None) -> None:
    count = 1 if keys is None else len(keys)
    assert again(write_step(about(count, keys=keys), Table(count)))["keys"] == keys


def test_many_keys_are_written_as_one_text() -> None:
    assert write_step(about(1000), Table(1000))["keys"] == "\n".join(map(str, range(1000)))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Store.open("store", str(tmp_path)).runs


RUN = "20261122-171455-a1b2c3"
TELLS: list[tuple[dict[str, Any], Table]] = [
    (about(3, states=["reused", "failed", "reused"], errors={"1": ["no"]}), table(0, None, 2)),
    (about(2, keys=["a\nb", "c"]), table(0, 1)),
    (about(0, keys=[]), table()),
    (about(2, attempts={0: 1, 1: 2}, seconds={0: 0.5, 1: 1.5}, shape=[1, 1]), Table(2)),
]


@pytest.mark.parametrize(("told", "entries"), TELLS)
def test_what_stands_apart_reads_as_if_it_stood_in_the_record(
    runs: Runs, told: dict[str, Any], entries: Table
) -> None:
    written = write_step(told, entries)
    before = json.dumps(written)
    write_apart(runs, RUN, "s", written)
    assert json.dumps(written) == before
    [found] = read_steps({"run_id": RUN, "steps": {"s": {"apart": 3}}}, runs).values()
    expected = again(written)
    assert {field: list(found[field]) if field == "entries" else found[field] for field in found} == {
        field: list(expected[field]) if field == "entries" else expected[field] for field in expected
    }


def test_what_stands_apart_and_is_lost(runs: Runs) -> None:
    record = {"run_id": RUN, "steps": {"s": {"apart": 3}, "t": write_step(about(1), table(0))}}
    found = read_steps(record, runs)
    assert (found["s"]["keys"], list(found["s"]["entries"]), found["s"]["states"]) == (None, [], [])
    found = read_steps(record, runs, strict=True)
    assert found["t"]["states"] == ["succeeded"]
    with pytest.raises(RunFailed, match=f"the record of step 's' in run {RUN} is gone or damaged"):
        found["s"]["keys"]


TEXTS = ["", "a", "a\nb\nc", "aa\na", "a\naa", "b\na\nb", "\n", "a\n", "\na", "ab\nb\nabc\nb"]


@pytest.mark.parametrize("text", TEXTS)
def test_lines_are_those_of_a_list(text: str) -> None:
    lines, expected = Lines(text), text.split("\n")
    assert (lines, list(lines), len(lines), lines[-1]) == (expected, expected, len(expected), expected[-1])
    assert lines == Lines(text)
    assert lines != Lines(text + "x")
    for line in ["", "a", "b", "c", "aa", "ab", "x", "a\nb", "\n"]:
        assert (line in lines) == (line in expected)
        assert lines.count(line) == expected.count(line)
        if line in expected:
            assert lines.index(line) == expected.index(line)
        else:
            with pytest.raises(ValueError, match="is not in list"):
                lines.index(line)
    assert 3 not in lines
