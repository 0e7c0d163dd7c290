"""Lists that are almost what they were: what is taken from before is what would have been made."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_runner.model.alike import common_ends, made_again

LISTS = st.lists(st.integers(0, 3), max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "ends"),
    [
        ("", "", (0, 0)),
        ("abc", "", (0, 0)),
        ("abc", "abc", (3, 0)),
        ("abcd", "abc", (3, 0)),
        ("abc", "xabc", (0, 3)),
        ("abXcd", "abcd", (2, 2)),
        ("abcd", "abXYcd", (2, 2)),
        ("aaaa", "aaa", (3, 0)),
        ("abc", "cba", (0, 0)),
        ("Xbc", "Ybc", (0, 2)),
    ],
)
def test_what_two_lists_share(one: str, other: str, ends: tuple[int, int]) -> None:
    assert common_ends(list(one), list(other)) == ends
    assert common_ends(list(other), list(one)) == ends


@pytest.mark.parametrize("at", [0, 1, 4094, 4095, 4096, 4097, 5000, 8191, 8192, 8999])
def test_long_lists(at: int) -> None:
    one = list(range(9000))
    other = list(one)
    other[at] = -1
    assert common_ends(one, other) == (at, 8999 - at)
    del other[at]
    assert common_ends(one, other) == (at, 8999 - at)


@given(LISTS, LISTS)
def test_the_ends_are_as_long_as_can_be(one: list[int], other: list[int]) -> None:
    head, tail = common_ends(one, other)
    assert one[:head] == other[:head]
    assert one[len(one) - tail :] == other[len(other) - tail :]
    rest, others = one[head : len(one) - tail], other[head : len(other) - tail]
    if rest and others:
        assert rest[0] != others[0]
        assert rest[-1] != others[-1]


@given(LISTS, LISTS)
def test_what_is_made_again_is_what_would_be_made(new: list[int], old: list[int]) -> None:
    asked: list[int] = []

    def make(some: Sequence[int]) -> list[str]:
        asked.extend(some)
        return [f"<{n}>" for n in some]

    made = make(old)
    before = list(made)
    asked.clear()
    found = made_again(new, common_ends(new, old), made, make)
    assert found == [f"<{n}>" for n in new]
    assert made == before
    assert len(asked) == len(new) - common_ends(new, old).total
    found.append("later")
    assert made == before
