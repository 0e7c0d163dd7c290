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
        ("executor: {workers: 4, memory: 4GiB}\nparams: {p: 3}", "resources: {memory: '${{ params.p }}GiB'}", 1),
        ("executor: {workers: 4}\npools: {db: 2}", "pool: db", 2),
        ("executor: {workers: 4}\npools: {db: 3}", "pools: {db: 2}", 1),
        ("executor: {workers: 4}\ndefaults: {resources: {cpus: 3}}", "tags: [x]", 1),
    ],
)
def test_no_more_tasks_at_once_than_there_is_room_for(
    tasks: Project, top: str, step: str, most: int
) -> None:
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
        ("", "resources: {gpus: 1}", ["asks for 1 gpus", "the executor has none", "executor: {gpus: 1}"]),
        ("executor: {gpus: 1}", "resources: {gpus: 2}", ["asks for 2 gpus", "the executor has 1"]),
        ("executor: {memory: 1GiB}", "resources: {memory: 2GiB}", ["asks for 2.0 GiB", "1.0 GiB"]),
        ("params: {m: lots}", "resources: {memory: '${{ params.m }}'}", ["memory", "'lots'"]),
        ("params: {n: -1}", "resources: {cpus: '${{ params.n }}'}", ["cpus", "0 or more"]),
        ("", "resources: {cpus: '${{ item }}'}, foreach: [1]", ["item", "cannot stand here", "params"]),
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
