from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_runner.keys.digest import LENGTH, Hasher, combine, digest, digest_each


def test_a_digest_is_24_bytes_of_blake3_in_hex() -> None:
    # the first 24 bytes of the published test vector for the empty input
    assert digest(b"") == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7"
    assert len(digest(b"x")) == 2 * LENGTH


def test_bytes_in_pieces_have_the_digest_of_the_whole() -> None:
    hasher = Hasher()
    hasher.update(b"ab")
    hasher.update(b"c")
    assert hasher.hexdigest() == digest(b"abc")


@given(st.lists(st.binary()), st.lists(st.binary()))
def test_different_sequences_never_share_a_digest(a: list[bytes], b: list[bytes]) -> None:
    assert (combine("t", a) == combine("t", b)) == (a == b)


def test_the_tag_and_the_borders_between_parts_count() -> None:
    assert combine("a", ["b"]) != combine("b", ["a"])
    assert combine("t", ["ab", "c"]) != combine("t", ["a", "bc"])
    assert combine("t", []) != combine("t", [""])


def test_a_text_counts_as_its_bytes_even_if_no_utf8_can_hold_it() -> None:
    assert combine("t", ["é"]) == combine("t", ["é".encode()])
    assert combine("t", ["\ud800"]) != combine("t", ["\ud801"])


@pytest.mark.parametrize("odd", ["48", "é", "\ud800", "", b"bytes"])
def test_a_long_sequence_has_the_digest_that_it_has_by_its_parts(odd: str | bytes) -> None:
    parts: list[str | bytes] = [digest(b"%d" % i) for i in range(200)]
    parts[77] = odd
    raw = [p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in ["tag", *parts]]
    text = b"%d:%b;%b" % (len(raw), b",".join(b"%d" % len(p) for p in raw), b"".join(raw))
    assert combine("tag", parts) == digest(text)


def test_each_of_many() -> None:
    assert digest_each([b"a", b""]) == [digest(b"a"), digest(b"")]
