"""Params, profiles, include, tags, defaults, env, secrets, check, cache settings."""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

from typing import Any

import pytest
from harness import Project, having, ran, reasons, reused, statuses

TASKS = """\
import os

from calls import called

def echo(**given): return given
def note(**given):
    called(" ".join(f"{k}={v!r}" for k, v in sorted(given.items())))
    return 1
def count(n):
    # another value each time
    with open("counter", "a") as f:
        f.write("x")
    with open("counter") as f:
        return len(f.read())
def environ(names): return {name: os.environ.get(name) for name in names}
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


# --- params


PARAMS = """
params:
  text: abc
  empty: ""
  n: 1
  f: 0.5
  flag: true
  nothing: null
  list: [1, 2]
  opts: {a: 1, b: {c: x, d: y}}
steps:
  echo:
    call: tasks:echo
    inputs: {text: params.text, empty: params.empty, n: params.n, f: params.f, flag: params.flag,
             nothing: params.nothing, list: params.list, opts: params.opts}
    publish: out.json
"""

GIVEN: list[tuple[str, str, Any]] = [
    ("text=xyz", "text", "xyz"),
    ("text=123", "text", "123"),
    ("text=true", "text", "true"),
    ("text=[1, 2]", "text", "[1, 2]"),
    ("text=a: b # c", "text", "a: b # c"),
    ("text=", "text", ""),
    ("text=a=b", "text", "a=b"),
    ("empty=1e3", "empty", "1e3"),
    ("n=7", "n", 7),
    ("n=-7", "n", -7),
    ("f=0.25", "f", 0.25),
    ("f=1e3", "f", 1000.0),
    ("f=3", "f", 3),
    ("flag=false", "flag", False),
    ("nothing=5", "nothing", 5),
    ("nothing=abc", "nothing", "abc"),
    ("nothing=[a]", "nothing", ["a"]),
    ("list=[3]", "list", [3]),
    ("list=[]", "list", []),
    ("opts={a: 2}", "opts", {"a": 2, "b": {"c": "x", "d": "y"}}),
    ("opts={b: {c: z}}", "opts", {"a": 1, "b": {"c": "z", "d": "y"}}),
    ("opts={e: 1}", "opts", {"a": 1, "b": {"c": "x", "d": "y"}, "e": 1}),
    ("opts.a=2", "opts", {"a": 2, "b": {"c": "x", "d": "y"}}),
    ("opts.b.c=1", "opts", {"a": 1, "b": {"c": "1", "d": "y"}}),
]

WRONG = ["n=abc", "n=1.5", "n=true", "n=[1]", "f=abc", "f=true", "flag=1", "flag=yes", "flag=abc", "list=1",
         "list={a: 1}", "opts=1", "opts=[1]", "opts.a=x", "unknown=1", "tex=1", "n", "n=[1", "=1"]  # fmt: skip


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("params") / "project").file("tasks.py", TASKS).pipeline(PARAMS)


@pytest.mark.parametrize(("option", "name", "expected"), GIVEN, ids=[option for option, *_ in GIVEN])
def test_a_param_given(params: Project, option: str, name: str, expected: Any) -> None:
    params.run("-p", option)
    found = params.data("out.json")[name]
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("option", WRONG)
def test_a_param_given_wrongly(params: Project, option: str) -> None:
    result = params.run("--param", option, exit=2)
    assert option.split("=")[0].split(".")[0] in result.err
    assert "Traceback" not in result.err


NEARLY = {
    "{type: int, default: 1, gte: 0}": "'gte' is no key of a param's full form|did you mean 'ge'?",
    "{type: int, default: 1, choices: [1, 2]}": "'choices' is no key of a param's full form|known here: type,",
    "{default: 1, min: 0}": "'min' is no key of a param's full form|did you mean 'ge'?",
    "{default: 1, gt: 0}": "a param's full form has a 'type', too|write {type: ..., default: ...}",
    "{type: float, lt: 1}": "a param's full form has a 'default', too|write {type: ..., default: ...}",
    "{type: int, default: 1, description: [one]}": "the description of a param is a text|",
    "{type: forest, default: 3, trees: 5}": "",
    "{type: int, trees: 5}": "",
    "{default: eu, regions: [eu, us]}": "",
    "{type: int, default: 1, ge: 0, description: how many}": "",
}


@pytest.mark.parametrize("written", NEARLY)
def test_what_looks_like_the_full_form_of_a_param(project: Project, written: str) -> None:
    project.file("tasks.py", TASKS).pipeline(
        f"params:\n  n: {written}\nsteps: {{note: {{call: tasks:note, inputs: {{x: params.n}}}}}}"
    )
    problems = project.check("--json").json["problems"]
    message, _, hint = NEARLY[written].partition("|")
    if not message:
        assert problems == []
        return
    (problem,) = problems
    assert problem["message"] == f"param 'n' is a plain mapping: {message}"
    assert problem["hint"].startswith(hint)
    assert (problem["severity"], problem["line"]) == ("warning", 2)


def test_an_unknown_param_suggests(params: Project) -> None:
    assert "text" in params.run("-p", "tex=1", exit=2).err


def test_the_last_of_several_counts(params: Project) -> None:
    params.run("-p", "n=5", "-p", "n=6", "-p", "opts.a=3", "-p", "opts.b.d=q")
    assert params.data("out.json")["n"] == 6
    assert params.data("out.json")["opts"] == {"a": 3, "b": {"c": "x", "d": "q"}}


def test_p_over_profile_over_file(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {a: 1, b: 1, c: 1, opts: {x: 1, y: 1}, list: [1, 2]}
        profiles:
          dev: {params: {a: 2, b: 2, opts: {x: 2}, list: [9]}}
        steps:
          echo:
            call: tasks:echo
            inputs: {a: params.a, b: params.b, c: params.c, opts: params.opts, list: params.list}
            publish: out.json
        """
    ).run("--profile", "dev", "-p", "a=3")
    assert tasks.data("out.json") == {"a": 3, "b": 2, "c": 1, "opts": {"x": 2, "y": 1}, "list": [9]}


def test_an_unknown_profile(tasks: Project) -> None:
    tasks.pipeline("profiles: {dev: {}}\nsteps:\n  a: {call: tasks:note}\n")
    result = tasks.run("--profile", "dve", exit=2)
    assert "dev" in result.err
    assert tasks.calls() == []


def test_a_profile_sets_store_executor_and_env(tasks: Project) -> None:
    tasks.pipeline(
        """
        profiles:
          other: {store: elsewhere, executor: {backend: threading, workers: 2}, image: "x:1"}
        steps:
          a: {call: tasks:note, with: {x: 1}}
        """
    )
    assert ran(tasks.prun("run", "--profile", "other", "--json")) == {"a"}
    assert tasks.has("elsewhere")
    assert not tasks.has(".prun/blobs")
    assert reused(tasks.run("--store", "elsewhere")) == {"a"}
    assert ran(tasks.run("--store", str(tasks.folder / "third"))) == {"a"}
    assert tasks.has("third")


def test_only_steps_that_read_a_param_depend_on_it(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {a: 1, b: {c: 1, d: 1}}
        steps:
          reads_a: {call: tasks:note, inputs: {a: params.a}}
          reads_c: {call: tasks:note, inputs: {c: params.b.c}}
        """
    ).run()
    assert ran(tasks.run("-p", "a=2")) == {"reads_a"}
    assert ran(tasks.run("-p", "b.d=2")) == set()
    assert ran(tasks.run("-p", "b.c=2")) == {"reads_c"}


def test_types_of_values_are_told_apart(tasks: Project) -> None:
    """1, 1.0, true and "1" are four values."""
    tasks.pipeline("params: {x: null}\nsteps:\n  a: {call: tasks:note, inputs: {x: params.x}}\n")
    for value in ("1", "1.0", "true", '"1"', "[1]", "null"):
        assert ran(tasks.run("-p", f"x={value}")) == {"a"}
    for value in ("1", "1.0", "true", '"1"'):
        assert reused(tasks.run("-p", f"x={value}")) == {"a"}


def test_the_order_of_keys_does_not_matter(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: {b: 1, c: 2}, y: 1}}\n").run()
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {y: 1, x: {c: 2, b: 1}}}\n")
    assert reused(tasks.run()) == {"a"}


# --- include, tags


def test_include_adds_steps_and_params(tasks: Project) -> None:
    tasks.file("data/x.txt", "X").file(
        "parts/more.yaml",
        """\
params: {extra: 5}
steps:
  more: {call: tasks:echo, inputs: {x: params.extra, y: params.own}, files: {p: data/x.txt}, publish: out/more.json}
""",
    ).pipeline(
        """
        include: [parts/more.yaml]
        params: {own: 1}
        steps:
          a: {call: tasks:echo, inputs: {x: more.x}, publish: out/a.json}
        """
    ).run()
    assert tasks.data("out/a.json") == {"x": 5}
    assert tasks.data("out/more.json")["p"] == str(tasks.folder / "data/x.txt")


@pytest.mark.parametrize("clash", ["steps", "params"])
def test_a_clash_with_an_included_file_is_an_error(tasks: Project, clash: str) -> None:
    part = "steps:\n  a: {call: tasks:note}\n" if clash == "steps" else "params: {own: 2}\n"
    tasks.file("part.yaml", part).pipeline(
        "include: [part.yaml]\nparams: {own: 1}\nsteps:\n  a: {call: tasks:note}\n"
    )
    result = tasks.run(exit=2)
    assert "part.yaml" in result.err
    assert ("a" if clash == "steps" else "own") in result.err
    assert tasks.calls() == []


def test_a_mistake_in_an_included_file_shows_its_place(tasks: Project) -> None:
    tasks.file("part.yaml", "steps:\n  b:\n    call: tasks:note\n    input: {x: a}\n").pipeline(
        "include: [part.yaml]\nsteps:\n  a: {call: tasks:note}\n"
    )
    assert "part.yaml:4:" in tasks.run(exit=2).err


def test_tags_select(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          a: {call: tasks:note, with: {x: 1}, tags: [nightly, small]}
          b: {call: tasks:note, with: {x: 2}, tags: [small]}
          c: {call: tasks:note, with: {x: 3}}
        """
    )
    assert ran(tasks.run("-s", "tag:nightly")) == {"a"}
    assert tasks.calls() == ["x=1"]
    assert ran(tasks.run("-s", "tag:small")) == {"b"}
    assert tasks.calls() == ["x=2"]


# --- env


@pytest.mark.parametrize("backend", ["sequential", "threading"])
@pytest.mark.parametrize("place", ["top", "step"])
def test_env_is_refused_where_it_cannot_be_isolated(tasks: Project, backend: str, place: str) -> None:
    env = "env: {A: one}"
    tasks.pipeline(
        f"{env if place == 'top' else ''}\nsteps:\n  a: {{call: tasks:note{', ' + env if place == 'step' else ''}}}\n"
    )
    result = tasks.run("--backend", backend, exit=2)
    assert f"pipeline.yaml:{'1:6' if place == 'top' else '2:30'}: " in result.err
    assert backend in result.err
    assert tasks.calls() == []


def test_env_is_set_for_the_call_and_part_of_the_key(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {who: me}
        env: {ALL: everywhere, BOTH: top}
        steps:
          own:
            call: tasks:environ
            env: {BOTH: step, OWN: "for ${{ params.who }}"}
            with: {names: [ALL, BOTH, OWN]}
            publish: out/own.json
          other: {call: tasks:environ, with: {names: [ALL, BOTH, OWN]}, publish: out/other.json}
        """
    ).run("--backend", "loky", "-j", "1")
    assert tasks.data("out/own.json") == {"ALL": "everywhere", "BOTH": "step", "OWN": "for me"}
    assert tasks.data("out/other.json") == {"ALL": "everywhere", "BOTH": "top", "OWN": None}
    assert reused(tasks.run("--backend", "loky")) == {"own", "other"}
    tasks.edit("pipeline.yaml", "for ${{", "with ${{")
    assert ran(tasks.run("--backend", "loky")) == {"own"}
    tasks.edit("pipeline.yaml", "ALL: everywhere", "ALL: all")
    assert ran(tasks.run("--backend", "loky")) == {"own", "other"}


# --- secrets


SECRETS = """
secrets: {TOKEN: "env:MY_TOKEN", FROM_FILE: "file:token.txt"}
steps:
  use: {call: secret_tasks:use, inputs: {token: secrets.TOKEN, other: secrets.FROM_FILE}}
  fail: {call: secret_tasks:fail, inputs: {token: secrets.TOKEN}}
"""

SECRET_TASKS = """\
import sys

from calls import called

def use(token, other):
    called(f"{len(token)} {len(other)} {token[:3]} {other[:3]}")
    print("printed", token)
    print("to stderr", other, file=sys.stderr)
    return len(token)

def fail(token):
    raise ValueError(f"cannot log in with {token}")
"""

TOKEN, OTHER = "s3cr3t-env-value", "t0ps3cret-file-value"


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_secrets_reach_the_callable_and_nothing_else(project: Project, backend: str) -> None:
    project.file("secret_tasks.py", SECRET_TASKS).file("token.txt", OTHER).pipeline(SECRETS)
    env = {"MY_TOKEN": TOKEN}
    result = project.run("--backend", backend, exit=1, env=env)
    assert statuses(result) == {"use": "succeeded", "fail": "failed"}
    assert project.calls() == [f"{len(TOKEN)} {len(OTHER)} s3c t0p"]
    assert "cannot log in with" in result.text
    logs = project.prun("logs", "use")
    assert "printed" in logs.text
    assert "to stderr" in logs.text
    shown = [
        result.text,
        logs.text,
        project.prun("show").text,
        project.prun("why", "use", exit=None, env=env).text,
    ]
    stored = [path.read_bytes() for path in project.stored_files()]
    for secret in (TOKEN, OTHER):
        assert not [text for text in shown if secret in text]
        assert not [data for data in stored if secret.encode() in data]


def test_a_secrets_value_is_not_in_the_key(project: Project) -> None:
    project.file("secret_tasks.py", SECRET_TASKS).file("token.txt", OTHER).pipeline(
        SECRETS.split("  fail:")[0]
    ).run(env={"MY_TOKEN": TOKEN})
    assert reused(project.run(env={"MY_TOKEN": "another-value"})) == {"use"}


@pytest.mark.parametrize("value", ["abc", "", None, "    "], ids=["short", "empty", "missing", "blank"])
def test_a_secret_that_cannot_be_is_refused(project: Project, value: str | None) -> None:
    project.file("secret_tasks.py", SECRET_TASKS).file("token.txt", OTHER).pipeline(SECRETS)
    result = project.run(exit=None, env={} if value is None else {"MY_TOKEN": value})
    assert result.exit in (1, 2)
    assert "TOKEN" in result.err
    assert "Traceback" not in result.err
    assert project.calls() == []


def test_a_secret_that_no_step_reads_need_not_be_there_but_must_be_maskable(project: Project) -> None:
    project.file("tasks.py", "def f(): return 1\n").pipeline(
        """
        secrets: {TOKEN: env:MY_TOKEN}
        steps: {a: {call: tasks:f}}
        """
    )
    error = project.run(exit=2, env={"MY_TOKEN": "abc"}).err
    assert error == project.prun("check", exit=2, env={"MY_TOKEN": "abc"}).err
    assert error.startswith("pipeline.yaml:1:18: error: secret TOKEN is shorter than 4 characters")
    assert statuses(project.run()) == {"a": "succeeded"}


# --- check


CHECKS = """\
from calls import called

def make(n): return n
def pair(n): return n, [n]
def positive(value): return value > 0
def raises(value):
    if value <= 0:
        raise ValueError(f"{value} is not positive")
def full(value): return len(value) > 0
"""


@pytest.mark.parametrize("check", ["positive", "raises"])
def test_a_failing_check_fails_the_step(project: Project, check: str) -> None:
    project.file("checks.py", CHECKS).pipeline(
        f"""
        params: {{n: 1}}
        steps:
          make: {{call: checks:make, inputs: {{n: params.n}}, check: "checks:{check}"}}
          after: {{call: checks:make, inputs: {{n: make}}, publish: out.json}}
        """
    )
    assert ran(project.run()) == {"make", "after"}
    failed = project.run("-p", "n=-1", exit=1)
    assert statuses(failed) == {"make": "failed", "after": "blocked"}
    assert check in failed.err
    assert having(project.run("-p", "n=-1", exit=1), "failed") == {"make"}, "what failed is not reused"
    assert reused(project.run()) == {"make", "after"}


def test_a_check_for_one_output_and_for_each_item(project: Project) -> None:
    project.file("checks.py", CHECKS).pipeline(
        """
        steps:
          good: {call: checks:pair, with: {n: -1}, outputs: [one, list], check: {list: "checks:full"}}
          bad: {call: checks:pair, with: {n: -1}, outputs: [one, list], check: {one: "checks:positive"}}
          items: {call: checks:make, foreach: [1, -2], inputs: {n: item}, check: checks:positive}
        """
    )
    assert statuses(project.run(exit=1)) == {
        "good": "succeeded",
        "bad": "failed",
        "items[1]": "succeeded",
        "items[-2]": "failed",
    }


def test_a_check_is_part_of_the_key(project: Project) -> None:
    project.file("checks.py", CHECKS).pipeline(
        "steps:\n  make: {call: checks:make, with: {n: 1}, check: checks:positive}\n"
    ).run()
    assert reused(project.run()) == {"make"}
    project.edit("checks.py", "return value > 0", "return value > -1")
    assert ran(project.run()) == {"make"}
    project.edit("pipeline.yaml", ", check: checks:positive", "")
    assert ran(project.run()) == {"make"}


# --- cache settings, equal keys, force


def test_equal_keys_are_computed_once_each_with_its_publish(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          a: {call: tasks:note, with: {x: 1}, publish: out/a.json}
          b: {call: tasks:note, with: {x: 1}, publish: out/b.json}
          c: {call: tasks:note, with: {x: 1}, publish: out/c.json}
        """
    )
    result = tasks.run("--backend", "threading", "-j", "3")
    assert tasks.calls() == ["x=1"]
    assert (len(ran(result)), len(reused(result))) == (1, 2)
    assert [tasks.data(f"out/{name}.json") for name in "abc"] == [1, 1, 1]


def test_a_failed_computation_is_not_shared(tasks: Project) -> None:
    """The second task with the key of a failed one is not reported as reused."""
    tasks.file(
        "bad.py", "from calls import called\n\ndef f():\n    called('f')\n    raise ValueError\n"
    ).pipeline("steps:\n  a: {call: bad:f}\n  b: {call: bad:f}\n")
    assert statuses(tasks.run(exit=1)) == {"a": "failed", "b": "failed"}


def test_the_step_name_is_not_in_the_key(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: 1}}\n").run()
    tasks.pipeline(
        "name: other\nsteps:\n  first: {call: tasks:note}\n  b: {call: tasks:note, with: {x: 1}}\n"
    )
    result = tasks.run()
    assert reused(result) == {"b"}
    assert ran(result) == {"first"}


def test_two_pipelines_share_one_store(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: 1}}\n").run()
    tasks.pipeline("name: other\nsteps:\n  z: {call: tasks:note, with: {x: 1}}\n", "other.yaml")
    assert reused(tasks.run("other.yaml")) == {"z"}


def test_a_literal_and_a_reference_of_equal_content_have_one_key(tasks: Project) -> None:
    """Content, not wiring."""
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: 5}}\n").run()
    tasks.pipeline("params: {p: 5}\nsteps:\n  a: {call: tasks:note, inputs: {x: params.p}}\n")
    assert reused(tasks.run()) == {"a"}


COUNTED = """
steps:
  count: {call: tasks:count, with: {n: 1}}
  again: {call: tasks:count, with: {n: 1}}
  show: {call: tasks:echo, inputs: {x: count}, publish: out.json}
"""


def test_cache_false_runs_each_time_and_readers_go_by_content(tasks: Project) -> None:
    tasks.pipeline(COUNTED.replace("with: {n: 1}}", "with: {n: 1}, cache: false}"))
    first = tasks.run()
    assert ran(first) == {"count", "again", "show"}, "equal keys do not count here"
    assert ran(tasks.run()) == {"count", "again", "show"}
    tasks.file("tasks.py", TASKS.replace("return len(f.read())", "return 7"))
    tasks.run()
    result = tasks.run()
    assert ran(result) == {"count", "again"}
    assert reused(result) == {"show"}


def test_force_replaces_the_entry(tasks: Project) -> None:
    tasks.pipeline(COUNTED).run()
    assert tasks.data("out.json") == {"x": 1}
    forced = tasks.run("--force", "count")
    assert ran(forced) == {"count", "show"}
    assert tasks.data("out.json") == {"x": 2}
    assert reused(tasks.run()) == {"count", "again", "show"}
    assert tasks.data("out.json") == {"x": 2}
    both = tasks.run("--force", "count", "--force", "again")
    assert {"count", "again"} <= ran(both), "equal keys are computed each where forced"


def test_force_of_an_unknown_step(tasks: Project) -> None:
    tasks.pipeline(COUNTED)
    assert "count" in tasks.run("--force", "coutn", exit=2).err


def test_cache_version(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: 1}, cache: {version: 1}}\n").run()
    assert reused(tasks.run()) == {"a"}
    tasks.edit("pipeline.yaml", "version: 1", "version: 2")
    assert reasons(tasks.plan(), "a") == {"version"}
    assert ran(tasks.run()) == {"a"}
    tasks.edit("pipeline.yaml", "version: 2", "version: 1")
    assert reused(tasks.run()) == {"a"}


def test_cache_ignore(tasks: Project) -> None:
    tasks.pipeline(
        """
        params: {jobs: 1}
        steps:
          a: {call: tasks:note, with: {x: 1, n: 1}, inputs: {jobs: params.jobs}, cache: {ignore: [n, jobs]}}
        """
    ).run()
    assert tasks.calls() == ["jobs=1 n=1 x=1"]
    tasks.edit("pipeline.yaml", "n: 1}", "n: 2}")
    assert reused(tasks.run("-p", "jobs=4")) == {"a"}
    tasks.edit("pipeline.yaml", "x: 1", "x: 2")
    assert ran(tasks.run()) == {"a"}


def test_declared_outputs_are_part_of_the_key(project: Project) -> None:
    project.file("tasks.py", "def f(): return {'a': 1, 'b': 2}\n").pipeline(
        "steps:\n  f: {call: tasks:f, outputs: [a, b]}\n"
    ).run()
    project.pipeline("steps:\n  f: {call: tasks:f, outputs: [a]}\n")
    assert statuses(project.run(exit=None))["f"] != "reused"


def test_defaults_and_what_is_not_in_a_key(tasks: Project) -> None:
    tasks.pipeline("steps:\n  a: {call: tasks:note, with: {x: 1}}\n").run()
    tasks.pipeline(
        """
        description: now with everything that is no part of a key
        executor: {backend: threading, workers: 2}
        defaults: {retry: 3, timeout: 90s}
        steps:
          a:
            call: tasks:note
            with: {x: 1}
            retry: {limit: 1, delay: 100ms}
            timeout: 5m
            resources: {cpus: 2, memory: 512MiB}
            tags: [slow]
            image: "x:2"
            trigger_rule: all_done
            on_error: skip
        """
    )
    assert reused(tasks.run()) == {"a"}
