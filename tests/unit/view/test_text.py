"""Durations, sizes, clipping."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner.view import text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0 ms"), (0, "0 ms"), (0.0034, "3 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (4.23, "4.2 s"),
        (59.94, "59.9 s"), (59.96, "1m 00s"), (72, "1m 12s"), (3599.4, "59m 59s"), (3599.6, "1h 00m"),
        (7500, "2h 05m"), (86399, "23h 59m"), (86400, "1d 00h"), (277200, "3d 05h"),
    ],
)  # fmt: skip
def test_duration(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.2, "under 1 s"), (1.4, "1 s"), (59.4, "59 s"), (59.6, "1m 00s"), (92, "1m 32s")]
)
def test_an_expected_time_is_rough(seconds: float, shown: str) -> None:
    assert text.rough(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1434, "1.4 KiB"), (10240, "10 KiB"),
        (1024**2 - 1, "1.0 MiB"), (12 * 1024**2, "12 MiB"), (5 * 1024**3, "5.0 GiB"),
        (2000 * 1024**4, "2000 TiB"),
    ],
)  # fmt: skip
def test_size(count: int, shown: str) -> None:
    assert text.size(count) == shown


@pytest.mark.parametrize(
    ("gone", "shown"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (3600, "1 h ago"), (47 * 3600, "47 h ago"),
     (48 * 3600, "2 days ago"), (13 * 86400, "13 days ago")],
)  # fmt: skip
def test_ago(gone: float, shown: str) -> None:
    assert text.ago(1_000_000_000, 1_000_000_000 + gone) == shown


def test_long_ago_is_a_date() -> None:
    assert text.ago(1_000_000_000, 1_100_000_000).startswith("2001-09-")


@pytest.mark.parametrize(
    "word", ["short", "a longer text with words", "日本語のテキスト", "e\u0301a\u0301" * 9, ""]
)
@pytest.mark.parametrize("width", [0, 1, 2, 5, 8, 100])
def test_clipped_text_fits(word: str, width: int) -> None:
    for clip in (text.clip, text.clip_middle):
        clipped = clip(word, width)
        assert text.cells(clipped) <= width
        assert (clipped == word) == (text.cells(word) <= width)


def test_clipping_uses_the_room_there_is() -> None:
    assert text.clip("abcdefghij", 6) == "abcde…"
    assert text.clip_middle("abcdefghij", 7) == "abc…hij"
    assert text.clip("abcdefghij", None) == "abcdefghij"


def test_padding_counts_columns() -> None:
    assert text.pad("日本", 6) == "日本  "
    assert text.pad("ab", 4, right=True) == "  ab"


@pytest.mark.parametrize(
    ("names", "shown"),
    [([], ""), (["a"], "a"), (list("abcd"), "a, b, c, d"), (list("abcde"), "a, b, c and 2 more")],
)
def test_some(names: list[str], shown: str) -> None:
    assert text.some(names) == shown


def test_text_of_others_cannot_steer_the_terminal() -> None:
    assert text.one_line("a\x1b[31m\n b\t\x07") == "a?[31m b ?"
    assert text.harmless("a\r\nb\x1b[2J\tc") == "a\nb?[2J\tc"
    assert text.as_shown("a\r\nb\x1b[2J\t\x1b]0;title\x07\x1b[1;31mc\x1b") == "a\nb\tc?"
    assert text.as_shown("\x1b[31mred\x1b[2J\x07 10%\r100%\x1b[0m", colour=True) == "100%\x1b[0m"
    assert text.as_shown("a\x1b[31mred\x1b[2J\x07\x1b[0m", colour=True) == "a\x1b[31mred?\x1b[0m"


def test_paths_below_the_current_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert text.near(str(tmp_path / "churn" / "model.py")) == str(Path("churn/model.py"))
    assert text.near(str(tmp_path.parent / "other.py")) == str(tmp_path.parent / "other.py")
    assert text.near("churn/model.py") == "churn/model.py"


@pytest.mark.parametrize(
    ("task", "typed"), [("train", "train"), ("a_b-c.d", "a_b-c.d"), ("train[1,3]", '"train[1,3]"')]
)
def test_task_ids_can_be_typed(task: str, typed: str) -> None:
    assert text.shell_word(task) == typed


def test_columns_are_aligned() -> None:
    assert text.columns([("a", "1"), ("bcd", "22")], right=(1,)) == ["a     1", "bcd  22"]
    assert text.columns([]) == []
