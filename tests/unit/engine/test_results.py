"""What a step gave, taken from what was found."""

from __future__ import annotations

from pipeline_runner.engine.results import StepResult
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.model.graph import Step
from pipeline_runner.model.table import Table


def found(*rows: int | None) -> Table:
    made = [None if n is None else Entry(CacheKey("r", str(n)), {}, {}, 1.0, 1.0, "", "") for n in rows]
    return Table.of(made)


def test_rows_that_are_not_asked_for_are_not_taken() -> None:
    result = StepResult(Step(name="s", call="m:f", args={}))
    result.table = Table(3)
    result.set_rows(range(2), found(0, 1, 2), range(2))
    assert result.table.args == ["0", "1", None]
    result.set_rows([2], found(7, 8), [1])
    assert result.table.args == ["0", "1", "8"]


def test_what_is_found_of_all_is_taken_as_it_is() -> None:
    result = StepResult(Step(name="s", call="m:f", args={}))
    result.table = Table(3)
    table = found(0, 1, None)
    result.set_rows(range(2), table, range(2))
    assert result.table is table
    result.set_rows([2], found(5), [0])
    assert result.table.args == ["0", "1", "5"]
