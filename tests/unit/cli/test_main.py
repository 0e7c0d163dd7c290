"""The group: help, misspelt names, mistakes, bugs, and what start-up imports."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from pipeline_runner.cli.main import COMMANDS, EXIT_BUG
from pipeline_runner.errors import Place, Problem, PrunError, RunFailed

from .conftest import App

Prun = Callable[..., Result]

HEAVY = {"pydantic", "joblib", "loky", "fsspec", "rich", "yaml", "numpy", "pandas", "blake3"}


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["run", "--help"], ["nope"]])
def test_start_up_imports_nothing_heavy(args: list[str]) -> None:
    script = (
        "import sys\nfrom pipeline_runner.cli.main import main\n"
        f"sys.argv = ['prun', *{args!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('\\nMODULES', *sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = set(done.stdout.rpartition("MODULES")[2].split())
    assert "click" in modules
    assert modules & HEAVY == set()


def test_a_command_is_imported_when_it_is_asked_for() -> None:
    script = (
        "import sys, pipeline_runner.cli.main\n"
        "print(sorted(m for m in sys.modules if m.startswith('pipeline_runner.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pipeline_runner.cli', 'pipeline_runner.cli.main']"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(prun: Prun, name: str) -> None:
    text = prun(name, "--help").stdout
    assert "Example" in text
    assert f"prun {name}" in text
    command = importlib.import_module(f"pipeline_runner.cli.{name}").command
    assert command.name == name


def test_help_lists_all_commands_in_the_order_of_their_use(prun: Prun) -> None:
    lines = prun("--help").stdout.splitlines()
    start = lines.index("Commands:") + 1
    assert [line.split()[0] for line in lines[start : start + len(COMMANDS)]] == list(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "meant"), [("rnu", "'run'"), ("plann", "'plan'"), ("shw", "'show'"), ("log", "'logs'")]
)
def test_a_misspelt_command_is_answered_with_the_nearest(prun: Prun, typed: str, meant: str) -> None:
    result = prun(typed, exit=2)
    assert f"no command {typed!r}" in result.stderr
    assert meant in result.stderr
    assert result.stdout == ""


def test_a_word_like_nothing_is_answered_with_all_commands(prun: Prun) -> None:
    assert "There are run, plan, check" in prun("xyzzy", exit=2).stderr


def test_a_file_in_the_place_of_a_command(prun: Prun) -> None:
    assert "To run it: prun run pipeline.yaml" in prun("pipeline.yaml", exit=2).stderr


def test_a_misspelt_option_is_answered_with_the_nearest(prun: Prun) -> None:
    assert "--profile" in prun("run", "--profil", "dev", exit=2).stderr


def test_the_users_mistakes_are_told_at_their_place(prun: Prun, app: App) -> None:
    place = Place("pipeline.yaml", 3, 5, "    inptus: {}")
    app.raises = PrunError(
        [
            Problem("unknown-key", "unknown key 'inptus'", place, "did you mean 'inputs'?"),
            Problem("x", "another"),
        ]
    )
    result = prun("run", exit=2)
    assert result.stdout == ""
    for text in ("pipeline.yaml:3:5", "inptus: {}", "^", "did you mean 'inputs'?", "another"):
        assert text in result.stderr
    assert "\x1b" not in result.stderr


def test_the_exit_code_is_the_errors(prun: Prun, app: App) -> None:
    app.raises = RunFailed("no such output")
    prun("run", exit=1)


def test_a_bug_is_one_line(prun: Prun, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.raises = KeyError("a\nb")
    result = prun("run", exit=EXIT_BUG)
    (line,) = result.stderr.splitlines()
    assert line.startswith("This is a bug in prun: KeyError")
    assert "PRUN_DEBUG=1" in line


def test_a_bug_with_prun_debug_has_its_traceback(
    app: App, prun: Prun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from pipeline_runner.cli.main import cli

    monkeypatch.setenv("PRUN_DEBUG", "1")
    app.raises = KeyError("a")
    result = CliRunner().invoke(cli, ["run"])
    assert result.exit_code == EXIT_BUG
    assert "Traceback (most recent call last)" in result.stderr


def test_interrupted(prun: Prun, app: App) -> None:
    app.raises = KeyboardInterrupt()  # type: ignore[assignment]
    assert prun("run", exit=130).stderr.strip().endswith("Interrupted.")


def test_python_runs_the_command_as_well() -> None:
    command = [sys.executable, "-m", "pipeline_runner", "run", "nowhere.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_goes_away_is_no_error() -> None:
    script = "import sys; from pipeline_runner.cli.main import main; sys.argv = ['prun', '--help']; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", script], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 141


def test_a_console_of_another_code_page() -> None:
    script = (
        "import sys, click; from pipeline_runner.cli import main as m\n"
        "m.cli.invoke = lambda ctx: click.echo('saved \\u2713')\n"
        "sys.argv = ['prun', 'run']; m.main()"
    )
    env = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=env, check=True)
    assert done.stdout.split() == [b"saved", b"?"]
