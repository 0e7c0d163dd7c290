"""`prun run`, `plan`, `check` and `why`: options in, text and exit codes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from pipeline_runner.errors import Place, Problem, PrunError

from .conftest import App, StubRun, one_object

Prun = Callable[..., Result]


def test_defaults(prun: Prun, app: App) -> None:
    prun("run")
    assert app.asked["load"] == ("pipeline.yaml", {"overrides": (), "profile": None, "store": None})
    assert app.asked["run"] == {
        "backend": None, "jobs": None, "select": (), "force": (), "fail_fast": False, "paranoid": False,
        "printed": None,
    }  # fmt: skip


def test_all_options(prun: Prun, app: App) -> None:
    prun(
        "run", "-p", "a=1", "--param", "b.c=x=y", "--profile", "dev", "--store", "memory://x", "-s", "+a",
        "--select", "b", "--force", "a", "--force", "b", "-j", "3", "--backend", "threading", "--fail-fast",
        "--paranoid", "-q",
    )  # fmt: skip
    options = {"overrides": ("a=1", "b.c=x=y"), "profile": "dev", "store": "memory://x"}
    assert app.asked["load"] == ("pipeline.yaml", options)
    assert app.asked["run"] == {
        "backend": "threading", "jobs": 3, "select": ("+a", "b"), "force": ("a", "b"), "fail_fast": True,
        "paranoid": True, "printed": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["-p", "novalue"], "NAME=VALUE"),
        (["-p", "=1"], "NAME=VALUE"),
        (["-j", "0"], "0"),
        (["-q", "-v"], "exclude each other"),
        (["a.yaml", "b.yaml"], "b.yaml"),
    ],
)
def test_wrong_options(prun: Prun, app: App, args: list[str], told: str) -> None:
    result = prun("run", *args, exit=2)
    assert told in result.stderr
    assert "run" not in app.asked


def test_a_folder_stands_for_its_pipeline(prun: Prun, app: App) -> None:
    Path("sub").mkdir()
    Path("sub/pipeline.yaml").touch()
    prun("plan", "sub")
    assert Path(app.asked["load"][0]) == Path("sub/pipeline.yaml")


@pytest.mark.parametrize(
    ("given", "hint"),
    [("train", "-s train"), ("pipelin.yaml", "'pipeline.yaml'"), ("no/where.yaml", "where.yaml")],
)
def test_no_such_file(prun: Prun, given: str, hint: str) -> None:
    result = prun("run", given, exit=2)
    assert f"there is no pipeline file {str(Path(given))!r}" in result.stderr
    assert hint in result.stderr


def test_no_pipeline_at_all(prun: Prun) -> None:
    Path("pipeline.yaml").unlink()
    assert "prun init" in prun("run", exit=2).stderr


def test_stdout_is_empty_but_for_json(prun: Prun, app: App) -> None:
    result = prun("run")
    assert result.stdout.startswith("1 task: all reused")
    result = prun("run", "--json")
    assert one_object(result) == app.run.to_json()
    assert "1 task: all reused" in result.stderr


def test_quiet(prun: Prun) -> None:
    assert prun("run", "--quiet").output == ""


@pytest.mark.parametrize("code", [0, 1, 130])
def test_the_exit_code_of_the_run(prun: Prun, app: App, code: int) -> None:
    app.run = StubRun(exit_code=code)
    prun("run", exit=code)


def test_plan(prun: Prun, app: App) -> None:
    result = prun("plan", "-s", "clean", "--force", "clean")
    assert app.asked["plan"] == {"select": ("clean",), "force": ("clean",), "paranoid": False}
    assert result.stdout.startswith("demo: 1 task, 1 to run; about 2 s\n")
    assert "new" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr == ""
    assert one_object(prun("plan", "--json")) == {"pipeline": "demo"}


def test_check_without_problems(prun: Prun) -> None:
    result = prun("check")
    assert result.stdout == "demo: no problems in 1 step\n"
    assert one_object(prun("check", "--json")) == {"problems": [], "errors": 0, "warnings": 0}


def test_check_with_problems(prun: Prun, app: App) -> None:
    app.problems = [
        Problem("a", "odd", severity="warning"),
        Problem("b", "wrong", Place("pipeline.yaml", 2, 3, "x: y"), "do better"),
    ]
    result = prun("check", exit=2)
    assert "odd" in result.stderr
    assert "pipeline.yaml:2:3" in result.stderr
    found = one_object(prun("check", "--json", exit=2))
    assert (found["errors"], found["warnings"]) == (1, 1)
    assert found["problems"][1] == {
        "severity": "error", "code": "b", "message": "wrong", "hint": "do better",
        "file": "pipeline.yaml", "line": 2, "column": 3,
    }  # fmt: skip


def test_warnings_alone_are_fine(prun: Prun, app: App) -> None:
    app.problems = [Problem("a", "odd", severity="warning")]
    assert "odd" in prun("check").stderr


def test_check_tells_a_pipeline_that_does_not_load(prun: Prun, app: App) -> None:
    app.raises = PrunError(Problem("cycle", "a -> b -> a"))
    assert "a -> b -> a" in prun("check", exit=2).stderr
    assert one_object(prun("check", "--json", exit=2))["problems"][0]["code"] == "cycle"


def test_why(prun: Prun, app: App) -> None:
    result = prun("why", "train[1,3]", "-p", "n=2")
    assert app.asked["why"] == "train[1,3]"
    assert app.asked["load"][1]["overrides"] == ("n=2",)
    assert "params.n: 1 -> 2" in result.stdout
    answer = one_object(prun("why", "train[1,3]", "--json"))
    assert answer["reasons"] == [{"kind": "param", "what": "params.n", "detail": "1 -> 2"}]


def test_why_finds_its_pipeline_by_either_option(prun: Prun, app: App) -> None:
    Path("other.yaml").touch()
    for args in (["other.yaml"], ["-f", "other.yaml"]):
        prun("why", "clean", *args)
        assert app.asked["load"][0] == "other.yaml"
