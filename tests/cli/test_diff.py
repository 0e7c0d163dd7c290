"""`prun diff`, and the source diffs and reached code of `prun why`."""

from __future__ import annotations

import pytest
from harness import Project

TASKS = '''
"""Tasks."""
import helper

def load(path):
    return [int(line) for line in open(path)]

def scale(numbers, factor):
    return [helper.twice(n) * factor for n in numbers]

def part(n):
    return n + 1

def total(parts, numbers):
    return {"sum": sum(parts) + sum(numbers), "count": len(parts), "name": "x"}

def constant(t):
    return 1

def after(t):
    return t
'''
HELPER = """
def twice(n):
    # a comment
    return n * 2
"""
PIPELINE = """
params: {factor: 2, ns: [1, 2], model: {depth: 3, kind: a}}
steps:
  load: {call: tasks:load, files: {path: numbers.txt}}
  scale: {call: tasks:scale, inputs: {numbers: load, factor: params.factor}}
  part: {call: tasks:part, foreach: params.ns, inputs: {n: item}}
  total: {call: tasks:total, inputs: {parts: part, numbers: scale}}
  constant: {call: tasks:constant, inputs: {t: total}}
  after: {call: tasks:after, inputs: {t: constant}}
"""


@pytest.fixture
def project(project: Project) -> Project:
    project.file("tasks.py", TASKS).file("helper.py", HELPER).file("numbers.txt", "1\n2\n")
    project.pipeline(PIPELINE).run()
    return project


def steps(project: Project, *args: str) -> dict[str, dict]:
    return {step["step"]: step for step in project.prun("diff", *args, "--json").json["steps"]}


def test_nothing_differs(project: Project) -> None:
    project.run()
    out = project.prun("diff").out
    assert out.splitlines()[-1] == "Nothing differs: 6 steps are the same"
    assert {s["status"] for s in steps(project).values()} == {"same"}


def test_code_and_what_it_caused(project: Project) -> None:
    project.edit("helper.py", "n * 2", "n * 3")
    project.run()
    found = steps(project)
    scale = found["scale"]
    assert [(r["kind"], r["what"]) for r in scale["reasons"]] == [("code", "helper:twice")]
    assert scale["outputs"] == {"changed": 1, "compared": 1}
    assert found["total"]["because"] == ["scale"]
    assert found["total"]["reasons"] == []
    assert found["total"]["causes"] == ["code helper:twice"]
    assert found["total"]["scalars"] == [{"name": "total.sum", "before": "17", "after": "23"}]
    assert found["constant"]["because"] == ["total"]
    assert found["constant"]["outputs"]["changed"] == 0
    assert found["after"]["status"] == "same", "constant gave the same"
    assert {found[name]["status"] for name in ("load", "part")} == {"same"}
    out = project.prun("diff").out
    assert "code changed: helper:twice (helper.py:2)" in out
    assert "because of scale: code helper:twice" in out
    assert "-    return n * 2\n+    return n * 3\n" in out
    assert "total.sum  17  ->  23  (+6)" in out


def test_params_files_and_items(project: Project) -> None:
    project.file("numbers.txt", "1\n5\n")
    project.run("-p", "factor=7", "-p", "ns=[1, 2, 4]", "-p", "model.depth=4")
    result = project.prun("diff", "--json").json
    changed = {p["name"]: (p["before"], p["after"]) for p in result["params"]}
    assert changed == {"factor": ("2", "7"), "ns": ("[1, 2]", "[1, 2, 4]"), "model.depth": ("3", "4")}
    found = {step["step"]: step for step in result["steps"]}
    assert [(r["kind"], r["what"]) for r in found["load"]["reasons"]] == [("file", "numbers.txt")]
    assert found["part"]["items"] == {"added": ["part[4]"], "removed": []}
    assert found["part"]["reasons"] == [
        {"kind": "param", "what": "params.ns", "detail": "[1, 2] -> [1, 2, 4]"}
    ]
    assert set(found["total"]["because"]) == {"part", "scale"}
    assert set(found["total"]["causes"]) == {"param params.ns", "param params.factor", "file numbers.txt"}


def test_steps_and_failures(project: Project) -> None:
    project.edit("pipeline.yaml", "  after: {call: tasks:after, inputs: {t: constant}}\n", "")
    project.edit("tasks.py", "    return 1", "    return 1 / 0")
    project.run(exit=1)
    found = steps(project)
    assert found["after"]["status"] == "removed"
    assert found["constant"]["states"] == {"name": "", "before": "run", "after": "failed"}
    out = project.prun("diff").out
    assert "after removed" in out
    assert "constant run -> failed" in out


def test_which_runs(project: Project) -> None:
    first = project.prun("runs", "--json").json["runs"][0]["id"]
    assert "there is no earlier run" in project.prun("diff", exit=2).err
    project.run("-p", "factor=3")
    project.run("-p", "factor=4")
    heads = [p["before"] + p["after"] for p in project.prun("diff", "--json").json["params"]]
    assert heads == ["34"]
    assert "factor  2  ->  4" in project.prun("diff", first).out
    assert "factor  4  ->  2" in project.prun("diff", "latest", first).out
    assert "there is no run" in project.prun("diff", "2001", exit=2).err


# ---- why -----------------------------------------------------------------------------------------


def test_why_shows_the_source_that_changed(project: Project) -> None:
    project.edit("helper.py", "n * 2", "n * 3")
    out = project.why("scale").out
    assert "helper:twice (helper.py:2)" in out
    assert "--- helper.py (20" in out
    assert "+++ helper.py (now)\n" in out
    assert "-    return n * 2\n+    return n * 3\n" in out
    assert out.count("return n * 3") == 1
    below = project.why("total").out
    assert "because of scale" in below
    assert "+    return n * 3\n" in below, "also for what is further up"
    assert project.why("scale", "--json").json["diff"].startswith("--- helper.py")


def test_why_without_code_has_no_diff(project: Project) -> None:
    assert "---" not in project.why("scale", "-p", "factor=9").out


def test_the_source_stays_although_the_recipe_is_met_again(project: Project) -> None:
    project.edit("helper.py", "n * 2", "n * 3")
    project.run()
    project.edit("helper.py", "n * 3", "n * 2")
    project.run()
    project.edit("helper.py", "n * 2", "n * 5")
    assert "-    return n * 2\n+    return n * 5\n" in project.why("scale").out


def test_the_code_that_counts(project: Project) -> None:
    out = project.why("scale", "--code").out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "tasks.py:8" in lines["tasks:scale"]
    assert "called by the step" in lines["tasks:scale"]
    assert "tasks:scale uses helper.twice" in lines["helper:twice"]
    assert "tasks:load" not in out
    rows = project.why("scale", "--code", "--json").json["code"]
    assert "helper:twice" in {row["name"] for row in rows}
    assert "did you mean 'scale'" in project.why("scal", "--code", exit=2).err


def test_a_reused_item_is_not_said_to_have_run(project: Project) -> None:
    project.file("tasks.py", "def square(x): return x * x\n").pipeline(
        "params: {items: [1, 2]}\n"
        "steps: {squares: {call: tasks:square, foreach: params.items, inputs: {x: item}}}\n"
    ).run()
    project.run("-p", "items=[1, 2, 3]")
    assert "2 done -> 3 done" in project.prun("diff").out
