"""Output wherever it leads: other code pages than UTF-8, closed streams, a locale that knows ASCII alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest
from harness import Project, command

COMMANDS = (
    ("plan",),
    ("run", "--backend", "sequential"),
    ("show", "zurich"),
    ("graph", "--format", "svg"),
    ("why", "zurich"),
)
CODE = "def name(of): return f'{of} ✓ naïve'\n"
PIPELINE = "steps: {zurich: {call: 'work:name', with: {of: '→ žluťoučký'}}}\n"


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts commands through sh")


@pytest.fixture
def made(project: Project) -> Project:
    return project.file("work.py", CODE).pipeline(PIPELINE)


def call(project: Project, args: tuple[str, ...], env: Mapping[str, str], shell: str = "") -> tuple[int, str]:
    """Exit code and whatever was printed, as bytes of no known encoding."""
    words = [*command(), *args]
    started = ["sh", "-c", f'exec "$@" {shell}', "sh", *words]
    done = subprocess.run(
        started,
        cwd=project.folder,
        env=project.environment(env),
        capture_output=True,
        timeout=90,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode("latin-1")


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["cp1252", "ascii", "C"],
)
def test_no_encoding_ends_a_command(made: Project, env: Mapping[str, str]) -> None:
    for args in COMMANDS:
        code, text = call(made, args, env)
        assert (code, "Traceback" in text, "bug in prun" in text) == (0, False, False), (args, text)


def test_json_is_right_in_every_encoding(made: Project) -> None:
    made.run()
    code, text = call(made, ("show", "zurich", "--json"), {"PYTHONIOENCODING": "cp1252"})
    assert code == 0
    assert "→ žluťoučký ✓ naïve" in json.dumps(json.loads(text), ensure_ascii=False)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_good_as_the_null_device(made: Project, closed: str) -> None:
    for args in (*COMMANDS[:2], ("run", "--force", "zurich", "--json"), *COMMANDS[2:]):
        code, text = call(made, args, {}, closed)
        assert (code, "bug in prun" in text) == (0, False), (args, text)
    assert made.plan().tasks["zurich"]["action"] == "reuse"


def test_every_text_file_has_its_encoding_named(made: Project) -> None:
    strict = {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "error::EncodingWarning:pipeline_runner"}
    for args in COMMANDS:
        code, text = call(made, args, strict)
        assert (code, "EncodingWarning" in text) == (0, False), (args, text)
