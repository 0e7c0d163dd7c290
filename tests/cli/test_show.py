"""`prun show`: artifacts by their type, what made them, and copies of them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from harness import Project

TASKS = """
from pathlib import Path

class Model:
    def __init__(self):
        self.rate = 0.25

def table():
    import pandas
    return pandas.DataFrame({"n": [1, 2, 3], "half": [0.5, None, 1.5]})

def both(table, factor):
    import numpy
    return {"array": numpy.arange(6.0).reshape(2, 3) * factor, "model": Model()}

def text():
    return "hello\\nworld\\n"

def picture():
    path = Path("made.svg")
    path.write_text('<svg width="30" height="20"></svg>')
    return path

def figure():
    from matplotlib.figure import Figure
    return Figure(figsize=(3, 2), dpi=100)

def fails(table):
    raise ValueError("no luck")
"""
PIPELINE = """
params: {factor: 2}
steps:
  table: {call: tasks:table}
  both: {call: tasks:both, inputs: {table: table, factor: params.factor}, outputs: [array, model]}
  text: {call: tasks:text}
  picture: {call: tasks:picture}
  figure: {call: tasks:figure}
  fails: {call: tasks:fails, inputs: {table: table}}
"""


@pytest.fixture
def project(project: Project) -> Project:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    project.file("tasks.py", TASKS).pipeline(PIPELINE)
    project.run(exit=1)
    return project


def test_what_is_shown(project: Project) -> None:
    table = project.prun("show", "table").out
    assert "table 3 x 2" in table
    assert "columns: n int64, half float64" in table
    assert "missing: 1 of 6 values" in table
    assert "made by table in run " in table
    assert "code tasks:table" in table
    assert "pandas " in project.prun("show", "-v", "table").out
    both = project.prun("show", "both").out
    assert "array, array 2 x 3 float64, " in both
    assert "min 0, max 10, mean 5, 0 NaN" in both
    assert "model, tasks.Model" in both
    assert "rate = 0.25" in both
    assert "factor  param params.factor  2" in both
    assert "SVG image 30 x 20" in project.prun("show", "picture").out
    assert "figure 300 x 200 pixels" in project.prun("show", "figure").out
    assert "hello\n    world" in project.prun("show", "text").out
    failed = project.prun("show", "fails", exit=0).out
    assert "ValueError: no luck" in failed
    assert "tasks.py:" in failed


def test_json(project: Project) -> None:
    about = project.prun("show", "both", "--json").json
    array, model = about["outputs"]
    assert (array["name"], array["value"]["shape"], array["value"]["max"]) == ("array", [2, 3], 10.0)
    assert model["value"]["attributes"] == {"rate": "0.25"}
    assert about["made"]["task"] == "both"
    assert about["recipe"]["code"][0] == "tasks:both"
    assert "numpy" in about["recipe"]["packages"]
    assert {part["argument"]: part["text"] for part in about["parts"]}["factor"] == "2"


def test_save(project: Project) -> None:
    def saved(task: str, name: str, *more: str) -> Path:
        project.prun("show", task, "--save", name, *more)
        return project.folder / name

    assert saved("table", "t.csv").read_text() == "n,half\n1,0.5\n2,\n3,1.5\n"
    assert json.loads(saved("both", "a.json", "--output", "array").read_text()) == [[0, 2, 4], [6, 8, 10]]
    assert saved("text", "t.txt").read_text() == "hello\nworld\n"
    assert saved("picture", "p.svg").read_text().startswith("<svg")
    assert saved("figure", "f.png").read_bytes().startswith(b"\x89PNG")
    assert "known: .json" in project.prun("show", "table", "--save", "t.xyz", exit=2).err
    assert "gave nothing" in project.prun("show", "fails", "--save", "f.txt", exit=1).err
    assert "--save needs a TASK" in project.prun("show", "--save", "x", exit=2).err


def test_an_artifact_that_cannot_be_read_is_told(project: Project) -> None:
    (project.folder / "tasks.py").write_text("")
    out = project.prun("show", "both").out
    assert "it cannot be read" in out
    assert "array 2 x 3" in out, "the others are shown"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_save_of_a_folder_keeps_its_bits_and_links(project: Project) -> None:
    project.file("work.py", """
        from pathlib import Path

        def tree():
            made = Path("made")
            (made / "bin").mkdir(parents=True)
            (made / "bin" / "tool").write_text("run me")
            (made / "bin" / "tool").chmod(0o755)
            (made / "latest").symlink_to("bin/tool")
            return made
        """)  # fmt: skip
    project.pipeline({"steps": {"tree": {"call": "work:tree"}}}).run()
    project.prun("show", "tree", "--save", "copy")
    assert os.readlink(project.folder / "copy" / "latest") == "bin/tool"
    assert (project.folder / "copy" / "bin" / "tool").stat().st_mode & 0o100
    project.file("a_file")
    assert "a_file is a file" in project.prun("show", "tree", "--save", "a_file", exit=2).err
