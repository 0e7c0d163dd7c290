"""The view of a terminal, driven through rich into a text."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from pipeline_runner.view.live import Live
from pipeline_runner.view.messages import QUIET

from .runs import all_reused, failing, mixed


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    return Terminal()


def test_failures_and_the_summary_are_told(terminal: Terminal) -> None:
    with Live(terminal, colour=False) as view:
        for event in failing():
            view(event)
    text = terminal.getvalue()
    assert "train[0,x] failed after 3 attempts: ValueError: no rows left" in text
    assert "✗ train" in text
    assert "FAILED 12 tasks: 6 failed, 2 blocked, 4 run in 2.1 s" in text
    assert "\x1b[31m" not in text  # no colour was asked for


def test_quiet_draws_nothing(terminal: Terminal) -> None:
    with Live(terminal, level=QUIET) as view:
        for event in mixed():
            view(event)
    assert terminal.getvalue() == ""


def test_the_cursor_comes_back_when_the_run_breaks(terminal: Terminal) -> None:
    def broken_run() -> None:
        with Live(terminal) as view:
            for event in mixed()[:3]:
                view(event)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_run()
    text = terminal.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_reused_run_does_not_draw(terminal: Terminal) -> None:
    with Live(terminal, colour=False) as view:
        for event in all_reused():
            view(event)
    assert terminal.getvalue() == "12 tasks: all reused, nothing run (saved 1m 12s) in 200 ms\n"


def test_rich_is_imported_when_something_runs() -> None:
    script = "import sys, pipeline_runner.view.live, pipeline_runner.view.plain; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
