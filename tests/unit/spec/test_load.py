"""Loading: forms, params, profiles, includes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.errors import PipelineError, Problem
from pipeline_runner.spec.load import Loaded, load
from pipeline_runner.spec.models import CacheSpec, ForEachSpec, RetrySpec

CONTRACT = Path(__file__).with_name("contract.yaml")
STEPS = "steps: {a: {call: m:f}}\n"
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "pipeline.yaml") -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
        return name

    return write


def good(loaded: Loaded) -> Loaded:
    assert loaded.problems == ()
    return loaded


def the_problem(loaded: Loaded) -> Problem:
    assert len(loaded.problems) == 1, loaded.problems
    return loaded.problems[0]


def test_the_contract_s_pipeline() -> None:
    loaded = good(load(CONTRACT, profile="prod"))
    spec = loaded.spec
    assert spec.name == "churn"
    assert list(spec.steps) == [
        "load", "clean", "split", "train", "score", "best", "evaluate", "promote", "report"
    ]  # fmt: skip
    assert spec.defaults.timeout == 1800
    assert spec.defaults.retry == RetrySpec(
        limit=2, delay=5, backoff=2, jitter="full", on=["ConnectionError"]
    )
    assert spec.steps["train"].resources == {"cpus": 1, "memory": 2 * 1024**3}
    assert spec.steps["train"].on_error == "skip"
    assert spec.steps["evaluate"].with_ == {"bootstrap": 200, "n_jobs": 2}
    assert spec.steps["evaluate"].cache == CacheSpec(ignore=["n_jobs"])
    assert spec.steps["promote"].cache == CacheSpec(enabled=False)
    assert spec.steps["report"].publish == {"": "reports/churn.html"}
    assert (spec.store and spec.store.url, spec.image) == ("s3://team/churn", "registry.example/churn:1.4")
    assert loaded.params["models"] == [{"kind": "logreg"}, {"kind": "forest", "trees": 200}]
    assert loaded.root == str(CONTRACT.parent)
    assert [file for file, _ in loaded.files] == [str(CONTRACT)]
    assert len(loaded.files[0][1]) == 48


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("retry: 3", "retry", RetrySpec(limit=3)),
        ("retry: {limit: 1, on: ValueError}", "retry", RetrySpec(limit=1, on=["ValueError"])),
        ("timeout: 100ms", "timeout", 0.1),
        ("timeout: 90s", "timeout", 90.0),
        ("timeout: 1.5h", "timeout", 5400.0),
        ("timeout: 2h", "timeout", 7200.0),
        ("timeout: 1d", "timeout", 86400.0),
        ("timeout: 90", "timeout", 90.0),
        ("cache: false", "cache", CacheSpec(enabled=False)),
        ("cache: true", "cache", CacheSpec()),
        ("cache: {version: 2}", "cache", CacheSpec(version="2")),
        ("foreach: train", "foreach", ForEachSpec(in_="train")),
        ("foreach: [1, a]", "foreach", ForEachSpec(in_=[1, "a"])),
        ("foreach: {in: x, key: item.name}", "foreach", ForEachSpec(in_="x", key="item.name")),
        ("needs: b", "needs", ["b"]),
        ("needs: [b, c]", "needs", ["b", "c"]),
        ("tags: nightly", "tags", ["nightly"]),
        ("check: m:ok", "check", {"": "m:ok"}),
        ("check: {x: m:ok}", "check", {"x": "m:ok"}),
        ("publish: {x: out.csv}", "publish", {"x": "out.csv"}),
        ("when: false", "when", "false"),
        ("resources: {memory: 512MiB, cpus: 0.5}", "resources", {"memory": 512 * 1024**2, "cpus": 0.5}),
        ("resources: {memory: 1GB, disk: 10}", "resources", {"memory": 10**9, "disk": 10}),
        ("resources: {memory: '${{ params.m }}'}", "resources", {"memory": "${{ params.m }}"}),
        ("with: {x: 3}", "with_", {"x": 3}),
    ],
)
def test_every_form_becomes_one(write: Write, written: str, key: str, value: Any) -> None:
    loaded = good(load(write(f"steps:\n  a:\n    call: m:f\n    {written}\n")))
    assert getattr(loaded.spec.steps["a"], key) == value


def test_defaults_of_cache_and_on_error_reach_the_steps(write: Write) -> None:
    text = "defaults: {cache: false, on_error: skip}\nsteps:\n  a: {call: m:f}\n"
    text += "  b: {call: m:f, cache: true, on_error: fail}\n"
    steps = good(load(write(text))).spec.steps
    assert (steps["a"].cache.enabled, steps["a"].on_error) == (False, "skip")
    assert (steps["b"].cache.enabled, steps["b"].on_error) == (True, "fail")


def test_the_name_is_the_folder_s(write: Write, tmp_path: Path) -> None:
    assert load(write(STEPS)).spec.name == tmp_path.name
    assert load(write(STEPS, "nightly.yaml")).spec.name == "nightly"


def test_broken_steps_are_named(write: Write) -> None:
    loaded = load(write("steps:\n  a: {call: m}\n  b: {call: m:f}\n  env: {call: m:f}\n  c:\n"))
    assert loaded.broken == {"a", "env", "c"}
    assert list(loaded.spec.steps) == ["b"]


def test_the_rest_is_read_when_a_part_is_wrong(write: Write) -> None:
    text = "store: 3\nnope: 1\nenv: {A: a, B: 1}\nsecrets: {T: x, U: env:U}\nimage: i\n"
    loaded = load(write(text + STEPS))
    assert len(loaded.problems) == 4
    assert loaded.spec.image == "i"
    assert loaded.spec.env == {"A": "a"}
    assert set(loaded.spec.secrets) == {"T", "U"}  # a reference to T is not reported too
    assert list(loaded.spec.steps) == ["a"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("pipelin.yaml", "there is no file 'pipelin.yaml'", "did you mean 'pipeline.yaml'?"),
        ("nowhere/x.yaml", "there is no file", "there is no folder 'nowhere'"),
        (".", "is a folder", "pipeline.yaml"),
    ],
)
def test_no_file(write: Write, name: str, message: str, hint: str) -> None:
    write(STEPS)
    with pytest.raises(PipelineError) as caught:
        load(name)
    assert message in caught.value.problems[0].message
    assert hint in caught.value.problems[0].hint


# ---- params --------------------------------------------------------------------------------------

PARAMS = (
    """\
params:
  text: abc
  count: 3
  rate: 0.5
  flag: true
  names: [a, b]
  nested: {x: 1, deep: {y: 2, z: t}}
  any:
  full: {type: float, default: 1, gt: 0, le: 2, description: how fast}
profiles:
  dev: {params: {count: 4, names: [c], nested: {deep: {y: 5}}}}
"""
    + STEPS
)


def test_params_of_the_file(write: Write) -> None:
    params = good(load(write(PARAMS))).params
    assert params == {
        "text": "abc", "count": 3, "rate": 0.5, "flag": True, "names": ["a", "b"],
        "nested": {"x": 1, "deep": {"y": 2, "z": "t"}}, "any": None, "full": 1.0,
    }  # fmt: skip
    assert type(params["full"]) is float


def test_a_profile_merges_mappings_and_replaces_the_rest(write: Write) -> None:
    params = good(load(write(PARAMS), profile="dev")).params
    assert params["count"] == 4
    assert params["names"] == ["c"]
    assert params["nested"] == {"x": 1, "deep": {"y": 5, "z": "t"}}


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("text=3", "text", "3"),
        ("text=", "text", ""),
        ("text=a=b: [", "text", "a=b: ["),
        ("count=5", "count", 5),
        ("rate=1", "rate", 1.0),
        ("rate=1e-3", "rate", 0.001),
        ("flag=false", "flag", False),
        ("names=[c, 1]", "names", ["c", 1]),
        ("names=[]", "names", []),
        ("nested={x: 2}", "nested", {"x": 2, "deep": {"y": 2, "z": "t"}}),
        ("nested.deep.y=9", "nested", {"x": 1, "deep": {"y": 9, "z": "t"}}),
        ("nested.deep.z=9", "nested", {"x": 1, "deep": {"y": 2, "z": "9"}}),
        ("nested.new=[1]", "nested", {"x": 1, "deep": {"y": 2, "z": "t"}, "new": [1]}),
        ("any={a: 1}", "any", {"a": 1}),
        ("any=text", "any", "text"),
        ("any=", "any", None),
        ("any.a.b=1", "any", {"a": {"b": 1}}),
        ("full=2", "full", 2.0),
    ],
)
def test_the_command_line(write: Write, override: str, name: str, value: Any) -> None:
    found = good(load(write(PARAMS), overrides=[override])).params[name]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("override", "code", "part", "hint"),
    [
        ("counts=1", "unknown-param", "'counts'", "did you mean 'count'?"),
        ("count", "param-syntax", "'='", "NAME=VALUE"),
        ("count=many", "param", "param 'count' must be an integer, not 'many'", ""),
        ("count=1.5", "param", "must be an integer", ""),
        ("count=true", "param", "must be an integer", ""),
        ("count=null", "param", "not empty", ""),
        ("flag=1", "param", "must be true or false", ""),
        ("flag=yes", "param", "not 'yes'", ""),
        ("names=a", "param", "must be a list", "[...]"),
        ("names=[a", "param", "not closed", ""),
        ("names=!x 1", "param", "tags", ""),
        ("nested=1", "param", "must be a mapping", ""),
        ("nested.deep=1", "param", "'nested.deep' must be a mapping", ""),
        ("count.x=1", "param", "not a mapping", ""),
        ("names.0=1", "param", "is a list", "replaced whole"),
        ("nested.=1", "param", "a name is missing", "NAME.KEY=VALUE"),
        ("nested..deep=1", "param", "a name is missing", "NAME.KEY=VALUE"),
        ("full=3", "param-bounds", "must be at most 2, not 3.0", ""),
        ("full=0", "param-bounds", "must be greater than 0", ""),
        ("full=x", "param", "must be a number", ""),
    ],
)
def test_wrong_overrides(write: Write, override: str, code: str, part: str, hint: str) -> None:
    problem = the_problem(load(write(PARAMS), overrides=[override]))
    assert problem.code == code
    assert part in problem.message
    assert hint in problem.hint


def test_later_wins(write: Write) -> None:
    loaded = good(load(write(PARAMS), profile="dev", params={"count": 6}, overrides=["count=7", "count=8"]))
    assert loaded.params["count"] == 8
    assert good(load("pipeline.yaml", profile="dev", params={"count": 6})).params["count"] == 6


def test_params_from_python(write: Write) -> None:
    import numpy as np

    given = {"names": ("x", "y"), "rate": np.float64(2.5), "count": np.int64(4), "nested": {"x": 2}}
    params = good(load(write(PARAMS), params=given)).params
    assert params["names"] == ["x", "y"]
    assert (type(params["rate"]), type(params["count"])) == (float, int)
    assert params["nested"] == {"x": 2, "deep": {"y": 2, "z": "t"}}


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"count": "4"}, "must be an integer"),
        ({"any": [object()]}, "param 'any' has a value of type object, which is not plain data"),
        ({"any": {1: 2}}, "param 'any' has the key 1, which"),
        ({"x": 1}, "no param"),
    ],
)
def test_wrong_params_from_python(write: Write, params: dict[str, Any], part: str) -> None:
    assert part in the_problem(load(write(PARAMS), params=params)).message


def test_values_given_are_copied(write: Write) -> None:
    given = {"names": ["x"]}
    loaded = good(load(write(PARAMS), params=given))
    loaded.params["names"].append("y")
    assert given == {"names": ["x"]}


def test_a_wrong_profile(write: Write) -> None:
    problem = the_problem(load(write(PARAMS), profile="deb"))
    assert (problem.code, problem.hint) == ("unknown-profile", "did you mean 'dev'?")


@pytest.mark.parametrize("profile", [None, "bad", "dev"])
def test_the_params_of_every_profile_are_judged(write: Write, profile: str | None) -> None:
    bad = "  bad: {params: {count: many, nope: 1, full: 7}}\n"
    loaded = load(write(PARAMS.replace("profiles:\n", "profiles:\n" + bad)), profile=profile)
    assert sorted((p.code, p.where.line, p.where.column) for p in loaded.problems if p.where) == [
        ("param", 11, 25),
        ("param-bounds", 11, 46),
        ("unknown-param", 11, 31),
    ]


def test_a_profile_overlays(write: Write) -> None:
    text = "executor: {backend: loky, workers: 4}\nenv: {A: a, B: b}\nimage: i\nstore: s\n"
    text += "profiles: {p: {executor: {workers: 2}, env: {B: c}, image: j, store: t}}\n" + STEPS
    loaded = good(load(write(text), profile="p"))
    spec = loaded.spec
    assert (spec.executor.backend, spec.executor.workers) == ("loky", 2)
    assert (spec.env, spec.image, spec.store and spec.store.url) == ({"A": "a", "B": "c"}, "j", "t")
    places = [loaded.source.place(("env", name)) for name in ("A", "B")]
    assert [place.line for place in places if place] == [2, 5]


# ---- includes ------------------------------------------------------------------------------------


def test_includes_add_steps_and_params(write: Write, tmp_path: Path) -> None:
    write("include: [parts/deep.yaml]\nparams: {x: 1}\nsteps:\n  b: {call: m:g}\n", "parts/b.yaml")
    write("params: {y: 2}\nsteps:\n  c: {call: m:h}\n", "parts/deep.yaml")
    loaded = good(load(write("include: parts/b.yaml\n" + STEPS), overrides=["y=3"]))
    assert list(loaded.spec.steps) == ["a", "b", "c"]
    assert loaded.params == {"x": 1, "y": 3}
    names = [Path(file).relative_to(tmp_path).as_posix() for file, _ in loaded.files]
    assert names == ["pipeline.yaml", "parts/b.yaml", "parts/deep.yaml"]
    place = loaded.source.place(("steps", "b", "call"))
    assert place is not None
    assert (Path(place.file).as_posix(), place.line, place.column) == ("parts/b.yaml", 4, 13)


def test_the_root_may_have_no_steps_of_its_own(write: Write) -> None:
    write(STEPS, "a.yaml")
    assert list(good(load(write("include: [a.yaml, a.yaml]\n"))).spec.steps) == ["a"]


def test_a_clash_names_both_places(write: Write) -> None:
    write("steps:\n  a: {call: m:g}\n", "b.yaml")
    problem = the_problem(load(write("include: [b.yaml]\n" + STEPS)))
    assert problem.code == "clash"
    assert str(problem.where) == "b.yaml:2:3"
    assert "pipeline.yaml:2:9" in problem.message


def test_an_included_file_s_problems_have_its_place(write: Write) -> None:
    write("store: s\nstepz: {}\nsteps:\n  b: {call: m}\n", "b.yaml")
    loaded = load(write("include: [b.yaml]\n" + STEPS))
    assert [(p.code, str(p.where)) for p in loaded.problems] == [
        ("unknown-key", "b.yaml:1:1"),
        ("unknown-key", "b.yaml:2:1"),
        ("call", "b.yaml:4:13"),
    ]
    assert "only the root file" in loaded.problems[0].hint


@pytest.mark.parametrize(("value", "column"), [("5", 10), ("{a: b}", 10), ("[5]", 11), ("''", 10)])
def test_an_included_file_s_include_must_be_paths(write: Write, value: str, column: int) -> None:
    write(f"include: {value}\nsteps: {{}}\n", "b.yaml")
    problem = the_problem(load(write("include: [b.yaml]\n" + STEPS)))
    assert (problem.code, str(problem.where)) == ("include", f"b.yaml:1:{column}")


@pytest.mark.parametrize(
    ("included", "code", "where"),
    [
        ("include: [pipeline.yaml]\nsteps: {}\n", "include-cycle", "b.yaml:1:11"),
        ("include: [b.yaml]\nsteps: {}\n", "include-cycle", "b.yaml:1:11"),
        ("include: [nope.yaml]\n", "include", "b.yaml:1:11"),
        ("steps: {\n", "yaml-syntax", "b.yaml:1:9"),
        ("- a\n", "not-a-mapping", "b.yaml:1:1"),
        ("steps: [a]\n", "value", "b.yaml:1:8"),
    ],
)
def test_where_a_part_is_missing_nothing_is_said_of_references(
    write: Write, included: str, code: str, where: str
) -> None:
    write(included, "b.yaml")
    with pytest.raises(PipelineError) as caught:
        load(write("include: [b.yaml]\n" + STEPS))
    assert [(p.code, str(p.where)) for p in caught.value.problems] == [(code, where)]


def test_ten_thousand_steps(write: Write) -> None:
    text = "steps:\n" + "".join(f"  s{i}: {{call: m:f, inputs: {{x: s{i - 1}}}}}\n" for i in range(10_000))
    assert len(good(load(write(text))).spec.steps) == 10_000


def test_a_file_with_a_line_less_is_never_a_crash(write: Write) -> None:
    lines = CONTRACT.read_text(encoding="utf-8").split("\n")
    for left_out in range(len(lines)):
        text = "\n".join(lines[:left_out] + lines[left_out + 1 :])
        try:
            found = load(write(text), profile="dev").problems
        except PipelineError as error:
            found = error.problems
        assert all(problem.where or problem.code == "unknown-profile" for problem in found), found
