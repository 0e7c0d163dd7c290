"""What can be followed while a run goes on: events, logs."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest
from harness import Project, kill_group

TASKS = """
import os, sys, time, subprocess
def talk(n):
    print("hello", n)
    print("to stderr", file=sys.stderr)
    return n
def slow():
    print("first line", flush=True)
    subprocess.run([sys.executable, "-c", "print('from a child')"])
    deadline = time.time() + 30
    while not os.path.exists("go") and time.time() < deadline:
        time.sleep(0.02)
    print("last line")
"""
SCHEMA = Path(__file__).parents[2] / "schemas" / "events.schema.json"
LOKY = ("--backend", "loky")
STATES = ("succeeded", "reused", "skipped", "failed", "blocked", "cancelled")


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


def test_a_run_says_at_its_start_what_its_remaining_time_is_made_of(project: Project) -> None:
    project.file("tasks.py", TASKS).pipeline(
        """
        steps:
          talk: {call: tasks:talk, foreach: [1, 2], inputs: {n: item}}
          last: {call: tasks:talk, inputs: {n: talk}}
        """
    )
    for _ in range(2):
        project.run("--events", "events.jsonl", "--force", "talk")
        began = json.loads(project.text("events.jsonl").splitlines()[0])
    assert began["tasks"] == {"talk": 2, "last": 1}
    assert began["needs"] == {"talk": [], "last": ["talk"]}
    assert began["expected"].keys() == {"talk", "last"}


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


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_logs_come_while_a_task_runs(project: Project, backend: str) -> None:
    project.file("tasks.py", TASKS).pipeline("steps: {slow: {call: tasks:slow}}")
    with open(project.folder / "err.txt", "wb") as err:
        import subprocess

        from harness import command

        process = subprocess.Popen(
            [*command(), "run", "--logs", "--backend", backend], cwd=project.folder,
            env=project.environment(), stdout=subprocess.DEVNULL, stderr=err,
        )  # fmt: skip
        try:
            line = "slow | first line\n" if backend == "threading" else "slow | from a child\n"
            waits_for(lambda: line in project.text("err.txt"))
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


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("backend", ["loky", "sequential"])
def test_a_run_that_was_killed_says_so(project: Project, backend: str) -> None:
    project.file("tasks.py", TASKS).pipeline(
        "steps: {talk: {call: tasks:talk, foreach: [1, 2], inputs: {n: item}},"
        " slow: {call: tasks:slow, needs: [talk]}}"
    )
    run = project.start("run", "--backend", backend)
    try:
        waits_for(lambda: "first line" in project.prun("logs", "slow", exit=None).out)
        assert " running " in project.prun("runs").out
        shown = project.prun("show").out
        assert re.search(r" running for \d.* s: 2 run, 1 running\n", shown)
        assert re.search(r"slow +running", shown)
        assert "talk[1] run" in project.prun("debug", "talk[1]").out  # of a run that goes on, too
        follower = project.start("logs", "slow", "--follow")
        time.sleep(0.5)
        assert follower.poll() is None, "the run is there"
    finally:
        kill_group(run)
    followed = project.finish(follower)
    assert followed.exit == 0
    assert followed.out == "first line\nfrom a child\n"
    assert re.fullmatch(r"Run \S+ was killed: nothing more comes\n", followed.err)
    assert " killed " in project.prun("runs").out
    shown = project.prun("show").out
    assert "killed" in shown
    assert re.search(r" killed: 2 run, 1 unfinished\n", shown)
    assert re.search(r"talk +2 run", shown)
    assert re.search(r"slow +unfinished", shown)
    assert project.prun("show", "--json").json["status"] == "killed"
    (listed,) = project.prun("runs", "--json").json["runs"]
    assert listed["counts"] == {**dict.fromkeys(STATES, 0), "succeeded": 2}
    assert listed["run_id"] == listed["id"]


WORK = """
import os, time
class Thing:
    def __init__(self, v):
        self.v = v
def start(n):
    print("start of", n)
    return Thing(n)
def part(x, y):
    print("part", y)
    if y == 2:
        raise ValueError("no two")
    return x.v * y
def stable(x):
    return 7
def after(parts, s):
    print("after", parts, s)
    return s
def slow(x, y):
    print("slow with", x, y.v, flush=True)
    deadline = time.time() + 60
    while not os.path.exists("go") and time.time() < deadline:
        time.sleep(0.02)
    return x
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("backend", ["loky", "sequential"])
@pytest.mark.parametrize("reuse", [False, True], ids=["computed", "reused"])
def test_a_run_that_was_killed_can_be_looked_at(project: Project, backend: str, reuse: bool) -> None:
    project.file("work.py", WORK).pipeline(
        """
        params: {n: 3}
        steps:
          start: {call: work:start, inputs: {n: params.n}}
          part: {call: work:part, foreach: [1, 2, 3], inputs: {x: start, y: item}, on_error: skip}
          stable: {call: work:stable, inputs: {x: start}, cache: false}
          after: {call: work:after, inputs: {parts: part, s: stable}}
          slow: {call: work:slow, inputs: {x: after, y: start}}
        """
    )
    if reuse:
        project.file("go").run()
        project.remove("go")
    run = project.start("run", "--backend", backend, "--force", "slow")
    try:
        waits_for(lambda: "slow with" in project.prun("logs", "slow", exit=None).out)
        waits_for(lambda: re.search(r"slow +running", project.prun("show").out))
        time.sleep(2.5)  # until what was reused since the last note is noted
    finally:
        kill_group(run)
    shown = project.prun("show", "--json").json
    assert shown["status"] == "killed"
    before = "reused" if reuse else "succeeded"
    assert {t["id"]: t["status"] for t in shown["tasks"]} == {
        "start": before, "part[1]": before, "part[2]": "failed", "part[3]": before,
        "stable": "succeeded", "after": before, "slow": "unfinished",
    }  # fmt: skip
    assert "v = 3" in project.prun("show", "start").out
    assert "after, int, 1 B: 7" in project.prun("show", "after").out
    for task in ("part[1]", "part[2]"):
        assert f"part {task[5]}\n" in project.prun("logs", task).out
    assert "part[1] run in" in project.prun("debug", "part[1]").out
    assert "no two" in project.prun("debug", "part[2]", exit=1).out
    assert "after [3, 9] 7" in project.prun("debug", "after").out
    project.file("go")
    again = project.prun("debug", "slow")
    assert "slow with 7 3" in again.out
    project.python(
        """
        from pipeline_runner import Run
        run = Run.latest()
        assert run.status == "killed"
        assert run.output("part") == [3, 9], run.output("part")
        assert run.inputs("slow")["x"] == 7
        assert run.params == {"n": 3}
        """
    )
    assert project.run("--force", "slow").json["status"] == "succeeded"
    assert not [
        path
        for path in project.stored_files()
        if path.name == "reached.json" and path.parent.name != shown["run_id"]
    ]


def test_logs_of_a_reused_task_say_where_they_come_from(project: Project) -> None:
    project.file("tasks.py", TASKS).file("more.py", "def quiet(ns):\n    return sum(ns)\n").pipeline(
        "steps: {talk: {call: tasks:talk, foreach: [1, 2], inputs: {n: item}},"
        " quiet: {call: more:quiet, inputs: {ns: talk}}}"
    )
    first = project.run().json["run_id"]
    here = project.prun("logs", "talk[1]")
    assert (here.out, here.err) == ("hello 1\nto stderr\n", "")
    assert project.prun("logs", "quiet").err == f"quiet printed nothing in run {first}\n"
    project.edit("tasks.py", '"first line"', '"other line"')  # which talk does not reach
    second = project.run().json["run_id"]
    again = project.prun("logs", "talk[1]")
    assert again.out == here.out
    assert again.err == f"Printed in run {first} as talk[1], whose result run {second} reused:\n"
    assert f"==> talk[2] <== (in run {first} as talk[2]" in project.prun("logs", "talk").err
    silent = project.prun("logs", "quiet").err
    assert silent == f"quiet printed nothing in run {first} as quiet, whose result run {second} reused\n"


def test_a_run_on_threads_says_once_that_timeouts_do_nothing(project: Project) -> None:
    made(project)
    pipeline = project.text("pipeline.yaml").replace("foreach", "timeout: 5s, foreach")
    project.pipeline(pipeline)
    err = project.prun("run", "--backend", "threading").err
    assert err.count("warning: the timeout of talk has no effect: threads cannot be stopped") == 1
    assert project.prun("run", "--backend", "threading").err == ""
    assert "timeout" not in project.prun("run", "--backend", "sequential", "--force", "talk").err
