"""What time stamps prove depends on their grain."""

from __future__ import annotations

import pytest

from pipeline_runner.keys.stamps import proves

SECOND = 1_000_000_000
THEN = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("modified", "age", "proved"),
    [
        (THEN, 1.9, False),  # FAT counts in two seconds
        (THEN, 2.1, True),
        (THEN + 10_000_000, 1.0, False),  # exFAT
        (THEN + 123_456_700, 0.001, False),  # the clock itself goes in ticks
        (THEN + 123_456_700, 0.1, True),  # NTFS
        (THEN + 123_456_700, -5.0, False),  # a clock that is ahead
    ],
)
def test_a_stamp_proves_something_once_its_grain_is_over(modified: int, age: float, proved: bool) -> None:
    assert proves(modified, modified + int(age * SECOND)) is proved
