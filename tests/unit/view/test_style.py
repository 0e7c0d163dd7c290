"""When there is colour."""

from __future__ import annotations

import io

import pytest

from pipeline_runner.view.style import Style, is_terminal, terminal_width, wants_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "environ", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),  # as no-color.org has it: only if not empty
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(terminal: bool, environ: dict[str, str], colour: bool) -> None:
    assert wants_colour(terminal, environ) is colour


def test_a_dumb_terminal_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert is_terminal(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_terminal(Terminal())
    assert not is_terminal(io.StringIO())


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not is_terminal(stream)


def test_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "61")
    assert terminal_width(Terminal()) == 61
    assert terminal_width(io.StringIO()) is None  # nothing need fit into a pipe


def test_style_leaves_text_alone_without_colour() -> None:
    assert Style(False)("a", "red") == "a"
    assert Style(True)("a", "red", "bold") == "\x1b[31;1ma\x1b[0m"
    assert Style(True)("", "red") == ""
