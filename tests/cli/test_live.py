"""What can be followed while a run goes on: events, logs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from harness import Project

TASKS = """
import os, sys, time, subprocess
def talk(n):
    print("hello", n)
    print("to stderr", file=sys.stderr)
    return n
def slow():
    print("first line", flush=True)
    subprocess.run(["sh", "-c", "echo from a child"])
    deadline = time.time() + 30
    while not os.path.exists("go") and time.time() < deadline:
        time.sleep(0.02)
    print("last line")
"""
SCHEMA = Path(__file__).parents[2] / "schemas" / "events.schema.json"
LOKY = ("--backend", "loky")


def made(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(
        "steps: {talk: {call: tasks:talk, foreach: [1, 2], inputs: {n: item}}}"
    )


def waits_for(what, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_events_of_a_run(project: Project) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    made(project)
    for kind in ("tasks_succeeded", "tasks_reused"):
        project.run("--events", "events.jsonl")
        lines = [json.loads(line) for line in project.text("events.jsonl").splitlines()]
        for line in lines:
            validator.validate(line)
        names = [line["event"] for line in lines]
        assert (names[0], names[-1]) == ("run_started", "run_finished")
        assert kind in names
    assert "cannot write" in project.run("--events", "no/such/file", exit=2).err


def test_a_run_can_be_told_again_from_its_record(project: Project) -> None:
    made(project).run()
    project.python(
        """
        from pipeline_runner import Run
        from pipeline_runner.view.summary import fold
        run = Run.latest()
        summary = fold(run.events)
        assert summary.status == "succeeded", summary.status
        assert summary.counts["succeeded"] == 2
        assert [summary.step("talk").task(k) for k in range(2)] == ["talk[1]", "talk[2]"]
        """
    )


def test_logs_with_the_tasks_names(project: Project) -> None:
    made(project)
    err = project.prun("run", "--logs", *LOKY).err
    for n in (1, 2):
        assert f"talk[{n}] | hello {n}\n" in err
        assert f"talk[{n}] | to stderr\n" in err
    assert err.count("hello 1") == 1
    made(project).edit("tasks.py", "hello", "goodbye")
    assert "goodbye" not in project.prun("run", *LOKY).err


def test_logs_come_while_a_task_runs(project: Project) -> None:
    project.file("tasks.py", TASKS).pipeline("steps: {slow: {call: tasks:slow}}")
    with open(project.folder / "err.txt", "wb") as err:
        import subprocess

        from harness import command

        process = subprocess.Popen(
            [*command(), "run", "--logs", *LOKY], cwd=project.folder, env=project.environment(),
            stdout=subprocess.DEVNULL, stderr=err,
        )  # fmt: skip
        try:
            waits_for(lambda: "slow | from a child\n" in project.text("err.txt"))
            assert "last line" not in project.text("err.txt")
        finally:
            project.file("go")
            process.wait(60)
    text = project.text("err.txt")
    assert text.count("slow | first line\n") == text.count("slow | last line\n") == 1


def test_follow_a_run_of_another_terminal(project: Project) -> None:
    project.file("tasks.py", TASKS).pipeline("steps: {slow: {call: tasks:slow}}")
    run = project.start("run", *LOKY)
    try:
        waits_for(lambda: "running" in project.prun("runs").out)
        waits_for(lambda: "from a child" in project.prun("logs", "slow").out)
        follower = project.start("logs", "slow", "--follow")
        time.sleep(0.5)
        assert follower.poll() is None, "it goes on"
    finally:
        project.file("go")
    assert project.finish(run).exit == 0
    followed = project.finish(follower)
    assert followed.out == "first line\nfrom a child\nlast line\n"
    assert project.prun("logs", "slow", "--follow").out == followed.out


def test_follow_the_items_of_a_step(project: Project) -> None:
    made(project).prun("run", *LOKY)
    out = project.prun("logs", "talk", "--follow").out
    assert "talk[1] | hello 1\n" in out
    assert "talk[2] | hello 2\n" in out
