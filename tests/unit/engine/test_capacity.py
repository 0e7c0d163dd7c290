"""Resources and pools: never more than there is, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Mapping

from engine_kit import Hand, fan, step

from pipeline_runner.engine.capacity import Capacity, Limits


def limits(totals: Mapping[str, int], **takes: Mapping[str, int]) -> Limits:
    return Limits(totals, takes)


def ready(hand: Hand, **counts: int) -> None:
    """Steps with so many items that are ready to start."""
    hand.begin()
    for name, count in counts.items():
        if hand.state.steps[name].step.fanout is not None:
            hand.expanded(name, count)
        hand.miss(name, *range(count))


def test_no_more_at_once_than_there_is() -> None:
    hand = Hand(fan("f"), limits=limits({"cpus": 4}, f={"cpus": 2}))
    ready(hand, f=3)
    assert hand.slots(4) == ["start f 0 #1", "start f 1 #1"]
    assert hand.slots(4) == []
    hand.done("f", 0)
    assert hand.slots(4) == ["start f 2 #1"]


def test_a_pool_is_shared_by_all_that_name_it() -> None:
    hand = Hand(fan("f"), fan("g"), fan("h"), limits=limits({"db": 2}, f={"db": 1}, g={"db": 1}))
    ready(hand, f=1, g=2, h=2)
    assert hand.slots(8) == ["start f 0 #1", "start g 0 #1", "start h 0 #1", "start h 1 #1"]
    hand.done("f", 0)
    assert hand.slots(8) == ["start g 1 #1"]


def test_a_batch_of_tiny_tasks_takes_as_much_as_one() -> None:
    hand = Hand(fan("f"), seconds={"f": 0.001}, limits=limits({"cpus": 1}, f={"cpus": 1}))
    ready(hand, f=40)
    assert hand.slots(1) == ["start f " + ",".join(map(str, range(20))) + " #1"]
    assert hand.slots(1) == []


def test_what_is_taken_comes_back_whatever_becomes_of_a_task() -> None:
    hand = Hand(fan("f"), limits=limits({"cpus": 1}, f={"cpus": 1}))
    ready(hand, f=4)
    for end in (hand.fail, hand.done, hand.undone):
        started = hand.slots(4)
        assert len(started) == 1
        end("f", int(started[0].split()[2]))
    assert len(hand.slots(4)) == 1


def test_a_big_task_at_the_head_is_not_overtaken_for_ever() -> None:
    """Without a place kept for it, two of the small ones would always run."""
    hand = Hand(
        fan("small"), step("big"),
        seconds={"big": 9}, limits=limits({"cpus": 2}, small={"cpus": 1}, big={"cpus": 2}),
    )  # fmt: skip
    hand.begin()
    hand.expanded("small", 10)
    hand.miss("small", *range(10))
    assert hand.slots(2) == ["start small 0 #1", "start small 1 #1"]
    hand.miss("big")
    hand.done("small", 0)
    assert hand.slots(1) == []  # kept for the big one
    hand.done("small", 1)
    assert hand.slots(2) == ["start big 0 #1"]
    hand.done("big")
    assert hand.slots(2) == ["start small 2 #1", "start small 3 #1"]


def test_who_needs_nothing_of_what_is_missing_passes_by() -> None:
    hand = Hand(
        fan("db"), fan("free"),
        limits=limits({"db": 1, "cpus": 8}, db={"db": 1, "cpus": 1}, free={"cpus": 1}),
    )  # fmt: skip
    ready(hand, db=2, free=2)
    assert hand.slots(4) == ["start db 0 #1", "start free 0 #1", "start free 1 #1"]


def test_what_was_missing_once_stays_kept_until_the_start() -> None:
    """Else those who take one thing and those who take the other could keep it off in turns."""
    capacity = Capacity(
        limits({"db": 1, "memory": 2}, big={"db": 1, "memory": 2}, d={"db": 1}, m={"memory": 1})
    )

    def admitted(*ready: str) -> list[str]:
        capacity.review()
        found = []
        for name in ready:
            if capacity.admits(name):
                capacity.take(name)
                found.append(name)
        return found

    assert admitted("d") == ["d"]
    assert admitted("big", "m") == ["m"]  # big lacks the pool alone, as yet
    assert admitted("big", "m", "m") == []  # now memory, too
    capacity.give_back("d")
    assert admitted("big", "d") == []
    capacity.give_back("m")
    assert admitted("big", "d", "m") == ["big"]
    capacity.give_back("big")
    assert admitted("m", "d") == ["m", "d"]


def test_a_stop_leaves_nothing_held() -> None:
    hand = Hand(fan("f"), limits=limits({"cpus": 1}, f={"cpus": 1}))
    ready(hand, f=2)
    hand.slots(2)
    hand.stop()
    hand.done("f", 0)
    assert hand.state.finished
    assert hand.tally("f") == {"succeeded": 1, "cancelled": 1}
