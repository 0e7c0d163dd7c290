from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_runner.keys.digest import combine, digest
from pipeline_runner.store.segments import aligned, head_of, is_whole, lay, read_header

MAGIC = lay([], []).head[:16]

FORGED: list[Any] = [
    {"segments": 5, "refs": []},
    {"segments": [1], "refs": []},
    {"segments": [[0, 1]], "refs": []},
    {"segments": [["a", 1, "x"]], "refs": []},
    {"segments": {"a": 1}, "refs": []},
    {"segments": [[0, 4, [["a", "b"]]]], "refs": []},
    {"segments": [[0, 4, 7]], "refs": []},
    {"segments": [], "refs": []},
    {"segments": [[0, 4, "x"]], "refs": 7},
    {"segments": [[0, 4, "x"]]},
    [1, 2],
    None,
]


def blob(header: Any) -> tuple[bytes, bytes]:
    raw = json.dumps(header).encode()
    head = MAGIC + len(raw).to_bytes(8, "little") + raw
    return head + bytes(aligned(len(head)) - len(head)) + b"data", raw


@pytest.mark.parametrize("header", FORGED)
def test_a_header_that_somebody_made_up_is_none(header: Any) -> None:
    data, raw = blob(header)
    assert not is_whole(memoryview(data), combine("segments", [raw]))
    assert is_whole(memoryview(data), digest(data))  # bytes like any others
    with pytest.raises(ValueError, match="no header"):
        read_header(memoryview(data))


def test_what_is_laid_out_is_whole_and_nothing_else() -> None:
    laid = lay([[(4, digest(b"data"))]], ["ab"])
    whole = laid.head + b"data"
    assert is_whole(memoryview(whole), laid.name)
    assert head_of(whole[:10_000], lambda n: whole[:n]) == read_header(memoryview(whole))[0]
    for wrong in (laid.head + b"date", laid.head + b"dat", whole + b"a", whole[:-4]):
        assert not is_whole(memoryview(wrong), laid.name)
