"""`prun graph` over real pipelines."""

from __future__ import annotations

from xml.etree import ElementTree

from harness import Project

TASKS = """
def load(): return [1, 2, 3]
def train(n):
    if n == 2: raise ValueError("no")
    return n
def total(ns): return sum(ns)
"""
PIPELINE = """
steps:
  load: {call: tasks:load}
  train: {call: tasks:train, foreach: load, inputs: {n: item}, on_error: skip}
  total: {call: tasks:total, inputs: {ns: train}}
  last: {call: tasks:load, needs: [total]}
"""


def made(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(PIPELINE)


def test_before_and_after_a_run(project: Project) -> None:
    made(project)
    before = project.prun("graph").out
    assert before.startswith("demo: 4 steps, not run yet\n")
    assert "train ×?" in before
    project.run()
    after = project.prun("graph").out
    assert "✓ train ×3 (2 run, 1 failed)" in after
    assert after.index("load") < after.index("train") < after.index("total") < after.index("last")


def test_the_last_run_counts(project: Project) -> None:
    made(project).run()
    project.file("tasks.py", TASKS.replace("sum(ns)", "1 / 0"))
    project.run(exit=1)
    out = project.prun("graph").out
    assert "✗ total" in out
    assert "! last" in out


def test_formats_and_files(project: Project) -> None:
    made(project)
    assert project.prun("graph", "--format", "mermaid").out.startswith('---\ntitle: "demo"')
    assert project.prun("graph", "--format", "dot").out.startswith('digraph "demo" {')
    result = project.prun("graph", "-o", "out.svg")
    assert (result.out, result.err) == ("", "Written: out.svg\n")
    root = ElementTree.fromstring(project.text("out.svg"))
    assert root.tag.endswith("svg")
    assert project.prun("graph", "-o", "no/such/folder.svg", exit=2).err.startswith("error: cannot write")
    assert "png" in project.prun("graph", "--format", "png", exit=2).err


def test_a_suffix_that_says_no_format_is_refused(project: Project) -> None:
    made(project)
    error = project.prun("graph", "-o", "out.png", exit=2).err
    assert "out.png: no drawing is written as .png (.txt .svg .mmd" in error
    assert not project.has("out.png")
    for args in (["-o", "out.SVG"], ["-o", "out.xyz", "--format", "svg"]):
        project.prun("graph", *args)
        assert project.text(args[1]).startswith("<svg")
    for name in ("plain", "out.txt"):
        project.prun("graph", "-o", name)
        assert project.text(name).startswith("demo: 4 steps")


def test_python(project: Project) -> None:
    made(project).python(
        """
        from pipeline_runner import Pipeline
        pipeline = Pipeline.load()
        assert pipeline.draw().startswith("<svg")
        assert "load" in pipeline.draw("text")
        """
    )
