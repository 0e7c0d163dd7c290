"""Two runs over one store at the same time: never wrong, and nothing of some length computed twice."""

from __future__ import annotations

import json
import time

import pytest
from harness import Project, kill_group, statuses

CODE = """
import os, time
import calls

def load(n):
    calls.called("load")
    time.sleep(0.4)
    return list(range(n))

def work(x):
    calls.called(f"work {x}")
    time.sleep(0.3)
    return x * x

def total(xs):
    calls.called("total")
    time.sleep(0.3)
    return sum(xs)

def long(x):
    calls.called(f"long {os.getpid()}")
    while not os.path.exists("go"):
        time.sleep(0.01)
    return x

def fails(x):
    calls.called("fails")
    time.sleep(0.5)
    raise ValueError("always")
"""
PIPELINE = """
steps:
  load: {call: "work:load", with: {n: 6}}
  work: {call: "work:work", foreach: load, inputs: {x: item}}
  total: {call: "work:total", inputs: {xs: work}}
"""


@pytest.fixture
def demo(project: Project) -> Project:
    return project.file("work.py", CODE).pipeline(PIPELINE)


def until_called(project: Project, what: str, times: int = 1) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if project.log.exists() and project.log.read_text().count(what) >= times:
            return
        time.sleep(0.01)
    raise AssertionError(f"{what} was not called")


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential", "multiprocessing"])
def test_a_task_that_one_run_computes_is_awaited_by_the_other(demo: Project, backend: str) -> None:
    args = ["run", "--json", "--backend", backend, "-j", "2"]
    processes = [demo.start(*args) for _ in range(3)]
    results = [demo.finish(p, *args) for p in processes]
    assert [r.exit for r in results] == [0, 0, 0], results
    assert all(set(statuses(r).values()) <= {"succeeded", "reused"} for r in results)
    assert sorted(demo.calls()) == sorted(["load", "total", *(f"work {x}" for x in range(6))])
    assert demo.prun("show", "total", "--json").json["outputs"][0]["preview"] == "55"
    assert {path.name for path in (demo.folder / ".prun" / "locks").iterdir()} <= {"tasks"}


def test_who_waits_for_a_run_that_is_killed_computes_it(demo: Project) -> None:
    demo.pipeline('steps:\n  long: {call: "work:long", with: {x: 7}}\n')
    args = ["run", "--json", "-j", "1"]
    first = demo.start(*args)
    until_called(demo, "long")
    second = demo.start(*args)
    time.sleep(1.5)
    assert len(demo.log.read_text().splitlines()) == 1  # the second one waits
    kill_group(first)
    until_called(demo, "long", 2)
    demo.file("go")
    result = demo.finish(second, *args)
    assert statuses(result) == {"long": "succeeded"}
    assert len(demo.calls()) == 2


def test_a_task_that_fails_in_one_run_is_tried_by_the_other(demo: Project) -> None:
    demo.pipeline('steps:\n  fails: {call: "work:fails", with: {x: 7}}\n')
    args = ["run", "--json", "-j", "1"]
    processes = [demo.start(*args) for _ in range(2)]
    results = [demo.finish(p, *args) for p in processes]
    assert [r.exit for r in results] == [1, 1]
    assert demo.calls() == ["fails", "fails"]


def test_waiting_does_not_count_as_the_task_s_time(demo: Project) -> None:
    demo.pipeline('steps:\n  long: {call: "work:long", with: {x: 7}}\n')
    args = ["run", "--json", "-j", "1"]
    first = demo.start(*args)
    until_called(demo, "long")
    demo.pipeline('steps:\n  long: {call: "work:long", with: {x: 7}, timeout: 2s}\n')
    second = demo.start(*args)
    time.sleep(3.5)
    demo.file("go")
    assert statuses(demo.finish(first, *args)) == {"long": "succeeded"}
    assert statuses(demo.finish(second, *args)) == {"long": "succeeded"}
    assert len(demo.calls()) == 1


def test_forced_and_uncached_tasks_wait_for_nobody(demo: Project) -> None:
    demo.pipeline('steps:\n  long: {call: "work:long", with: {x: 7}}\n')
    args = ["run", "--json", "-j", "1"]
    first = demo.start(*args)
    until_called(demo, "long")
    second = demo.start(*args, "--force", "long")
    until_called(demo, "long", 2)
    demo.file("go")
    assert {demo.finish(p, *args).exit for p in (first, second)} == {0}


def collect(project: Project, *args: str) -> None:
    result = project.prun("cache", "gc", "--keep-runs", "0", *args, exit=None)
    assert result.exit == 0 or "there is no store" in result.err, result


def test_gc_beside_a_run_takes_nothing_from_it(demo: Project) -> None:
    args = ["run", "--json", "-j", "2"]
    for n in range(2):
        demo.pipeline(PIPELINE.replace("n: 6", f"n: {6 + n}"))
        process = demo.start(*args)
        while process.poll() is None:
            collect(demo)
        result = demo.finish(process, *args)
        assert result.exit == 0
        assert set(statuses(result).values()) <= {"succeeded", "reused"}
    assert len([c for c in demo.calls() if c.startswith("work")]) == 7


def test_gc_without_any_grace_beside_a_run_is_never_wrong(demo: Project) -> None:
    """It may take what the run has just made: that is computed again then."""
    args = ["run", "--json", "-j", "2"]
    process = demo.start(*args)
    while process.poll() is None:
        collect(demo, "--grace", "0s")
    result = demo.finish(process, *args)
    assert result.exit == 0, result
    assert demo.run().exit == 0
    assert demo.prun("show", "total", "--json").json["outputs"][0]["preview"] == "55"


@pytest.mark.parametrize("count", [3, 1500])
def test_what_another_run_forces_meanwhile_reaches_its_readers(project: Project, count: int) -> None:
    """Its reader was made from what the first run found before: that one must not leave that all is well."""
    project.file(
        "work.py",
        """
        import subprocess, sys
        from pathlib import Path

        def one(x): return [x, Path("value").read_text()]
        def pause(p):
            if p == 2:
                run = [sys.executable, "-m", "pipeline_runner", "run", "-q", "-p", "p=2"]
                subprocess.run([*run, "-s", "one", "--force", "one"], check=True)
            return p
        def total(ones, paused): return sorted({value for _, value in ones})
        """,
    )
    project.pipeline(
        f"""
        params: {{p: 1}}
        executor: {{backend: threading, workers: 1}}
        steps:
          one: {{call: "work:one", foreach: {list(range(count))}, inputs: {{x: item}}}}
          pause: {{call: "work:pause", needs: [one], inputs: {{p: params.p}}}}
          total: {{call: "work:total", inputs: {{ones: one, paused: pause}}, publish: total.json}}
        """
    )
    told = project.folder / "total.json"
    project.file("value", "old").run()
    project.run()
    project.file("value", "new").run("-p", "p=2")
    assert json.loads(told.read_text()) == ["old"]
    project.run("-p", "p=2")
    assert json.loads(told.read_text()) == ["new"]
    assert project.run("-p", "p=2").json["counts"]["reused"] == count + 2
