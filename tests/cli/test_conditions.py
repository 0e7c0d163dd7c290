"""`when`, `trigger_rule`, `needs`, and what a skipped step leaves."""

from __future__ import annotations

from typing import Any

import pytest
from harness import Project, actions, having, ran, reused, statuses

TASKS = """\
from calls import called

class Thing:
    n = 5

def values():
    return {
        "n": 5, "half": 0.5, "s": "abc", "none": None, "list": [1, 2, "x"], "t": True, "f": False,
        "m": {"k": 1}, "nan": float("nan"), "empty": [],
    }
def thing(): return Thing()
def boom(): raise ValueError("boom")
def ok(): return 1
def note(**given):
    called(" ".join(f"{k}={v!r}" for k, v in sorted(given.items())))
    return 1
"""

PARAMS = {"limit": 3, "name": "abc", "flag": True, "off": False, "nothing": None, "list": [4, 5], "half": 0.5}

CONDITIONS = {
    "v.n == 5": True,
    "v.n == 6": False,
    "v.n != 6": True,
    "v.n != 5": False,
    "v.n < 6": True,
    "v.n < 5": False,
    "v.n <= 5": True,
    "v.n <= 4": False,
    "v.n > 4": True,
    "v.n > 5": False,
    "v.n >= 5": True,
    "v.n >= 6": False,
    "v.n > params.limit": True,
    "params.limit > v.n": False,
    "v.n == 5.0": True,
    "v.half == params.half": True,
    "v.half < 1e-1": False,
    "v.n > -1": True,
    'v.s == "abc"': True,
    "v.s == 'abc'": True,
    "v.s == params.name": True,
    'v.s < "b"': True,
    "v.s == 5": False,
    "v.s != 5": True,
    "v.none == null": True,
    "v.n == null": False,
    "params.nothing == null": True,
    "v.t == true": True,
    "v.f == false": True,
    "v.t": True,
    "v.f": False,
    "params.flag": True,
    "params.off": False,
    "not v.f": True,
    "not v.t": False,
    "2 in v.list": True,
    '"x" in v.list': True,
    "v.n in v.list": False,
    "v.n in params.list": True,
    "3 not in v.list": True,
    "2 not in v.list": False,
    '"k" in v.m': True,
    '"z" in v.m': False,
    '"b" in v.s': True,
    "1 in v.empty": False,
    "v.t and v.n > 3": True,
    "v.t and v.f": False,
    "v.f or v.t": True,
    "v.f or v.n > 9": False,
    # not binds tighter than and, and tighter than or; comparisons tighter than all
    "v.t or v.t and v.f": True,
    "(v.t or v.t) and v.f": False,
    "v.f and v.f or v.t": True,
    "v.f and (v.f or v.t)": False,
    "not v.n == 4": True,
    "not v.f and v.f": False,
    "not (v.f and v.f)": True,
    "not not v.t": True,
    "v.list[0] == 1": True,
    "v.list.1 == 2": True,
    "v.m.k == 1": True,
    "((v.n)) == (5)": True,
    "v.n==5 and v.n!=6": True,
    'v.s in ["abc", "d"]': True,
    # what stands behind a decided `and`/`or` is not looked at
    "v.none != null and v.none > 3": False,
}

BAD = {
    "v.none < 3": "v.none",
    "v.s < 3": "v.s",
    "v.n < v.list": "v.list",
    "v.missing == 1": "missing",
    "v.list[9] == 1": "9",
    "3 in v.n": "v.n",
    "thing == 5": "thing",
    "thing.n == 5": "thing",
}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The states that all conditions lead to, found in one run, and what it printed."""
    project = Project(tmp_path_factory.mktemp("when") / "project").file("tasks.py", TASKS)
    steps: dict[str, Any] = {"v": {"call": "tasks:values"}, "thing": {"call": "tasks:thing"}}
    conditions = [*CONDITIONS, *BAD]
    for n, condition in enumerate(conditions):
        steps[f"s{n}"] = {"call": "tasks:note", "with": {"n": n}, "when": condition}
    result = project.pipeline({"params": PARAMS, "steps": steps}).run(exit=1)
    found = statuses(result)
    rows = result.tasks
    return {
        condition: (found[f"s{n}"], str(rows[f"s{n}"]["error"])) for n, condition in enumerate(conditions)
    }


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition(decided: dict[str, Any], condition: str) -> None:
    status, error = decided[condition]
    assert status == ("succeeded" if CONDITIONS[condition] else "skipped"), error


@pytest.mark.parametrize("condition", BAD)
def test_a_condition_on_anything_else_fails_the_step_clearly(decided: dict[str, Any], condition: str) -> None:
    status, error = decided[condition]
    assert status == "failed"
    assert BAD[condition] in error
    assert "Traceback" not in error


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


def test_a_condition_is_asked_before_any_argument_is_looked_at(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {go: false, names: [no, nor]}
        steps:
          v: {call: tasks:values}
          part: {call: tasks:note, when: params.go, inputs: {x: v.list.9}}
          file: {call: tasks:note, foreach: params.names, when: item == 'yes', files: {x: "${{ item }}.txt"}}
          each: {call: tasks:note, foreach: params.names, when: item == 'yes', inputs: {x: v.list.9}}
        """
    )
    found = statuses(tasks.run())
    assert found.pop("v") == "succeeded"
    assert set(found.values()) == {"skipped"}
    assert set(actions(tasks.plan()).values()) == {"reuse", "skip"}


def test_a_skipped_step_skips_what_needs_it(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {go: false}
        steps:
          a: {call: tasks:note, with: {x: 1}, when: params.go}
          b: {call: tasks:note, inputs: {y: a}}
          c: {call: tasks:note, with: {z: 1}, needs: [b]}
          free: {call: tasks:note, with: {w: 1}}
        """
    )
    result = tasks.run()
    assert having(result, "skipped") == {"a", "b", "c"}
    assert result.json["status"] == "succeeded"
    assert result.json["counts"]["skipped"] == 3
    assert tasks.calls() == ["w=1"]
    assert actions(tasks.plan())["a"] == "skip"
    assert ran(tasks.run("-p", "go=true")) == {"a", "b", "c"}
    assert having(tasks.run(), "skipped") == {"a", "b", "c"}
    assert reused(tasks.run("-p", "go=true")) == {"a", "b", "c", "free"}


def test_an_input_whose_step_was_skipped_is_none(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {go: false}
        steps:
          pair: {call: tasks:values, when: params.go}
          deep: {call: tasks:values, when: params.go, outputs: [n, s]}
          b: {call: tasks:note, inputs: {y: pair, z: deep.n}, trigger_rule: none_failed}
        """
    ).run()
    assert tasks.calls() == ["y=None z=None"]
    tasks.run("-p", "go=true")
    assert len(tasks.calls()) == 1, "the value is another one now"


def test_a_changed_condition_is_not_in_the_key(tasks: Project) -> None:
    tasks.pipeline(
        "params: {n: 5}\nsteps:\n  a: {call: tasks:note, with: {x: 1}, when: params.n > 1}\n"
    ).run()
    assert reused(tasks.run("-p", "n=7")) == {"a"}


def test_a_condition_of_each_item(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          f: {call: tasks:note, foreach: [1, 2, 3], inputs: {x: item}, when: item != 2}
          g: {call: tasks:note, foreach: f, inputs: {y: item}}
          all: {call: tasks:note, inputs: {f: f, g: g}}
        """
    )
    result = tasks.run()
    assert having(result, "skipped") == {"f[2]", "g[2]"}
    assert ran(result) == {"f[1]", "f[3]", "g[1]", "g[3]", "all"} - reused(result)
    assert tasks.calls()[-1] == "f=[1, 1] g=[1, 1]"


def test_a_condition_on_a_matrix_axis_and_text(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          f:
            call: tasks:note
            matrix: {x: [1, 2], y: [a, b]}
            inputs: {x: matrix.x, y: matrix.y}
            when: not (matrix.x == 2 and matrix.y == "b")
        """
    )
    assert having(tasks.run(), "skipped") == {"f[2,b]"}


@pytest.mark.parametrize("source", ["when: false", "with: {n: 1}"])
def test_a_fan_out_over_what_gave_no_list_is_skipped(tasks: Project, source: str) -> None:
    """Whatever its trigger rule: there is nothing to go over."""
    tasks.file("gone.py", "def gone(n=0):\n    raise ValueError(n)\n").pipeline(
        f"""
        steps:
          gone: {{call: gone:gone, {source}}}
          each: {{call: tasks:note, foreach: gone, inputs: {{x: item}}, trigger_rule: all_done}}
          grid: {{call: tasks:note, matrix: {{a: gone, b: [1]}}, inputs: {{x: matrix.a}},
                 trigger_rule: all_done}}
          deep: {{call: tasks:note, foreach: gone.*, inputs: {{x: item}}, trigger_rule: all_done}}
          then: {{call: tasks:note, foreach: each, inputs: {{x: item}}, trigger_rule: all_done}}
          last: {{call: tasks:note, inputs: {{x: each, y: then}}, trigger_rule: all_done}}
        """
    )
    skipped = source == "when: false"
    result = tasks.run(exit=0 if skipped else 1)
    over = dict.fromkeys(("each", "grid", "deep", "then"), "skipped")
    assert statuses(result) == {"gone": "skipped" if skipped else "failed", **over, "last": "succeeded"}
    assert tasks.calls() == ["x=None y=None"]
    if skipped:
        assert actions(tasks.plan()) == {"gone": "skip", **dict.fromkeys(over, "skip"), "last": "reuse"}


def test_needs_orders_without_data(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          last: {call: tasks:note, with: {n: 3}, needs: [middle]}
          middle: {call: tasks:note, with: {n: 2}, needs: [first]}
          first: {call: tasks:note, with: {n: 1}}
        """
    ).run()
    assert tasks.calls() == ["n=1", "n=2", "n=3"]
    tasks.edit("pipeline.yaml", "{n: 1}", "{n: 11}")
    assert ran(tasks.run()) == {"first"}


# --- trigger rules


RUNS, SKIPPED, BLOCKED = "succeeded", "skipped", "blocked"
STOPPED = "blocked or skipped"

RULES = {
    "all_success": {
        "ok": RUNS, "fail": BLOCKED, "skip": SKIPPED, "stop": BLOCKED,
        "ok fail": BLOCKED, "ok skip": SKIPPED, "fail skip": BLOCKED, "ok fail skip": BLOCKED,
    },
    "all_done": {
        "ok": RUNS, "fail": RUNS, "skip": RUNS, "stop": RUNS,
        "ok fail": RUNS, "ok skip": RUNS, "fail skip": RUNS, "ok fail skip": RUNS,
    },
    "all_failed": {
        "ok": SKIPPED, "fail": RUNS, "skip": SKIPPED, "stop": RUNS,
        "ok fail": SKIPPED, "ok skip": SKIPPED, "fail skip": SKIPPED, "ok fail skip": SKIPPED,
        "fail stop": RUNS,
    },
    "one_success": {
        "ok": RUNS, "fail": BLOCKED, "skip": SKIPPED, "stop": BLOCKED,
        "ok fail": RUNS, "ok skip": RUNS, "fail skip": STOPPED, "ok fail skip": RUNS,
    },
    "one_failed": {
        "ok": SKIPPED, "fail": RUNS, "skip": SKIPPED, "stop": RUNS,
        "ok fail": RUNS, "ok skip": SKIPPED, "fail skip": RUNS, "ok fail skip": RUNS,
    },
    "none_failed": {
        "ok": RUNS, "fail": BLOCKED, "skip": RUNS, "stop": BLOCKED,
        "ok fail": BLOCKED, "ok skip": RUNS, "fail skip": BLOCKED, "ok fail skip": BLOCKED,
    },
    "none_failed_min_one_success": {
        "ok": RUNS, "fail": BLOCKED, "skip": SKIPPED, "stop": BLOCKED,
        "ok fail": BLOCKED, "ok skip": RUNS, "fail skip": BLOCKED, "ok fail skip": BLOCKED,
    },
}  # fmt: skip

ROWS = [(rule, needs, expected) for rule, table in RULES.items() for needs, expected in table.items()]


@pytest.fixture(scope="module")
def triggered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """All rules over all needs, in a fresh run and again with what succeeded reused."""
    project = Project(tmp_path_factory.mktemp("rules") / "project").file("tasks.py", TASKS)
    steps: dict[str, Any] = {
        "ok": {"call": "tasks:ok"},
        "fail": {"call": "tasks:boom"},
        "skip": {"call": "tasks:ok", "when": "params.off"},
        "stop": {"call": "tasks:ok", "needs": ["fail"]},
    }
    for n, (rule, needs, _) in enumerate(ROWS):
        # cache: false keeps the outcome free of reuse, of equal keys too
        steps[f"r{n}"] = {
            "call": "tasks:note",
            "with": {"n": n},
            "needs": needs.split(),
            "trigger_rule": rule,
            "cache": False,
        }
    project.pipeline({"params": PARAMS, "steps": steps})
    first, second = project.run(exit=1), project.run(exit=1)
    assert statuses(first)["stop"] == "blocked"
    assert statuses(second)["ok"] == "reused"
    return [statuses(first), statuses(second)]


@pytest.mark.parametrize(("rule", "needs", "expected"), ROWS)
def test_a_trigger_rule(triggered: list[dict[str, str]], rule: str, needs: str, expected: str) -> None:
    n = ROWS.index((rule, needs, expected))
    for found in triggered:  # the second time `ok` is reused, which counts as success
        if expected == STOPPED:
            assert found[f"r{n}"] in ("blocked", "skipped")
        else:
            assert found[f"r{n}"] == expected


def test_a_rule_waits_until_all_is_final(project: Project) -> None:
    """one_success does not start before the others ended."""
    project.file(
        "tasks.py",
        TASKS + "\nimport time\n\ndef slow():\n    time.sleep(0.3)\n    called('slow')\n    return 1\n",
    ).pipeline(
        """
        steps:
          ok: {call: tasks:ok}
          slow: {call: tasks:slow}
          after: {call: tasks:note, with: {x: 1}, needs: [ok, slow], trigger_rule: one_success}
        """
    )
    project.run("--backend", "threading", "-j", "2")
    assert project.calls() == ["slow", "x=1"]


def test_a_cleanup_step_runs_after_a_failure(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          work: {call: tasks:boom}
          alarm: {call: tasks:note, with: {alarm: 1}, needs: [work], trigger_rule: one_failed}
          cleanup: {call: tasks:note, with: {clean: 1}, needs: [work], trigger_rule: all_done}
        """
    )
    result = tasks.run(exit=1)
    assert ran(result) == {"alarm", "cleanup"}
    assert sorted(tasks.calls()) == ["alarm=1", "clean=1"]
