"""Whole runs in a world of dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from engine_world import Opaque, World

from pipeline_runner.model.event import InputsLost, Published, TaskLogged, TasksStarted
from pipeline_runner.model.outcome import ErrorInfo, NotRun

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda text, **functions: World(tmp_path, text, **functions)


def boom(*args: Any, **kwargs: Any) -> Any:
    raise ValueError("boom")


DIAMOND = """
    steps:
      a: {call: m:a}
      b: {call: m:b, inputs: {x: a}}
      c: {call: m:c, inputs: {x: a}}
      d: {call: m:d, inputs: {x: b, y: c}}
"""


def diamond(make: Make) -> World:
    return make(
        DIAMOND, a=lambda: 1, b=lambda x: x + 1, c=lambda x: x * 10, d=lambda x, y: [x, y],
    )  # fmt: skip


def test_a_diamond_runs_and_is_reused_whole(make: Make) -> None:
    world = diamond(make)
    assert world.run().status == "succeeded"
    assert world.value("d") == [2, 10]
    assert sorted(world.calls) == ["a", "b", "c", "d"]
    assert {e.step: e.text for e in world.seen(TaskLogged)}["a"] == "log of a"
    assert world.run().status == "succeeded"
    assert world.calls == []
    assert world.reused() == ["a", "b", "c", "d"]
    assert world.loop.dispatcher.pool is None  # no worker was started


def test_an_equal_result_leaves_what_follows_reused(make: Make) -> None:
    world = diamond(make)
    world.run()
    world.code.versions["b"] = "2"
    world.functions["b"] = lambda x: x + 1.0 - x + x if x != 1 else 2
    world.run()
    assert world.calls == ["b"]
    assert world.reasons() == {"b": "code m:b"}


def test_a_failure_blocks_what_needs_it(make: Make) -> None:
    world = diamond(make)
    world.functions["b"] = boom
    assert world.run().status == "failed"
    assert world.outcomes() == {"a": "succeeded", "b": "failed", "c": "succeeded", "d": "blocked"}
    assert world.errors() == {"b": "ValueError: boom"}


FAN = """
    params: {numbers: [3, 1, 2]}
    steps:
      square: {call: m:square, foreach: params.numbers, inputs: {n: item}}
      half: {call: m:half, foreach: square, inputs: {n: item}}
      total: {call: m:total, inputs: {squares: square, halves: half}}
"""


def fan_world(make: Make) -> World:
    return make(
        FAN, square=lambda n: n * n, half=lambda n: n / 2, total=lambda squares, halves: [squares, halves]
    )


def test_a_fan_out_is_gathered_in_item_order(make: Make) -> None:
    world = fan_world(make)
    world.run()
    assert world.value("total") == [[9, 1, 4], [4.5, 0.5, 2.0]]
    assert world.keys("half") == ["3", "1", "2"]


def test_adding_an_item_runs_that_item_alone(make: Make) -> None:
    world = fan_world(make)
    world.run()
    world.params["numbers"] = [3, 7, 1, 2]
    world.run()
    assert sorted(world.calls) == ["half[7]", "square[7]", "total"]


def test_repeated_items_are_computed_once(make: Make) -> None:
    world = fan_world(make)
    world.params["numbers"] = [2, 2, 2]
    world.run()
    assert world.calls == ["square[0]", "half[0]", "total"]
    assert world.value("total") == [[4, 4, 4], [2.0, 2.0, 2.0]]
    assert world.state.steps["square"].tally["reused"] == 2


def test_equal_calls_of_two_steps_are_computed_once(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:f, with: {x: 1}}, b: {call: m:f, with: {x: 1}}}", a=lambda x: x, b=lambda x: x
    )
    world.run()
    assert world.calls == ["a"]
    assert world.value("b") == 1


def test_with_the_cache_off_each_is_computed(make: Make) -> None:
    text = (
        "steps: {a: {call: m:f, cache: false}, b: {call: m:f, cache: false}, c: {call: m:c, inputs: {x: a}}}"
    )
    world = make(text, a=lambda: 1, b=lambda: 1, c=lambda x: x)
    world.run()
    assert world.calls == ["a", "b", "c"]
    world.run()
    assert world.calls == ["a", "b"]  # c is keyed by what a gave
    assert world.reasons() == {"a": "cache off", "b": "cache off"}


def test_forced_steps_run_and_what_follows_may_be_reused(make: Make) -> None:
    world = diamond(make)
    world.run()
    world.run(force=["a"])
    assert world.calls == ["a"]
    assert world.jobs[0][0].replace


def test_while_workers_are_busy_what_a_large_fan_out_is_looked_up_in_is_read(make: Make) -> None:
    world = make(
        """
        steps:
          numbers: {call: m:numbers}
          few: {call: m:few, foreach: numbers, inputs: {n: item}}
          many: {call: m:many, foreach: numbers, inputs: {n: item}}
          forced: {call: m:many, foreach: numbers, inputs: {n: item}}
        """,
        numbers=lambda: [1, 2], few=lambda n: n, many=lambda n: n, forced=lambda n: n,
    )  # fmt: skip
    world.history.counts = {"few": 10, "many": 100_000, "forced": 100_000}
    world.run(force=["forced"])
    assert world.cache.read_ahead == [world.code.recipe("many").digest]
    world.cache.read_ahead.clear()
    world.run()
    assert world.cache.read_ahead == []  # nobody was waited for


def test_a_worker_is_expected_once_and_before_the_rest_is_looked_up(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, b: {call: m:b}, c: {call: m:c, inputs: {x: a}}}",
        a=lambda: 1, b=lambda: 2, c=lambda x: x,
    )  # fmt: skip
    expected: list[list[str]] = []
    world.on_expected = lambda: expected.append(list(looked_up))
    looked_up: list[str] = []
    find = world.cache.find

    def noted(recipe: str, args: Any) -> Any:
        looked_up.append(recipe)
        return find(recipe, args)

    world.cache.find = noted  # type: ignore[method-assign]
    world.run()
    assert [len(before) for before in expected] == [1]
    assert len(looked_up) == 3
    world.run()
    assert len(expected) == 1  # all is reused


def test_a_failed_attempt_is_tried_again_after_its_delay(make: Make) -> None:
    attempts: list[int] = []

    def flaky() -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("gone")
        return 7

    world = make(
        "steps: {a: {call: m:a, retry: {limit: 2, delay: 5s, backoff: 2, 'on': [OSError]}}}", a=flaky
    )
    assert world.run().status == "succeeded"
    assert len(attempts) == 3
    assert world.clock.time >= 15.0
    assert [t.attempt for _, t in world.jobs] == [1, 2, 3]


def test_on_error_skip_keeps_gathered_lists_aligned(make: Make) -> None:
    world = fan_world(make)
    world.graph = world.graph._replace(
        steps={n: s._replace(on_error="skip") for n, s in world.graph.steps.items()}
    )
    world.functions["half"] = lambda n: boom() if n == 1 else n / 2
    world.functions["square"] = lambda n: boom() if n == 2 else n * n
    assert world.run().status == "succeeded"
    assert world.value("total") == [[9], [4.5]]
    world.functions["half"] = world.functions["square"] = lambda n: n
    world.run()
    assert sorted(world.calls) == ["half[1]", "half[2]", "square[2]", "total"]  # failed ones run again


def test_when_is_false_gives_none(make: Make) -> None:
    world = make(
        """
        params: {go: false}
        steps:
          a: {call: m:a, when: params.go}
          f: {call: m:f, when: params.go, foreach: [1, 2], inputs: {x: item}}
          e: {call: m:f, when: params.go, foreach: [], inputs: {x: item}}
          b: {call: m:b, inputs: {a: a, f: f, e: e}, trigger_rule: all_done}
        """,
        a=boom, f=boom, b=lambda **given: given,
    )  # fmt: skip
    assert world.run().status == "succeeded"
    assert world.value("b") == {"a": None, "f": None, "e": None}


def test_when_is_asked_for_each_item(make: Make) -> None:
    world = make(
        """
        steps:
          f: {call: m:f, foreach: [1, 2, 3], when: item >= 2, inputs: {x: item}}
          g: {call: m:g, inputs: {f: f}}
        """,
        f=lambda x: x, g=lambda f: f,
    )  # fmt: skip
    world.run()
    assert world.value("g") == [2, 3]
    assert world.state.steps["f"].tally["skipped"] == 1


def test_a_condition_over_no_plain_data_fails_the_step(make: Make) -> None:
    world = make("steps: {a: {call: m:a}, b: {call: m:b, when: a > 1}}", a=lambda: Opaque(1), b=boom)
    assert world.run().status == "failed"
    assert "only plain data" in world.errors()["b"]


def test_a_blocked_fan_out_over_what_never_came_is_one_task(make: Make) -> None:
    world = make(
        """
        steps:
          a: {call: m:a}
          f: {call: m:f, foreach: a, inputs: {x: item}}
          g: {call: m:g, foreach: f, inputs: {x: item}}
          last: {call: m:last, inputs: {g: g}, trigger_rule: all_done}
        """,
        a=boom, f=boom, g=boom, last=lambda g: g,
    )  # fmt: skip
    assert world.run().status == "failed"
    assert world.outcomes() == {"a": "failed", "f": "blocked", "g": "blocked", "last": "succeeded"}
    assert world.value("last") is None


def test_a_fan_out_over_no_list_fails(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}}", a=lambda: 5, f=boom
    )
    world.run()
    assert world.errors()["f"] == "a is 5, and a fan-out takes a list"


@pytest.mark.parametrize("good", [0, 1])
def test_items_that_have_not_what_is_asked_of_them_fail_even_if_all_do(make: Make, good: int) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item.b}}}",
        a=lambda: [{"b": 1}] * good + [{"c": 1}, {"c": 2}], f=lambda x: x,
    )  # fmt: skip
    assert world.run().status == "failed"
    assert world.state.steps["f"].tally["failed"] == 2
    assert world.state.steps["f"].tally["succeeded"] == good


def test_a_list_of_objects_is_split_by_a_worker_once(make: Make) -> None:
    text = """
        steps:
          a: {call: m:a}
          f: {call: m:f, foreach: a, inputs: {x: item}}
          g: {call: m:g, foreach: f.*, inputs: {x: item}}
          all: {call: m:all, inputs: {g: g}}
    """
    world = make(
        text, a=lambda: Opaque([1, 2]), f=lambda x: Opaque([x, x * 10]), g=lambda x: x + 1, all=lambda g: g
    )
    assert world.run().status == "succeeded"
    assert world.keys("f") == ["0", "1"]
    assert world.keys("g") == ["0,0", "0,1", "1,0", "1,1"]
    assert world.value("all") == [[2, 11], [3, 21]]
    assert [job.kind for job, _ in world.jobs].count("split") == 3
    world.run()
    assert world.jobs == []


def test_three_levels_of_objects_with_failures_in_the_middle(make: Make) -> None:
    text = """
        steps:
          f: {call: m:f, foreach: [1, 2], inputs: {x: item}}
          g: {call: m:g, foreach: f.*, inputs: {x: item}, on_error: skip}
          h: {call: m:h, foreach: g.*, inputs: {x: item}, when: item > 1}
          i: {call: m:i, foreach: h, inputs: {x: item, outer: g}}
          all: {call: m:all, inputs: {g: g, h: h, i: i}}
    """
    world = make(
        text, f=lambda x: Opaque([x, x * 10]), g=lambda x: [x, 20 // (x - 1)],
        h=lambda x: x, i=lambda x, outer: x + len(outer), all=lambda g, h, i: [g, h, i],
    )  # fmt: skip
    assert world.run().status == "succeeded"
    assert world.keys("g") == ["1,0", "1,1", "2,0", "2,1"]
    assert world.state.steps["g"].tally["failed"] == 1  # 1,0
    assert world.keys("h") == world.keys("i") == ["1,1,0", "1,1,1", "2,0,0", "2,0,1", "2,1,0", "2,1,1"]
    assert world.state.steps["i"].tally["skipped"] == 1
    assert world.value("all") == [
        [[[10, 2]], [[2, 20], [20, 1]]], [[10, 2], [2, 20], [20]], [[12, 4], [4, 22], [22]],
    ]  # fmt: skip
    assert [job.kind for job, _ in world.jobs].count("split") == 2
    world.run()
    assert world.calls == ["g[1,0]"]  # it failed


def test_a_follower_that_gathers_the_other_too_gets_all_of_it(make: Make) -> None:
    world = make(
        """
        steps:
          f: {call: m:f, foreach: [1, 2, 3], inputs: {x: item}}
          g: {call: m:g, foreach: f, inputs: {one: item, all: f}}
        """,
        f=lambda x: x, g=lambda one, all: [one, all],
    )  # fmt: skip
    world.run(workers=1)
    assert world.values("g") == [[1, [1, 2, 3]], [2, [1, 2, 3]], [3, [1, 2, 3]]]


def test_names_by_key_over_a_fan_out(make: Make) -> None:
    world = make(
        """
        steps:
          f: {call: m:f, foreach: [1, 2], inputs: {x: item}}
          g: {call: m:g, foreach: {in: f, key: item.name}, inputs: {x: item}}
        """,
        f=lambda x: {"name": f"n{x}"}, g=lambda x: x["name"],
    )  # fmt: skip
    assert world.run(workers=1).status == "succeeded"
    assert world.keys("g") == ["n1", "n2"]


def test_an_item_that_failed_is_none_for_a_follower_that_runs_nevertheless(make: Make) -> None:
    world = make(
        """
        steps:
          f: {call: m:f, foreach: [1, 2], inputs: {x: item}}
          g: {call: m:g, foreach: f, inputs: {x: item}, trigger_rule: all_done}
        """,
        f=lambda x: boom() if x == 1 else x, g=lambda x: [x],
    )  # fmt: skip
    world.run()
    assert world.values("g") == [[None], [2]]


# ---- lost results ----------------------------------------------------------------------------------


def lose_blobs(world: World) -> None:
    world.cache.blobs.clear()


def test_a_lost_result_is_made_again_then_its_reader_runs(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, b: {call: m:b, inputs: {x: a}}}",
        a=lambda: Opaque([1]), b=lambda x: x.inner,
    )  # fmt: skip
    world.run()
    lose_blobs(world)
    world.code.versions["b"] = "2"
    assert world.run().status == "succeeded"
    assert world.calls == ["a", "b"]
    assert [(e.step, e.producers) for e in world.seen(InputsLost)] == [("b", ("a",))]
    assert [t.attempt for j, t in world.jobs if j.step == "b"] == [1, 1]
    assert [j.replace for j, t in world.jobs if j.step == "a"] == [True]  # its entry led to lost bytes


def test_a_whole_chain_of_lost_results_is_made_again(make: Make) -> None:
    names = [f"s{i}" for i in range(8)]
    text = "steps:\n  s0: {call: m:f, with: {x: 0}}\n" + "".join(
        f"  {b}: {{call: m:f, inputs: {{x: {a}}}}}\n" for a, b in pairwise(names)
    )
    world = make(text, **dict.fromkeys(names, lambda x: Opaque([x])))
    world.run()
    lose_blobs(world)
    world.code.versions["s7"] = "2"
    assert world.run().status == "succeeded"
    assert world.calls == names


def test_a_lost_list_that_a_fan_out_is_over_is_made_again(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}}",
        a=lambda: list(range(100)), f=lambda x: x,
    )  # fmt: skip
    world.run()
    lose_blobs(world)
    assert world.run().status == "succeeded"
    assert world.calls == ["a"]


def test_lost_elements_of_a_split_list_are_made_again(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, f: {call: m:f, foreach: a, inputs: {x: item}}}",
        a=lambda: Opaque([Opaque(1), Opaque(2)]), f=lambda x: x.inner,
    )  # fmt: skip
    world.run()
    lose_blobs(world)
    world.code.versions["f"] = "2"
    assert world.run().status == "succeeded"
    assert world.values("f") == [1, 2]


def test_a_result_that_gets_lost_every_time_fails_its_reader(make: Make) -> None:
    world = make(
        "steps: {a: {call: m:a}, b: {call: m:b, inputs: {x: a}}}", a=lambda: Opaque([1]), b=lambda x: 1
    )
    real = world.cache.store
    world.cache.store = lambda value: (real(value), world.cache.blobs.clear())[0]  # type: ignore[method-assign]
    assert world.run().status == "failed"
    assert "again and again" in world.errors()["b"]


# ---- publish ---------------------------------------------------------------------------------------


PUBLISH = """
    steps:
      a: {call: m:a, publish: out.txt}
      t: {call: m:t, publish: table.csv}
      f: {call: m:f, foreach: [1, 2], inputs: {x: item}, publish: "f-${{ item }}.txt"}
"""


def test_outputs_are_published_and_restored(make: Make) -> None:
    world = make(PUBLISH, a=lambda: "text", t=lambda: [1], f=lambda x: str(x))
    world.run()
    assert world.publisher.files == {
        "out.txt": "text", "table.csv": ".csv: [1]", "f-1.txt": "1", "f-2.txt": "2",
    }  # fmt: skip
    assert sorted(e.path for e in world.seen(Published)) == sorted(world.publisher.files)
    world.publisher.writes.clear()
    world.run()
    assert world.publisher.writes == []
    del world.publisher.files["table.csv"], world.publisher.files["f-2.txt"]
    assert world.run().status == "succeeded"
    assert world.publisher.writes == ["f-2.txt", "table.csv"]
    assert world.calls == []


def test_what_cannot_be_read_to_be_published_again_is_computed_again(make: Make) -> None:
    """It is read by a step, so that nothing looked at its bytes when it was found to be there."""
    reader = "      r: {call: m:r, inputs: {a: a, t: t, f: f}}\n"
    large = {"a": lambda: "a" * 20_000, "t": lambda: [1] * 20_000, "f": lambda x: str(x) * 20_000}
    world = make(PUBLISH + reader, **large, r=lambda **k: 0)
    world.run()
    files = dict(world.publisher.files)
    world.cache.blobs.clear()
    world.publisher.files.clear()
    world.calls.clear()
    assert world.run().status == "succeeded"
    assert world.publisher.files == files
    assert sorted(world.calls) == ["a", "f[1]", "f[2]", "t"]
    world.calls.clear()
    assert world.run().status == "succeeded"
    assert world.calls == []


def test_equal_tasks_publish_each_their_own(make: Make) -> None:
    text = "steps: {a: {call: m:f, publish: a.txt}, b: {call: m:f, publish: b.txt}}"
    world = make(text, a=lambda: "text", b=boom)
    assert world.run().status == "succeeded"
    assert world.publisher.files == {"a.txt": "text", "b.txt": "text"}


def test_what_cannot_be_published_fails_the_step_and_is_not_tried_again(make: Make) -> None:
    world = make("steps: {a: {call: m:a, publish: out.bad, retry: 3}}", a=lambda: "text")
    assert world.run().status == "failed"
    assert world.errors() == {"a": "publish: no such format"}
    assert world.calls == ["a"]


def test_nothing_is_published_where_that_is_off(make: Make) -> None:
    world = make(PUBLISH, a=lambda: "text", t=lambda: [1], f=lambda x: str(x))
    world.run(publish=False)
    assert world.publisher.files == {}


# ---- workers and stopping --------------------------------------------------------------------------


def test_a_batch_whose_worker_died_goes_again_without_costing_an_attempt(make: Make) -> None:
    left = [2]

    def dies(x: int) -> Any:
        left[0] -= 1
        return NotRun(ErrorInfo("worker_lost", "died")) if left[0] >= 0 else x

    world = make("steps: {f: {call: m:f, foreach: [1, 2, 3], inputs: {x: item}}}", f=dies)
    assert world.run().status == "succeeded"
    assert {t.attempt for _, t in world.jobs} == {1}


def test_a_stop_request_ends_the_run(make: Make) -> None:
    world = diamond(make)

    def stop(task: str) -> None:
        world.loop.stop_requests += 1

    world.on_call = stop
    assert world.run().status == "cancelled"
    assert world.calls == ["a"]
    assert world.outcomes()["b"] == "cancelled"


def test_fail_fast_starts_nothing_more(make: Make) -> None:
    world = make("steps: {a: {call: m:a}, b: {call: m:b}, c: {call: m:c}}", a=boom, b=lambda: 1, c=lambda: 1)
    assert world.run(workers=1, fail_fast=True).status == "failed"
    assert world.calls == ["a"]
    assert world.outcomes() == {"a": "failed", "b": "cancelled", "c": "cancelled"}


def test_items_with_an_env_of_their_own_go_apart(make: Make) -> None:
    world = make(
        "steps: {f: {call: m:f, foreach: [1, 2], inputs: {x: item}, env: {N: 'n${{ item }}', A: b}}}",
        f=lambda x: x,
    )
    world.run(seconds={"f": 0.001}, workers=1)
    assert [dict(job.env) for job, _ in world.jobs] == [{"A": "b", "N": "n1"}, {"A": "b", "N": "n2"}]


def test_a_batch_of_many_environments_takes_one_slot(make: Make) -> None:
    """It counts as one task for ``max_parallel``, too."""
    world = make(
        "steps: {f: {call: m:f, foreach: [1, 2, 3, 4], inputs: {x: item}, env: {N: 'n${{ item }}'},"
        " max_parallel: 1}}",
        f=lambda x: x,
    )
    flying: list[int] = []
    world.on_call = lambda task: flying.append(len(world.loop.dispatcher.flying))
    assert world.run(seconds={"f": 0.001}, workers=4).status == "succeeded"
    assert sorted(world.calls) == ["f[1]", "f[2]", "f[3]", "f[4]"]
    assert flying == [1, 1, 1, 1]  # nothing else, while one of them runs


def test_a_stop_in_the_midst_of_many_environments_cancels_the_rest(make: Make) -> None:
    world = make(
        "steps: {f: {call: m:f, foreach: [1, 2, 3], inputs: {x: item}, env: {N: 'n${{ item }}'}}}",
        f=lambda x: x,
    )

    def stop(task: str) -> None:
        world.loop.stop_requests += 1

    world.on_call = stop
    state = world.run(seconds={"f": 0.0001}, workers=1)
    assert state.status == "cancelled"
    assert state.finished
    assert world.calls == ["f[1]"]


# ---- retries and time ------------------------------------------------------------------------------


HOUR = "retry: {limit: 1, delay: 1h}"


def test_a_long_delay_holds_up_nothing_else(make: Make) -> None:
    failed: list[int] = []

    def flaky() -> int:
        failed.append(1)
        if len(failed) == 1:
            raise ValueError("once")
        return 1

    world = make(
        f"steps: {{a: {{call: m:a, {HOUR}}}, x: {{call: m:x}}, y: {{call: m:y, inputs: {{x: x}}}}}}",
        a=flaky, x=lambda: 1, y=lambda x: x,
    )  # fmt: skip
    assert world.run(workers=1, seconds={"a": 9.0}).status == "succeeded"
    assert world.calls == ["a", "x", "y", "a"]
    assert 3600 <= world.clock.time < 3601


def test_a_jump_of_the_wall_clock_changes_nothing(make: Make) -> None:
    world = make(f"steps: {{a: {{call: m:a, {HOUR}}}, b: {{call: m:b}}}}", a=boom, b=lambda: 1)
    walls = iter(range(10**9, 0, -(10**6)))
    world.clock.wall = lambda: float(next(walls))  # type: ignore[method-assign]
    world.run(workers=1, seconds={"a": 9.0})
    assert world.calls == ["a", "b", "a"]
    assert 3600 <= world.clock.time < 3601


def test_fail_fast_waits_for_no_retry(make: Make) -> None:
    world = make(
        f"steps: {{a: {{call: m:a, {HOUR}}}, b: {{call: m:b, needs: [c]}}, c: {{call: m:c}}}}",
        a=boom, b=boom, c=lambda: 1,
    )  # fmt: skip
    assert world.run(workers=1, fail_fast=True, seconds={"a": 9.0}).status == "failed"
    assert world.outcomes() == {"a": "cancelled", "b": "failed", "c": "succeeded"}
    assert world.clock.slept == []


def test_a_stop_waits_for_no_retry(make: Make) -> None:
    world = make(f"steps: {{a: {{call: m:a, {HOUR}}}}}", a=boom)
    world.clock.sleep = lambda seconds: setattr(world.loop, "stop_requests", 1)  # type: ignore[method-assign]
    assert world.run().status == "cancelled"
    assert world.calls == ["a"]


def test_secrets_reach_the_worker_but_no_key(make: Make) -> None:
    text = "secrets: {TOKEN: 'env:T'}\nsteps: {a: {call: m:a, inputs: {t: secrets.TOKEN, r: run.id}}}"
    world = make(text, a=lambda t, r: [t, r])
    world.run()
    assert world.value("a") == ["secret TOKEN", "run-1"]
    world.run()
    assert world.calls == []


def test_a_missing_file_fails_the_step_with_its_name(make: Make) -> None:
    world = make("steps: {a: {call: m:a, files: {path: data/x.csv}}}", a=lambda path: path)
    world.run()
    assert world.errors() == {"a": "files.path: data/x.csv: No such file or directory"}
    world.files.contents["data/x.csv"] = "1"
    world.run()
    assert world.value("a") == "/project/data/x.csv"
    world.files.contents["data/x.csv"] = "2"
    world.run()
    assert world.reasons() == {"a": "file data/x.csv"}


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_start_as_slots_are_free(make: Make, workers: int) -> None:
    world = make("steps: {f: {call: m:f, foreach: [1, 2, 3, 4], inputs: {x: item}}}", f=lambda x: x)
    world.run(workers=workers)
    assert sum(len(e.items) for e in world.seen(TasksStarted)) == 4
