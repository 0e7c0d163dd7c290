"""References, literals, text and declared outputs: what a callable is given."""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import Project, ran, reused, statuses

SOURCES = """\
from calls import called

def make():
    return {"a": {"b": 1, "c": 2}, "list": [10, {"k": "deep"}, [5, 6]], "text": "t"}

def pair():
    return {"left": [1, 2], "right": {"deep": [7, 8]}}

def in_order():
    return "first", "second"

def square(n):
    return n * n

def two(n):
    return {"low": n - 1, "high": n + 1}

def rows():
    return [{"name": "x", "size": 1}, {"name": "y", "size": 2}]

def name_of(row, size):
    return f"{row['name']}{size}"

def echo(**given):
    return given
"""

PARAMS = {
    "n": 3,
    "ratio": 0.5,
    "text": "hello",
    "flag": True,
    "nothing": None,
    "seeds": [4, 5],
    "opts": {"deep": {"k": "v"}},
}

STEPS: dict[str, Any] = {
    "make": {"call": "tasks:make"},
    "pair": {"call": "tasks:pair", "outputs": ["left", "right"]},
    "in_order": {"call": "tasks:in_order", "outputs": ["one", "two"]},
    "squares": {"call": "tasks:square", "foreach": "params.seeds", "inputs": {"n": "item"}},
    "twos": {"call": "tasks:two", "foreach": [1, 5], "inputs": {"n": "item"}, "outputs": ["low", "high"]},
    "rows": {"call": "tasks:rows"},
    "names": {"call": "tasks:name_of", "foreach": "rows", "inputs": {"row": "item", "size": "item.size"}},
    "grid": {
        "call": "tasks:echo",
        "matrix": {"opt": [{"k": 1}, {"k": 2}], "n": "params.seeds"},
        "inputs": {"k": "matrix.opt.k", "n": "matrix.n"},
    },
}

REFERENCES = {
    "params.n": 3,
    "params.ratio": 0.5,
    "params.text": "hello",
    "params.flag": True,
    "params.nothing": None,
    "params.seeds": [4, 5],
    "params.seeds.1": 5,
    "params.seeds[1]": 5,
    "params.opts": {"deep": {"k": "v"}},
    "params.opts.deep.k": "v",
    "make": {"a": {"b": 1, "c": 2}, "list": [10, {"k": "deep"}, [5, 6]], "text": "t"},
    "make.a": {"b": 1, "c": 2},
    "make.a.b": 1,
    "make.list.0": 10,
    "make.list[0]": 10,
    "make.list.1.k": "deep",
    "make.list[1].k": "deep",
    "make.list[2][1]": 6,
    "make.list.2.0": 5,
    "pair": {"left": [1, 2], "right": {"deep": [7, 8]}},
    "pair.left": [1, 2],
    "pair.left.0": 1,
    "pair.right.deep[1]": 8,
    "in_order": {"one": "first", "two": "second"},
    "in_order.two": "second",
    "squares": [16, 25],
    "squares.0": 16,
    "squares[1]": 25,
    "twos": [{"low": 0, "high": 2}, {"low": 4, "high": 6}],
    "twos.high": [2, 6],
    "twos.high.1": 6,
    "twos.high[0]": 2,
    "twos[1].low": 4,
    "rows[1].name": "y",
    "names": ["x1", "y2"],
    "grid": [{"k": 1, "n": 4}, {"k": 1, "n": 5}, {"k": 2, "n": 4}, {"k": 2, "n": 5}],
    "grid[3].n": 5,
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `echo` was given for each reference, all in one run."""
    project = Project(tmp_path_factory.mktemp("references") / "project").file("tasks.py", SOURCES)
    steps = dict(STEPS)
    for n, reference in enumerate(REFERENCES):
        steps[f"r{n}"] = {"call": "tasks:echo", "inputs": {"x": reference}, "publish": f"out/r{n}.json"}
    project.pipeline({"params": PARAMS, "steps": steps}).run()
    return {reference: project.data(f"out/r{n}.json") for n, reference in enumerate(REFERENCES)}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_gives(given: dict[str, Any], reference: str) -> None:
    assert given[reference] == {"x": REFERENCES[reference]}
    assert type(given[reference]["x"]) is type(REFERENCES[reference])


# --- literals


LITERALS = """\
name: literals
steps:
  echo:
    call: tasks:show
    with:
      int: 3
      negative: -7
      float: 2.5
      exponent: 1e3
      octal: 0o17
      hex: 0x1F
      leading_zero: 010
      infinite: .inf
      true: true
      false: false
      null_word: null
      tilde: ~
      empty:
      quoted: "3"
      yes_word: yes
      no_word: no
      on_word: on
      off_word: off
      date: 2024-01-31
      time: 2024-01-31T10:00:00Z
      sexagesimal: 12:30:45
      underscores: 1_000
      version: 1.2.3
      list: [1, a, [true]]
      mapping: {a: {b: [null]}}
      folded: >-
        two
        lines
      literal: |
        two
        lines
      price: $5 and ${HOME} and $$ and {{x}}
      unicode: "caf\\u00e9 ñ 日本"
    publish: out/literals.txt
"""

VALUES: dict[str, Any] = {
    "int": 3,
    "negative": -7,
    "float": 2.5,
    "exponent": 1000.0,
    "octal": 15,
    "hex": 31,
    "leading_zero": 10,
    "infinite": float("inf"),
    "true": True,
    "false": False,
    "null_word": None,
    "tilde": None,
    "empty": None,
    "quoted": "3",
    "yes_word": "yes",
    "no_word": "no",
    "on_word": "on",
    "off_word": "off",
    "date": "2024-01-31",
    "time": "2024-01-31T10:00:00Z",
    "sexagesimal": "12:30:45",
    "underscores": "1_000",
    "version": "1.2.3",
    "list": [1, "a", [True]],
    "mapping": {"a": {"b": [None]}},
    "folded": "two lines",
    "literal": "two\nlines\n",
    "price": "$5 and ${HOME} and $$ and {{x}}",
    "unicode": "café ñ 日本",
}


@pytest.fixture(scope="module")
def literals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The repr of each literal, as the callable saw it."""
    project = Project(tmp_path_factory.mktemp("literals") / "project")
    project.file(
        "tasks.py",
        "def show(**given):\n    return '\\n'.join(f'{name}={value!r}' for name, value in given.items())\n",
    )
    text = LITERALS.replace("      true: true", "      'true': true").replace(
        "      false: false", "      'false': false"
    )
    project.file("pipeline.yaml", text).run()
    return dict(line.split("=", 1) for line in project.text("out/literals.txt").splitlines())


@pytest.mark.parametrize("name", VALUES)
def test_a_literal_is_yaml_1_2(literals: dict[str, str], name: str) -> None:
    assert literals[name] == repr(VALUES[name])


def test_an_alias_repeats_what_was_anchored(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        steps:
          a:
            call: tasks:echo
            with: {x: &values [1, 2]}
            publish: out/a.json
          b:
            call: tasks:echo
            with: {y: *values}
            publish: out/b.json
        """
    ).run()
    assert project.data("out/b.json") == {"y": [1, 2]}


# --- text


def test_text_is_filled_in(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        params: {city: Graz, year: 2024, ratio: 0.5, deep: {k: v}}
        steps:
          greet:
            call: tasks:echo
            foreach: [{name: ann}, {name: bob}]
            with:
              text: "${{ item.name }} in ${{params.city}}, ${{ params.year }}: ${{ params.ratio }}"
              nested: [{k: "${{ params.deep.k }}!"}]
              typed: "${{ params.year }}"
            publish: out/${{ item.name }}-${{ params.year }}.json
        """
    ).run()
    assert project.data("out/bob-2024.json") == {
        "text": "bob in Graz, 2024: 0.5",
        "nested": [{"k": "v!"}],
        "typed": "2024",
    }
    assert project.data("out/ann-2024.json")["text"].startswith("ann in")


def test_text_of_a_matrix(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        steps:
          cell:
            call: tasks:echo
            matrix: {x: [a, b], y: [1, 2]}
            with: {at: "${{ matrix.x }}/${{ matrix.y }}"}
            publish: out/${{ matrix.x }}${{ matrix.y }}.json
        """
    ).run()
    assert project.data("out/b2.json") == {"at": "b/2"}


def test_what_was_filled_in_is_part_of_the_key(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        params: {city: Graz, unread: 1}
        steps:
          greet: {call: tasks:echo, with: {text: "in ${{ params.city }}"}}
        """
    ).run()
    assert reused(project.run("-p", "unread=2")) == {"greet"}
    assert ran(project.run("-p", "city=Linz")) == {"greet"}


def test_the_run_id_is_given_and_never_in_a_key(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        steps:
          a: {call: tasks:echo, inputs: {id: run.id}, publish: out/a.json}
          b: {call: tasks:echo, with: {id: "run ${{ run.id }}"}, publish: "out/b-${{ run.id }}.json"}
        """
    )
    first = project.run()
    id = first.json["run_id"]
    assert project.data("out/a.json") == {"id": id}
    assert project.data(f"out/b-{id}.json") == {"id": f"run {id}"}
    second = project.run()
    assert reused(second) == {"a", "b"}
    assert second.json["run_id"] != id
    assert project.has(f"out/b-{second.json['run_id']}.json")


# --- outputs


@pytest.mark.parametrize(
    "returned",
    ["{'a': 1}", "(1,)", "(1, 2, 3)", "7", "None"],
    ids=["a name missing", "too short", "too long", "no mapping", "nothing"],
)
def test_what_does_not_fit_the_declared_outputs_fails_the_step(project: Project, returned: str) -> None:
    project.file("tasks.py", f"def f():\n    return {returned}\n").pipeline(
        "steps:\n  f: {call: tasks:f, outputs: [a, b]}\n"
    )
    result = project.run(exit=1)
    assert statuses(result) == {"f": "failed"}
    assert "f" in result.err
    assert "output" in result.err.lower()


def test_values_keep_their_types_between_steps(project: Project) -> None:
    project.file(
        "tasks.py",
        """
        import datetime, decimal, enum, math

        class Colour(enum.Enum):
            RED = 1

        class Point:
            def __init__(self, x): self.x = x
            def __eq__(self, other): return self.x == other.x

        VALUES = [
            None, True, 1, -1.5, "text", b"bytes", (1, (2,)), {1, 2}, frozenset("ab"), {"a": [1, {}]}, {1: "one", (2, 3): 4},
            datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 10), datetime.timedelta(seconds=5),
            decimal.Decimal("1.10"), 3 + 4j, Colour.RED, Point(3), [], {}, "", 2**80, float("inf"), {"!": "tuple"},
        ]

        def make():
            return VALUES + [float("nan")]

        def look(values):
            *values, nan = values
            assert math.isnan(nan)
            assert values == VALUES, values
            assert [type(v) for v in values] == [type(v) for v in VALUES]
            assert values[16] is Colour.RED
            return "same"
        """,
    ).pipeline("steps:\n  make: {call: tasks:make}\n  look: {call: tasks:look, inputs: {values: make}}\n")
    assert ran(project.run()) == {"make", "look"}
    assert reused(project.run("--backend", "loky")) == {"make", "look"}
    assert ran(project.run("--backend", "loky", "--force", "look")) == {"look"}


def test_a_step_that_writes_into_its_input_harms_nobody(project: Project) -> None:
    project.file(
        "tasks.py",
        """
        def make(): return [1, 2]
        def spoil(x):
            x.append(3)
            return len(x)
        def look(x): return x
        """,
    ).pipeline(
        """
        steps:
          make: {call: tasks:make}
          spoil: {call: tasks:spoil, inputs: {x: make}}
          look: {call: tasks:look, inputs: {x: make}, needs: [spoil], publish: out/x.json}
        """
    ).run()
    assert project.data("out/x.json") == [1, 2]


# --- a dependency on STEP.a.b is on that value alone


SIBLINGS = """
params: {b: 1, c: 2}
steps:
  make: {call: tasks:make, inputs: {b: params.b, c: params.c}}
  deep: {call: tasks:deep, inputs: {x: make.a.b}}
  whole: {call: tasks:whole, inputs: {x: make.a}}
  position: {call: tasks:position, inputs: {x: "make.list[0]"}}
"""


@pytest.fixture
def siblings(project: Project) -> Project:
    project.file(
        "tasks.py",
        """
        def make(b, c): return {"a": {"b": b, "c": c}, "list": [b, c]}
        def deep(x): return x
        def whole(x): return x
        def position(x): return x
        """,
    ).pipeline(SIBLINGS)
    project.run()
    return project


def test_a_changed_sibling_reruns_only_readers_of_the_whole(siblings: Project) -> None:
    result = siblings.run("-p", "c=3")
    assert ran(result) == {"make", "whole"}
    assert reused(result) == {"deep", "position"}


def test_a_changed_value_reruns_its_readers(siblings: Project) -> None:
    assert ran(siblings.run("-p", "b=9")) == {"make", "deep", "whole", "position"}


def test_one_declared_output_changed_leaves_readers_of_the_other(project: Project) -> None:
    project.file(
        "tasks.py",
        """
        def make(b, c): return b, c
        def left(x): return x
        def right(x): return x
        """,
    ).pipeline(
        """
        params: {b: 1, c: 2}
        steps:
          make: {call: tasks:make, inputs: {b: params.b, c: params.c}, outputs: [b, c]}
          left: {call: tasks:left, inputs: {x: make.b}}
          right: {call: tasks:right, inputs: {x: make.c}}
        """
    ).run()
    assert ran(project.run("-p", "c=3")) == {"make", "right"}


def test_a_position_that_is_not_there_fails_the_reader_clearly(project: Project) -> None:
    project.file("tasks.py", SOURCES).pipeline(
        """
        steps:
          make: {call: tasks:make}
          key: {call: tasks:echo, inputs: {x: make.nothere}}
          position: {call: tasks:echo, inputs: {x: make.list.9}}
        """
    )
    result = project.run(exit=1)
    assert statuses(result) == {"make": "succeeded", "key": "failed", "position": "failed"}
    assert "nothere" in result.err
    assert "Traceback" not in result.err


# --- where callables come from


def test_the_folder_of_the_pipeline_counts_not_the_current_one(project: Project, tmp_path: Path) -> None:
    project.file("tasks.py", "import os\n\ndef here(): return os.listdir('.')\n").pipeline(
        "steps:\n  here: {call: tasks:here, publish: out/here.json}\n"
    )
    project.prun("run", "project/pipeline.yaml", "--backend", "sequential", cwd=tmp_path)
    assert "pipeline.yaml" in project.data("out/here.json")
    assert (project.folder / ".prun").is_dir()
    assert not (tmp_path / ".prun").exists()


def test_a_pythonpath_that_is_not_there(project: Project) -> None:
    project.file("tasks.py", "def f(): return 1").file("src/m.py")
    project.pipeline("pythonpath: [src, lib]\nsteps: {f: {call: tasks:f}}")
    (problem,) = project.check("--json").json["problems"]
    assert problem["message"] == "there is no folder 'lib'"
    assert (problem["severity"], problem["line"], problem["column"]) == ("warning", 1, 19)
    assert project.run().json["status"] == "succeeded"


def test_pythonpath_and_nested_names(project: Project) -> None:
    project.file("src/pack/__init__.py").file(
        "src/pack/work.py",
        """
        import functools

        class Tools:
            @staticmethod
            def static(x): return x + 1
            @classmethod
            def of_class(cls, x): return x + 2
        def base(x, y): return x + y
        partial = functools.partial(base, y=3)
        by_lambda = lambda x: x + 4
        class Callable:
            def __call__(self, x): return x + 5
        instance = Callable()
        """,
    ).pipeline(
        """
        pythonpath: [src]
        steps:
          static: {call: "pack.work:Tools.static", with: {x: 0}, publish: out/static.json}
          of_class: {call: "pack.work:Tools.of_class", with: {x: 0}, publish: out/of_class.json}
          partial: {call: "pack.work:partial", with: {x: 0}, publish: out/partial.json}
          by_lambda: {call: "pack.work:by_lambda", with: {x: 0}, publish: out/by_lambda.json}
          instance: {call: "pack.work:instance", with: {x: 0}, publish: out/instance.json}
        """
    ).run()
    names = ("static", "of_class", "partial", "by_lambda", "instance")
    assert [project.data(f"out/{name}.json") for name in names] == [1, 2, 3, 4, 5]


def test_a_standard_library_function_is_a_callable_too(project: Project) -> None:
    project.pipeline('steps:\n  join: {call: "json:loads", with: {s: "[1]"}, publish: out/x.json}\n').run()
    assert project.data("out/x.json") == [1]


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky", "multiprocessing"])
def test_every_backend_runs_the_same(project: Project, backend: str) -> None:
    project.file("tasks.py", SOURCES).pipeline({"params": PARAMS, "steps": STEPS})
    result = project.run("--backend", backend)
    assert set(statuses(result).values()) == {"succeeded"}
    assert set(statuses(project.run()).values()) == {"reused"}
