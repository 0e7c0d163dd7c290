"""Whatever is kept of a list like it, the digest is the usual one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.keys import long_lists
from pipeline_runner.keys.canonical import plain_digest, plain_digests
from pipeline_runner.keys.long_lists import digest_like

OLD = list(range(-20, 280))
NEW: list[Any] = [
    [], OLD, [*OLD, 1000], OLD[1:], OLD[:-1], [1000, *OLD], [*OLD[:150], 1000, *OLD[150:]], OLD[::-1],
    [*OLD[:150], *range(1000, 1200)], [str(n) for n in OLD], ["é\udcff", *map(str, OLD)], [True, *OLD[1:]],
    [*OLD[:-1], 1.0], [[n] for n in OLD], tuple(OLD), {"a": OLD}, "text", 3, [2**70, *OLD], [0] * 300,
]  # fmt: skip


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lists, "LONG", 200)


@pytest.mark.parametrize("new", NEW, ids=range(len(NEW)))
@pytest.mark.parametrize("old", NEW, ids=range(len(NEW)))
def test_the_digest_is_the_usual_one(tmp_path: Path, old: Any, new: Any) -> None:
    path = str(tmp_path / "lists" / "x")
    for value in (old, new, old):
        assert digest_like(value, path) == plain_digest(value)


def test_only_what_is_new_is_digested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "x")
    digest_like(OLD, path)
    asked: list[Any] = []
    monkeypatch.setattr(long_lists, "plain_digests", lambda some: asked.extend(some) or plain_digests(some))
    digest_like([*OLD[:5], 1000, *OLD[5:], 1001], path)
    assert asked == [1000, *OLD[5:], 1001]
    asked.clear()
    digest_like([*OLD[:5], 1000, *OLD[5:]], path)  # of which all was kept by then
    assert asked == []


@pytest.mark.parametrize("at", [0, 10, 60, 100, -100, -1])
def test_what_is_damaged_is_not_used(tmp_path: Path, at: int) -> None:
    path = tmp_path / "x"
    digest_like(OLD, str(path))
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert digest_like([*OLD, 7], str(path)) == plain_digest([*OLD, 7])
