"""`foreach`, `matrix`, keys of items, gathering, item by item, `max_parallel`."""

from __future__ import annotations

from typing import Any

import pytest
from harness import Project, actions, having, ran, reused, statuses

TASKS = """\
from calls import called

def note(**given):
    called(" ".join(f"{k}={v}" for k, v in sorted(given.items())))
    return given[min(given)]

def cell(letter, k, seed):
    called(f"{letter} {k} {seed}")
    return letter

def gather(values): return values
def one_to(n): return list(range(1, n + 1))
def rows(): return [{"name": "x", "size": 1}, {"name": "y", "size": 2}]
def letters(): return ["p", "q"]
def nested(): return [[1, 2], [], [3]]
def several(n): return [n * 10 + i for i in range(n)]
def two(n): return {"low": n - 1, "high": n + 1}
def nothing(): return []
"""


@pytest.fixture
def fan(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


def ids(project: Project, **step: Any) -> list[str]:
    """The keys of one fan-out's tasks, in order, at run time."""
    project.pipeline({"steps": {"f": {"call": "tasks:note", **step}}})
    rows = project.run().json["tasks"]
    return [row["id"].removeprefix("f[").removesuffix("]") for row in rows if row["step"] == "f"]


LONG = "x" * 41

KEYS = {
    "texts": (["a", "b.c", "d-e_F9"], ["a", "b.c", "d-e_F9"]),
    "ints": ([3, -1, 20], ["3", "-1", "20"]),
    "bools": ([True, False], ["true", "false"]),
    "up to 40": (["x" * 40], ["x" * 40]),
    "too long": ([LONG, "b"], ["0", "b"]),
    "blanks": (["a b", "c"], ["0", "c"]),
    "slash": (["a/b", "c,d", "e[f]"], ["0", "1", "2"]),
    "no ASCII": (["ñ", "b"], ["0", "b"]),
    "empty text": (["", "b"], ["0", "b"]),
    "floats": ([0.5, 1.5], ["0", "1"]),
    "nulls": ([None, "b"], ["0", "b"]),
    "mappings": ([{"k": 1}, {"k": 2}], ["0", "1"]),
    "lists": ([[1], [2]], ["0", "1"]),
    "mixed": (["a", {"k": 1}, 7], ["a", "1", "7"]),
    "repeated": (["a", "b", "a"], ["0", "1", "2"]),
    "repeated as text": ([1, "1"], ["0", "1"]),
    "an index that is a key": ([{"k": 1}, 0], ["0", "1"]),
    "an index that is a later key": ([{"k": 1}, "a", {"k": 2}, 2], ["0", "1", "2", "3"]),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """The keys that each list of items gives, known before the run and known only in it."""
    project = Project(tmp_path_factory.mktemp("keys") / "project").file("tasks.py", TASKS)
    steps: dict[str, Any] = {}
    for n, (items, _) in enumerate(KEYS.values()):
        steps[f"static{n}"] = {"call": "tasks:note", "foreach": items, "inputs": {"x": "item"}}
        steps[f"list{n}"] = {"call": "tasks:gather", "with": {"values": items}}
        steps[f"dynamic{n}"] = {"call": "tasks:note", "foreach": f"list{n}", "inputs": {"x": "item"}}
    rows = project.pipeline({"steps": steps}).run().json["tasks"]
    found: dict[str, dict[str, list[str]]] = {}
    for n, name in enumerate(KEYS):
        found[name] = {
            kind: [row["id"].split("[", 1)[1][:-1] for row in rows if row["step"] == f"{kind}{n}"]
            for kind in ("static", "dynamic")
        }
    return found


@pytest.mark.parametrize("kind", ["static", "dynamic"])
@pytest.mark.parametrize("name", KEYS)
def test_the_key_of_an_item(keys: dict[str, dict[str, list[str]]], name: str, kind: str) -> None:
    assert sorted(keys[name][kind]) == sorted(KEYS[name][1])


def test_a_matrix_joins_the_keys_of_its_axes(fan: Project) -> None:
    fan.pipeline(
        """
        params: {seeds: [3, 1]}
        steps:
          letters: {call: tasks:letters}
          f:
            call: tasks:cell
            matrix: {letter: letters, model: [{k: 1}, {k: 2}], seed: params.seeds}
            inputs: {letter: matrix.letter, k: matrix.model.k, seed: matrix.seed}
          all: {call: tasks:gather, inputs: {values: f}, publish: out/all.json}
        """
    )
    plan = fan.plan()
    assert plan.tasks["f"]["key"] is None  # letters are not known yet
    result = fan.run()
    expected = [f"f[{a},{m},{s}]" for a in "pq" for m in (0, 1) for s in (3, 1)]
    assert ran(result) - {"letters", "all"} == set(expected)
    # the last axis changes fastest
    assert fan.calls() == [f"{a} {m} {s}" for a in "pq" for m in (1, 2) for s in (3, 1)]
    assert fan.data("out/all.json") == ["p"] * 4 + ["q"] * 4
    assert [id for id in actions(fan.plan()) if id.startswith("f")] == expected


def test_foreach_names_its_items(fan: Project) -> None:
    assert sorted(
        ids(
            fan, foreach={"in": [{"name": "x"}, {"name": "y"}], "key": "item.name"}, inputs={"x": "item.name"}
        )
    ) == ["x", "y"]
    fan.pipeline(
        """
        steps:
          rows: {call: tasks:rows}
          f: {call: tasks:note, foreach: {in: rows, key: item.name}, inputs: {x: item.size}}
        """
    )
    assert ran(fan.run()) >= {"f[x]", "f[y]"}


def test_a_repeated_name_known_beforehand_is_an_error(fan: Project) -> None:
    fan.pipeline(
        """
        steps:
          f: {call: tasks:note, foreach: {in: [{n: x}, {n: x}], key: item.n}, inputs: {x: item}}
        """
    )
    result = fan.run(exit=2)
    assert "x" in result.err
    assert "pipeline.yaml:2:" in result.err
    assert fan.calls() == []


def test_a_repeated_name_known_at_run_time_fails_the_step(fan: Project) -> None:
    fan.file("tasks.py", TASKS + "\ndef same(): return [{'name': 'x'}, {'name': 'x'}]\n").pipeline(
        """
        steps:
          rows: {call: tasks:same}
          f: {call: tasks:note, foreach: {in: rows, key: item.name}, inputs: {x: item}}
          all: {call: tasks:gather, inputs: {values: f}}
        """
    )
    result = fan.run(exit=1)
    assert "x" in result.err
    assert statuses(result)["all"] == "blocked"
    assert fan.calls() == []


# --- every form


def test_each_form_of_foreach(fan: Project) -> None:
    fan.pipeline(
        """
        params: {items: [1, 2]}
        steps:
          of_literal: {call: tasks:note, foreach: [1, 2], inputs: {x: item}}
          of_param: {call: tasks:note, foreach: params.items, inputs: {y: item}}
          rows: {call: tasks:rows}
          of_step: {call: tasks:note, foreach: rows, inputs: {z: item.name}}
          twos: {call: tasks:two, foreach: [1, 5], inputs: {n: item}, outputs: [low, high]}
          of_output: {call: tasks:note, foreach: twos.high, inputs: {v: item}}
          of_fan_out: {call: tasks:note, foreach: of_param, inputs: {w: item}}
          of_items: {call: tasks:note, foreach: twos, inputs: {u: item.low}}
          all:
            call: tasks:note
            inputs: {a: of_literal, b: of_param, c: of_step, d: of_output, e: of_fan_out, f: of_items}
        """
    )
    result = fan.run()
    assert {"of_step[x]"} & ran(result) == set()  # rows are mappings: their index
    assert {"of_step[0]", "of_output[1]", "of_output[5]", "of_fan_out[2]", "of_items[5]"} <= ran(result)
    assert fan.calls()[-1] == "a=[1, 2] b=[1, 2] c=['x', 'y'] d=[2, 6] e=[1, 2] f=[0, 4]"


def test_one_level_deeper(fan: Project) -> None:
    fan.pipeline(
        """
        steps:
          several: {call: tasks:several, foreach: [1, 3, 2], inputs: {n: item}}
          inner: {call: tasks:note, foreach: several.*, inputs: {x: item}}
          after: {call: tasks:note, foreach: inner, inputs: {y: item}}
          all: {call: tasks:gather, inputs: {values: inner}, publish: out/all.json}
          last: {call: tasks:gather, inputs: {values: after}, publish: out/last.json}
        """
    )
    result = fan.run()
    inner = {"inner[1,0]", "inner[3,0]", "inner[3,1]", "inner[3,2]", "inner[2,0]", "inner[2,1]"}
    assert {id for id in ran(result) if id.startswith("inner")} == inner
    assert {id for id in ran(result) if id.startswith("after")} == {
        id.replace("inner", "after") for id in inner
    }
    assert fan.data("out/all.json") == [[10], [30, 31, 32], [20, 21]]
    assert reused(fan.run()) == set(statuses(result))


def test_one_level_deeper_into_a_plain_step(fan: Project) -> None:
    fan.pipeline(
        """
        steps:
          nested: {call: tasks:nested}
          inner: {call: tasks:note, foreach: nested.*, inputs: {x: item}}
          all: {call: tasks:gather, inputs: {values: inner}, publish: out/all.json}
        """
    ).run()
    assert sorted(fan.calls()) == ["x=1", "x=2", "x=3"]
    assert fan.data("out/all.json") == [[1, 2], [], [3]]


@pytest.mark.parametrize("dynamic", [False, True])
def test_an_empty_list_is_fine(fan: Project, dynamic: bool) -> None:
    fan.pipeline(
        {
            "params": {"items": []},
            "steps": {
                "nothing": {"call": "tasks:nothing"},
                "f": {
                    "call": "tasks:note",
                    "foreach": "nothing" if dynamic else "params.items",
                    "inputs": {"x": "item"},
                },
                "g": {"call": "tasks:note", "foreach": "f", "inputs": {"x": "item"}},
                "m": {
                    "call": "tasks:note",
                    "matrix": {"a": [1, 2], "b": "nothing"},
                    "inputs": {"x": "matrix.a"},
                },
                "all": {"call": "tasks:note", "inputs": {"f": "f", "g": "g", "m": "m"}},
            },
        }
    )
    result = fan.run()
    assert fan.calls() == ["f=[] g=[] m=[]"]
    assert ran(result) >= {"nothing", "all"}
    assert not [id for id in statuses(result) if "[" in id]
    assert having(fan.run(), "succeeded") == set()


def test_what_is_no_list_fails_the_fan_out(fan: Project) -> None:
    fan.file("tasks.py", TASKS + "\ndef seven(): return 7\n").pipeline(
        """
        steps:
          seven: {call: tasks:seven}
          f: {call: tasks:note, foreach: seven, inputs: {x: item}}
          all: {call: tasks:gather, inputs: {values: f}}
        """
    )
    result = fan.run(exit=1)
    assert "seven" in result.err
    assert "list" in result.err
    assert "Traceback" not in result.err
    assert statuses(result)["all"] == "blocked"


def test_a_fan_out_over_objects(fan: Project) -> None:
    """The items are no plain data: a worker splits the list."""
    fan.file(
        "tasks.py",
        TASKS
        + """
class Thing:
    def __init__(self, n): self.n = n
def things(): return [Thing(1), Thing(2)]
def size(thing): called(f"size {thing.n}"); return thing.n
def one_size(thing): return thing.n
""",
    ).pipeline(
        """
        steps:
          things: {call: tasks:things}
          size: {call: tasks:size, foreach: things, inputs: {thing: item}}
          deep: {call: tasks:one_size, foreach: [0], inputs: {thing: "things[1]"}}
          all: {call: tasks:gather, inputs: {values: size}, publish: out/all.json}
        """
    )
    assert ran(fan.run()) >= {"things", "size[0]", "size[1]", "all"}
    assert fan.data("out/all.json") == [1, 2]
    assert ran(fan.run("--force", "things")) == {"things"}


# --- adding and changing items


@pytest.mark.parametrize(
    "items", [["z", "a", "b"], ["a", "z", "b"], ["a", "b", "z"]], ids=["first", "middle", "last"]
)
@pytest.mark.parametrize("dynamic", [False, True])
def test_adding_an_item_runs_it_alone(fan: Project, items: list[str], dynamic: bool) -> None:
    """Mappings: their ids are positions and move, their results are found by content."""
    source = "list" if dynamic else "params.items"
    fan.pipeline(
        {
            "params": {"items": [{"n": "a"}, {"n": "b"}]},
            "steps": {
                "list": {"call": "tasks:gather", "inputs": {"values": "params.items"}},
                "f": {"call": "tasks:note", "foreach": source, "inputs": {"x": "item.n"}},
                "g": {"call": "tasks:note", "foreach": "f", "inputs": {"y": "item"}},
                "all": {"call": "tasks:note", "inputs": {"all": "g"}},
            },
        }
    ).run()
    fan.calls()
    more = "[" + ", ".join(f"{{n: {name}}}" for name in items) + "]"
    result = fan.run("-p", f"items={more}")
    assert fan.calls() == ["x=z", "y=z", f"all={items}"]
    assert len(reused(result)) == 4
    fewer = fan.run("-p", "items=[{n: b}]")
    assert fan.calls() == ["all=['b']"]
    assert {"f[0]", "g[0]"} <= reused(fewer)


def test_an_item_that_gives_the_same_stops_there(fan: Project) -> None:
    fan.file("tasks.py", TASKS + "\ndef sign(x): return 1 if x > 0 else -1\n").pipeline(
        """
        params: {items: [5, -3]}
        steps:
          sign: {call: tasks:sign, foreach: params.items, inputs: {x: item}}
          all: {call: tasks:note, inputs: {signs: sign}}
        """
    ).run()
    assert ran(fan.run("-p", "items=[7, -3]")) == {"sign[7]"}


def test_equal_items_are_computed_once(fan: Project) -> None:
    fan.pipeline(
        """
        steps:
          f: {call: tasks:note, foreach: [5, 5, 5], inputs: {x: item}}
          all: {call: tasks:note, inputs: {all: f}}
        """
    )
    result = fan.run()
    assert fan.calls() == ["x=5", "all=[5, 5, 5]"]
    assert len(ran(result) & {"f[0]", "f[1]", "f[2]"}) == 1
    assert len(reused(result)) == 2


# --- order and parallelism


RENDEZVOUS = """\
import os, time
from pathlib import Path

from calls import called

def wait_for(name):
    end = time.monotonic() + 20
    while not Path(name).exists():
        if time.monotonic() > end:
            raise RuntimeError(f"{name} did not come")
        time.sleep(0.01)

def first(n):
    if n == "slow":
        wait_for("second-fast")
    return n

def second(n):
    Path(f"second-{n}").touch()
    return n

def left():
    Path("left").touch()
    wait_for("right")

def right():
    Path("right").touch()
    wait_for("left")

def busy(n):
    called(f"start {n}")
    time.sleep(0.05)
    called(f"end {n}")
    return n

def late(n):
    time.sleep(0.2 if n == 1 else 0)
    return n

def gather(values): return values
"""


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_item_by_item_without_a_barrier(project: Project, backend: str) -> None:
    """first[slow] ends only after second[fast] has run."""
    project.file("tasks.py", RENDEZVOUS).pipeline(
        """
        steps:
          first: {call: tasks:first, foreach: [fast, slow], inputs: {n: item}}
          second: {call: tasks:second, foreach: first, inputs: {n: item}}
        """
    )
    result = project.run("--backend", backend, "-j", "2")
    assert ran(result) == {"first[fast]", "first[slow]", "second[fast]", "second[slow]"}


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_independent_steps_run_at_the_same_time(project: Project, backend: str) -> None:
    project.file("tasks.py", RENDEZVOUS).pipeline(
        "steps:\n  a: {call: tasks:left}\n  b: {call: tasks:right}\n"
    )
    assert ran(project.run("--backend", backend, "--jobs", "2")) == {"a", "b"}


def most_at_once(calls: list[tuple[float, str]]) -> int:
    now = most = 0
    for _, what in sorted(calls):
        now += 1 if what.startswith("start") else -1
        most = max(most, now)
    return most


@pytest.mark.parametrize("limit", [1, 2])
def test_max_parallel_limits_a_fan_out(project: Project, limit: int) -> None:
    project.file("tasks.py", RENDEZVOUS).pipeline(
        {
            "steps": {
                "busy": {
                    "call": "tasks:busy",
                    "foreach": [1, 2, 3, 4, 5, 6],
                    "inputs": {"n": "item"},
                    "max_parallel": limit,
                }
            }
        }
    )
    project.run("--backend", "threading", "-j", "4")
    calls = project.timed_calls()
    assert len(calls) == 12
    assert most_at_once(calls) <= limit


def test_jobs_limit_all(project: Project) -> None:
    project.file("tasks.py", RENDEZVOUS).pipeline(
        "steps:\n  busy: {call: tasks:busy, foreach: [1, 2, 3, 4], inputs: {n: item}}\n"
    )
    project.run("--backend", "threading", "-j", "1")
    assert most_at_once(project.timed_calls()) == 1


def test_gathered_in_item_order_whatever_ends_first(project: Project) -> None:
    project.file("tasks.py", RENDEZVOUS).pipeline(
        """
        steps:
          late: {call: tasks:late, foreach: [1, 2, 3, 4], inputs: {n: item}}
          all: {call: tasks:gather, inputs: {values: late}, publish: out/all.json}
        """
    )
    project.run("--backend", "threading", "-j", "4")
    assert project.data("out/all.json") == [1, 2, 3, 4]


def test_a_thousand_items(project: Project) -> None:
    project.file("tasks.py", TASKS.replace("called(", "(lambda text: None)(")).pipeline(
        """
        steps:
          many: {call: tasks:one_to, with: {n: 1000}}
          f: {call: tasks:note, foreach: many, inputs: {x: item}}
          all: {call: tasks:gather, inputs: {values: f}, publish: out/all.json}
        """
    )
    result = project.run("--backend", "loky", "-j", "2")
    assert result.json["counts"]["succeeded"] == 1002
    assert project.data("out/all.json") == list(range(1, 1001))
    assert project.run().json["counts"]["reused"] == 1002
