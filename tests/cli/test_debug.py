"""`prun debug`: the recorded inputs, the edited code, pdb, and nothing stored."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from harness import Project, Result, command

TASKS = """
import os
from calls import called

class Model:
    def __init__(self, n):
        self.n = n

def load(path):
    return [int(line) for line in open(path)]

def make(n):
    return Model(n)

def train(model, factor):
    called("train")
    twice = model.n * factor
    if model.n == 2:
        raise ValueError(f"no {twice}")
    print("greeting", os.environ["GREETING"], os.path.basename(os.getcwd()))
    return {"model": model, "twice": twice}
"""
LOKY = ("--backend", "loky")
PIPELINE = """
params: {factor: 10}
env: {GREETING: hello}
steps:
  load: {call: tasks:load, files: {path: numbers.txt}}
  make: {call: tasks:make, foreach: load, inputs: {n: item}}
  train:
    call: tasks:train
    foreach: make
    inputs: {model: item, factor: params.factor}
    outputs: [model, twice]
"""


@pytest.fixture
def failed(project: Project) -> Project:
    """A project whose run failed in train[2]."""
    project.file("tasks.py", TASKS).file("numbers.txt", "1\n2\n3\n").pipeline(PIPELINE)
    project.prun("run", exit=1)
    assert sorted(project.calls()) == ["train"] * 3
    return project


def typed(project: Project, text: str, *args: str, exit: int = 0, cwd: Path | None = None) -> Result:
    """`prun debug` with somebody typing."""
    done = subprocess.run(
        [*command(), "debug", *args],
        cwd=cwd or project.folder,
        env=project.environment(),
        input=text,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    result = Result(args, done.returncode, done.stdout, done.stderr)
    assert done.returncode == exit, result
    return result


def test_a_task_runs_again_with_its_inputs(failed: Project) -> None:
    before = sorted(failed.stored_files())
    out = failed.prun("debug", "train[3]").out
    assert "greeting hello project" in out
    assert "train[3] run in" in out
    assert "twice: 30" in out
    assert "model: tasks.Model" in out
    assert failed.calls() == ["train"]
    assert sorted(failed.stored_files()) == before, "nothing is stored"


def test_a_failed_task_fails_again(failed: Project) -> None:
    result = failed.prun("debug", "train[2]", exit=1)
    assert "train[2] failed: ValueError: no 20" in result.out
    assert "tasks.py:19, in train" in result.out
    assert "pipeline_runner" not in result.text


def test_a_step_means_its_first_failed_item(failed: Project) -> None:
    result = failed.prun("debug", "train", exit=1)
    assert "train[2] is the first of its tasks that failed" in result.err
    assert "name one of its tasks: make[1], make[2], make[3]" in failed.prun("debug", "make", exit=2).err


def test_the_edited_code_runs_and_nothing_is_stored(failed: Project) -> None:
    failed.edit("tasks.py", "raise ValueError", "str")
    out = failed.prun("debug", "train[2]").out
    assert "twice: 20" in out
    failed.calls()
    assert failed.run(*LOKY).exit == 0
    assert "train" in failed.calls(), "the run still has to do it"


def test_params_are_those_of_the_run(failed: Project) -> None:
    failed.edit("pipeline.yaml", "factor: 10", "factor: 99")
    assert "twice: 30" in failed.prun("debug", "train[3]").out
    run = failed.run(*LOKY, exit=1).json["run_id"]
    assert "twice: 297" in failed.prun("debug", "train[3]", "--run", run).out


def test_files_that_changed_are_told(failed: Project) -> None:
    failed.file("numbers.txt", "7\n")
    assert "numbers.txt changed since" in failed.prun("debug", "load").err


def test_post_mortem(failed: Project) -> None:
    result = typed(failed, "p 'twice is', twice\nq\n", "train[2]", "--pdb", exit=1)
    assert "('twice is', 20)" in result.out
    assert "train[2] failed: ValueError: no 20" in result.out


def test_pdb_stops_at_the_first_line_of_what_did_not_fail(failed: Project) -> None:
    result = typed(failed, "p 'n is', model.n\nc\n", "train[3]", "--pdb")
    assert "tasks.py" in result.out.splitlines()[0]
    assert "('n is', 3)" in result.out
    assert "train[3] run in" in result.out


@pytest.mark.parametrize("where", ["tasks.py:18", "tasks:train"])
def test_a_break(failed: Project, where: str) -> None:
    result = typed(failed, "p 'stopped', factor\nc\n", "train[3]", "-b", where)
    assert "('stopped', 10)" in result.out
    assert "train[3] run in" in result.out


@pytest.mark.parametrize(
    "where", ["nowhere.py:1", "tasks.py:9999", "tasks:nothing", "tasks", "no_such:train", "os:sep"]
)
@pytest.mark.parametrize("pdb", [[], ["--pdb"]], ids=["plain", "pdb"])
def test_a_break_that_is_nowhere(failed: Project, where: str, pdb: list[str]) -> None:
    """The option is wrong, not the task: it is not called, and no pdb opens in prun."""
    failed.calls()
    result = failed.prun("debug", "train[3]", "-b", where, *pdb, exit=2)
    assert result.err.startswith(f"error: cannot stop at {where}: ")
    assert result.out == ""
    assert failed.calls() == []


def test_breakpoint_in_the_code(failed: Project) -> None:
    failed.edit("tasks.py", "    if model.n == 2:", "    breakpoint()\n    if model.n == 20:")
    result = typed(failed, "p 'twice is', twice\nc\n", "train[2]")
    assert "('twice is', 20)" in result.out
    assert "train[2] run in" in result.out


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_breakpoint_in_a_run_says_where_it_works(project: Project, backend: str) -> None:
    project.file("tasks.py", "def f():\n    x = 1\n    breakpoint()\n    return x\n")
    project.pipeline("steps: {a: {call: tasks:f}}")
    err = project.prun("run", "--backend", backend, exit=1).err
    assert "breakpoint() in a run would wait for somebody to type; use `prun debug TASK`" in err
    assert "tasks.py:3, in f" in err
    assert "breakpoints.py" not in err
    remote = project.prun("run", "--backend", backend, env={"PYTHONBREAKPOINT": "builtins.print"})
    assert remote.exit == 0


def test_quitting_the_debugger(failed: Project) -> None:
    result = typed(failed, "q\n", "train[3]", "--pdb", exit=130)
    assert "Traceback" not in result.text


def test_a_post_mortem_begins_in_the_users_code(failed: Project) -> None:
    failed.edit("tasks.py", 'raise ValueError(f"no {twice}")', 'import json; json.loads("nonsense")')
    failed.run(*LOKY, exit=1)
    result = typed(failed, "p 'twice is', twice\nq\n", "train[2]", "--pdb", exit=1)
    assert "('twice is', 20)" in result.out


def test_an_import_that_fails(failed: Project) -> None:
    failed.edit("tasks.py", "import os", "import os, not_there")
    result = failed.prun("debug", "train[3]", exit=1)
    assert "ModuleNotFoundError: No module named 'not_there'" in result.out


def test_a_task_of_another_machine(failed: Project) -> None:
    """Its pipeline lay in another folder there; the store is shared."""
    here = failed.folder.parent / "elsewhere"
    shutil.copytree(failed.folder, here)
    shutil.rmtree(failed.folder)
    failed.folder.mkdir()
    shutil.move(here / ".prun", failed.folder.parent / "shared")
    out = typed(failed, "", "train[3]", "--store", "../shared", cwd=here).out
    assert "greeting hello elsewhere" in out
    assert "twice: 30" in out
    assert "load run in" in typed(failed, "", "load", "--store", "../shared", cwd=here).out


def test_native_code_has_the_threads_that_it_had_in_the_worker(project: Project) -> None:
    project.file("tasks.py", "import os\ndef f():\n    print('threads', os.environ.get('OMP_NUM_THREADS'))\n")
    project.pipeline("steps: {a: {call: tasks:f}}").prun("run", "-j", "3", *LOKY)
    had = project.prun("logs", "a").out
    assert had != "threads None\n"
    assert project.prun("debug", "a").out.startswith(had)
    assert project.prun("debug", "a", env={"OMP_NUM_THREADS": "7"}).out.startswith("threads 7\n")


def test_names(failed: Project) -> None:
    assert "did you mean 'train[2]'" in failed.prun("debug", "train[22]", exit=2).err
    assert "there is no run" in failed.prun("debug", "train[2]", "--run", "2001", exit=2).err


def test_secrets_are_masked_in_what_is_told(project: Project) -> None:
    project.file("tasks.py", "def use(token): raise ValueError(f'token {token}')")
    project.pipeline(
        "secrets: {TOKEN: env:TOKEN}\nsteps: {use: {call: tasks:use, inputs: {token: secrets.TOKEN}}}"
    )
    env = {"TOKEN": "swordfish"}
    project.prun("run", exit=1, env=env)
    result = project.prun("debug", "use", exit=1, env=env)
    assert "ValueError: token ***" in result.out
    assert "swordfish" not in result.text


def test_python(failed: Project) -> None:
    failed.python(
        """
        from pipeline_runner import Run, RunFailed
        run = Run.latest()
        assert run.inputs("train[3]")["model"].n == 3
        done = run.debug("train[3]")
        assert done["twice"] == 30
        try:
            run.debug("train[2]")
        except RunFailed as error:
            assert "no 20" in str(error)
        else:
            raise AssertionError
        """
    )


def test_kept_when_asked(failed: Project) -> None:
    failed.edit("tasks.py", "if model.n == 2:", "if model.n == 5:")
    result = failed.prun("debug", "train[2]", "--keep")
    assert "run" in result.out
    assert failed.calls().count("train") >= 2
    again = failed.run("--backend", "loky")
    assert again.json["counts"]["succeeded"] == 0
    assert failed.calls() == []


def test_nothing_is_kept_of_a_task_that_failed_again(failed: Project) -> None:
    failed.prun("debug", "train[2]", "--keep", exit=1)
    assert failed.run("--backend", "loky", exit=1).json["counts"]["failed"] == 1
