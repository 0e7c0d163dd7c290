"""What the commands print and where; `runs`, `show`, `logs`, `init`, `schema`."""

from __future__ import annotations

import json
import os

import pytest
from contract_example import PIPELINE as CONTRACT
from harness import Project, ran, reused, statuses

TASKS = """\
import sys

from calls import called

def hello(n):
    called(f"hello {n}")
    print("printed by hello", n)
    print("to stderr by hello", n, file=sys.stderr)
    return n * 2

def big(): return list(range(10))

def boom():
    print("before the boom")
    raise ValueError("boom!")
"""

PIPELINE = """
steps:
  one: {call: tasks:hello, with: {n: 1}}
  items: {call: tasks:hello, foreach: [7, 8], inputs: {n: item}}
  big: {call: tasks:big, needs: [one]}
"""

ALL = {"one", "items[7]", "items[8]", "big"}


@pytest.fixture
def hello(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(PIPELINE)


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky", "multiprocessing"])
def test_json_is_all_of_stdout(hello: Project, backend: str) -> None:
    """What a task prints does not get between."""
    result = hello.run("--backend", backend)
    data = json.loads(result.out)
    assert set(data) >= {"run_id", "status", "counts", "seconds", "tasks"}
    assert data["counts"] == {
        "succeeded": 4, "reused": 0, "skipped": 0, "failed": 0, "blocked": 0, "cancelled": 0,
    }  # fmt: skip
    assert data["status"] == "succeeded"
    for row in data["tasks"]:
        assert set(row) >= {"id", "step", "status", "attempts", "seconds", "error"}
    assert {row["id"]: row["step"] for row in data["tasks"]} == {
        "one": "one", "items[7]": "items", "items[8]": "items", "big": "big",
    }  # fmt: skip
    assert result.tasks["one"]["attempts"] == 1
    assert result.tasks["one"]["error"] is None
    assert result.tasks["one"]["seconds"] >= 0
    again = hello.run("--backend", backend)
    assert reused(again) == ALL
    assert again.tasks["one"]["attempts"] == 0


def test_results_on_stdout_progress_on_stderr(hello: Project) -> None:
    result = hello.prun("run", "--backend", "sequential")
    assert "4" in result.out  # the summary
    assert "demo" in result.err
    assert "\x1b" not in result.text
    assert "\r" not in result.text
    again = hello.prun("run", "--backend", "sequential")
    assert "reused" in again.text
    quiet = hello.prun("run", "--backend", "sequential", "-q", "--force", "one")
    assert len(quiet.err) < len(result.err)
    assert quiet.text == ""


def test_quiet_still_tells_failures(project: Project) -> None:
    project.file("tasks.py", TASKS).pipeline("steps:\n  bad: {call: tasks:boom}\n")
    result = project.prun("run", "--backend", "sequential", "--quiet", exit=1)
    assert "boom!" in result.err
    assert "bad" in result.err


def test_no_colour(hello: Project) -> None:
    result = hello.prun("run", "--backend", "sequential", env={"NO_COLOR": "1"})
    assert "\x1b" not in result.text


def test_the_folder_of_the_store_ignores_itself(hello: Project) -> None:
    hello.run()
    assert "*" in hello.text(".prun/.gitignore")


def test_only_the_store_is_written(hello: Project) -> None:
    before = {path.name for path in hello.folder.iterdir()}
    hello.run()
    assert {path.name for path in hello.folder.iterdir()} - before - {"__pycache__"} == {".prun"}


def test_another_pipeline_file(hello: Project) -> None:
    hello.pipeline("steps:\n  other: {call: tasks:hello, with: {n: 5}}\n", "other.yaml")
    assert ran(hello.run("other.yaml")) == {"other"}
    assert set(statuses(hello.run())) == ALL


def test_jobs_and_backend(hello: Project) -> None:
    assert ran(hello.run("--backend", "threading", "--jobs", "3")) == ALL
    assert reused(hello.run("-j", "1")) == ALL


def test_a_store_in_memory(hello: Project) -> None:
    assert ran(hello.run("--store", "memory://x")) == ALL
    assert not hello.has(".prun/blobs")


def test_help(project: Project) -> None:
    text = project.prun("--help").out
    for name in ("run", "plan", "check", "why", "show", "runs", "logs", "init", "schema"):
        assert name in text


def test_help_of_run_names_its_options(project: Project) -> None:
    text = project.prun("run", "--help").out
    options = "param profile store select force paranoid jobs backend keep-going fail-fast json quiet"
    for option in options.split():
        assert f"--{option}" in text


# --- looking back


def test_runs_show_and_logs(hello: Project) -> None:
    first = hello.run().json["run_id"]
    second = hello.run("--force", "one").json["run_id"]
    assert first != second
    listed = hello.prun("runs").out
    assert first in listed
    assert second in listed
    shown = hello.prun("show").out
    assert second in shown
    for id in ("one", "items", "big"):
        assert id in shown
    assert first in hello.prun("show", first).out
    task = hello.prun("show", first, "big").out
    assert "big" in task
    assert "items[7]" in hello.prun("show", first, "items[7]").out
    logs = hello.prun("logs", "one").out
    assert "printed by hello 1" in logs
    assert "to stderr by hello 1" in logs
    items = hello.prun("logs", "items[8]").out
    assert "printed by hello 8" in items
    assert "printed by hello 7" not in items


def test_runs_of_the_pipeline_that_is_named(hello: Project) -> None:
    hello.pipeline("name: other\nsteps: {fine: {call: tasks:hello, inputs: {n: run.id}}}", "two.yaml")
    first = hello.run().json["run_id"]
    second = hello.run("two.yaml").json["run_id"]
    assert hello.prun("show", "--json").json["run_id"] == second  # of all in the store
    assert hello.prun("show", "--json", "-f", "pipeline.yaml").json["run_id"] == first
    assert hello.prun("show", "fine", "--json", "-f", "two.yaml").json["id"] == "fine"
    for file, runs in (
        ((), [second, first]),
        (("-f", "pipeline.yaml"), [first]),
        (("-f", "two.yaml"), [second]),
    ):
        assert [run["id"] for run in hello.prun("runs", "--json", *file).json["runs"]] == runs
    assert "printed by hello" in hello.prun("logs", "fine", "-f", "two.yaml").out
    assert "has no task 'fine'" in hello.prun("logs", "fine", "-f", "pipeline.yaml", exit=2).err
    assert hello.prun("show", second, "--json", "-f", "pipeline.yaml").json["run_id"] == second
    hello.pipeline("name: other\nsteps: {fine: {call: tasks:hello, inputs: {n: run.id}}}", "three.yaml")
    assert "there is no run of 'other' yet" in hello.prun("show", "-f", "three.yaml", exit=2).err


def test_far_away_a_pipeline_is_known_by_its_name_and_that_of_its_file(hello: Project) -> None:
    hello.file("there/pipeline.yaml", hello.text("pipeline.yaml")).file(
        "there/tasks.py", hello.text("tasks.py")
    )
    hello.file("two.yaml", hello.text("pipeline.yaml")).file("there/calls.py", hello.text("calls.py"))
    shown = hello.python(
        """
        from pipeline_runner import Pipeline, Run
        files = ["pipeline.yaml", "there/pipeline.yaml", "two.yaml"]
        for file in files:
            Pipeline.load(file, store="memory://far").run(backend="sequential")
        print([len(Run.list(store="memory://far", pipeline_path=file)) for file in (*files, None)])
        """
    )
    assert shown.out == "[2, 2, 1, 3]\n"


def test_logs_of_a_failed_task(project: Project) -> None:
    project.file("tasks.py", TASKS).pipeline("steps:\n  bad: {call: tasks:boom}\n").run(exit=1)
    text = project.prun("logs", "bad").out
    assert "before the boom" in text
    assert "boom!" in project.prun("show").text


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_logs_of_tasks_that_ran_at_the_same_time_do_not_mix(hello: Project, backend: str) -> None:
    hello.run("--backend", backend, "-j", "2")
    for n in (7, 8):
        text = hello.prun("logs", f"items[{n}]").out
        assert f"printed by hello {n}" in text
        assert f"printed by hello {15 - n}" not in text


def test_looking_back_before_any_run(hello: Project) -> None:
    assert hello.prun("runs", exit=None).exit in (0, 2)
    for args in (("show",), ("logs", "one"), ("show", "nope")):
        result = hello.prun(*args, exit=2)
        assert result.err.strip()
        assert "Traceback" not in result.text


# --- init and schema


def test_init_makes_a_project_that_runs(project: Project) -> None:
    project.prun("init", "fresh")
    assert project.has("fresh/pipeline.yaml")
    project.prun("check", "fresh/pipeline.yaml")
    first = project.prun("run", "fresh/pipeline.yaml", "--json")
    assert first.json["status"] == "succeeded"
    assert first.json["counts"]["succeeded"] > 0
    second = project.prun("run", "fresh/pipeline.yaml", "--json")
    assert second.json["counts"]["reused"] > 0
    assert second.json["counts"]["succeeded"] == 0


def test_init_here_overwrites_nothing(hello: Project) -> None:
    before = {path: hello.text(path) for path in ("pipeline.yaml", "tasks.py")}
    hello.prun("init", exit=None)
    assert {path: hello.text(path) for path in before} == before


def test_the_schema_is_a_json_schema_and_holds_for_the_contract(project: Project) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = json.loads(project.prun("schema").out)
    jsonschema.validators.validator_for(schema).check_schema(schema)
    validator = jsonschema.validators.validator_for(schema)(schema)
    good = yaml.safe_load(CONTRACT.replace(" on: [", ' "on": ['))  # YAML 1.2: `on` is text
    validator.validate(good)
    for bad in ({"nme": "x"}, {"steps": {"a": {"input": {}}}}, {"steps": []}):
        assert list(validator.iter_errors(good | bad)), bad
    for name, settings in schema["properties"].items():
        assert settings.get("description") or "$ref" in settings or "anyOf" in settings, name


@pytest.mark.skipif(os.name == "nt", reason="no pipe to close")
def test_a_reader_that_goes_away_early(hello: Project) -> None:
    """`prun schema | head -1`: no traceback."""
    process = hello.start("schema")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    process.wait(timeout=30)
    assert "Traceback" not in err
