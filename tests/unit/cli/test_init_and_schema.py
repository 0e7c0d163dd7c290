"""`prun init` and `prun schema`."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Prun = Callable[..., Result]

WRITTEN = [
    "pipeline.yaml",
    "weather.py",
    "data/temperatures.csv",
    "tests/test_pipeline.py",
    "pipeline.schema.json",
    ".gitignore",
]


@pytest.fixture(autouse=True)
def schema(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pipeline_runner.spec.schema")
    module.json_schema = lambda: {"title": "Pipeline"}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_init(prun: Prun) -> None:
    result = prun("init", "demo")
    assert [Path(line) for line in result.stdout.splitlines()] == [Path("demo") / name for name in WRITTEN]
    text = Path("demo/pipeline.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=pipeline.schema.json"
    assert "\nname: demo\n" in text
    assert len(text.splitlines()) < 40
    assert "cd demo && prun plan" in result.stderr
    assert 'cd "of two words" && prun plan' in prun("init", "of two words").stderr


def test_init_overwrites_nothing(prun: Prun) -> None:
    Path("weather.py").write_text("mine", encoding="utf-8")
    result = prun("init", exit=2)
    assert "weather.py is there already" in result.stderr
    assert "pipeline.yaml is there already" in result.stderr
    assert Path("weather.py").read_text(encoding="utf-8") == "mine"
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("folder", "name"),
    [("my project", "my-project"), ("2024", "weather"), ("日本", "weather"), ("a_b", "a_b")],
)
def test_the_name_is_made_from_the_folder(prun: Prun, folder: str, name: str) -> None:
    prun("init", folder)
    assert f"\nname: {name}\n" in (Path(folder) / "pipeline.yaml").read_text(encoding="utf-8")


def test_schema(prun: Prun) -> None:
    assert json.loads(prun("schema").stdout) == {"title": "Pipeline"}


def test_schema_into_a_file(prun: Prun) -> None:
    result = prun("schema", "-o", "s.json")
    assert result.stdout == ""
    assert json.loads(Path("s.json").read_text(encoding="utf-8")) == {"title": "Pipeline"}
    assert b"\r" not in Path("s.json").read_bytes()  # the same bytes on every system
    assert "cannot write" in prun("schema", "-o", "no/where.json", exit=2).stderr


def test_the_schema_of_events(prun: Prun) -> None:
    assert json.loads(prun("schema", "--events").stdout)["title"] == "An event of a prun run"
