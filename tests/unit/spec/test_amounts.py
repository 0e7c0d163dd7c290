from __future__ import annotations

import pytest

from pipeline_runner.spec.amounts import amount


def test_amounts_are_read_as_in_a_file() -> None:
    assert amount("duration", "90s") == amount("duration", "90") == 90
    assert amount("size", "10GiB") == 10 * 1024**3
    assert amount("size", "512") == 512


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("duration", "soon", r"must be a duration such as 90s, not 'soon' \(units are ms, s, m, h and d"),
        ("duration", "3 hours", r"\(write 3h\)"),
        ("size", "much", "must be a size"),
    ],
)
def test_what_is_none_is_told_with_what_to_write(kind: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        amount(kind, text)
