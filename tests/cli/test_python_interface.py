"""`from pipeline_runner import Pipeline, Run`, and the pytest fixture."""

from __future__ import annotations

import subprocess
import sys

import pytest
from harness import Project, actions, ran, reused

TASKS = """\
from calls import called

class Model:
    def __init__(self, n): self.n = n

def load(n): called("load"); return list(range(n))
def split(rows): return {"train": rows[:-1], "test": rows[-1:]}
def train(rows, model, seed): called("train"); return Model(seed)
def best(models): return max(model.n for model in models)
def tell(value): return f"best: {value}"
"""

PIPELINE = """
params: {n: 4, seeds: [1, 2, 3], models: [{kind: a}, {kind: b}]}
steps:
  load: {call: tasks:load, inputs: {n: params.n}}
  split: {call: tasks:split, inputs: {rows: load}, outputs: [train, test]}
  train:
    call: tasks:train
    matrix: {model: params.models, seed: params.seeds}
    inputs: {rows: split.train, model: matrix.model, seed: matrix.seed}
  best: {call: tasks:best, inputs: {models: train}}
  tell: {call: tasks:tell, inputs: {value: best}, publish: out/best.txt}
"""

START = """\
from pipeline_runner import Pipeline, Run

if __name__ == "__main__":
"""


@pytest.fixture
def models(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(PIPELINE)


def python(project: Project, body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
    return project.python(START + lines).out


def test_load_plan_run_and_output(models: Project) -> None:
    python(
        models,
        """
pipeline = Pipeline.load("pipeline.yaml", params={"seeds": [1, 3]})
plan = pipeline.plan()
rows = {task.id: task for task in plan.tasks}
assert rows["load"].action == "run"
assert rows["load"].step == "load"
assert rows["train[1,3]"].key == "1,3"
assert rows["train[1,3]"].needs in (("split",), ["split"])
assert rows["train[1,3]"].wave == 2
assert rows["load"].reasons[0].kind == "new"
run = pipeline.run(backend="sequential")
assert run.status == "succeeded"
assert run.output("best") == 3
assert run.output("load") == [0, 1, 2, 3]
assert run.output("split") == {"train": [0, 1, 2], "test": [3]}
assert run.output("split.train") == [0, 1, 2]
assert [type(model).__name__ for model in run.output("train")] == ["Model"] * 4
assert [model.n for model in run.output("train")] == [1, 3, 1, 3]
assert run.output("train[1,3]").n == 3
given = run.inputs("train[1,3]")
assert given == {"rows": [0, 1, 2], "model": {"kind": "b"}, "seed": 3}, given
assert run.inputs("load") == {"n": 4}
rows = {task.id: task for task in run.tasks}
assert rows["load"].status == "succeeded"
assert rows["load"].attempts == 1
assert rows["load"].seconds >= 0
assert rows["load"].error is None
assert len(rows) == 8
again = pipeline.run(backend="sequential")
assert {task.status for task in again.tasks} == {"reused"}
assert again.output("train[1,3]").n == 3
assert again.output("tell") == "best: 3"
""",
    )
    assert models.text("out/best.txt") == "best: 3"
    assert reused(models.run("-p", "seeds=[1, 3]")) >= {"load", "best"}


def test_options_are_those_of_the_command_line(models: Project) -> None:
    python(
        models,
        """
pipeline = Pipeline.load("pipeline.yaml")
run = pipeline.run(backend="loky", jobs=2, select=["+split"])
assert {task.id for task in run.tasks if task.status == "succeeded"} == {"load", "split"}
run = pipeline.run(backend="sequential", select=["+split"], force=["load"])
done = {task.id: task.status for task in run.tasks}
assert done["load"] == "succeeded" and done["split"] == "reused"
""",
    )
    assert actions(models.plan())["load"] == "reuse"


def test_looking_at_past_runs(models: Project) -> None:
    first = models.run().json["run_id"]
    second = models.run("-p", "seeds=[7]").json["run_id"]
    out = python(
        models,
        f"""
assert Run.latest().output("best") == 7
old = Run.load({first!r})
assert old.output("best") == 3
assert old.inputs("train[0,2]")["seed"] == 2
assert old.status == "succeeded"
assert old.run_id == old.id == old.to_json()["run_id"]
assert Run.load({second!r}, store=".prun").output("best") == 7
assert Run.latest(store=".prun").output("tell") == "best: 7"
print("looked")
""",
    )
    assert out == "looked\n"


def test_a_failed_run_and_what_it_did_not_give(models: Project) -> None:
    models.edit("tasks.py", "return max(model.n for model in models)", "raise ValueError('no best')")
    python(
        models,
        """
from pipeline_runner import errors
run = Pipeline.load("pipeline.yaml").run(backend="sequential")
assert run.status == "failed"
assert run.output("load") == [0, 1, 2, 3]
rows = {task.id: task for task in run.tasks}
assert rows["best"].status == "failed" and "no best" in str(rows["best"].error)
assert rows["tell"].status == "blocked"
for name in ("best", "tell", "nope", "train[9,9]", "split.nope"):
    try:
        run.output(name)
    except errors.PrunError as error:
        assert name.split(".")[-1].split("[")[0] in str(error), error
    else:
        raise AssertionError(name)
""",
    )


def test_a_mistake_is_an_exception_with_its_place(models: Project) -> None:
    models.edit("pipeline.yaml", "inputs: {n: params.n}", "input: {n: params.n}")
    python(
        models,
        """
from pipeline_runner import errors
try:
    Pipeline.load("pipeline.yaml").run(backend="sequential")
except errors.PrunError as error:
    assert "pipeline.yaml:3:" in str(error), error
    assert "inputs" in str(error), error
else:
    raise AssertionError
""",
    )
    assert models.calls() == []


def test_options_that_cannot_be_are_an_exception_too(models: Project) -> None:
    python(
        models,
        """
from pipeline_runner import errors
pipeline = Pipeline.load("pipeline.yaml")
for wrong in (0, -1, "2", True):
    try:
        pipeline.run(backend="sequential", jobs=wrong)
    except errors.PrunError as error:
        assert f"not {wrong!r}" in str(error), error
    else:
        raise AssertionError(wrong)
for no_run in ("nope", "../nope", ""):
    try:
        Run.load(no_run)
    except errors.PrunError as error:
        assert "there is no run" in str(error), error
    else:
        raise AssertionError(no_run)
""",
    )
    assert models.calls() == []


def test_objects_of_the_project_are_found_from_elsewhere(models: Project, tmp_path_factory: object) -> None:
    """`output` unpickles the project's classes, wherever the caller stands."""
    models.run()
    script = (
        "import sys\nfrom pipeline_runner import Pipeline\n"
        "run = Pipeline.load(sys.argv[1]).run(backend='sequential')\n"
        "print([model.n for model in run.output('train')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(models.folder / "pipeline.yaml")],
        cwd=models.folder.parent,
        env=models.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[1, 2, 3, 1, 2, 3]\n", done.stderr


def test_the_pytest_fixture(models: Project) -> None:
    models.file(
        "test_models.py",
        """
        from pathlib import Path

        def test_best(prun_pipeline):
            run = prun_pipeline("pipeline.yaml", params={"seeds": [5]}, backend="sequential")
            assert run.status == "succeeded"
            assert run.output("best") == 5

        def test_some(prun_pipeline):
            run = prun_pipeline("pipeline.yaml", backend="sequential", select=["+split"])
            assert run.output("split.test") == [3]
            assert {task.status for task in run.tasks} <= {"succeeded"}, "each test has a store of its own"

        def test_nothing_is_left_behind():
            assert not Path("out").exists()
            assert not Path(".prun").exists()
        """,
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_models.py"],
        cwd=models.folder,
        env=models.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert ran(models.run("-s", "+split")) == {"load", "split"}, "nothing went into the project's store"


def test_importing_the_package_is_light(project: Project) -> None:
    """Names are exported lazily: none of the heavy libraries comes along."""
    project.python(
        "import sys\nimport pipeline_runner\n"
        "heavy = {'numpy', 'pandas', 'joblib', 'loky', 'fsspec', 'rich', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
