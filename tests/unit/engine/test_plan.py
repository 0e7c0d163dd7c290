"""What a plan says of each task, from look-ups alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import Opaque, World

from pipeline_runner.engine.estimate import estimate
from pipeline_runner.model.artifact import Damaged
from pipeline_runner.model.decision import PlannedTask

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda text, **functions: World(tmp_path, text, **functions)


def actions(world: World, **options: Any) -> dict[str, str]:
    return {row.id: row.action for row in world.plan(**options)}


def reasons(world: World, **options: Any) -> dict[str, list[tuple[str, str]]]:
    return {row.id: [(r.kind, r.what) for r in row.reasons] for row in world.plan(**options) if row.reasons}


CHAIN = """
    params: {x: 1}
    steps:
      a: {call: m:a, inputs: {x: params.x}}
      b: {call: m:b, inputs: {a: a}}
      c: {call: m:c, inputs: {b: b, y: params.x}}
"""


def chain(make: Make) -> World:
    return make(CHAIN, a=lambda x: x + 1, b=lambda a: a % 10, c=lambda b, y: b)


def test_on_a_fresh_store_everything_runs(make: Make) -> None:
    world = chain(make)
    assert actions(world) == {"a": "run", "b": "run", "c": "run"}
    assert reasons(world) == {"a": [("new", "")], "b": [("new", "")], "c": [("new", "")]}
    assert world.calls == []


def test_after_a_run_everything_is_reused(make: Make) -> None:
    world = chain(make)
    world.run()
    assert actions(world) == {"a": "reuse", "b": "reuse", "c": "reuse"}


def test_what_may_come_out_the_same_is_undecided(make: Make) -> None:
    world = chain(make)
    world.run()
    world.code.versions["a"] = "2"
    assert actions(world) == {"a": "run", "b": "undecided", "c": "undecided"}
    assert reasons(world) == {"a": [("code", "m:a")], "b": [("input", "a")], "c": [("input", "b")]}


def test_what_changed_otherwise_runs_whatever_its_needs_give(make: Make) -> None:
    world = chain(make)
    world.run()
    world.params["x"] = 11
    assert actions(world) == {"a": "run", "b": "undecided", "c": "run"}
    found = {r.step: r.reasons for r in world.plan()}
    assert [(r.kind, r.what, r.detail) for r in found["a"]] == [("param", "params.x", "1 -> 11")]
    assert [(r.kind, r.what) for r in found["c"]] == [("param", "params.x")]


def test_forced_and_uncached_steps_run_and_what_follows_is_undecided(make: Make) -> None:
    world = chain(make)
    world.run()
    assert actions(world, force=["a"]) == {"a": "run", "b": "undecided", "c": "undecided"}
    assert reasons(world, force=["a"])["a"] == [("forced", "")]
    off = make(
        CHAIN.replace("call: m:a,", "call: m:a, cache: false,"),
        a=lambda x: x,
        b=lambda a: a,
        c=lambda b, y: b,
    )
    off.run()
    assert actions(off) == {"a": "run", "b": "undecided", "c": "undecided"}
    assert reasons(off)["a"] == [("cache-off", "")]


@pytest.mark.parametrize("kind", ["corrupt", "missing"])
def test_a_damaged_entry_runs(make: Make, kind: str) -> None:
    world = chain(make)
    world.run()
    for key in world.cache.entries:
        if key.recipe == world.code.recipe("b").digest:
            world.cache.entries[key] = Damaged(kind, "torn")
    assert reasons(world)["b"] == [(kind, "")]


def test_an_entry_that_is_gone_is_missing_and_not_new(make: Make) -> None:
    world = chain(make)
    world.run()
    world.cache.entries.clear()
    assert reasons(world)["a"] == [("missing", "")]
    world.params["x"] = 2
    assert reasons(world)["a"] != [("missing", "")]


def test_env_counts_among_the_parts_that_are_known(make: Make) -> None:
    """Else a step with env could never be undecided: its entries would look like those of other arguments."""
    text = """
        params: {v: one}
        env: {TOP: t}
        steps:
          a: {call: m:a}
          b: {call: m:b, inputs: {a: a}, env: {OWN: "${{ params.v }}"}}
          f: {call: m:f, foreach: [1, 2], inputs: {a: a}, env: {OWN: "${{ item }}"}}
          u: {call: m:u, foreach: a, env: {OWN: "${{ item }}"}}
    """
    world = make(text, a=lambda: [7], b=lambda a: 1, f=lambda a: 1, u=lambda: 1)
    world.run()
    ids = ("b", "f[1]", "f[2]", "u")
    assert actions(world, force=["a"]) == {"a": "run"} | dict.fromkeys(ids, "undecided")
    world.params["v"] = "two"
    found = {r.id: [(x.kind, x.what, x.detail) for x in r.reasons] for r in world.plan(force=["a"])}
    assert found["b"] == [("param", "env.OWN", "'one' -> 'two'")]


def test_the_last_results_blob_is_looked_for(make: Make) -> None:
    world = make("steps: {a: {call: m:a}}", a=lambda: Opaque(1))
    world.run()
    world.cache.blobs.clear()
    assert reasons(world) == {"a": [("missing", "")]}


def test_a_list_that_a_plan_cannot_read_makes_its_producer_run(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}}",
        a=lambda: list(range(100)), f=lambda x: x,
    )  # fmt: skip
    world.run()
    world.cache.blobs.clear()
    rows = world.plan()
    assert [(r.id, r.action) for r in rows] == [("a", "run"), ("f", "undecided")]
    assert [r.kind for r in rows[0].reasons] == ["missing"]


FAN = """
    params: {numbers: [1, 2]}
    steps:
      a: {call: m:a, inputs: {n: params.numbers}}
      f: {call: m:f, foreach: a, inputs: {x: item}}
      g: {call: m:g, foreach: f, inputs: {x: item}}
      h: {call: m:h, inputs: {g: g}}
"""


def fan(make: Make) -> World:
    return make(FAN, a=lambda n: n, f=lambda x: x * 2, g=lambda x: x + 1, h=lambda g: g)


def test_a_fan_out_of_unknown_size_is_one_row(make: Make) -> None:
    rows = fan(make).plan()
    assert [(r.id, r.key, r.action, r.wave, r.needs) for r in rows] == [
        ("a", None, "run", 0, ()),
        ("f", None, "run", 1, ("a",)),
        ("g", None, "run", 2, ("f",)),
        ("h", None, "run", 3, ("g",)),
    ]


def test_known_items_are_rows_of_their_own(make: Make) -> None:
    world = fan(make)
    world.run()
    rows = world.plan()
    assert [(r.id, r.key, r.action, r.needs) for r in rows][1:5] == [
        ("f[1]", "1", "reuse", ("a",)),
        ("f[2]", "2", "reuse", ("a",)),
        ("g[1]", "1", "reuse", ("f[1]",)),
        ("g[2]", "2", "reuse", ("f[2]",)),
    ]
    assert [r.action for r in rows] == ["reuse"] * 6


def test_a_new_item_runs_alone_and_the_gatherer_waits(make: Make) -> None:
    world = make(
        """
        params: {numbers: [1, 2]}
        steps:
          f: {call: m:f, foreach: params.numbers, inputs: {x: item}}
          g: {call: m:g, foreach: f, inputs: {x: item}}
          h: {call: m:h, inputs: {g: g}}
        """,
        f=lambda x: x * 2, g=lambda x: x + 1, h=lambda g: g,
    )  # fmt: skip
    world.run()
    world.params["numbers"] = [1, 3, 2]
    found = actions(world)
    assert found["f[1]"] == found["f[2]"] == found["g[1]"] == found["g[2]"] == "reuse"
    assert found["f[3]"] == "run"
    assert found["g[3]"] in ("run", "undecided")
    assert found["h"] == "undecided"
    world.run()
    assert actions(world) == dict.fromkeys(found, "reuse")


def test_one_level_deeper_twice_is_one_row_each_until_the_lists_are_there(make: Make) -> None:
    world = make(
        """
        params: {books: [[a, b], [c]]}
        steps:
          f: {call: m:f, foreach: params.books, inputs: {x: item}}
          g: {call: m:g, foreach: f.*, inputs: {x: item}}
          h: {call: m:h, foreach: g.*, inputs: {x: item}}
          all: {call: m:all, inputs: {h: h}}
        """,
        f=lambda x: x, g=lambda x: [x, x * 2], h=lambda x: x.upper(), all=lambda h: h,
    )  # fmt: skip
    assert actions(world) == {"f[0]": "run", "f[1]": "run", "g": "run", "h": "run", "all": "run"}
    world.run()
    inner = ["h[0,0,0]", "h[0,0,1]", "h[0,1,0]", "h[0,1,1]", "h[1,0,0]", "h[1,0,1]"]
    ids = ["f[0]", "f[1]", "g[0,0]", "g[0,1]", "g[1,0]", *inner, "all"]
    assert actions(world) == dict.fromkeys(ids, "reuse")
    world.code.versions["g"] = "2"
    found = actions(world)
    assert (found["f[0]"], found["g[0,1]"]) == ("reuse", "run")
    assert (found["h"], found["all"]) == ("undecided", "undecided")
    assert reasons(world)["h"] == [("input", "g")]
    world.run()
    world.params["books"] = [["a", "b"], ["new", "c"]]
    assert actions(world) == {"f[0]": "reuse", "f[1]": "run", "g": "undecided", "h": "undecided",
                              "all": "undecided"}  # fmt: skip
    world.run()
    assert world.calls == ["f[1]", "g[1,0]", "h[1,0,0]", "h[1,0,1]", "all"]
    assert world.value("all") == [["A", "AA"], ["B", "BB"], ["NEW", "NEWNEW"], ["C", "CC"]]


@pytest.mark.parametrize(("over", "last"), [("f", "g"), ("f", "h"), ("f.*", "g"), ("f.*", "h")])
def test_lists_that_are_aligned_with_what_must_run_are_not_known_either(
    make: Make, over: str, last: str
) -> None:
    """Which items of ``f`` are gathered turns on which of ``g`` there will be."""
    world = make(
        f"""
        steps:
          f: {{call: m:f, foreach: [1, 2], inputs: {{x: item}}}}
          g: {{call: m:g, foreach: {over}, inputs: {{x: item}}}}
          h: {{call: m:h, foreach: g.*, inputs: {{x: item}}}}
          all: {{call: m:all, inputs: {{f: f, last: {last}}}}}
        """,
        f=lambda x: [x], g=lambda x: [x], h=lambda x: x, all=lambda f, last: 1,
    )  # fmt: skip
    world.run()
    world.code.versions["g"] = "2"
    assert actions(world)["all"] == "undecided"
    world.run()
    assert world.calls == [c for c in world.calls if c.startswith("g")]


def test_conditions_that_are_known_skip_and_what_follows_too(make: Make) -> None:
    world = make(
        """
        params: {go: false}
        steps:
          a: {call: m:a, when: params.go}
          b: {call: m:b, inputs: {a: a}}
          f: {call: m:f, foreach: [1, 2], when: params.go, inputs: {x: item}}
          g: {call: m:g, foreach: f, inputs: {x: item}}
          u: {call: m:u, foreach: a, inputs: {x: item}}
          v: {call: m:v, foreach: u, inputs: {x: item}}
          e: {call: m:e, foreach: [1, 2], when: item > 1, inputs: {x: item}}
          last: {call: m:last, inputs: {a: a, f: f}, trigger_rule: all_done}
          w: {call: m:w, foreach: f, inputs: {x: item}, trigger_rule: all_done}
        """
    )
    assert actions(world) == {
        "a": "skip", "b": "skip", "f[1]": "skip", "f[2]": "skip", "g[1]": "skip", "g[2]": "skip",
        "u": "skip", "v": "skip", "e[1]": "skip", "e[2]": "run", "last": "run",
        "w[1]": "skip", "w[2]": "skip",
    }  # fmt: skip


def test_a_condition_that_is_false_skips_whatever_the_inputs_will_be(make: Make) -> None:
    world = make(
        """
        params: {go: false}
        steps:
          a: {call: m:a}
          b: {call: m:b, when: params.go, inputs: {x: a}}
          f: {call: m:f, foreach: [1, 2], when: params.go, inputs: {x: a}}
          g: {call: m:g, foreach: [1, 2], when: item > 1, inputs: {x: a}}
          h: {call: m:h, foreach: a, when: params.go}
        """
    )
    assert actions(world) == {
        "a": "run", "b": "skip", "f[1]": "skip", "f[2]": "skip", "g[1]": "skip", "g[2]": "run", "h": "skip",
    }  # fmt: skip


def test_a_rule_that_skips_each_item_skips_no_step(make: Make) -> None:
    """As in a run: what gathers the items gets an empty list."""
    world = make(
        """
        steps:
          f: {call: m:f, foreach: [1, 2], inputs: {x: item}}
          mend: {call: m:mend, foreach: f, inputs: {x: item}, trigger_rule: one_failed}
          all: {call: m:all, inputs: {x: mend}}
          e: {call: m:f, foreach: [], inputs: {x: item}}
          none: {call: m:mend, foreach: e, inputs: {x: item}, trigger_rule: one_failed}
          last: {call: m:last, inputs: {x: none}}
        """,
        f=lambda x: x, mend=lambda x: x, all=lambda x: x, last=lambda x: x,
    )  # fmt: skip
    world.run()
    assert actions(world) == {
        "f[1]": "reuse", "f[2]": "reuse", "mend[1]": "skip", "mend[2]": "skip",
        "all": "reuse", "last": "reuse",
    }  # fmt: skip


def test_what_is_certain_by_itself_is_not_where_what_it_needs_is_not(make: Make) -> None:
    """Should ``a`` fail, then what follows it ends otherwise, and ``mend`` and ``mend_b`` run."""
    world = make(
        """
        steps:
          a: {call: m:a, cache: false}
          e: {call: m:e, foreach: [], needs: [a]}
          mend: {call: m:mend, inputs: {x: e}, trigger_rule: one_failed}
          b: {call: m:b, needs: [a]}
          mend_b: {call: m:mend, inputs: {x: b}, trigger_rule: one_failed}
          sure: {call: m:b}
          no: {call: m:mend, inputs: {x: sure}, trigger_rule: one_failed}
        """,
        a=lambda: 1, b=lambda: 2,
    )  # fmt: skip
    world.run()
    found = actions(world)
    assert found["b"] == "reuse"
    assert found["no"] == "skip"
    assert "skip" not in (found["mend"], found["mend_b"])


def test_what_runs_only_if_something_fails_is_undecided_though_its_result_is_there(make: Make) -> None:
    """It was run after a failure. Whether ``a`` fails this time, nobody knows: if not, it is skipped."""
    world = make(
        """
        params: {x: 0}
        steps:
          a: {call: m:a, inputs: {x: params.x}}
          one: {call: m:mend, with: {y: 1}, needs: [a], trigger_rule: one_failed}
          every: {call: m:mend, with: {y: 2}, needs: [a], trigger_rule: all_failed}
          then: {call: m:mend, with: {y: 3}, needs: [one]}
          anyhow: {call: m:mend, with: {y: 4}, needs: [one], trigger_rule: all_done}
          new: {call: m:mend, inputs: {y: params.x}, needs: [a], trigger_rule: one_failed}
        """,
        a=lambda x: 1 / x, one=lambda y: y, every=lambda y: y, then=lambda y: y,
        anyhow=lambda y: y, new=lambda y: y,
    )  # fmt: skip
    world.run()
    assert actions(world) == {
        "a": "run", "one": "undecided", "every": "undecided", "then": "undecided", "anyhow": "reuse",
        "new": "undecided",
    }  # fmt: skip
    found = reasons(world)
    assert found["one"] == found["every"] == [("input", "a")]
    assert found["then"] == [("input", "one")]
    world.params["x"] = 5
    assert actions(world)["new"] == "run"  # it cannot be reused, whatever `a` gives
    world.run()
    assert actions(world) == {
        "a": "reuse", "one": "skip", "every": "skip", "then": "skip", "anyhow": "reuse", "new": "skip",
    }  # fmt: skip


def test_items_that_follow_what_is_reused_are_skipped_where_only_a_failure_lets_them_run(make: Make) -> None:
    world = make(
        """
        params: {x: [0, 1]}
        steps:
          f: {call: m:f, foreach: params.x, inputs: {x: item}, on_error: skip}
          g: {call: m:f, foreach: params.x, inputs: {x: item}}
          mend: {call: m:mend, foreach: g, with: {y: 1}, trigger_rule: one_failed}
          all: {call: m:all, inputs: {x: mend}}
          whole: {call: m:mend, foreach: g, inputs: {y: g}, trigger_rule: one_failed}
        """,
        f=lambda x: 1 / x, g=lambda x: 1 / x, mend=lambda y: y, all=lambda x: x, whole=lambda y: y,
    )  # fmt: skip
    world.run()
    found = actions(world)
    assert {id: found[id] for id in ("g[0]", "g[1]", "mend[0]", "mend[1]")} == {
        "g[0]": "run", "g[1]": "reuse", "mend[0]": "undecided", "mend[1]": "skip",
    }  # fmt: skip
    assert reasons(world)["mend[0]"] == [("input", "g")]
    assert found["all"] != "reuse"
    assert found["whole[1]"] == "undecided"  # its rule counts all of g, too


def test_what_a_condition_on_what_has_to_run_may_skip_is_not_reused_yet(make: Make) -> None:
    world = make(
        """
        params: {x: 2}
        steps:
          a: {call: m:a, inputs: {x: params.x}}
          b: {call: m:b, when: a > 1}
          c: {call: m:c, needs: [b]}
          none: {call: m:f, foreach: [], when: a > 1}
          seen: {call: m:c, inputs: {x: none}, trigger_rule: all_done}
          sure: {call: m:c, needs: [a]}
        """,
        a=lambda x: x, b=lambda: 1, c=lambda: 2, seen=lambda x: x, sure=lambda: 3,
    )  # fmt: skip
    world.run()
    world.params["x"] = 1
    assert actions(world) == {
        "a": "run", "b": "undecided", "c": "undecided", "seen": "undecided", "sure": "reuse",
    }  # fmt: skip
    assert reasons(world)["c"] == [("input", "b")]
    world.run()
    assert world.outcomes()["c"] == "skipped"


def test_a_condition_on_what_has_to_run_first_is_left_open(make: Make) -> None:
    world = make(
        """
        steps:
          a: {call: m:a}
          b: {call: m:b, when: a > 1, inputs: {x: a}}
          c: {call: m:c, inputs: {b: b}}
        """,
        a=lambda: 1,
    )
    assert actions(world) == {"a": "run", "b": "run", "c": "run"}
    world.run()
    assert actions(world) == {"a": "reuse", "b": "skip", "c": "skip"}


def test_a_changed_step_above_a_follower_of_unknown_size(make: Make) -> None:
    world = fan(make)
    world.run()
    world.code.versions["a"] = "2"
    assert actions(world) == {"a": "run", "f": "undecided", "g": "undecided", "h": "undecided"}
    world.code.versions["f"] = "2"
    assert actions(world)["f"] == "run"


def test_a_split_list_is_known_to_the_plan(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}}",
        a=lambda: Opaque([1, 2]), f=lambda x: x,
    )  # fmt: skip
    assert actions(world) == {"a": "run", "f": "run"}
    world.run()
    assert actions(world) == {"a": "reuse", "f[0]": "reuse", "f[1]": "reuse"}


def test_a_mistake_in_an_argument_is_told(make: Make) -> None:
    world = make("params: {p: {}}\nsteps: {a: {call: m:a, inputs: {x: params.p.nope}}}")
    (row,) = world.plan()
    assert row.action == "run"
    assert "nope" in row.reasons[0].detail


def test_what_is_no_list_runs_into_its_mistake_again(make: Make) -> None:
    """It is not undecided: what it goes over is known."""
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}, "
        "g: {call: m:f, foreach: [1], inputs: {x: item}}}",
        a=lambda: 5, f=lambda x: x,
    )  # fmt: skip
    world.run()  # and an entry of what f calls is there
    (row,) = (row for row in world.plan() if row.step == "f")
    assert (row.action, row.key) == ("run", None)
    assert "a fan-out takes a list" in row.reasons[0].detail


def test_waves_follow_the_longest_path(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, b: {call: m:b, needs: [a]}, c: {call: m:c, needs: [a, b]}, d: {call: m:d}}"
    )
    assert {r.id: r.wave for r in world.plan()} == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_times_are_those_of_earlier_runs(make: Make) -> None:
    world = chain(make)
    world.history.times = {"a": 2.0, "b": 3.0}
    assert [r.estimate_s for r in world.plan()] == [2.0, 3.0, None]


# ---- estimate --------------------------------------------------------------------------------------


def row(id: str, seconds: float | None, *needs: str, action: str = "run") -> PlannedTask:
    return PlannedTask(id, id.partition("[")[0], None, action, 0, needs, (), seconds)


@pytest.mark.parametrize(
    ("rows", "workers", "expected"),
    [
        ([], 2, 0.0),
        ([row("a", 3.0)], 2, 3.0),
        ([row("a", 3.0), row("b", 4.0, "a")], 2, 7.0),
        ([row("a", 3.0), row("b", 4.0)], 2, 4.0),
        ([row("a", 3.0), row("b", 4.0)], 1, 7.0),
        ([row("f[0]", 2.0), row("f[1]", 2.0), row("g", 1.0, "f")], 4, 3.0),
        ([row("f[0]", 2.0), row("f[1]", 5.0), row("g[0]", 4.0, "f[0]")], 4, 6.0),
        ([row("a", 3.0, action="reuse"), row("b", 4.0, "a")], 1, 4.0),
        ([row("a", None)], 1, None),
        ([row("a", None, action="reuse")], 1, 0.0),
    ],
)
def test_estimate(rows: list[PlannedTask], workers: int, expected: float | None) -> None:
    assert estimate(rows, workers) == expected
