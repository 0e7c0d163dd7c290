"""Backends of joblib beside prun's own: named in the file or on the command line, refused before a run."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from harness import Project, kill_group, ran, reused, statuses

TASKS = """\
import os, sys, time
from pathlib import Path

from calls import called

def note(x):
    called(f"note {x}")
    print("noted", x)
    return x
def add(xs):
    called("add")
    return sum(xs)
def fail(x):
    raise ValueError(f"no {x}")
def hang():
    Path("begun").touch()
    time.sleep(600)
def variable(): return os.environ.get("PRUN_TEST")
"""

CLUSTER = """
from pathlib import Path
Path("cluster-was-imported").touch()
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    project.file("tasks.py", TASKS)
    theirs = Path(__file__).parent.parent.joinpath("joblib_backends.py").read_text()
    project.file("cluster.py", theirs + CLUSTER.replace('"cluster', f'"{project.folder.as_posix()}/cluster'))
    project.pipeline(
        """
        executor: {workers: 2}
        steps:
          first: {call: tasks:note, foreach: [1, 2, 3], inputs: {x: item}}
          sum: {call: tasks:add, inputs: {xs: first}}
        """
    )
    return project


ALL = {"first[1]", "first[2]", "first[3]", "sum"}
OTHERS = ("multiprocessing", "cluster:strange-processes", "cluster:strange-threads", "cluster:older")


@pytest.mark.parametrize("backend", OTHERS)
def test_a_pipeline_runs_and_is_reused_on_any(tasks: Project, backend: str) -> None:
    assert ran(tasks.run("--backend", backend)) == ALL
    assert sorted(tasks.calls()) == ["add", "note 1", "note 2", "note 3"]
    assert tasks.prun("logs", "first[2]").out.strip().endswith("noted 2")
    assert reused(tasks.run("--backend", backend)) == ALL
    assert reused(tasks.run("--backend", "loky")) == ALL
    assert tasks.calls() == []


@pytest.mark.parametrize("backend", OTHERS)
def test_a_failure_is_the_tasks_own(tasks: Project, backend: str) -> None:
    tasks.pipeline(
        f"""
        executor: {{backend: {backend}, workers: 2}}
        steps:
          good: {{call: tasks:note, with: {{x: 1}}}}
          bad: {{call: tasks:fail, with: {{x: sesame-street}}}}
        secrets: {{WORD: file:word}}
        """
    ).file("word", "sesame-street")
    result = tasks.prun("run", "--json", exit=1)
    assert statuses(result) == {"good": "succeeded", "bad": "failed"}
    assert result.tasks["bad"]["error"] == "ValueError: no ***"
    assert "sesame" not in result.text


def without_joblib(tasks: Project, *args: str) -> str:
    """The heavy modules that a command imports."""
    script = (
        "import sys\nfrom pipeline_runner.cli.main import main\n"
        f"sys.argv = ['prun', *{args!r}]\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'joblib', 'loky', 'numpy', 'cluster'} & set(sys.modules)), file=sys.stderr)\n"
    )
    return tasks.python(script).err.splitlines()[-1]


@pytest.mark.parametrize("backend", ["multiprocessing", "cluster:strange-threads"])
def test_neither_a_plan_nor_a_reused_run_imports_it(tasks: Project, backend: str) -> None:
    tasks.edit("pipeline.yaml", "{workers: 2}", f"{{backend: {backend}, workers: 2}}")
    assert without_joblib(tasks, "plan") == "[]"
    tasks.prun("run")
    assert without_joblib(tasks, "plan") == "[]"
    assert without_joblib(tasks, "run") == "[]"
    tasks.remove("cluster.py")  # nobody looks
    assert reused(tasks.prun("run", "--json")) == ALL


def test_a_plan_does_not_run_the_module_that_registers_it(tasks: Project) -> None:
    tasks.edit("pipeline.yaml", "{workers: 2}", "{backend: 'cluster:strange-threads'}")
    tasks.prun("plan")
    assert not tasks.has("cluster-was-imported")
    tasks.prun("check")
    assert tasks.has("cluster-was-imported")


@pytest.mark.parametrize(
    ("backend", "message", "hint"),
    [
        ("lokky", "there is no backend 'lokky'", "loky, threading, sequential, multiprocessing"),
        ("dask", "the backend 'dask' is not built yet", "loky, threading, sequential, multiprocessing"),
        ("cluster:dusk", "the module cluster registers no joblib backend 'dusk'", "strange-threads"),
        ("clutter:dusk", "No module named 'clutter'", ""),
        ("cluster:", "'cluster:' is no backend's name", "MODULE:NAME"),
    ],
)
def test_a_name_that_is_none_is_told_before_anything_runs(
    tasks: Project, backend: str, message: str, hint: str
) -> None:
    result = tasks.prun("run", "--backend", backend, exit=2)
    assert message in result.err
    assert hint in result.err
    tasks.prun("run")
    tasks.calls()
    assert message in tasks.prun("run", "--backend", backend, exit=2).err  # though all could be reused
    tasks.edit("pipeline.yaml", "{workers: 2}", f"{{backend: '{backend}'}}")
    for command in ("check", "run"):
        told = tasks.prun(command, exit=2)
        assert message in told.err + told.out
        assert "pipeline.yaml:1:" in told.err + told.out
    assert tasks.calls() == []
    assert tasks.prun("runs", "--json").json["runs"][0]["status"] == "succeeded"


def test_one_that_cannot_be_opened_runs_nothing(tasks: Project) -> None:
    result = tasks.prun("run", "--backend", "cluster:gone", exit=2)
    assert "the backend 'cluster:gone' cannot be started: ConnectionError: no cluster" in result.err
    assert "CANCELLED" not in result.text  # nothing was
    assert tasks.calls() == []


def test_what_one_cannot_do_is_said(tasks: Project) -> None:
    text = """
        executor: {backend: BACKEND, workers: 2}
        steps:
          timed: {call: tasks:note, with: {x: 1}, timeout: 5s}
          lone: {call: tasks:variable, env: {PRUN_TEST: there}}
        """
    lax = "the backend 'cluster:{}' cannot stop a task: timeout has no effect"
    tasks.pipeline(text.replace("BACKEND", "multiprocessing"))
    assert "timeout" not in tasks.prun("check").text
    assert "timeout" not in tasks.prun("run").err
    tasks.pipeline(text.replace("BACKEND", "'cluster:strange-processes'"))
    assert lax.format("strange-processes") in tasks.prun("check").text
    told = tasks.prun("run", "--force", "timed", "--force", "lone", "--json")
    assert "timeout of timed has no effect: cluster:strange-processes cannot stop a task" in told.err
    assert ran(told) == {"timed", "lone"}
    tasks.pipeline(text.replace("BACKEND", "'cluster:threads'"))
    for command in ("check", "run"):
        told = tasks.prun(command, exit=2)
        assert "'lone' sets env, and the backend 'cluster:threads' cannot isolate it" in told.text
    tasks.pipeline(text.replace("BACKEND", "'cluster:strange-threads'"))  # which do not say what they are
    result = tasks.prun("run", "--force", "lone", "--json", exit=1)
    assert "none has an environment of its own" in result.tasks["lone"]["error"]


def test_a_hard_timeout_on_multiprocessing(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          hang: {call: tasks:hang, timeout: 1s}
          note: {call: tasks:note, with: {x: 1}}
        """
    )
    result = tasks.run("--backend", "multiprocessing", "-j", "2", exit=1)
    assert statuses(result) == {"hang": "failed", "note": "succeeded"}
    assert result.tasks["hang"]["error"] == "timed out after 1s"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_process_outlives_a_killed_runner(tasks: Project) -> None:
    tasks.pipeline("steps: {hang: {call: tasks:hang}}")
    temporary = tasks.folder.parent / "temporary"
    temporary.mkdir()
    process = tasks.start("run", "--backend", "multiprocessing", "-j", "3", env={"TMPDIR": str(temporary)})
    end = time.monotonic() + 30
    while not tasks.has("begun"):
        assert time.monotonic() < end, "the task does not begin"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    mark = f"CALLS={tasks.log}".encode()
    while left := [p for p in Path("/proc").iterdir() if p.name.isdigit() and mark in environment(p)]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.1)
    kill_group(process)
    assert [p.name for p in temporary.iterdir()] == []


def environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def test_one_that_a_script_registered(tasks: Project) -> None:
    result = tasks.python(
        "import cluster\nfrom pipeline_runner import Pipeline\n"
        "run = Pipeline.load().run(backend='strange-threads')\n"
        "print(run.status, run.counts['succeeded'])\n"
        "print(Pipeline.load().run(backend='strange-threads').counts['reused'])\n"
    )
    assert result.out.split() == ["succeeded", "4", "4"]


@pytest.mark.parametrize("backend", ["multiprocessing", "strange-threads"])
def test_workers_run_the_code_that_is_there_not_what_the_caller_had_imported(
    tasks: Project, backend: str
) -> None:
    tasks.file("deeper.py", "FACTOR = 2\n").file(
        "tasks.py", "import deeper\ndef note(x): return x * deeper.FACTOR\ndef add(xs): return sum(xs)\n"
    )
    result = tasks.python(
        "import cluster, tasks\nfrom pathlib import Path\nfrom pipeline_runner import Pipeline\n"
        f"def run(): return Pipeline.load().run(backend={backend!r}).output('sum')\n"
        "found = [run()]\n"
        "Path('deeper.py').write_text('FACTOR = 3\\n')\n"  # of the same size, and perhaps in the same second
        "found.append(run())\n"
        "Path('deeper.py').write_text('FACTOR = 2\\n')\n"
        "print(*found, run(), tasks.deeper.FACTOR)\n"
    )
    assert result.out.split() == ["12", "18", "12", "2"]
