"""Cron expressions."""

from __future__ import annotations

import pytest

from pipeline_runner.spec.cron import problem


@pytest.mark.parametrize(
    "text",
    ["0 6 * * 1", "*/5 * * * *",
     "0 0 1,15 * *", "0 0 * jan-mar MON-FRI", "0 0 29 2 *", "5/10 0-6/2 * * 7", "0 0 31 2 1"],
)  # fmt: skip
def test_right(text: str) -> None:
    assert problem(text) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0 6 * *", "5 fields, not 4"),
        ("0 0 6 * * 1", "5 fields, not 6"),
        ("", "5 fields, not 0"),
        ("60 * * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 0 0 * *", "day of the month"),
        ("0 0 * 13 *", "month"),
        ("0 0 * foo *", "jan-dec"),
        ("0 0 * * 8", "day of the week"),
        ("0 0 * * moon", "sun-sat"),
        ("5-1 * * * *", "backwards"),
        ("*/0 * * * *", "step"),
        ("*/99 * * * *", "step"),
        ("1,,2 * * * *", "minute"),
        ("L * * * *", "minute"),
        ("0 0 31 4,6 *", "never comes"),
        ("0 0 30 feb *", "never comes"),
        ("@daily", "not supported"),
        ("a" * 100 + " * * * *", "minute"),
        ("9" * 5000 + " * * * *", "minute"),
    ],
)
def test_wrong(text: str, part: str) -> None:
    found = problem(text)
    assert found is not None
    assert part in found[0]
