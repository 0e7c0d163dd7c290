"""References to values, items to tasks, values to parts of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine_world import Opaque, World

from pipeline_runner.engine.bind import Args, Binder
from pipeline_runner.engine.depends import varies_by_item
from pipeline_runner.engine.expand import Expander, SplitNeeded
from pipeline_runner.engine.prepare import Preparer
from pipeline_runner.engine.references import BindError
from pipeline_runner.engine.results import Unknown
from pipeline_runner.keys.canonical import plain_digest
from pipeline_runner.model.artifact import CacheKey, Entry
from pipeline_runner.model.bound import Deep, Many, Secret, Stored


class Bench:
    """A binder over a pipeline of which some steps have given their results."""

    def __init__(self, folder: Path, text: str) -> None:
        self.world = World(folder, text)
        self.binder: Binder = self.world.binder()
        self.expander = Expander(self.binder)

    def expand(self, step: str) -> list[str]:
        """The keys of a fan-out's items."""
        items = self.expander.expand(self.world.graph.steps[step])
        self.binder.result(step).expand(items)
        return list(items.keys)

    def give(self, step: str, value: Any, k: int = 0) -> None:
        outputs = self.world.graph.steps[step].outputs
        values = {"": value} if outputs is None else value
        artifacts = {n: self.world.cache.store(v) for n, v in values.items()}
        key = CacheKey("r", f"{step} {k}")
        self.binder.result(step).set_entry(k, Entry(key, artifacts, {}, 1.0, 0.0, "run-0", step))

    def give_all(self, step: str, *values: Any) -> None:
        """An item for each value; Ellipsis: it gave none."""
        self.expand(step)
        for k, value in enumerate(values):
            if value is not ...:
                self.give(step, value, k)

    def args(self, step: str, k: int = 0) -> Args:
        made = self.world.graph.steps[step]
        shared = self.binder.shared_args(made)
        own = self.binder.own_args(made, k)
        return Args({**shared.bound, **own.bound}, {**shared.parts, **own.parts}, {**shared.env, **own.env})

    def arg(self, step: str, name: str = "x", k: int = 0) -> Any:
        return self.world.cache.value(self.args(step, k).bound[name])

    def key(self, step: str, k: int = 0) -> CacheKey:
        preparer = Preparer(self.binder, self.world.cache, self.world.code)
        found = preparer.candidates(self.world.graph.steps[step], [k]).candidate(0)
        return found.key


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(tmp_path, request.param)


def over(text: str) -> Any:
    return pytest.mark.parametrize("bench", [text], indirect=True)


# ---- references ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("params.p", {"k": [10, 20]}),
        ("params.p.k", [10, 20]),
        ("params.p.k.1", 20),
        ("params.p.k[0]", 10),
        ("a", {"n": [1, 2], "t": "x"}),
        ("a.n", [1, 2]),
        ("a.n.0", 1),
        ("m", {"left": 1, "right": {"deep": 2}}),
        ("m.left", 1),
        ("m.right.deep", 2),
        ("f", [1, 4, 9]),
        ("f.1", 4),
        ("g.left", [1, 2]),
        ("g", [{"left": 1, "right": 3}, {"left": 2, "right": 4}]),
        ("g.1.right", 4),
        ("g.right.0", 3),
        ("o.inner", "seen by the worker"),
        ("run.id", "run-0"),
        ("secrets.S", "secret S"),
    ],
)
def test_what_references_give(tmp_path: Path, ref: str, expected: Any) -> None:
    bench = Bench(
        tmp_path,
        f"""
        params: {{p: {{k: [10, 20]}}}}
        secrets: {{S: 'env:S'}}
        steps:
          a: {{call: m:a}}
          m: {{call: m:m, outputs: [left, right]}}
          f: {{call: m:f, foreach: [1, 2, 3]}}
          g: {{call: m:g, foreach: [1, 2], outputs: [left, right]}}
          o: {{call: m:o}}
          x: {{call: m:x, inputs: {{x: '{ref}'}}}}
        """,
    )
    bench.give("a", {"n": [1, 2], "t": "x"})
    bench.give("m", {"left": 1, "right": {"deep": 2}})
    bench.give_all("f", 1, 4, 9)
    bench.give_all("g", {"left": 1, "right": 3}, {"left": 2, "right": 4})
    bench.give("o", Opaque({"inner": "seen by the worker"}))
    assert bench.arg("x") == expected


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("params.p.nope", "params.p.nope: there is no key 'nope'"),
        ("params.p.k.7", "params.p.k.7: there is no position 7"),
        ("a.0", "a.0: cannot go to .0"),
        ("f.2", "f.2: "),
    ],
)
def test_a_path_that_leads_nowhere(tmp_path: Path, ref: str, message: str) -> None:
    bench = Bench(
        tmp_path,
        f"""
        params: {{p: {{k: [1]}}}}
        steps:
          a: {{call: m:a}}
          f: {{call: m:f, foreach: [1, 2]}}
          x: {{call: m:x, inputs: {{x: {ref}}}}}
        """,
    )
    bench.give("a", 5)
    bench.give_all("f", 1, 2)
    with pytest.raises(BindError) as error:
        bench.args("x")
    assert error.value.message.startswith(message)


@over("steps: {a: {call: m:a}, x: {call: m:x, inputs: {x: a.n, y: a}}}")
def test_a_dependency_on_a_part_is_on_that_part_alone(bench: Bench) -> None:
    bench.give("a", {"n": 1, "other": 1})
    before = bench.args("x").parts
    bench.give("a", {"n": 1, "other": 2})
    bench.binder.forget_bindings("x")
    after = bench.args("x").parts
    assert before["x"].digest == after["x"].digest == plain_digest(1)
    assert before["y"].digest != after["y"].digest


@over("steps: {a: {call: m:a}, x: {call: m:x, inputs: {x: a.0.n}}}")
def test_a_part_of_what_only_a_worker_can_open(bench: Bench) -> None:
    bench.give("a", Opaque([{"n": 5}]))
    bound = bench.args("x").bound["x"]
    assert isinstance(bound, Deep)
    assert bound.path == (0, "n")
    assert bench.arg("x") == 5


@over("steps: {a: {call: m:a}, x: {call: m:x, inputs: {x: a}}}")
def test_the_code_of_the_classes_that_a_value_carries_counts(bench: Bench) -> None:
    bench.give("a", Opaque(1))
    before = bench.key("x")
    bench.world.code.classes = "2"
    bench.binder.forget_bindings("x")
    assert bench.key("x").args != before.args
    assert bench.key("x").recipe == before.recipe


@over("steps: {a: {call: m:a, foreach: [1, 2]}, x: {call: m:x, inputs: {x: a}}}")
def test_objects_are_gathered_as_a_list_whose_digest_is_of_the_items(bench: Bench) -> None:
    bench.give_all("a", Opaque(1), Opaque(2))
    bound = bench.args("x").bound["x"]
    assert isinstance(bound, Many)
    assert bench.arg("x") == [Opaque(1), Opaque(2)]
    bench.give("a", Opaque(3), 1)
    bench.binder.forget_bindings("x")
    assert bench.args("x").bound["x"].digest != bound.digest


@over(
    """
    params: {p: [1, 4]}
    steps: {a: {call: m:a, foreach: [1, 2]}, x: {call: m:x, inputs: {x: a, y: params.p}}}
    """
)
def test_a_gathered_list_has_the_digest_of_the_same_list_written_down(bench: Bench) -> None:
    bench.give_all("a", 1, 4)
    parts = bench.args("x").parts
    assert parts["x"].digest == parts["y"].digest
    assert isinstance(bench.args("x").bound["x"], Stored)


# ---- keys ------------------------------------------------------------------------------------------


@over(
    """
    secrets: {S: 'env:S'}
    steps:
      x:
        call: m:x
        inputs: {r: run.id, s: secrets.S}
        with: {text: 'in ${{ run.id }}', n: 2, jobs: 4}
        env: {WHERE: 'at ${{ run.id }}', MODE: fast}
        cache: {ignore: [jobs]}
    """
)
def test_what_enters_a_key_and_what_does_not(bench: Bench) -> None:
    args = bench.args("x")
    assert set(args.bound) == {"r", "s", "text", "n", "jobs"}
    assert set(args.parts) == {"text", "n", "env.WHERE", "env.MODE"}
    assert bench.arg("x", "text") == "in run-0"
    assert args.env == {"WHERE": "at run-0", "MODE": "fast"}
    assert isinstance(args.bound["s"], Secret)
    assert args.parts["text"].text == "'in ${{ run.id }}'"
    key = bench.key("x")
    bench.world.runs += 1
    assert Bench.key(_again(bench), "x") == key


def _again(bench: Bench) -> Bench:
    bench.binder = bench.world.binder()
    bench.expander = Expander(bench.binder)
    return bench


@over(
    """
    params: {name: data/a.csv, both: [data/a.csv, data/b.csv]}
    steps:
      one: {call: m:f, files: {x: params.name}}
      text: {call: m:f, files: {x: 'data/${{ item }}.csv'}, foreach: [a, b]}
      many: {call: m:f, files: {x: params.both}}
      gone: {call: m:f, files: {x: data/gone.csv}}
    """
)
def test_tracked_files(bench: Bench) -> None:
    bench.world.files.contents = {"data/a.csv": "1", "data/b.csv": "2"}
    bench.expand("text")
    assert bench.arg("one") == "/project/data/a.csv"
    assert bench.arg("text", k=1) == "/project/data/b.csv"
    assert bench.arg("many") == ["/project/data/a.csv", "/project/data/b.csv"]
    assert bench.key("one").args == bench.key("text", 0).args != bench.key("text", 1).args
    before = bench.key("one")
    bench.world.files.contents["data/a.csv"] = "changed"
    bench.binder.forget_bindings("one")
    assert bench.key("one") != before
    with pytest.raises(BindError, match=r"files\.x: data/gone\.csv"):
        bench.args("gone")


@over("params: {n: 5}\nsteps: {x: {call: m:x, files: {x: params.n}}}")
def test_a_number_is_no_path(bench: Bench) -> None:
    with pytest.raises(BindError, match=r"params\.n is 5, not a path"):
        bench.args("x")


@over("steps: {x: {call: m:x, foreach: [a, b], cache: false}}")
def test_without_the_cache_a_key_is_of_this_run_and_task(bench: Bench) -> None:
    bench.expand("x")
    assert bench.key("x", 0).recipe == "run-run-0"
    assert bench.key("x", 0) != bench.key("x", 1)


def test_whether_a_binding_varies_by_item(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        """
        params: {p: 1}
        steps:
          x:
            call: m:x
            foreach: [1]
            inputs: {a: item, b: params.p}
            with: {c: [{deep: '${{ item }}'}], d: '${{ params.p }}'}
        """,
    )
    args = bench.world.graph.steps["x"].args
    assert {n: varies_by_item(b) for n, b in args.items()} == {"a": True, "b": False, "c": True, "d": False}


@over("steps: {a: {call: m:a}, x: {call: m:x, inputs: {x: a, y: a.n}, with: {z: 1}}}")
def test_parts_that_a_plan_can_tell(bench: Bench) -> None:
    bench.binder.result("a").unknown = True
    parts, unknown = bench.binder.known_parts(bench.world.graph.steps["x"], 0)
    assert (set(parts), unknown) == ({"z"}, {"x", "y"})
    with pytest.raises(Unknown):
        bench.args("x")


# ---- texts and conditions --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"), [("a b", "a b"), (3, "3"), (0.5, "0.5"), (True, "true"), (None, "null"), ([1], "[1]")]
)
def test_values_in_texts(tmp_path: Path, value: Any, text: str) -> None:
    bench = Bench(tmp_path, "params: {p: null}\nsteps: {x: {call: m:x, with: {x: '<${{ params.p }}>'}}}")
    bench.world.params["p"] = value
    assert bench.arg("x") == f"<{text}>"


@over("steps: {a: {call: m:a}, x: {call: m:x, when: a.n >= 2}}")
def test_conditions_read_plain_data(bench: Bench) -> None:
    made = bench.world.graph.steps["x"]
    bench.give("a", {"n": 2})
    assert bench.binder.holds(made, 0)
    bench.give("a", {"n": 1})
    assert not bench.binder.holds(made, 0)
    bench.give("a", {"n": "text"})
    with pytest.raises(BindError, match="when: "):
        bench.binder.holds(made, 0)
    bench.give("a", Opaque({"n": 2}))
    with pytest.raises(BindError, match="only plain data"):
        bench.binder.holds(made, 0)


# ---- items -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fan_out", "keys"),
    [
        ("foreach: [1, 3, 2]", ["1", "3", "2"]),
        ("foreach: [a, b-c, d.e_f]", ["a", "b-c", "d.e_f"]),
        ("foreach: [true, x]", ["true", "x"]),
        ("foreach: [a, 'a b', c]", ["a", "1", "c"]),
        ("foreach: [{n: 1}, {n: 2}]", ["0", "1"]),
        ("foreach: [a, b, a]", ["0", "1", "2"]),
        ("foreach: [1, x, '1']", ["0", "1", "2"]),
        ("foreach: [x, 0.5, 1]", ["0", "1", "2"]),  # 1 is the index of 0.5, too
        ("foreach: []", []),
        ("foreach: params.models", ["0", "1"]),
        ("foreach: {in: params.models, key: item.kind}", ["a", "b"]),
        ("foreach: {in: [{lr: 0.1}, {lr: 1e-5}, {lr: 2}], key: item.lr}", ["0.1", "1e-05", "2"]),
        ("matrix: {m: params.models, s: [1, 2]}", ["0,1", "0,2", "1,1", "1,2"]),
        ("matrix: {x: [p, q], y: [r, r]}", ["0", "1", "2", "3"]),
        ("matrix: {x: [null, 0], y: [r]}", ["0", "1"]),
        ("matrix: {x: [null, 7], y: [r]}", ["0,r", "7,r"]),
        ("matrix: {x: [], y: [1]}", []),
    ],
)
def test_the_keys_of_items(tmp_path: Path, fan_out: str, keys: list[str]) -> None:
    bench = Bench(
        tmp_path,
        f"params: {{models: [{{kind: a}}, {{kind: b}}]}}\nsteps:\n  f:\n    call: m:f\n    {fan_out}\n",
    )
    assert bench.expand("f") == keys


@over("steps: {f: {call: m:f, foreach: {in: [{n: 1}, {n: 1}], key: item.n}}}")
def test_a_repeated_key_is_an_error(bench: Bench) -> None:
    with pytest.raises(BindError, match="items 0 and 1 have the same key '1'"):
        bench.expand("f")


@pytest.mark.parametrize(
    ("value", "shown"), [("[1]", r"\[1\]"), ("null", "None"), (".nan", "nan"), (".inf", "inf")]
)
def test_a_key_is_a_text_or_a_finite_number(tmp_path: Path, value: str, shown: str) -> None:
    steps = f"steps: {{f: {{call: m:f, foreach: {{in: [{{n: {value}}}], key: item.n}}}}}}"
    with pytest.raises(
        BindError, match=f"item 0 is {shown}, and it takes a text, a finite number, true or false"
    ):
        Bench(tmp_path, steps).expand("f")


@over("steps: {f: {call: m:f, matrix: {a: [1, 2], b: [x, y]}, inputs: {a: matrix.a, b: matrix.b}}}")
def test_a_matrix_changes_its_last_axis_fastest(bench: Bench) -> None:
    bench.expand("f")
    assert [[bench.arg("f", "a", k), bench.arg("f", "b", k)] for k in range(4)] == [
        [1, "x"], [1, "y"], [2, "x"], [2, "y"],
    ]  # fmt: skip


@over(
    """
    steps:
      f: {call: m:f, foreach: [3, 1]}
      g: {call: m:g, foreach: f, inputs: {x: item}}
      h: {call: m:h, foreach: f.0, inputs: {x: item}}
    """
)
def test_a_fan_out_over_a_fan_out(bench: Bench) -> None:
    bench.give_all("f", ["p", "q"], ["r"])
    assert bench.expand("g") == ["3", "1"]
    assert bench.arg("g", k=1) == ["r"]
    assert bench.expand("h") == ["p", "q"]


DEEPER = """
    steps:
      f: {call: m:f, foreach: [x, y, z]}
      g: {call: m:g, foreach: f.*, inputs: {x: item}}
      h: {call: m:h, foreach: g, inputs: {x: item}}
      i: {call: m:i, foreach: g.*, inputs: {x: item}}
      j: {call: m:j, foreach: f.0.*, inputs: {x: item}}
      k: {call: m:k, foreach: h.*, inputs: {x: item}}
      l: {call: m:l, foreach: k.*, inputs: {x: item}}
      n: {call: m:n, foreach: g.0.*, inputs: {x: item}}
      all: {call: m:all, inputs: {x: g}}
      both: {call: m:both, inputs: {x: h, y: f}}
      inner: {call: m:inner, inputs: {x: i}}
      levels: {call: m:levels, inputs: {f: f, g: g, h: h, k: k, l: l}}
      ends: {call: m:ends, inputs: {f: f, l: l}}
"""


@over(DEEPER)
def test_one_level_deeper_is_gathered_as_a_list_of_lists(bench: Bench) -> None:
    bench.give_all("f", [1, 2], [], [3])
    assert bench.expand("g") == ["x,0", "x,1", "z,0"]
    assert [bench.arg("g", k=k) for k in range(3)] == [1, 2, 3]
    for k, value in enumerate([10, 20, 30]):
        bench.give("g", value, k)
    assert bench.arg("all") == [[10, 20], [], [30]]
    assert bench.expand("h") == ["x,0", "x,1", "z,0"]


@over(DEEPER)
def test_one_level_deeper_twice(bench: Bench) -> None:
    """The groups of ``g`` do not matter: its items are its tasks, and each has a list."""
    bench.give_all("f", [1, 2], [], [3])
    bench.give_all("g", [10], [], [30, 31])
    assert bench.expand("i") == ["x,0,0", "z,0,0", "z,0,1"]
    assert [bench.arg("i", k=k) for k in range(3)] == [10, 30, 31]
    for k, value in enumerate([100, 300, 310]):
        bench.give("i", value, k)
    assert bench.arg("inner") == [[100], [], [300, 310]]


@over(DEEPER)
def test_one_level_deeper_twice_takes_a_list_from_each_item(bench: Bench) -> None:
    bench.give_all("f", [1, 2], [], [3])
    bench.give_all("g", 10, [20], [30])
    with pytest.raises(BindError) as error:
        bench.expand("i")
    assert error.value.message == "an item of g is 10, and a fan-out takes a list"
    assert error.value.hint == "foreach: g goes over the items themselves"


@over(DEEPER)
def test_one_level_deeper_in_one_group(bench: Bench) -> None:
    bench.give_all("f", [1, 2], [3], [])
    bench.give_all("g", [10], [20, 21], [30])
    assert bench.expand("n") == ["0,0", "1,0", "1,1"]
    assert [bench.arg("n", k=k) for k in range(3)] == [10, 20, 21]


@over(DEEPER)
def test_three_levels_with_items_missing_on_each(bench: Bench) -> None:
    """Each is left out with all that is below it, of all lists that one step gathers."""
    bench.give_all("f", [1, 2], [3], [4, 5, 6])
    bench.give_all("g", 10, 20, 30, 40, ..., 60)
    bench.give_all("h", [10], [20, 21], [30], [40], ..., [])
    assert bench.expand("k") == ["x,0,0", "x,1,0", "x,1,1", "y,0,0", "z,0,0"]
    for k, value in enumerate([[1], [2, 3], ..., [4], []]):
        if value is not ...:
            bench.give("k", value, k)
    assert bench.expand("l") == ["x,0,0,0", "x,1,0,0", "x,1,0,1", "y,0,0,0"]
    for k, value in enumerate("abcd"):
        bench.give("l", value, k)
    assert bench.arg("levels", "f") == [[1, 2], [3], [4, 5, 6]]
    assert bench.arg("levels", "g") == [[10, 20], [30], [40, 60]]
    assert bench.arg("levels", "h") == [[[10], [20, 21]], [[30]], [[40], []]]
    assert bench.arg("levels", "k") == [[[1]], [[2, 3]], [[4]], [[]], []]
    assert bench.arg("levels", "l") == [["a"], ["b", "c"], ["d"], []]
    bench.binder.result("g").set_entry(1, None)  # those below are left out, on all levels
    assert _again_arg(bench, "levels", "g") == [[10], [30], [40, 60]]
    assert bench.arg("levels", "h") == [[[10]], [[30]], [[40], []]]
    assert bench.arg("levels", "k") == [[[1]], [[4]], [[]], []]
    assert bench.arg("levels", "l") == [["a"], ["d"], []]
    bench.binder.result("f").set_entry(0, None)
    assert _again_arg(bench, "ends", "f") == [[3], [4, 5, 6]]
    assert bench.arg("ends", "l") == [["d"], []]


def _again_arg(bench: Bench, step: str, name: str) -> Any:
    bench.binder.forget_bindings(step)
    return bench.arg(step, name)


@over(
    """
    steps:
      f: {call: m:f, foreach: [x, y, z]}
      f2: {call: m:f, foreach: f}
      g: {call: m:g, foreach: f2.*}
      h: {call: m:h, foreach: f.*}
      i: {call: m:i, foreach: g.*}
      all: {call: m:all, inputs: {f: f, g: g, h: h}}
      far: {call: m:far, inputs: {f: f, i: i}}
      alone: {call: m:alone, inputs: {f: f}}
    """
)
def test_what_is_missing_above_a_list_of_lists_is_left_out_of_all_that_is_read_with_it(bench: Bench) -> None:
    bench.give_all("f", [1], [2], [3])
    bench.give_all("f2", [10], ..., [30])
    bench.give_all("g", [100], [300])
    bench.give_all("h", 1, 2, 3)
    bench.give_all("i", 5, 6)
    assert [bench.arg("all", n) for n in "fgh"] == [[[1], [3]], [[[100]], [[300]]], [[1], [3]]]
    assert bench.arg("far", "f") == [[1], [3]]
    assert bench.arg("far", "i") == [[5], [6]]
    assert bench.arg("alone", "f") == [[1], [2], [3]]


@over(
    """
    steps:
      f: {call: m:f, foreach: [x, y], outputs: [parts, name]}
      g: {call: m:g, foreach: {in: f.parts.*, key: item.n}, outputs: [words, size]}
      h: {call: m:h, foreach: g.words.*, inputs: {x: item}}
      whole: {call: m:whole, foreach: g.*}
      all: {call: m:all, inputs: {x: h}}
    """
)
def test_one_level_deeper_twice_by_declared_outputs(bench: Bench) -> None:
    bench.give_all("f", {"parts": [{"n": "p"}, {"n": "q"}], "name": 1}, {"parts": [{"n": "r"}], "name": 2})
    words = [["a"], ["b", "c"], ["d"]]
    bench.give_all("g", *({"words": w, "size": len(w)} for w in words))
    assert bench.expand("h") == ["p,0", "q,0", "q,1", "r,0"]
    for k, value in enumerate("ABCD"):
        bench.give("h", value, k)
    assert bench.arg("all") == [["A"], ["B", "C"], ["D"]]
    with pytest.raises(BindError, match="an item of g is a mapping of outputs"):
        bench.expand("whole")


@over(DEEPER)
def test_one_level_deeper_in_one_item(bench: Bench) -> None:
    bench.give_all("f", [[1, 2], [3]], [], [])
    assert bench.expand("j") == ["0,0", "0,1", "1,0"]


@over(DEEPER)
def test_an_outer_item_that_is_missing_is_left_out_with_its_inner_list(bench: Bench) -> None:
    bench.give_all("f", [1, 2], ..., [3])
    assert bench.expand("g") == ["x,0", "x,1", "z,0"]
    for k, value in enumerate([10, ..., 30]):
        if value is not ...:
            bench.give("g", value, k)
    assert bench.arg("all") == [[10], [30]]


@over(
    """
    steps:
      f: {call: m:f, foreach: [a, b, c]}
      g: {call: m:g, foreach: f}
      h: {call: m:h, foreach: g}
      alone: {call: m:alone, foreach: [1, 2, 3]}
      all: {call: m:all, inputs: {f: f, g: g, alone: alone}}
      other: {call: m:other, inputs: {f: f}}
      whole: {call: m:whole, inputs: {f: f, h: h}}
    """
)
def test_lists_of_chained_fan_outs_stay_aligned(bench: Bench) -> None:
    bench.give_all("f", 1, 2, 3)
    bench.give_all("g", 10, ..., 30)
    bench.give_all("h", ..., ..., 300)
    bench.give_all("alone", 7, 8, ...)
    assert [bench.arg("all", n) for n in ("f", "g", "alone")] == [[1, 3], [10, 30], [7, 8]]
    assert bench.arg("other", "f") == [1, 2, 3]
    assert [bench.arg("whole", n) for n in ("f", "h")] == [[3], [300]]


@over("steps: {f: {call: m:f, foreach: [1]}, x: {call: m:x, inputs: {x: f}}}")
def test_a_skipped_step_gives_none(bench: Bench) -> None:
    bench.expand("f")
    bench.binder.result("f").skipped = True
    assert bench.arg("x") is None


@over("steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item.n}}}")
def test_a_list_that_only_a_worker_can_open_is_to_be_split(bench: Bench) -> None:
    bench.give("a", Opaque([{"n": 1}]))
    with pytest.raises(SplitNeeded) as split:
        bench.expand("f")
    (wanted,) = split.value.lists
    entry = Entry(CacheKey("s", "s"), {"0": bench.world.cache.store(Opaque({"n": 1}))}, {}, 1.0, 0.0, "", "")
    bench.expander.add_split(wanted, entry)
    assert bench.expand("f") == ["0"]
    assert bench.arg("f") == 1


@pytest.mark.parametrize(
    ("value", "shown"), [(5, "5"), ({"a": 1}, "{'a': 1}"), ("text", "'text'"), (None, "None")]
)
def test_a_fan_out_takes_a_list(tmp_path: Path, value: Any, shown: str) -> None:
    bench = Bench(tmp_path, "steps: {a: {call: m:a}, f: {call: m:f, foreach: a}}")
    bench.give("a", value)
    with pytest.raises(BindError) as error:
        bench.expand("f")
    assert error.value.message == f"a is {shown}, and a fan-out takes a list"


@over("steps: {a: {call: m:a, outputs: [p, q]}, f: {call: m:f, foreach: a}}")
def test_a_fan_out_takes_one_output_not_the_mapping(bench: Bench) -> None:
    bench.give("a", {"p": [1], "q": [2]})
    with pytest.raises(BindError, match="mapping of outputs"):
        bench.expand("f")


@over("steps: {f: {call: m:f, foreach: [1, 2]}, g: {call: m:g, foreach: f}}")
def test_a_follower_of_what_has_no_items_yet_is_not_known(bench: Bench) -> None:
    with pytest.raises(Unknown):
        bench.expand("g")
