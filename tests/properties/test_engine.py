"""Any graph, any luck: a run always ends, and by the rules.

A simulator obeys the state machine's commands in random order: it gives fan-outs random sizes and
tasks random fates. One number makes one run, so a failure is repeated by its number.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from engine_kit import BOOM, fan, follow, graph, retry, step
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_runner.engine import messages as m
from pipeline_runner.engine.capacity import Limits
from pipeline_runner.engine.rules import RUN, decide
from pipeline_runner.engine.state import State
from pipeline_runner.engine.step_state import CLOSED
from pipeline_runner.engine.tolerance import enough
from pipeline_runner.model import event as e
from pipeline_runner.model.graph import Graph, Share, Step
from pipeline_runner.model.outcome import FAILED, REUSED, STATES, SUCCEEDED

RULES = (
    "all_success", "all_done", "all_failed", "one_success", "one_failed", "one_done",
    "none_failed", "none_failed_min_one_success", "none_skipped", "all_skipped",
)  # fmt: skip
GOOD = (SUCCEEDED, REUSED)
FINAL_EVENTS = (e.TasksReused, e.TasksSucceeded, e.TasksSkipped, e.TasksBlocked, e.TasksCancelled)


def random_graph(rng: random.Random) -> Graph:
    steps: list[Step] = []
    for i in range(rng.randint(1, 8)):
        names = [s.name for s in steps]
        needs = rng.sample(names, min(len(names), rng.randint(0, 3)))
        fields: dict[str, Any] = {
            "trigger_rule": "all_success" if rng.random() < 0.6 else rng.choice(RULES),
            "on_error": rng.choice(["fail", "skip"]),
            "retry": retry(rng.choice([0, 0, 1, 2])),
            "max_parallel": rng.choice([None, None, 1, 2]),
            "max_failures": rng.choice([None, None, 0, 1, 3, Share(10.0), Share(50.0)]),
        }
        followed = [s.name for s in steps if s.fanout is not None]
        kind = rng.random()
        if kind < 0.4:
            made = step(f"s{i}", *needs, **fields | {"max_parallel": None, "max_failures": None})
        elif kind < 0.6 or not followed:
            made = fan(f"s{i}", *needs, **fields)
        else:
            source = rng.choice(followed)
            made = follow(f"s{i}", source, *(n for n in needs if n != source), **fields)
            if rng.random() < 0.2:
                made = made._replace(after=(source,))
        steps.append(made)
    return graph(*steps)


def random_limits(rng: random.Random, made: Graph) -> Limits:
    """Some resources, and what tasks take of them: never more than there is."""
    totals = {name: rng.randint(1, 4) for name in rng.sample(["cpus", "memory", "db"], rng.randint(0, 3))}
    takes = {
        name: {r: rng.randint(1, most) for r, most in totals.items() if rng.random() < 0.6}
        for name in made.steps
    }
    return Limits(totals, takes)


class Luck:
    """How often things happen, in one run."""

    def __init__(self, rng: random.Random) -> None:
        def sometimes(most: float) -> float:
            return rng.random() * most if rng.random() < 0.5 else 0.0

        self.hit = rng.random()
        self.fail = sometimes(0.5)
        self.unbound = sometimes(0.2)
        self.skip = sometimes(0.3)
        self.same = sometimes(0.3)
        self.undone = sometimes(0.3)
        self.lost = sometimes(0.3)
        self.unlisted = sometimes(0.2)
        self.stop = sometimes(0.05)


class Simulation:
    """Obeys a state in random order and watches that it keeps the rules."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.graph = random_graph(self.rng)
        self.luck = Luck(self.rng)
        self.workers = self.rng.randint(1, 4)
        self.options: dict[str, Any] = {
            "fail_fast": self.rng.random() < 0.2,
            "workers": self.workers,
            "seconds": {name: self.rng.choice([0.001, 0.03, 2.0]) for name in self.graph.steps},
            "limits": random_limits(self.rng, self.graph),
        }
        self.state = State(self.graph, **self.options)
        self.told: list[m.Told] = []
        self.answers: list[list[m.Command]] = []
        self.pending: list[m.Command] = []
        self.flying: Counter[str] = Counter()
        self.failures: Counter[tuple[str, int]] = Counter()
        self.successes: Counter[tuple[str, int]] = Counter()
        self.revived: Counter[tuple[str, int]] = Counter()
        self.computing: set[tuple[str, int]] = set()
        self.final: set[tuple[str, int]] = set()  # items that were final once
        self.given: set[tuple[str, int]] = set()  # items that left an entry
        self.closed: set[str] = set()  # steps that were final once
        self.losses = 0
        self.now = 0.0

    # ---- the run -----------------------------------------------------------------------------------

    def run(self) -> None:
        self.tell(m.Began(0.0))
        for _ in range(20_000):
            if self.state.finished and not self.flying.total():
                return
            if self.rng.random() < self.luck.stop:
                self.tell(m.StopRequested(self.now))
            free = self.workers - self.flying.total()
            if free > 0 and (not self.pending or self.rng.random() < 0.3):
                self.tell(m.SlotsFree(self.now, free))
            assert self.pending or self.state.finished, "a dead end: nothing is left to do"
            if self.pending:
                self.obey(self.pending.pop(self.rng.randrange(len(self.pending))))
        raise AssertionError("the run does not end")

    def tell(self, told: m.Told) -> None:
        stopping = self.state.stopping
        commands = self.state.advance(told)
        self.told.append(told)
        self.answers.append(commands)
        for command in commands:
            if isinstance(command, m.Announce):
                self.watch(command.event)
            else:
                assert not stopping, f"{command} after a stop"
                self.check(command)
                self.pending.append(command)

    def watch(self, event: e.Event) -> None:
        if isinstance(event, e.StepFinished):
            self.closed.add(event.step)
        elif isinstance(event, FINAL_EVENTS):
            self.final.update((event.step, k) for k in event.items)
            if isinstance(event, e.TasksCancelled):
                self.computing.difference_update((event.step, k) for k in event.items)
        elif isinstance(event, e.TaskFailed) and event.retry_in is None:
            self.final.add((event.step, event.item))

    # ---- the rules ---------------------------------------------------------------------------------

    def check(self, command: m.Command) -> None:
        if isinstance(command, m.SetTimer):
            return
        made = self.graph.steps[command.step]
        gathers = made.follows in made.after
        for need in made.needs:
            if need != made.follows or gathers:
                assert need in self.closed, f"{command} before {need} is final"
        if isinstance(command, m.Expand):
            return
        if isinstance(command, m.Prepare) and command.again:
            self.revived.update((made.name, k) for k in command.items)
        if made.follows is not None:
            for k in command.items:
                assert (made.follows, k) in self.final, f"{command} before its own item is there"
        if isinstance(command, m.Start):
            self.check_start(made, command)

    def check_start(self, made: Step, command: m.Start) -> None:
        self.flying[made.name] += 1
        assert self.flying.total() <= self.workers
        limits = self.options["limits"]
        for resource, total in limits.totals.items():
            used = sum(n * limits.takes[name].get(resource, 0) for name, n in self.flying.items())
            assert used <= total, f"{command} takes more {resource} than there is"
        if made.max_parallel is not None:
            assert self.flying[made.name] <= made.max_parallel
        failed = self.state.steps[made.name].tally[FAILED]
        if enough(made, failed, self.state.steps[made.name].count):
            assert all(self.revived[made.name, k] for k in command.items), "started after too many failures"
        assert len(set(command.items)) == len(command.items) > 0
        for k in command.items:
            task = (made.name, k)
            assert command.attempt == self.failures[task] + 1 <= made.retry.limit + 1
            # computed once, and again only where what it gave was lost
            assert self.successes[task] <= self.revived[task]

    def check_end(self) -> None:
        for name, found in self.state.steps.items():
            assert found.phase == CLOSED
            assert found.outcome in STATES
            assert sum(found.tally.values()) == found.count
            assert found.tally == {s: sum(found.state_of(k) == s for k in range(found.count)) for s in STATES}
            assert min(found.tally.values()) >= 0
            assert found.batches == 0
            if enough(self.graph.steps[name], found.tally[FAILED], found.count) and found.whole is None:
                assert found.outcome == FAILED
            if not self.state.stopping and not self.losses:
                self.check_verdict(self.graph.steps[name])

    def check_verdict(self, made: Step) -> None:
        """The trigger rule decided, and nothing else."""
        found = self.state.steps[made.name]
        outcomes = {n: self.state.steps[n].outcome or "" for n in made.needs}
        if made.follows is None:
            verdict = decide(made.trigger_rule, list(outcomes.values()))
            if verdict == RUN:
                assert found.verdict is None or found.verdict[1] == "when is false"
            else:
                assert found.whole == verdict
        elif found.whole is None and made.trigger_rule == "all_success":
            followed = self.state.steps[made.follows]
            for k in range(found.count):
                good = followed.state_of(k) in GOOD
                # one that ran may be skipped by its own condition, but never blocked
                bad = ("skipped", "blocked", "cancelled" if found.given_up else "skipped")
                assert found.state_of(k) != "blocked" if good else found.state_of(k) in bad

    def check_replay(self) -> None:
        again = State(self.graph, **self.options)
        assert [again.advance(told) for told in self.told] == self.answers

    # ---- the world ---------------------------------------------------------------------------------

    def obey(self, command: m.Command) -> None:
        self.now += 1.0
        match command:
            case m.Expand():
                self.expand(command)
            case m.Prepare():
                self.prepare(command)
            case m.Start():
                self.work(command)
            case m.SetTimer():
                self.tell(m.TimerFired(self.now, command.step, command.item))

    def happens(self, chance: float) -> bool:
        return self.rng.random() < chance

    def expand(self, command: m.Expand) -> None:
        made = self.graph.steps[command.step]
        if made.follows is not None:
            total = self.state.steps[made.follows].count
        else:
            total = self.rng.choice([0, 1, 2, 3, 30])
            producers = self.producers(made)
            if command.ask and producers and self.happens(self.luck.lost):
                self.lose(made.name, -1, producers)
                return
        if command.ask and self.happens(self.luck.skip):
            self.tell(m.WhenFalse(self.now, made.name))
        elif command.ask and self.happens(self.luck.unlisted):
            self.tell(m.ExpandFailed(self.now, made.name, BOOM))
        elif not command.ask and self.happens(0.3):
            self.tell(m.Expanded(self.now, made.name, None))
        else:
            self.tell(m.Expanded(self.now, made.name, total, [str(i) for i in range(total)]))

    def prepare(self, command: m.Prepare) -> None:
        """As the loop does: one answer for what can be told, a loss for each that cannot."""
        made = self.graph.steps[command.step]
        if not command.again and self.producers(made) and self.happens(self.luck.lost):
            for k in command.items:
                self.lose(made.name, k, self.producers(made, k))
            return
        hits, misses, skipped, failed, same = [], [], [], [], []
        for k in command.items:
            task = (made.name, k)
            if not command.again and self.happens(self.luck.skip):
                skipped.append(k)
            elif self.happens(self.luck.unbound):
                failed.append((k, BOOM))
            elif not command.again and self.happens(self.luck.hit):
                hits.append(k)
                self.given.add(task)
            elif not command.again and self.computing and self.happens(self.luck.same):
                same.append((k, self.rng.choice(sorted(self.computing))))
            else:
                misses.append(k)
                if not command.again:
                    self.computing.add(task)
        self.tell(m.Prepared(self.now, made.name, hits, 1.0, misses, "new", same, skipped, failed))

    def work(self, command: m.Start) -> None:
        made = self.graph.steps[command.step]
        self.flying[made.name] -= 1
        self.tell(m.BatchEnded(self.now, made.name))
        good, undone = [], []
        for k in command.items:
            task = (made.name, k)
            if self.happens(self.luck.undone):
                undone.append(k)
                continue
            self.computing.discard(task)
            producers = self.producers(made, k)
            if producers and self.happens(self.luck.lost):
                self.lose(made.name, k, producers)
            elif self.happens(self.luck.fail):
                self.failures[task] += 1
                self.tell(m.ItemFailed(self.now, made.name, k, BOOM, 1.0, self.rng.random()))
            else:
                good.append(k)
                self.given.add(task)
                self.successes[task] += 1
        if good:
            self.tell(m.BatchSucceeded(self.now, made.name, good, [0.001] * len(good)))
        if undone:
            self.tell(m.NotStarted(self.now, made.name, undone))

    def producers(self, made: Step, k: int | None = None) -> list[tuple[str, int]]:
        """What a task reads and somebody gave."""
        return [
            (name, j)
            for name in made.needs
            for j in range(self.state.steps[name].count)
            if (name, j) in self.given and (name != made.follows or j == k)
        ]

    def lose(self, name: str, k: int, producers: list[tuple[str, int]]) -> None:
        self.losses += 1
        lost = self.rng.sample(producers, self.rng.randint(0 if k < 0 else 1, min(3, len(producers))) or 1)
        self.tell(m.LostInputs(self.now, name, k, lost, False))


@given(st.integers(0, 2**48))
@settings(max_examples=400, deadline=None)
def test_any_run_ends_by_the_rules(seed: int) -> None:
    run = Simulation(seed)
    run.run()
    run.check_end()


@given(st.integers(0, 2**48))
@settings(max_examples=60, deadline=None)
def test_the_same_story_gives_the_same_commands(seed: int) -> None:
    run = Simulation(seed)
    run.run()
    run.check_replay()
