"""on_success and on_failure: called after a run with its summary, and never part of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import pytest
from harness import Project, ran, reused

TASKS = """\
import json, os, sys, time
from pathlib import Path

from calls import called

def good(x): return x
def bad(x):
    if x == 2: raise ValueError("two is no good")
    return x
def hang():
    Path("begun").touch()
    time.sleep(600)

def keep(summary):
    called("keep")
    Path("summary.json").write_text(json.dumps(summary))
    return lambda: "nothing that could be stored"
def second(summary): called(f"second {summary['status']}")
def record(summary):
    from pipeline_runner import Run
    called(f"record {Run.load(summary['run_id']).status}")
def breaks(summary):
    called("breaks")
    raise RuntimeError("the mail server is away")
def dies(summary): os._exit(7)
def leaves(summary):
    print("told before it left")
    sys.exit(3)
def environment(summary):
    named = ("CHANNEL", "RUN", "ITEM", "DEEP")
    Path("env.json").write_text(json.dumps({n: os.environ.get(n) for n in named}))
def hangs(summary): time.sleep(600)
def noisy(summary): print("sent", summary["status"], "to everybody")
def tampers(summary):
    summary.clear()
    os.environ["CHANNEL"] = "changed"
    os.chdir("/")
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


def pipeline(tasks: Project, hooks: str, step: str = "{call: tasks:good, with: {x: 1}}") -> Project:
    return tasks.pipeline(f"{hooks}\nsteps: {{a: {step}}}")


FAILING = "{call: tasks:bad, foreach: [1, 2], inputs: {x: item}}"


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_after_a_success_the_summary_is_told(tasks: Project, backend: str) -> None:
    pipeline(tasks, "on_success: tasks:keep\non_failure: tasks:second")
    result = tasks.run("--backend", backend)
    assert tasks.calls() == ["keep"]
    summary: dict[str, Any] = tasks.data("summary.json")
    assert summary["run_id"] == result.json["run_id"]
    assert summary["counts"] == result.json["counts"]
    assert (summary["pipeline"], summary["status"], summary["failed"]) == ("demo", "succeeded", [])
    assert summary["seconds"] >= 0
    assert abs(summary["started"] - time.time()) < 3600


def test_after_a_failure_the_failed_tasks_are_named(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:second\non_failure: [tasks:keep]", FAILING)
    tasks.run(exit=1)
    assert tasks.calls() == ["keep"]
    summary = tasks.data("summary.json")
    assert summary["status"] == "failed"
    assert summary["failed"] == [{"id": "a[2]", "error": "ValueError: two is no good"}]


def test_all_of_a_list_are_called_and_the_record_is_closed_by_then(tasks: Project) -> None:
    pipeline(tasks, "on_success: [tasks:breaks, tasks:second, tasks:record]")
    result = tasks.run()
    assert sorted(tasks.calls()) == ["breaks", "record succeeded", "second succeeded"]
    assert result.json["status"] == "succeeded"


def test_a_fully_reused_run_is_a_success_too(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:second")
    tasks.run()
    assert reused(tasks.run()) == {"a"}
    assert tasks.calls() == ["second succeeded", "second succeeded"]
    assert tasks.plan().json["summary"]["reuse"] == 1
    assert tasks.calls() == []


@pytest.mark.parametrize("hook", ["breaks", "dies"])
def test_a_hook_that_fails_is_told_and_changes_nothing(tasks: Project, hook: str) -> None:
    pipeline(tasks, f"on_success: tasks:{hook}\non_failure: tasks:second")
    result = tasks.run("--backend", "loky")
    words = {"breaks": "the mail server is away", "dies": "exited with code 7"}[hook]
    assert f"on_success (tasks:{hook}) failed" in result.err
    assert words in result.err
    assert result.json["counts"]["failed"] == 0
    assert set(result.tasks) == {"a"}
    assert "second" not in tasks.calls()
    assert reused(tasks.run("--backend", "loky")) == {"a"}


def test_a_hook_gets_the_pipeline_s_env(tasks: Project) -> None:
    tasks.pipeline("""
        params: {where: {channel: [general, ops]}}
        env:
          CHANNEL: "#${{ params.where.channel.1 }}"
          RUN: "${{ run.id }}"
          ITEM: "${{ item }}"
          DEEP: plain
        on_success: tasks:environment
        steps: {a: {call: tasks:good, foreach: [1], inputs: {x: item}}}
        """)
    result = tasks.run("--backend", "loky")
    assert tasks.data("env.json") == {
        "CHANNEL": "#ops", "RUN": result.json["run_id"], "ITEM": None, "DEEP": "plain",
    }  # fmt: skip


def test_one_hook_does_not_change_what_the_next_one_gets(tasks: Project) -> None:
    pipeline(tasks, "env: {CHANNEL: ops}\non_success: [tasks:tampers, tasks:environment, tasks:keep]")
    tasks.run("--backend", "loky", "-j", "1")
    assert tasks.data("env.json")["CHANNEL"] == "ops"
    assert tasks.data("summary.json")["status"] == "succeeded"


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_hook_that_leaves_python_is_a_hook_that_failed(tasks: Project, backend: str) -> None:
    pipeline(tasks, "on_success: [tasks:leaves, tasks:second]")
    result = tasks.run("--backend", backend)
    assert "on_success (tasks:leaves) failed: SystemExit: 3" in result.err
    assert tasks.calls() == ["second succeeded"]


def test_what_a_hook_prints_is_told_if_asked_for_and_stays_out_of_stdout(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:noisy")
    assert "to everybody" not in tasks.run().text
    result = tasks.run("-v")
    assert "sent succeeded to everybody" in result.err
    assert result.json["status"] == "succeeded"


def test_a_hook_that_hangs_is_stopped(tasks: Project) -> None:
    pipeline(tasks, "on_success: [tasks:hangs, tasks:second]")
    found = tasks.python(
        """
        from pipeline_runner import Pipeline
        from pipeline_runner.engine import hooks

        if __name__ == "__main__":
            hooks.HOOK_SECONDS = 0.5
            seen = []
            run = Pipeline.load("pipeline.yaml").run(jobs=1, observers=[seen.append])
            assert run.status == "succeeded"
            for event in seen:
                if type(event).__name__ == "HookEnded":
                    print(event.call, event.error and event.error.message)
        """
    )
    assert found.out.splitlines() == ["tasks:hangs timed out after 500ms", "tasks:second None"]


def test_hooks_are_no_part_of_any_key(tasks: Project) -> None:
    pipeline(tasks, "")
    tasks.run()
    pipeline(tasks, "on_success: tasks:second\non_failure: tasks:second")
    assert reused(tasks.run()) == {"a"}


def test_an_edited_hook_is_the_one_that_is_called(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:second")
    tasks.run()
    tasks.edit("tasks.py", "second {summary['status']}", "edited {summary['status']}")
    assert ran(tasks.run()) == set()
    assert tasks.calls() == ["second succeeded", "edited succeeded"]


@pytest.mark.parametrize("key", ["on_success", "on_failure"])
def test_a_hook_that_is_not_there_is_told_before_the_run(tasks: Project, key: str) -> None:
    pipeline(tasks, f"{key}: tasks:notfy")
    for command in ("run", "check"):
        result = tasks.prun(command, exit=2)
        assert "notfy" in result.err
        assert "pipeline.yaml:1:" in result.err
    pipeline(tasks, f"{key}: 3")
    assert f"{key} must be" in tasks.prun("run", exit=2).err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_nothing_is_called_after_an_interrupted_run(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:keep\non_failure: tasks:keep", "{call: tasks:hang}")
    process = tasks.start("run")
    end = time.monotonic() + 60
    while not tasks.has("begun") and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGINT)
    assert tasks.finish(process, "run").exit == 130
    assert tasks.calls() == []


def test_a_test_of_the_pipeline_that_publishes_nothing_calls_nobody(tasks: Project) -> None:
    pipeline(tasks, "on_success: tasks:keep")
    tasks.python(
        """
        from pipeline_runner import Pipeline
        run = Pipeline.load("pipeline.yaml").run(backend="sequential", publish=False)
        assert run.status == "succeeded"
        """
    )
    assert tasks.calls() == []
