"""Resources, pools and limits of failures: what runs at once, and when it is enough."""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

import pytest
from harness import Project, having, ran, reused, statuses

TASKS = """\
import time

from calls import called

def work(**given):
    called("begin " + " ".join(f"{k}={v}" for k, v in sorted(given.items())))
    time.sleep(0.15)
    called("end")
    return given
def add(x):
    time.sleep(0.11)  # tiny tasks would go to a worker several at a time
    called(f"add {x}")
    if x < 0:
        raise ValueError(f"negative: {x}")
    return x
def total(xs): return sum(xs)
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


def most_at_once(tasks: Project) -> int:
    now = most = 0
    for what in tasks.calls():
        now += 1 if what.startswith("begin") else -1
        most = max(most, now)
    return most


# --- resources


@pytest.mark.parametrize(
    ("top", "step", "most"),
    [
        ("executor: {workers: 4}", "resources: {cpus: 2}", 2),
        ("executor: {workers: 2}", "resources: {cpus: 64}", 1),  # all there are, never more
        ("executor: {workers: 4, cpus: 3}", "resources: {cpus: 1.5}", 2),
        ("executor: {workers: 4, cpus: 1}", "tags: [x]", 1),  # who says nothing takes one
        ("executor: {workers: 4, memory: 4GiB}", "resources: {memory: 2GiB}", 2),
        ("executor: {workers: 4, gpus: 1}", "resources: {gpus: 1}", 1),
        ("executor: {workers: 4}\nparams: {p: 3}", "resources: {cpus: '${{ params.p }}'}", 1),
        (
            "executor: {workers: 4, memory: 4GiB}\nparams: {p: 3}",
            "resources: {memory: '${{ params.p }}GiB'}",
            1,
        ),
        ("executor: {workers: 4}\npools: {db: 2}", "pool: db", 2),
        ("executor: {workers: 4}\npools: {db: 3}", "pools: {db: 2}", 1),
        ("executor: {workers: 4}\ndefaults: {resources: {cpus: 3}}", "tags: [x]", 1),
    ],
)
def test_no_more_tasks_at_once_than_there_is_room_for(tasks: Project, top: str, step: str, most: int) -> None:
    tasks.pipeline(
        f"{top}\nsteps:\n  f: {{call: tasks:work, foreach: [1, 2, 3, 4, 5], inputs: {{x: item}}, {step}}}\n"
    )
    result = tasks.run("--backend", "threading")
    assert len(ran(result)) == 5
    assert most_at_once(tasks) <= most


def test_a_pool_counts_the_tasks_of_all_steps_that_name_it(tasks: Project) -> None:
    tasks.pipeline(
        """
        pools: {db: 1}
        executor: {workers: 4}
        steps:
          a: {call: tasks:work, foreach: [1, 2], inputs: {x: item}, pool: db}
          b: {call: tasks:work, foreach: [3, 4], inputs: {x: item}, pool: db}
        """
    )
    assert len(ran(tasks.run("--backend", "threading"))) == 4
    assert most_at_once(tasks) == 1


def test_jobs_of_the_command_line_are_the_slots(tasks: Project) -> None:
    tasks.pipeline(
        "steps: {f: {call: tasks:work, foreach: [1, 2, 3], inputs: {x: item}, resources: {cpus: 2}}}"
    )
    tasks.run("--backend", "threading", "-j", "3")
    assert most_at_once(tasks) == 1


def test_resources_are_no_part_of_the_key(tasks: Project) -> None:
    tasks.pipeline("steps: {a: {call: tasks:add, with: {x: 1}}}")
    tasks.run()
    tasks.pipeline(
        "pools: {db: 1}\nsteps: {a: {call: tasks:add, with: {x: 1}, resources: {cpus: 4}, pool: db}}"
    )
    assert reused(tasks.run()) == {"a"}


@pytest.mark.parametrize(
    ("top", "step", "words"),
    [
        (
            "executor: {gpus: 0}",
            "resources: {gpus: 1}",
            ["asks for 1 gpus", "the executor has none", "executor: {gpus: 1}"],
        ),
        ("executor: {gpus: 1}", "resources: {gpus: 2}", ["asks for 2 gpus", "the executor has 1"]),
        ("executor: {memory: 1GiB}", "resources: {memory: 2GiB}", ["asks for 2.0 GiB", "1.0 GiB"]),
        ("params: {m: lots}", "resources: {memory: '${{ params.m }}'}", ["memory", "'lots'"]),
        ("params: {n: -1}", "resources: {cpus: '${{ params.n }}'}", ["cpus", "0 or more"]),
        ("", "pool: db", ["no pool 'db'", "pools: {db: 1}"]),
        ("pools: {data: 1}", "pool: dat", ["no pool 'dat'", "did you mean 'data'"]),
        ("pools: {db: 1}", "pools: {db: 2}", ["2 places", "'db'", "which has 1"]),
        ("pools: {db: 0}", "pool: db", ["db", "1 or more"]),
    ],
)
def test_what_can_never_run_is_told_before_the_run(
    tasks: Project, top: str, step: str, words: list[str]
) -> None:
    tasks.pipeline(f"{top}\nsteps:\n  a: {{call: tasks:add, with: {{x: 1}}, {step}}}\n")
    for command in ("run", "check"):
        result = tasks.prun(command, exit=2)
        assert "pipeline.yaml:" in result.err
        for word in words:
            assert word in result.text, result
    assert tasks.calls() == []


# --- max_failures


def numbers(tasks: Project, xs: list[int], policy: str) -> None:
    tasks.pipeline(
        f"""
        params: {{xs: {xs}}}
        steps:
          f: {{call: tasks:add, foreach: params.xs, inputs: {{x: item}}, {policy}}}
          all: {{call: tasks:total, inputs: {{xs: f}}}}
        """
    )


@pytest.mark.parametrize("policy", ["max_failures: 2, on_error: skip", "max_failures: 34%, on_error: skip"])
def test_so_many_items_may_fail(tasks: Project, policy: str) -> None:
    numbers(tasks, [-1, 1, -2, 2, 3, 4], policy)
    result = tasks.run()
    assert having(result, "failed") == {"f[-1]", "f[-2]"}
    assert "all" in ran(result)


@pytest.mark.parametrize(
    "policy",
    ["max_failures: 1, on_error: skip", "max_failures: 20%, on_error: skip", "max_failures: 2", "max_failures: 33.4%"],
)  # fmt: skip
def test_too_many_failures_end_the_step_and_spare_the_rest(tasks: Project, policy: str) -> None:
    numbers(tasks, [-1, 1, -2, 2, 3, 4], policy)
    result = tasks.run(exit=1)
    assert statuses(result) == {
        "f[-1]": "failed", "f[1]": "succeeded", "f[-2]": "failed",
        "f[2]": "cancelled", "f[3]": "cancelled", "f[4]": "cancelled",
        "all": "blocked",
    }  # fmt: skip
    assert tasks.calls() == ["add -1", "add 1", "add -2"]
    assert "f: too many failed: 2 of 6; 3 tasks not started" in result.err
    assert result.json["status"] == "failed"


def test_the_rest_runs_when_the_cause_is_mended(tasks: Project) -> None:
    numbers(tasks, [-1, 1, 2], "max_failures: 0, on_error: skip")
    tasks.run(exit=1)
    tasks.edit("tasks.py", "x < 0", "x < -9")
    assert ran(tasks.run()) == {"f[-1]", "f[1]", "f[2]", "all"}


def test_on_a_plain_step_there_is_nothing_to_limit(tasks: Project) -> None:
    tasks.pipeline("steps: {a: {call: tasks:add, with: {x: 1}, max_failures: 2}}")
    result = tasks.prun("run", exit=2)
    assert "max_failures has nothing to limit" in result.err


@pytest.mark.parametrize(
    "asked", ["{gpus: 1}", "{memory: 900GiB}", "{cpus: '${{ item }}', memory: '${{ item }}GiB'}"]
)
def test_what_nobody_counted_limits_nothing(tasks: Project, asked: str) -> None:
    """The same file runs on a laptop: what the executor does not say is not refused."""
    tasks.pipeline(
        f"steps: {{a: {{call: tasks:work, foreach: [1, 2], inputs: {{x: item}}, resources: {asked}}}}}"
    )
    assert tasks.run("--backend", "threading").json["status"] == "succeeded"
