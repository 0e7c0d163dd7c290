"""`prun plan`, `prun why`, selection."""

from __future__ import annotations

import json

import pytest
from harness import Project, Result, actions, having, ran, reasons, reused, statuses

TASKS = """\
from pathlib import Path

from calls import called
import helpers

Path("imported").touch()

def load(path):
    called("load")
    return Path(path).read_text().split()

def clean(words, lower):
    called("clean")
    return [helpers.tidy(word, lower) for word in words]

def size(word):
    called(f"size {word}")
    return len(word)

def total(sizes):
    called("total")
    return sum(sizes)

def tell(total):
    called("tell")
    return total > 0
"""

HELPERS = """\
LIMIT = 100

def tidy(word, lower):
    return cut(word.lower() if lower else word)


def cut(word):
    return word[:LIMIT]
"""

PIPELINE = """
params: {lower: true, go: true}
steps:
  load: {call: tasks:load, files: {path: words.txt}}
  clean: {call: tasks:clean, inputs: {words: load, lower: params.lower}, tags: [prepare]}
  size: {call: tasks:size, foreach: clean, inputs: {word: item}}
  total: {call: tasks:total, inputs: {sizes: size}}
  tell: {call: tasks:tell, inputs: {total: total}, when: params.go, cache: false}
"""

ALL = {"load", "clean", "size[aa]", "size[b]", "total", "tell"}


@pytest.fixture
def words(project: Project) -> Project:
    return (
        project.file("tasks.py", TASKS)
        .file("helpers.py", HELPERS)
        .file("words.txt", "AA B")
        .pipeline(PIPELINE)
    )


@pytest.fixture
def done(words: Project) -> Project:
    words.run()
    words.calls()
    words.remove("imported")
    return words


def test_a_plan_on_a_fresh_store(words: Project) -> None:
    plan = words.plan()
    assert set(plan.json) >= {"pipeline", "tasks", "summary", "estimate_s"}
    assert plan.json["pipeline"] == "demo"
    assert actions(plan) == {"load": "run", "clean": "run", "size": "run", "total": "run", "tell": "run"}
    assert plan.json["summary"] == {"run": 5, "reuse": 0, "skip": 0, "undecided": 0}
    for row in plan.tasks.values():
        assert set(row) >= {"id", "step", "key", "action", "wave", "needs", "reasons", "estimate_s"}
        assert row["id"] == row["step"]
        assert row["key"] is None
        assert row["reasons"]
        for reason in row["reasons"]:
            assert set(reason) >= {"kind", "what", "detail"}
    assert [plan.tasks[id]["wave"] for id in ("load", "clean", "size", "total", "tell")] == [0, 1, 2, 3, 4]
    assert plan.tasks["load"]["needs"] == []
    assert plan.tasks["clean"]["needs"] == ["load"]
    assert reasons(plan, "load") == {"new"}


def test_a_plan_executes_and_imports_nothing(words: Project) -> None:
    words.plan()
    words.check()
    words.prun("plan")
    assert words.calls() == []
    assert not words.has("imported")


def test_a_reused_run_imports_nothing_of_the_users(done: Project) -> None:
    done.pipeline(PIPELINE.replace(", cache: false", "")).run()
    done.remove("imported")
    assert reused(done.run()) == ALL
    assert not done.has("imported")


def test_a_plan_after_a_run(done: Project) -> None:
    plan = done.plan()
    assert actions(plan) == dict.fromkeys(ALL, "reuse") | {"tell": "run"}
    assert reasons(plan, "tell") == {"cache-off"}
    assert plan.json["summary"] == {"run": 1, "reuse": 5, "skip": 0, "undecided": 0}
    assert (plan.tasks["size[aa]"]["step"], plan.tasks["size[aa]"]["key"]) == ("size", "aa")
    assert isinstance(plan.tasks["tell"]["estimate_s"], int | float)
    assert isinstance(plan.json["estimate_s"], int | float)


def test_what_only_may_change_is_undecided(done: Project) -> None:
    done.file("words.txt", "AA B C")
    plan = done.plan()
    found = actions(plan)
    assert found["load"] == "run"
    assert reasons(plan, "load") == {"file"}
    assert {found["clean"], found["size"], found["total"]} == {"undecided"}
    assert plan.tasks["size"]["key"] is None  # how many items there will be is not known
    assert plan.json["summary"]["undecided"] == 3


def test_a_helper_two_functions_away_is_the_reason(done: Project) -> None:
    done.edit("helpers.py", "return word[:LIMIT]", "return word[:LIMIT] + '!'")
    plan = done.plan()
    assert actions(plan)["load"] == "reuse"
    assert reasons(plan, "clean") == {"code"}
    assert any(reason["what"] == "helpers:cut" for reason in plan.tasks["clean"]["reasons"])
    text = done.prun("plan").out
    assert "clean" in text
    assert "helpers" in text


def test_a_param_is_the_reason(done: Project) -> None:
    plan = done.plan("-p", "lower=false")
    assert reasons(plan, "clean") == {"param"}
    assert "params.lower" in json.dumps(plan.tasks["clean"]["reasons"])


def test_an_input_is_the_reason(project: Project) -> None:
    """Two readers of a changed value: the maker is reused under the old value, and so decided."""
    project.file("tasks.py", "def make(n): return n\ndef use(x): return x\n").pipeline(
        """
        params: {n: 1}
        steps:
          make: {call: tasks:make, inputs: {n: params.n}}
          use: {call: tasks:use, inputs: {x: make}}
        """
    )
    project.run()
    project.run("-s", "make", "-p", "n=2")
    plan = project.plan("-p", "n=2")
    assert actions(plan) == {"make": "reuse", "use": "run"}
    assert reasons(plan, "use") == {"input"}


def test_forced_is_a_reason(done: Project) -> None:
    plan = done.plan("--force", "clean")
    assert actions(plan)["clean"] == "run"
    assert reasons(plan, "clean") == {"forced"}
    assert actions(plan)["total"] == "undecided"


def test_a_false_condition_is_a_skip(done: Project) -> None:
    plan = done.plan("-p", "go=false")
    assert actions(plan)["tell"] == "skip"
    assert plan.json["summary"] == {"run": 0, "reuse": 5, "skip": 1, "undecided": 0}


def test_what_failed_last_time_is_not_called_new(project: Project) -> None:
    project.file("tasks.py", "def f(n):\n    if n == 2:\n        raise ValueError(n)\n    return n\n")
    project.pipeline("steps: {a: {call: tasks:f, foreach: [1, 2], inputs: {n: item}}}")
    assert "failed" not in project.prun("plan").out
    project.run(exit=1)
    plan = project.plan()
    assert actions(plan) == {"a[1]": "reuse", "a[2]": "run"}
    (reason,) = plan.tasks["a[2]"]["reasons"]
    assert (reason["kind"], reason["detail"]) == ("new", "failed last time")
    assert "failed last time" in project.prun("plan").out
    assert "failed last time" in project.why("a[2]").out
    project.edit("tasks.py", "n == 2", "n == 20")
    project.run()
    project.pipeline("steps: {a: {call: tasks:f, foreach: [1, 2, 3], inputs: {n: item}}}")
    assert "failed" not in project.prun("plan").out


@pytest.mark.parametrize(("left", "kind"), [(None, "missing"), (b"what is this", "corrupt")])
def test_what_is_gone_is_not_called_new(done: Project, left: bytes | None, kind: str) -> None:
    """Also where what it needs is gone, so that its key is not known."""
    for path in (done.folder / ".prun" / "entries").rglob("*.*"):
        path.unlink() if left is None else path.write_bytes(left)
    plan = done.plan()
    assert [reasons(plan, step) for step in ("load", "clean", "size", "total")] == [{kind}] * 4
    done.edit("helpers.py", "LIMIT = 100", "LIMIT = 99")
    assert reasons(done.plan(), "clean") == {"new"}  # of what it did then nothing is left to compare


def test_a_failed_step_is_run_again(words: Project) -> None:
    words.edit("tasks.py", "return sum(sizes)", "raise ValueError").run(exit=1)
    assert actions(words.plan())["total"] == "run"


def test_the_plan_agrees_with_the_run(done: Project) -> None:
    done.edit("helpers.py", "LIMIT = 100", "LIMIT = 1")
    plan = actions(done.plan())
    result = done.run()
    for id, action in plan.items():
        if action == "reuse":
            assert statuses(result)[id] == "reused"
        elif action == "run":
            assert statuses(result)[id] == "succeeded"


def test_the_plan_as_text_names_all_steps(done: Project) -> None:
    result = done.prun("plan")
    for name in ("load", "clean", "size", "total", "tell"):
        assert name in result.out
    assert "\x1b" not in result.text


# --- why


def why(project: Project, task: str, *args: str) -> str:
    result: Result = project.why(task, *args)
    assert "Traceback" not in result.text
    return result.out


def test_why_names_the_function_and_its_line(done: Project) -> None:
    done.edit("helpers.py", "return word[:LIMIT]", "return word[1:LIMIT]")
    text = why(done, "clean")
    assert "cut" in text
    assert "helpers.py:7" in text or "helpers.py:8" in text  # the definition, or the line that changed


def test_why_names_a_constant(done: Project) -> None:
    done.edit("helpers.py", "LIMIT = 100", "LIMIT = 99")
    text = why(done, "clean")
    assert "LIMIT" in text
    assert "helpers.py:1" in text


def test_why_names_a_params_old_and_new_value(project: Project) -> None:
    project.file("tasks.py", "def f(n): return n\n").pipeline(
        "params: {n: 1234}\nsteps:\n  f: {call: tasks:f, inputs: {n: params.n}}\n"
    ).run()
    text = why(project, "f", "-p", "n=5678")
    assert "params.n" in text
    assert "1234" in text
    assert "5678" in text


def test_why_names_the_file(done: Project) -> None:
    done.file("words.txt", "other")
    assert "words.txt" in why(done, "load")


def test_why_of_an_item_and_of_what_is_up_to_date(done: Project) -> None:
    assert "size[aa]" in why(done, "size[aa]")
    assert "load" in why(done, "load")


def test_why_compares_with_the_entry_of_the_same_item(project: Project) -> None:
    """Positions move when an item is put first; what changed is still the item's own input."""
    project.file("tasks.py", "def f(row, k): return k\n").pipeline(
        """
        params: {rows: [{n: a}, {n: b}], k: 41}
        steps:
          f: {call: tasks:f, foreach: params.rows, inputs: {row: item, k: params.k}}
        """
    ).run()
    text = why(project, "f[2]", "-p", "rows=[{n: new}, {n: a}, {n: b}]", "-p", "k=42")
    assert "params.k" in text
    assert "41" in text
    assert "42" in text


def test_why_of_what_never_ran(words: Project) -> None:
    assert "load" in why(words, "load")


def test_why_of_an_unknown_task(done: Project) -> None:
    assert "clean" in done.why("claen", exit=2).err


# --- selection


SELECTED = {
    ("load",): {"load"},
    ("+clean",): {"load", "clean"},
    ("+total",): {"load", "clean", "size[aa]", "size[b]", "total"},
    ("load+",): ALL,
    ("+tell",): ALL,
    ("+tag:prepare",): {"load", "clean"},
    ("+clean", "+size"): {"load", "clean", "size[aa]", "size[b]"},
    ("+size+",): ALL,
    ("load +clean",): {"load", "clean"},
    ("+total,+size",): {"load", "clean", "size[aa]", "size[b]"},
}


@pytest.mark.parametrize("select", SELECTED, ids=" ".join)
def test_selected_steps_run(words: Project, select: tuple[str, ...]) -> None:
    options = [part for name in select for part in ("-s", name)]
    assert ran(words.run(*options)) == SELECTED[select]
    assert not having(words.run(*options), "failed")


@pytest.mark.parametrize("select", ["clean", "total", "size+", "tag:prepare"])
def test_what_is_above_must_be_there(words: Project, select: str) -> None:
    result = words.run("-s", select, exit=2)
    assert "+" + select.removesuffix("+") in result.err or "+clean" in result.err
    assert words.calls() == []


def test_what_is_forced_must_be_selected(done: Project) -> None:
    assert "forced but not selected: total" in done.run("-s", "size", "--force", "total", exit=2).err
    assert ran(done.run("-s", "size", "--force", "size")) == {"size[aa]", "size[b]"}


def test_what_is_above_may_be_reused(done: Project) -> None:
    done.edit("tasks.py", "return len(word)", "return len(word) * 2")
    assert ran(done.run("--select", "size")) == {"size[aa]", "size[b]"}
    assert sorted(done.calls()) == ["size aa", "size b"]
    assert ran(done.run("-s", "total")) == {"total"}


def test_what_is_above_has_changed(done: Project) -> None:
    done.file("words.txt", "other words")
    result = done.run("-s", "clean", exit=2)
    assert "load" in result.err
    assert "+clean" in result.err
    assert done.calls() == []


def test_what_is_not_selected_is_not_run(done: Project) -> None:
    done.edit("tasks.py", "return sum(sizes)", "return sum(sizes) + 1")
    result = done.run("-s", "+size")
    assert ran(result) == set()
    assert done.calls() == []
    assert "total" not in ran(result) | reused(result)


def test_a_plan_of_selected_steps(words: Project) -> None:
    assert set(actions(words.plan("-s", "+clean"))) == {"load", "clean"}


@pytest.mark.parametrize(("items", "told"), [([], "the 1 task is"), ([1, 2], "all 3 tasks are")])
def test_nothing_to_do(project: Project, items: list[int], told: str) -> None:
    project.file("one.py", "def f(x=0): return x\n").pipeline(
        {
            "params": {"items": items},
            "steps": {
                "a": {"call": "one:f"},
                "b": {"call": "one:f", "foreach": "params.items", "inputs": {"x": "item"}},
            },
        }
    ).run()
    assert project.prun("plan").out == f"Nothing to do: {told} up to date.\n"
