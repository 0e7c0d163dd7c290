"""Broken pipelines: exit 2, the place, a hint, no traceback, and nothing executed.

In the tables, a line that ends in ``#!`` is where the problem must be shown; where several lines
do, any of them will do.
"""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from harness import Project

TASKS = """\
from calls import called

CONSTANT = 5

def make(): called("make"); return 1
def load(path): called("load"); return path
def train(frame, depth=3): called("train"); return frame
def positional(x, /): called("positional"); return x
def nothing(): called("nothing")
def anything(**given): called("anything"); return given

class Model:
    def fit(self): called("fit")
    @staticmethod
    def build(): called("build")

called("imported tasks")
"""


class Case(NamedTuple):
    """A pipeline, what its message must hold, and where it must point."""

    text: str
    says: tuple[str, ...] = ()  # all of these, whatever the case
    place: str = "pipeline.yaml"
    run_too: bool = True  # False: what only `check` has to find


def steps(body: str, *says: str, **more: object) -> Case:
    """A case with a good first step `make`."""
    lines = "\n".join("  " + line for line in body.strip("\n").splitlines())
    return Case(f"name: broken\nsteps:\n  make: {{call: tasks:make}}\n{lines}\n", says, **more)  # type: ignore[arg-type]


def step(body: str, *says: str, **more: object) -> Case:
    """A case with one bad line in the step `bad`."""
    return steps(f"bad:\n  call: tasks:anything\n  {body}", *says, **more)


CASES: dict[str, Case] = {
    # --- syntax
    "a bracket that is not closed": Case("name: broken\nsteps:\n  a: {call: tasks:make #!\n"),
    "a list that is not closed": Case("name: broken\ntags: [a, b #!\nsteps: #!\n  a: {call: tasks:make}\n"),
    "bad indentation": Case("name: broken\nsteps:\n  a:\n    call: tasks:make\n   tags: [x] #!\n"),
    "a tab": Case("name: broken\nsteps:\n\ta: {call: tasks:make} #!\n", ("tab",)),
    "a quote that is not closed": Case('name: broken\nsteps:\n  a: {call: "tasks:make} #!\n'),
    "a missing colon": Case("name: broken\nsteps:\n  a:\n    call tasks:make #!\n    tags: [x] #!\n"),
    "an unquoted template": step("with: {x: ${{ run.id }}} #!", "quote"),
    "an unquoted position": step("inputs: {x: make[0]} #!", "quote"),
    "an unquoted comparison": step('when: "a" == params.x #!', "quote"),
    "a duplicate key": step("tags: [x]\n  tags: [y] #!", "tags"),
    "a duplicate step": steps("make: {call: tasks:nothing} #!", "make"),
    "a duplicate param": Case("name: broken\nparams: {a: 1, a: 2} #!\nsteps: {m: {call: tasks:make}}\n", ("a",)),
    "a merge key": steps("a: &a {call: tasks:make}\nb:\n  <<: *a #!\n  tags: [x]", "<<"),
    "a Python tag": step("with: {x: !!python/object/apply:os.system [touch hacked]} #!", "tag"),
    "a tag of one's own": step("with: {x: !secret abc} #!", "tag"),
    "a standard tag": step('with: {x: !!int "3"} #!', "tag"),
    "an unknown alias": step("with: {x: *nowhere} #!", "nowhere"),
    "an alias inside itself": step("with: {x: &x [*x]} #!"),
    "a mapping as a key": step("with: {{a: 1}: 2} #!"),
    "a list at the top": Case("- a #!\n- b\n", ("mapping",)),
    "a text at the top": Case("hello #!\n", ("mapping",)),
    "an empty file": Case(""),
    "only comments": Case("# nothing here\n"),
    "two documents": Case("name: broken\nsteps: {a: {call: tasks:make}}\n--- #!\nname: b\n", ("document",)),
    # --- keys
    "an unknown key at the top": Case(
        "name: broken\nparms: {a: 1} #!\nsteps: {a: {call: tasks:make}}\n", ("parms", "did you mean", "params")
    ),
    "an unknown key of a step": step("input: {x: make} #!", "did you mean", "inputs"),
    "an unknown key without a likeness": step("zzzzzz: 1 #!", "zzzzzz"),
    "an unknown key of retry": step("retry: {limits: 1} #!", "limits", "did you mean", "limit"),
    "an unknown key of cache": step("cache: {ingore: [x]} #!", "ingore", "ignore"),
    "an unknown key of resources": step("resources: {cpu: 1} #!", "cpu"),
    "an unknown key of executor": Case(
        "name: broken\nexecutor: {backnd: loky} #!\nsteps: {a: {call: tasks:make}}\n", ("backnd", "backend")
    ),
    "an unknown key of foreach": step("foreach: {in: [1], keys: item} #!", "keys"),
    "no steps": Case("name: broken\n", ("steps",)),
    "steps as a list": Case("name: broken\nsteps: #!\n  - call: tasks:make #!\n"),
    "a step without call": steps("bad: #!\n  tags: [x] #!", "bad", "call"),
    "an empty step": steps("bad: #!", "bad", "call"),
    "a step as text": steps("bad: tasks:make #!", "bad"),
    # --- names
    **{
        f"a step called {name}": steps(f"{name}: {{call: tasks:nothing}} #!", name)
        for name in ("params", "item", "matrix", "secrets", "run", "env")
    },
    "a step name with a dot": steps("a.b: {call: tasks:nothing} #!", "a.b"),
    "a step name with a bracket": steps('"a[0]": {call: tasks:nothing} #!', "a[0]"),
    "a step name with a blank": steps("a b: {call: tasks:nothing} #!", "a b"),
    # --- references
    "an unknown step": step("inputs: {x: mkae} #!", "mkae", "did you mean", "make"),
    "an unknown param": Case(
        "name: broken\nparams: {size: 1}\nsteps:\n  a:\n    call: tasks:anything\n"
        "    inputs: {x: params.siez} #!\n",
        ("siez", "size"),
    ),
    "a key that a param has not": Case(
        "name: broken\nparams: {o: {a: 1}}\nsteps:\n  a:\n    call: tasks:anything\n    inputs: {x: params.o.b} #!\n",
        ("params.o",),
    ),
    "an undeclared output": steps(
        "two: {call: tasks:anything, outputs: [left, right]}\n"
        "bad:\n  call: tasks:anything\n  inputs: {x: two.lefft} #!",
        "lefft",
        "left",
    ),
    "a literal among the inputs": step("inputs: {x: 5} #!", "with"),
    "a list among the inputs": step("inputs: {x: [1, 2]} #!", "with"),
    "item without foreach": step("inputs: {x: item} #!", "item", "foreach"),
    "matrix without matrix": step("inputs: {x: matrix.a} #!", "matrix"),
    "an unknown axis": step("matrix: {alpha: [1]}\n  inputs: {x: matrix.alpa} #!", "alpa", "alpha"),
    "an unknown secret": step("inputs: {x: secrets.TOKEN} #!", "TOKEN"),
    "something else of run": step("inputs: {x: run.time} #!", "run.id"),
    "an empty reference": step('inputs: {x: ""} #!'),
    "two dots": step("inputs: {x: make..a} #!"),
    "an unknown step in foreach": step("foreach: mkae #!", "mkae", "make"),
    "an unknown step in matrix": step("matrix: {a: mkae} #!", "mkae", "make"),
    "an unknown step in when": step("when: mkae == 1 #!", "mkae", "make"),
    "an unknown step in needs": step("needs: [mkae] #!", "mkae", "make"),
    "an unknown param in a text": step('with: {x: "${{ params.nope }}"} #!', "nope"),
    "logic in a text": step('with: {x: "${{ run.id + 1 }}"} #!'),
    "a text that is not closed": step('with: {x: "${{ run.id"} #!'),
    "a step in a text": step('with: {x: "${{ make }}"} #!', "make", "inputs"),
    "a step that needs itself": steps("bad: #!\n  call: tasks:anything\n  needs: [bad] #!", "bad"),
    "a step that reads itself": steps("bad: #!\n  call: tasks:anything\n  inputs: {x: bad} #!", "bad"),
    "a cycle of two": steps(
        "one: #!\n  call: tasks:anything\n  inputs: {x: two} #!\ntwo: #!\n  call: tasks:anything\n  inputs: {x: one} #!",
        "one",
        "two",
    ),
    "a cycle of three": steps(
        "aa: #!\n  call: tasks:anything\n  inputs: {x: bb} #!\n"
        "bb: #!\n  call: tasks:anything\n  foreach: cc #!\n"
        "cc: #!\n  call: tasks:anything\n  needs: [aa] #!",
        "aa", "bb", "cc",
    ),
    "one argument twice": step("with: {x: 1} #!\n  inputs: {x: make} #!", "x"),
    "an argument as file and input": step("files: {x: tasks.py} #!\n  inputs: {x: make} #!", "x"),
    # --- values
    "retry as a text": step("retry: many #!", "retry"),
    "a negative retry": step("retry: -1 #!", "-1"),
    "an unknown jitter": step("retry: {limit: 1, jitter: some} #!", "full"),
    "a bad duration": step("timeout: 5 parsecs #!", "timeout"),
    "a negative duration": step("timeout: -5s #!", "timeout"),
    "a bad size": step("resources: {memory: 2 chunks} #!", "memory"),
    "an unknown trigger rule": step("trigger_rule: all_sucess #!", "all_success"),
    "an unknown on_error": step("on_error: explode #!", "skip"),
    "outputs as a text": step("outputs: model #!", "outputs"),
    "an output twice": step("outputs: [a, a] #!", "a"),
    "max_parallel 0": step("foreach: [1]\n  max_parallel: 0 #!", "max_parallel"),
    "max_parallel as a text": step("foreach: [1]\n  max_parallel: few #!", "max_parallel"),
    "foreach over a number": step("foreach: 5 #!", "foreach"),
    "foreach over a number param": Case(
        "name: broken\nparams: {n: 5}\nsteps:\n  a:\n    call: tasks:anything\n    foreach: params.n #!\n",
        ("params.n", "list"),
    ),
    "a matrix that is a list": step("matrix: [1, 2] #!", "matrix"),
    "an axis that is a number": step("matrix: {a: 5} #!", "a"),
    "tags as a number": step("tags: 5 #!", "tags"),
    "cache as a text": step("cache: sometimes #!", "cache"),
    "publish as a list": step("publish: [x] #!", "publish"),
    "env that is no text": step("env: {A: [1]} #!", "A"),
    "an unknown backend": Case(
        "name: broken\nexecutor: {backend: lokey} #!\nsteps: {a: {call: tasks:make}}\n", ("lokey", "loky")
    ),
    "a store that is a number": Case("name: broken\nstore: 5 #!\nsteps: {a: {call: tasks:make}}\n", ("store",)),
    "a secret without a source": Case(
        "name: broken\nsecrets: {TOKEN: MY_TOKEN} #!\nsteps: {a: {call: tasks:make}}\n", ("env:",)
    ),
    "wiring in a profile": Case(
        "name: broken\nprofiles:\n  dev:\n    steps: {} #!\nsteps: {a: {call: tasks:make}}\n", ("steps",)
    ),
    "an unknown param in a profile": Case(
        "name: broken\nparams: {a: 1}\nprofiles:\n  dev: {params: {b: 1}} #!\nsteps: {a: {call: tasks:make}}\n",
        ("b",),
    ),
    "a bad cron": Case(
        'name: broken\nsteps: {a: {call: tasks:make}}\nschedule: {cron: "61 * * * *"} #!\n',
        ("cron",),
        run_too=False,
    ),
    "a condition that does not parse": step("when: make == #!"),
    "a call in a condition": step("when: len(make) > 1 #!"),
    "an import in a condition": step("""when: __import__('os').system('touch hacked') #!"""),
    "arithmetic in a condition": step("when: make + 1 > 2 #!"),
    "a key twice in foreach": step("foreach: {in: [{n: x}, {n: x}], key: item.n} #!", "x"),
    # --- callables
    "a callable without a colon": steps("bad:\n  call: tasks.make #!", "module:"),
    "an unknown module": steps("bad:\n  call: taskz:make #!", "taskz", "tasks"),
    "an unknown module of a package": steps("bad:\n  call: nowhere.deep:make #!", "nowhere"),
    "an unknown function": steps("bad:\n  call: tasks:mkae #!", "mkae", "did you mean", "make"),
    "an unknown method": steps("bad:\n  call: tasks:Model.biuld #!", "biuld", "build"),
    "no callable": steps("bad:\n  call: tasks:CONSTANT #!", "CONSTANT"),
    "a callable of this file's folder by path": steps("bad:\n  call: ./tasks.py:make #!"),
    "an unknown check": step("check: tasks:chekc #!", "chekc"),
    "a check of an undeclared output": step("outputs: [a]\n  check: {b: tasks:nothing} #!", "b"),
    "an argument that it does not take": steps(
        "bad: #!\n  call: tasks:train #!\n  inputs: {frame: make} #!\n  with: {dpeth: 4} #!", "dpeth", "depth"
    ),
    "an input that it does not take": steps(
        "bad: #!\n  call: tasks:make #!\n  inputs: {x: make} #!", "x"
    ),
    "an argument that is missing": steps("bad: #!\n  call: tasks:train #!\n  with: {depth: 4} #!", "frame"),
    "an argument by position only": steps(
        "bad: #!\n  call: tasks:positional #!\n  inputs: {x: make} #!", "x", "position"
    ),
    "a method without its object": steps("bad: #!\n  call: tasks:Model.fit #!", "self"),
    # --- files
    "a missing file": steps("bad:\n  call: tasks:load\n  files: {path: data/nope.csv} #!", "data/nope.csv"),
    "a missing file of a param": Case(
        "name: broken\nparams:\n  raw: data/nope.csv #!\nsteps:\n  a:\n    call: tasks:load\n"
        "    files: {path: params.raw} #!\n",
        ("data/nope.csv",),
    ),
    "a file of a number": steps("bad:\n  call: tasks:load\n  files: {path: 5} #!", "path"),
    "a missing include": Case(
        "name: broken\ninclude: [nope.yaml] #!\nsteps: {a: {call: tasks:make}}\n", ("nope.yaml",)
    ),
}  # fmt: skip


def expected_lines(case: Case) -> set[int]:
    return {n for n, line in enumerate(case.text.splitlines(), 1) if line.rstrip().endswith("#!")}


@pytest.fixture
def broken(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


def without_marks(text: str) -> str:
    return re.sub(r" #!$", "", text, flags=re.MULTILINE)


def assert_tells(result_text: str, case: Case) -> None:
    assert "Traceback" not in result_text
    places = re.findall(rf"{re.escape(case.place)}:(\d+):(\d+)", result_text)
    assert places, f"no file:line:column in\n{result_text}"
    lines = {int(line) for line, _ in places}
    expected = expected_lines(case)
    assert not expected or lines & expected, f"shows lines {lines}, not {expected}\n{result_text}"
    for words in case.says:
        assert words.lower() in result_text.lower(), f"{words!r} is not in\n{result_text}"


def assert_nothing_happened(project: Project) -> None:
    assert project.calls() == []
    assert not project.has("hacked")


@pytest.mark.parametrize("name", CASES)
def test_a_broken_pipeline(broken: Project, name: str) -> None:
    case = CASES[name]
    broken.file("pipeline.yaml", without_marks(case.text))
    check, run = ("check",), ("run", "--backend", "sequential", "--json")
    checking = broken.start(*check)
    running = broken.start(*run) if case.run_too else None  # both at once: there are many cases
    checked = broken.finish(checking, *check)
    ran = broken.finish(running, *run) if running else None
    assert checked.exit == 2, checked
    assert_tells(checked.text, case)
    if ran:
        assert ran.exit == 2, ran
        assert_tells(ran.err, case)
    assert_nothing_happened(broken)


@pytest.mark.parametrize("name", ["an unknown step", "a cycle of two", "an unknown key of a step", "a tab"])
def test_plan_tells_it_too(broken: Project, name: str) -> None:
    case = CASES[name]
    broken.file("pipeline.yaml", without_marks(case.text))
    assert_tells(broken.plan(exit=2).err, case)
    assert_nothing_happened(broken)


# --- hostile files


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 12)
)

HOSTILE: dict[str, bytes] = {
    "50,000 brackets": b"name: x\nsteps: " + b"[" * 50_000,
    "50,000 braces": b"name: x\nsteps: " + b"{a: " * 50_000,
    "50,000 closed brackets": b"name: x\nsteps: " + b"[" * 50_000 + b"]" * 50_000,
    "a deep block mapping": b"".join(b" " * n + b"a:\n" for n in range(2_000)),
    "a deep list in block style": b"name: x\nsteps: " + b"- " * 50_000 + b"a",
    "a bomb of aliases": BOMB.encode(),
    "a million aliases": b"a: &a x\nb: [" + b"*a, " * 1_000_000 + b"]\n",
    "a NUL": b"name: x\x00y\nsteps: {}\n",
    "control characters": b"name: \x1b[31mred\x07\nsteps: {}\n",
    "not UTF-8": b"name: \xff\xfe\xfa\nsteps: {}\n",
    "random bytes": bytes(range(256)) * 8,
    "40 MB": b"name: x\n" + b"# comment\n" * 4_000_000,
    "a long line": b"name: " + b"x" * 20_000_000 + b"\n",
    "a long number": b"name: x\nparams: {a: " + b"9" * 100_000 + b"}\nsteps: {}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file(broken: Project, name: str) -> None:
    broken.file("pipeline.yaml", HOSTILE[name])
    result = broken.prun("check", exit=2)
    assert "Traceback" not in result.text
    assert "pipeline.yaml" in result.text
    assert len(result.text) < 20_000, "the message is short even if the file is not"
    assert "\x1b[31m" not in result.text
    assert_nothing_happened(broken)


# --- all at once, carets, other files


def test_every_problem_is_shown_at_once(broken: Project) -> None:
    broken.file(
        "pipeline.yaml",
        """\
name: broken
params: {a: 1}
steps:
  one:
    call: tasks:make
    input: {x: make}
  two:
    call: tasks:anything
    inputs: {x: tow}
    timeout: soon
  three:
    call: tasks:nope
  four:
    call: tasks:load
    files: {path: nope.csv}
  five:
    call: tasks:anything
    when: params.b == 1
""",
    )
    for result in (broken.prun("check", exit=2).text, broken.run(exit=2).err):
        lines = {int(line) for line in re.findall(r"pipeline\.yaml:(\d+):\d+", result)}
        # keys and values come first; what needs the wiring may wait until they are mended
        assert {6, 10} <= lines
    broken.edit("pipeline.yaml", "    input: {x: make}\n", "").edit(
        "pipeline.yaml", "    timeout: soon\n", ""
    )
    for result in (broken.prun("check", exit=2).text, broken.run(exit=2).err):
        lines = {int(line) for line in re.findall(r"pipeline\.yaml:(\d+):\d+", result)}
        assert {8, 10, 13, 16} <= lines
    assert_nothing_happened(broken)


def test_the_line_and_a_caret_are_shown(broken: Project) -> None:
    broken.file("pipeline.yaml", "name: broken\nsteps:\n  a:\n    call: tasks:make\n    tagz: [x]\n")
    lines = broken.prun("check", exit=2).text.splitlines()
    assert any(re.search(r"pipeline\.yaml:5:5\b", line) for line in lines)
    shown = next(n for n, line in enumerate(lines) if "    tagz: [x]" in line)
    caret = lines[shown + 1]
    assert caret.index("^") == lines[shown].index("tagz")


def test_the_column_of_a_value_in_flow_style(broken: Project) -> None:
    broken.file("pipeline.yaml", "name: broken\nsteps:\n  a: {call: tasks:anything, inputs: {one: nope}}\n")
    text = broken.prun("check", exit=2).text
    line = "  a: {call: tasks:anything, inputs: {one: nope}}"
    columns = {line.index("nope") + 1, line.index("one") + 1}
    assert columns & {int(column) for column in re.findall(r"pipeline\.yaml:3:(\d+)", text)}


def test_a_module_with_a_syntax_error(broken: Project) -> None:
    broken.file("wrong.py", "def f(:\n    pass\n")
    broken.pipeline("steps:\n  a: {call: wrong:f}\n  b: {call: wrong:f}\n")
    for result in (broken.prun("check", exit=2).text, broken.run(exit=2).err):
        assert "wrong.py:1:" in result
        assert str(broken.folder) not in result, "no longer than it must be"
        assert result.count("error:") == 1, "once, not for each step"
        assert "Traceback" not in result
    assert_nothing_happened(broken)


def test_a_helper_with_a_syntax_error(broken: Project) -> None:
    broken.file("helper.py", "def f(:\n").file("user.py", "import helper\n\ndef g(): return helper.f()\n")
    broken.pipeline("steps:\n  a: {call: user:g}\n  b: {call: tasks:make}\n")
    result = broken.run(exit=2)
    assert "helper.py" in result.err
    assert_nothing_happened(broken)


@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_no_pipeline_file(project: Project, tmp_path: Path, command: str) -> None:
    assert "pipeline.yaml" in project.prun(command, exit=2).err
    assert "nope.yaml" in project.prun(command, "nope.yaml", exit=2).err
    (project.folder / "folder.yaml").mkdir()
    assert "folder.yaml" in project.prun(command, "folder.yaml", exit=2).err


@pytest.mark.parametrize(
    "options",
    [
        ["--nope"],
        ["--backend", "nope"],
        ["-j", "0"],
        ["-j", "many"],
        ["-s", "nope"],
        ["-s", ""],
        ["-s", "tag:nope"],
        ["--force", "nope"],
        ["--profile", "nope"],
        ["--store", "nope://x/y"],
        ["--keep-going", "--fail-fast", "--jobs"],
        ["two.yaml", "pipelines.yaml"],
    ],
    ids=" ".join,
)
def test_wrong_options(broken: Project, options: list[str]) -> None:
    broken.pipeline("steps:\n  make: {call: tasks:make}\n")
    result = broken.prun("run", *options, exit=2)
    assert result.err.strip()
    assert "Traceback" not in result.text
    assert_nothing_happened(broken)


def test_an_unknown_command(broken: Project) -> None:
    assert "rnu" in broken.prun("rnu", exit=2).err


def test_a_store_in_memory_is_for_threads_alone(broken: Project) -> None:
    broken.pipeline("steps: {a: {call: tasks:f}}").file("tasks.py", "def f():\n    return 1\n")
    given = broken.prun("run", "--store", "memory://x", exit=2).err
    assert given.startswith("error: memory://x is seen by one process alone")
    broken.pipeline("store: memory://x\nsteps: {a: {call: tasks:f}}")
    assert broken.prun("run", exit=2).err.startswith("pipeline.yaml:1:8: error: memory://x")


def test_callables_of_steps_that_are_wrong_otherwise_are_looked_for_too(broken: Project) -> None:
    broken.pipeline(
        """
        steps:
          a: {call: tasks:nope, inputs: {x: nowhere}}
          b: {call: nomodule:f, retry: often, check: tasks:no_check}
          c: {call: 5}
        """
    )
    result = broken.check("--json", exit=2)
    found = [(p["line"], p["code"]) for p in result.json["problems"]]
    assert sorted(found) == [
        (2, "callable"), (2, "unknown-step"), (3, "callable"), (3, "callable"), (3, "value"), (4, "value"),
    ]  # fmt: skip
    assert_nothing_happened(broken)


def test_a_store_that_cannot_be_written(broken: Project) -> None:
    broken.file("occupied", "a file").pipeline("store: occupied\nsteps:\n  make: {call: tasks:make}\n")
    for result in (broken.run(exit=2), broken.check(exit=2)):
        assert "pipeline.yaml:1:8: error: " in result.err
        assert "occupied" in result.err
    assert_nothing_happened(broken)


@pytest.mark.parametrize("store", ["nowhere://x", "{sign: 'env:NOT_SET_ANYWHERE'}"])
def test_a_store_that_cannot_be_opened_has_its_place(broken: Project, store: str) -> None:
    broken.pipeline(f"store: {store}\nsteps:\n  make: {{call: tasks:make}}\n")
    assert "pipeline.yaml:1:8: error: " in broken.check(exit=2).err


def test_a_store_given_by_hand_has_no_place_in_the_file(broken: Project) -> None:
    broken.pipeline("store: .prun\nsteps:\n  make: {call: tasks:make}\n")
    assert broken.check("--store", "nowhere://y", exit=2).err.startswith("error: 'nowhere://y'")


def test_check_compares_literals_with_annotations(broken: Project) -> None:
    broken.file("typed.py", "def f(count: int, name: str = 'x') -> int:\n    return count\n")
    broken.pipeline("steps:\n  good: {call: typed:f, with: {count: 3}}\n")
    assert "count" not in broken.check().text
    broken.pipeline("steps:\n  bad: {call: typed:f, with: {count: three}}\n")
    text = broken.check(exit=None).text
    assert "count" in text
    assert "int" in text
