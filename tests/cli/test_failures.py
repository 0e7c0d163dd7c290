"""Retries, time-outs, `on_error: skip`, keep-going and fail-fast, states and exit codes."""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest
from harness import Project, having, kill_group, ran, reused, statuses

TASKS = """\
import os, time
from pathlib import Path

from calls import called

class Odd(Exception): pass
class VeryOdd(Odd): pass

KINDS = {"value": ValueError, "connection": ConnectionResetError, "odd": VeryOdd, "key": KeyError}

def flaky(name, failures, kind):
    # fails so many times, then succeeds
    called(name)
    marks = list(Path(".").glob(f"mark-{name}-*"))
    if len(marks) < failures:
        Path(f"mark-{name}-{len(marks)}").touch()
        raise KINDS[kind](f"{name} fails")
    return name

def boom(): raise ValueError("boom in the user's code")
def note(**given):
    called(" ".join(f"{k}={v!r}" for k, v in sorted(given.items())))
    return 1
def add(x):
    called(f"add {x}")
    if x == 2 and not Path("mended").exists():
        raise ValueError("two is no good")
    return x + 10
def three(x):
    called(f"three {x}")
    if x == 13:
        raise ValueError("thirteen is no good")
    return x
def hang():
    called("hang")
    time.sleep(300)
def hang_once():
    called("hang_once")
    if not Path("hung").exists():
        Path("hung").touch()
        time.sleep(300)
    return 1
def die(): os._exit(3)
def die_once():
    called("die_once")
    if not Path("died").exists():
        Path("died").touch()
        os._exit(3)
    return 1
def leave(): raise SystemExit(0)
def interrupt(): raise KeyboardInterrupt
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


# --- retry: (what raises, how often, retry, attempts, state)

FAST = {"delay": "1ms"}
DEFAULT = {"limit": 4, "on": ["ValueError"], **FAST}
RETRIES: dict[str, tuple[str, int, Any, int, str]] = {
    "limit counts retries": ("value", 99, {"limit": 2, **FAST}, 3, "failed"),
    "succeeds at last": ("value", 2, {"limit": 2, **FAST}, 3, "succeeded"),
    "no more than needed": ("value", 1, {"limit": 5, **FAST}, 2, "succeeded"),
    "limit 0": ("value", 1, {"limit": 0}, 1, "failed"),
    "a bare name": ("value", 1, {"limit": 1, "on": ["ValueError"], **FAST}, 2, "succeeded"),
    "another name": ("value", 1, {"limit": 1, "on": ["KeyError"], **FAST}, 1, "failed"),
    "one of several": ("key", 1, {"limit": 1, "on": ["ValueError", "KeyError"], **FAST}, 2, "succeeded"),
    "a base class": ("connection", 1, {"limit": 1, "on": ["OSError"], **FAST}, 2, "succeeded"),
    "Exception": ("connection", 1, {"limit": 1, "on": ["Exception"], **FAST}, 2, "succeeded"),
    "a qualified name": ("odd", 1, {"limit": 1, "on": ["tasks.VeryOdd"], **FAST}, 2, "succeeded"),
    "a qualified base class": ("odd", 1, {"limit": 1, "on": ["tasks.Odd"], **FAST}, 2, "succeeded"),
    "a bare project name": ("odd", 1, {"limit": 1, "on": ["Odd"], **FAST}, 2, "succeeded"),
    "a qualified name elsewhere": ("odd", 1, {"limit": 1, "on": ["other.Odd"], **FAST}, 1, "failed"),
    "timeout is no exception": ("value", 1, {"limit": 1, "on": ["timeout", "worker_lost"], **FAST}, 1, "failed"),
    "all settings": (
        "value", 2,
        {"limit": 2, "delay": "1ms", "backoff": 2, "jitter": "full", "max_delay": "5ms", "on": ["ValueError"]},
        3, "succeeded",
    ),
    "jitter none": ("value", 1, {"limit": 1, "jitter": "none", **FAST}, 2, "succeeded"),
    "the default": ("value", 3, None, 4, "succeeded"),
    "the default's on": ("key", 3, None, 1, "failed"),
    "the step's replaces the default's whole": ("key", 1, {"limit": 1, **FAST}, 2, "succeeded"),
}  # fmt: skip


@pytest.fixture(scope="module")
def retried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, int]]:
    """Attempts, state and calls counted, for all rows in one run."""
    project = Project(tmp_path_factory.mktemp("retry") / "project").file("tasks.py", TASKS)
    steps: dict[str, Any] = {}
    for n, (kind, failures, retry, _, _) in enumerate(RETRIES.values()):
        given = {"name": f"n{n}", "failures": failures, "kind": kind}
        steps[f"s{n}"] = {"call": "tasks:flaky", "with": given} | ({"retry": retry} if retry else {})
    result = project.pipeline({"defaults": {"retry": DEFAULT}, "steps": steps}).run(exit=1)
    calls = project.calls()
    return {
        name: (
            result.tasks[f"s{n}"]["attempts"],
            result.tasks[f"s{n}"]["status"],
            calls.count(f"n{n}"),
        )
        for n, name in enumerate(RETRIES)
    }


@pytest.mark.parametrize("name", RETRIES)
def test_retry(retried: dict[str, tuple[int, str, int]], name: str) -> None:
    *_, attempts, status = RETRIES[name]
    assert retried[name] == (attempts, status, attempts)


def test_retry_may_be_a_number(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:flaky, with: {name: a, failures: 1, kind: value}, retry: 1}\n")
    assert tasks.run().tasks["a"]["attempts"] == 2


def test_retries_are_told(tasks: Project) -> None:
    tasks.pipeline(
        "steps:\n  a: {call: tasks:flaky, with: {name: a, failures: 1, kind: value},"
        " retry: {limit: 1, delay: 1ms}}\n"
    )
    assert "a fails" in tasks.run().err


# --- timeout and worker death


def test_a_timeout_is_hard(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          hang: {call: tasks:hang, timeout: 500ms}
          other: {call: tasks:note, foreach: [1, 2, 3], inputs: {x: item}}
          after: {call: tasks:note, inputs: {y: hang}}
        """
    )
    began = time.monotonic()
    result = tasks.run("--backend", "loky", "-j", "2", exit=1)
    assert time.monotonic() - began < 60
    assert having(result, "failed") == {"hang"}
    assert having(result, "blocked") == {"after"}
    assert len(ran(result)) == 3
    assert result.tasks["hang"]["attempts"] == 1
    assert "time" in str(result.tasks["hang"]["error"]).lower()


def test_a_timeout_may_be_retried(tasks: Project) -> None:
    tasks.pipeline(
        "steps:\n  hang: {call: tasks:hang_once, timeout: 1s, retry: {limit: 1, delay: 1ms, on: [timeout]}}\n"
    )
    result = tasks.run("--backend", "loky")
    assert result.tasks["hang"]["attempts"] == 2
    assert tasks.calls() == ["hang_once", "hang_once"]


def test_a_worker_that_dies_fails_its_task_alone(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          die: {call: tasks:die}
          other: {call: tasks:note, foreach: [1, 2, 3], inputs: {x: item}}
          after: {call: tasks:note, inputs: {y: die}}
        """
    )
    result = tasks.run("--backend", "loky", "-j", "2", exit=1)
    assert having(result, "failed") == {"die"}
    assert having(result, "blocked") == {"after"}
    assert {id for id in ran(result) if id.startswith("other")} == {"other[1]", "other[2]", "other[3]"}
    assert all(row["attempts"] <= 1 for row in result.tasks.values())
    assert "Traceback" not in result.err


def test_a_lost_worker_may_be_retried(tasks: Project) -> None:
    tasks.pipeline(
        "steps:\n  die: {call: tasks:die_once, retry: {limit: 1, delay: 1ms, on: [worker_lost]}}\n"
    )
    result = tasks.run("--backend", "loky")
    assert result.tasks["die"]["attempts"] == 2


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_step_that_exits_fails_and_the_run_goes_on(tasks: Project, backend: str) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:leave}\n  b: {call: tasks:note, with: {x: 1}}\n")
    result = tasks.run("--backend", backend, exit=1)
    assert statuses(result) == {"a": "failed", "b": "succeeded"}


# --- what follows a failure


FAILING = """
steps:
  bad: {call: tasks:boom}
  after: {call: tasks:note, inputs: {x: bad}}
  later: {call: tasks:note, with: {y: 1}, needs: [after]}
  free: {call: tasks:note, with: {z: 1}}
  cleanup: {call: tasks:note, with: {w: 1}, needs: [bad], trigger_rule: all_done}
"""


@pytest.mark.parametrize("option", [[], ["--keep-going"]])
def test_keep_going_blocks_only_what_needs_the_failure(tasks: Project, option: list[str]) -> None:
    result = tasks.pipeline(FAILING).run(*option, exit=1)
    assert statuses(result) == {
        "bad": "failed",
        "after": "blocked",
        "later": "blocked",
        "free": "succeeded",
        "cleanup": "succeeded",
    }
    data = result.json
    assert data["status"] == "failed"
    assert data["counts"] == {
        "succeeded": 2, "reused": 0, "skipped": 0, "failed": 1, "blocked": 2, "cancelled": 0,
    }  # fmt: skip
    assert data["seconds"] >= 0
    assert isinstance(data["run_id"], str)
    bad = result.tasks["bad"]
    assert (bad["step"], bad["attempts"]) == ("bad", 1)
    assert "boom in the user's code" in json.dumps(bad["error"])
    assert result.tasks["free"]["error"] is None
    assert result.tasks["after"]["attempts"] == 0


def test_fail_fast_starts_nothing_more(tasks: Project) -> None:
    result = tasks.pipeline(FAILING).run("--fail-fast", exit=1)
    found = statuses(result)
    assert found["bad"] == "failed"
    assert found["cleanup"] == "cancelled"
    assert result.json["status"] == "failed"
    assert "w=1" not in tasks.calls()


def test_a_traceback_shows_the_users_frames_only(tasks: Project) -> None:
    result = tasks.pipeline("steps:\n  bad: {call: tasks:boom}\n").run(exit=1)
    assert "bad" in result.err
    assert "boom in the user's code" in result.err
    assert "tasks.py" in result.err
    assert "def boom" in result.err or "raise ValueError" in result.err
    assert "pipeline_runner" not in result.err
    assert "joblib" not in result.err


def test_the_next_run_does_the_rest(tasks: Project) -> None:
    tasks.pipeline(FAILING).run(exit=1)
    tasks.calls()
    tasks.edit("tasks.py", 'raise ValueError("boom in the user\'s code")', "return 5")
    result = tasks.run()
    assert reused(result) == {"free", "cleanup"}
    assert ran(result) == {"bad", "after", "later"}


# --- on_error: skip


CHAIN = """
steps:
  f: {call: tasks:add, foreach: [1, 2, 3, 4], inputs: {x: item}, on_error: skip}
  g: {call: tasks:three, foreach: f, inputs: {x: item}, on_error: skip}
  all: {call: tasks:note, inputs: {f: f, g: g}}
  only_f: {call: tasks:note, inputs: {only: f}}
  alarm: {call: tasks:note, with: {alarm: 1}, needs: [f, g], trigger_rule: one_failed}
"""


def test_failed_items_are_left_out_and_lists_stay_aligned(tasks: Project) -> None:
    result = tasks.pipeline(CHAIN).run()
    found = statuses(result)
    assert having(result, "failed") == {"f[2]", "g[3]"}
    assert found["g[2]"] == "skipped"
    assert found["alarm"] == "skipped", "a failed item counts for no trigger rule"
    assert result.json["status"] == "succeeded"
    assert result.json["counts"]["failed"] == 2
    calls = tasks.calls()
    assert "f=[11, 14] g=[11, 14]" in calls  # 2 is missing in f, 3 in g: both left out of both
    assert "only=[11, 13, 14]" in calls
    assert "two is no good" in result.err


def test_failed_items_run_again_and_the_rest_is_reused(tasks: Project) -> None:
    tasks.pipeline(CHAIN).run()
    tasks.calls()
    again = tasks.run()
    assert sorted(tasks.calls()) == ["add 2", "three 13"]
    assert reused(again) == {"f[1]", "f[3]", "f[4]", "g[1]", "g[4]", "all", "only_f"}
    tasks.file("mended", "")
    mended = tasks.run()
    assert ran(mended) == {"f[2]", "g[2]", "all", "only_f"}
    assert "f=[11, 12, 14] g=[11, 12, 14]" in tasks.calls()


def test_if_all_items_failed_the_step_fails(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          f: {call: tasks:add, foreach: [2], inputs: {x: item}, on_error: skip}
          all: {call: tasks:note, inputs: {f: f}}
          alarm: {call: tasks:note, with: {alarm: 1}, needs: [f], trigger_rule: one_failed}
        """
    )
    result = tasks.run(exit=1)
    assert statuses(result) == {"f[2]": "failed", "all": "blocked", "alarm": "succeeded"}
    assert result.json["status"] == "failed"


def test_without_on_error_one_item_fails_the_step(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          f: {call: tasks:add, foreach: [1, 2, 3], inputs: {x: item}}
          g: {call: tasks:note, foreach: f, inputs: {y: item}}
          all: {call: tasks:note, inputs: {f: f}}
        """
    )
    result = tasks.run(exit=1)
    assert statuses(result) == {
        "f[1]": "succeeded",
        "f[2]": "failed",
        "f[3]": "succeeded",
        "g[1]": "succeeded",
        "g[2]": "blocked",
        "g[3]": "succeeded",
        "all": "blocked",
    }


# --- interruption


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to a process group")
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_ctrl_c_gives_130_and_keeps_what_is_done(tasks: Project, backend: str) -> None:
    tasks.pipeline(
        """
        steps:
          first: {call: tasks:note, with: {x: 1}}
          hang: {call: tasks:hang_once, needs: [first]}
        """
    )
    args = ("run", "--backend", backend)
    process = tasks.start(*args)
    end = time.monotonic() + 30
    while not tasks.has("hung") and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    result = tasks.finish(process, *args)
    assert result.exit == 130, result
    assert "Traceback" not in result.err
    tasks.calls()
    again = tasks.run()
    assert reused(again) == {"first"}
    assert ran(again) == {"hang"}


@pytest.mark.skipif(os.name == "nt", reason="no kill -9")
@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_kill_9_keeps_what_is_done(tasks: Project, backend: str) -> None:
    tasks.pipeline(
        """
        steps:
          first: {call: tasks:note, foreach: [1, 2], inputs: {x: item}}
          hang: {call: tasks:hang_once, needs: [first]}
        """
    )
    process = tasks.start("run", "--backend", backend)
    end = time.monotonic() + 30
    while not tasks.has("hung") and time.monotonic() < end:
        time.sleep(0.02)
    kill_group(process)
    again = tasks.run()
    assert reused(again) == {"first[1]", "first[2]"}
    assert ran(again) == {"hang"}
    assert tasks.prun("runs").exit == 0
