"""What the pools of processes do by the clock: for each task, and when the run is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import pytest
from worker_kit import Kit

from pipeline_runner.engine.ports import Done
from pipeline_runner.model.outcome import NotRun
from pipeline_runner.workers import timed_pool
from pipeline_runner.workers.batch import CANCELLED, Batch
from pipeline_runner.workers.progress import Progress
from pipeline_runner.workers.scratch import Scratch
from pipeline_runner.workers.timed_pool import SLICE, TimedPool


class Place:
    log = ""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.now: Progress | None = None

    def running(self) -> Progress | None:
        return self.now


class Pool(TimedPool[Place]):
    """Time passes only while it waits. ``hear`` is what each look brings."""

    def __init__(self) -> None:
        self.now = 100.0
        self.there: list[Place] = []
        self.looks: list[float] = []
        self.killed: list[tuple[Place, int | None]] = []
        self.hear: Callable[[], None] = lambda: None
        super().__init__(Scratch())

    def places(self) -> Sequence[Place]:
        return list(self.there)

    def answer(self, place: Place) -> None:
        self.there.remove(place)
        self._ready.append(Done(place.batch.ticket, [NotRun()]))

    def _place(self, batch: Batch) -> None:
        self.there.append(Place(batch))

    def _limit(self, place: Place) -> float | None:
        return place.batch.job.timeout

    def _collect(self, seconds: float) -> None:
        assert seconds >= 0.0
        self.looks.append(seconds)
        assert len(self.looks) < 1000, "it spins"
        self.now += seconds
        self.hear()

    def _kill(self, place: Place, timed_out: int | None) -> None:
        self.killed.append((place, timed_out))
        self.answer(place)

    def _shut(self) -> None:
        pass


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    pool = Pool()
    monkeypatch.setattr(timed_pool, "time", SimpleNamespace(monotonic=lambda: pool.now))
    with pool:
        yield pool


def begun(pool: Pool, kit: Kit, ticket: int = 1, timeout: float | None = None) -> Place:
    pool.submit(ticket, kit.job(timeout=timeout), [kit.task(), kit.task()])
    return pool.there[-1]


def tickets(found: Sequence[Done]) -> list[int]:
    return [done.ticket for done in found]


def test_a_stopped_pool_in_which_nothing_runs_rests(pool: Pool) -> None:
    pool.stop(0.0)
    assert pool.wait(2.0) == []
    assert pool.now == 102.0
    assert pool.looks[:2] == [SLICE, SLICE]
    assert pool.wait(None) == []


def test_a_stopped_pool_begins_nothing(pool: Pool, kit: Kit) -> None:
    pool.stop(30.0)
    pool.submit(7, kit.job(), [kit.task(), kit.task()])
    assert pool.there == []
    assert pool.wait(None) == [Done(7, [NotRun(CANCELLED), NotRun(CANCELLED)])]


def test_a_grace_is_waited_for_and_no_longer(pool: Pool, kit: Kit) -> None:
    place = begun(pool, kit)
    pool.stop(1.1)
    assert pool.killed == []
    assert tickets(pool.wait(None)) == [1]
    assert pool.killed == [(place, None)]
    assert pool.now == pytest.approx(101.1)


def test_a_second_stop_can_only_shorten_the_grace(pool: Pool, kit: Kit) -> None:
    place = begun(pool, kit)
    pool.stop(30.0)
    pool.stop(0.5)
    pool.stop(60.0)
    pool.wait(None)
    assert pool.killed == [(place, None)]
    assert pool.now == pytest.approx(100.5)


def test_the_time_of_a_task_begins_with_the_task(pool: Pool, kit: Kit) -> None:
    place = begun(pool, kit, timeout=3.0)
    assert pool.wait(10.0) == []  # its worker takes long to start
    place.now = Progress(1, 1, pool.now)
    assert tickets(pool.wait(10.0)) == [1]
    assert pool.killed == [(place, 1)]
    assert pool.now == pytest.approx(113.0)


def test_where_nobody_can_stop_it_a_task_takes_what_it_takes(
    pool: Pool, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_limit", lambda place: None)
    begun(pool, kit, timeout=3.0).now = Progress(1, 0, pool.now)
    assert pool.wait(10.0) == []
    assert pool.killed == []


@pytest.mark.parametrize("stopped", [False, True])
def test_what_ended_just_before_is_not_killed(pool: Pool, kit: Kit, stopped: bool) -> None:
    place = begun(pool, kit, timeout=1.0)
    place.now = Progress(1, 0, pool.now)
    pool.now += 1.0
    pool.hear = lambda: pool.answer(place) if place in pool.there else None
    if stopped:
        pool.stop(0.0)
    assert tickets(pool.wait(5.0)) == [1]
    assert pool.killed == []


def test_nor_is_a_task_that_began_just_now(pool: Pool, kit: Kit) -> None:
    place = begun(pool, kit, timeout=1.0)
    place.now = Progress(1, 0, pool.now)
    pool.now += 1.0

    def goes_on() -> None:
        place.now = Progress(1, 1, 101.0)

    pool.hear = goes_on
    pool.stop(30.0)
    assert pool.killed == []
    assert tickets(pool.wait(5.0)) == [1]
    assert pool.killed == [(place, 1)]


def test_a_batch_that_gets_another_place_as_the_run_is_stopped_is_ended_there(pool: Pool, kit: Kit) -> None:
    first = begun(pool, kit)
    second = Place(first.batch._replace(number=2))
    pool.hear = lambda: pool.there.__setitem__(slice(None), [second] if first in pool.there else pool.there)
    pool.stop(0.0)
    assert tickets(pool.wait(5.0)) == [1]
    assert pool.killed == [(second, None)]


def test_numbers_are_not_used_twice(pool: Pool, kit: Kit) -> None:
    assert [begun(pool, kit, ticket).batch.number for ticket in (4, 2, 9)] == [1, 2, 3]
