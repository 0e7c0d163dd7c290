"""What the shell completes."""

from __future__ import annotations

import pytest
from harness import Project

PIPELINE = """
profiles: {dev: {params: {n: 2}}, prod: {params: {n: 3}}}
params: {n: 1}
steps:
  load: {call: tasks:one, tags: [nightly]}
  train: {call: tasks:one, foreach: [a, b], inputs: {x: item}}
"""


def completed(project: Project, *words: str) -> list[str]:
    """What zsh is told for the last of these words."""
    env = {
        "_PRUN_COMPLETE": "zsh_complete",
        "COMP_WORDS": " ".join(["prun", *words]),
        "COMP_CWORD": str(len(words)),
    }
    lines = project.prun(env=env).out.splitlines()
    return lines[1::3]


@pytest.fixture
def project(project: Project) -> Project:
    return project.file("tasks.py", "def one(x=1): return x\n").pipeline(PIPELINE)


def test_commands(project: Project) -> None:
    assert completed(project, "sho") == ["show"]
    assert {"run", "plan", "why", "debug", "graph", "diff"} <= set(completed(project, '""'))
    assert "--profile" in completed(project, "run", "--pro")


def test_steps_and_profiles(project: Project) -> None:
    assert completed(project, "run", "--force", "tr") == ["train"]
    assert completed(project, "run", "-s", "+tr") == ["+train"]
    assert completed(project, "run", "-s", "tag:") == ["tag:nightly"]
    assert completed(project, "run", "--profile", "d") == ["dev"]
    assert completed(project, "why", "l") == ["load"]


def test_runs_and_tasks(project: Project) -> None:
    assert completed(project, "logs", "tr") == ["train"], "of the pipeline, before the first run"
    project.run()
    run = project.prun("runs", "--json").json["runs"][0]["id"]
    assert completed(project, "logs", "tr") == ["train"]
    assert completed(project, "debug", "'train['") == ["train[a]", "train[b]"]
    assert completed(project, "logs", "x", "--run", "20") == [run]
    assert completed(project, "diff", run[:6]) == [run]
    assert run in completed(project, "show", '""')
    assert "load" in completed(project, "show", '""')


def test_a_broken_pipeline_completes_nothing(project: Project) -> None:
    project.pipeline("steps: [")
    assert completed(project, "run", "--force", "tr") == []
    assert completed(project, "run", "--profile", "d") == []
    project.remove("pipeline.yaml")
    assert completed(project, "run", "--force", "tr") == []


def test_the_script(project: Project) -> None:
    assert "_PRUN_COMPLETE=fish_complete" in project.prun(env={"_PRUN_COMPLETE": "fish_source"}).out
