"""What the tests of the engine share: small graphs, and a hand on the state machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_runner.engine import messages as m
from pipeline_runner.engine.state import State
from pipeline_runner.model.event import Event
from pipeline_runner.model.graph import ForEach, Graph, Input, Ref, Retry, Step
from pipeline_runner.model.outcome import ErrorInfo

BOOM = ErrorInfo("exception", "ValueError: boom", ("ValueError", "builtins.ValueError", "Exception"))


def step_ref(text: str) -> Ref:
    """``a``, ``a.b``, ``a.0``: a reference to a step's output."""
    name, *path = text.split(".")
    return Ref("step", name, tuple(int(p) if p.isdigit() else p for p in path), False, text)


def step(name: str, *needs: str, **fields: Any) -> Step:
    """A step that takes each of ``needs`` as an argument."""
    args = {need: Input(step_ref(need)) for need in needs}
    return Step(name, f"mod:{name}", args, needs=tuple(needs), **fields)


def fan(name: str, *needs: str, **fields: Any) -> Step:
    """A fan-out over a list that only the run gives."""
    return step(name, *needs, fanout=ForEach((1, 2)), **fields)


def follow(name: str, followed: str, *needs: str, **fields: Any) -> Step:
    """A fan-out over a fan-out, item by item."""
    over = ForEach(step_ref(followed))
    args = {need: Input(step_ref(need)) for need in needs} | {
        "item": Input(Ref("item", "", (), False, "item"))
    }
    return Step(
        name, f"mod:{name}", args, needs=(*needs, followed), fanout=over, follows=followed, **fields
    )  # fmt: skip


def graph(*steps: Step, **fields: Any) -> Graph:
    return Graph("test", "/project", "/project/pipeline.yaml", {s.name: s for s in steps}, **fields)


def retry(limit: int, delay: float = 0.0, **fields: Any) -> Retry:
    return Retry(limit, delay, **fields)


class Hand:
    """A state driven by hand: each method tells one thing and gives the commands as short texts.

    ``prepare a 0,1`` ``again a 0`` ``expand a`` ``name a`` ``start a 0,1 #1`` ``timer a 0 5.0``;
    what is announced is kept in ``events``.
    """

    def __init__(self, *steps: Step, **options: Any) -> None:
        self.state = State(graph(*steps), **options)
        self.events: list[Event] = []
        self.now = 0.0

    def tell(self, told: m.Told) -> list[str]:
        self.now = told.at
        texts = []
        for command in self.state.advance(told):
            if isinstance(command, m.Announce):
                self.events.append(command.event)
            else:
                texts.append(command_text(command))
        return texts

    def begin(self) -> list[str]:
        return self.tell(m.Began(0.0))

    def expanded(self, name: str, total: int | None) -> list[str]:
        keys = None if total is None else [str(i) for i in range(total)]
        return self.tell(m.Expanded(self.now, name, total, keys))

    def prepared(self, name: str, **what: Any) -> list[str]:
        return self.tell(m.Prepared(self.now, name, **what))

    def miss(self, name: str, *items: int) -> list[str]:
        return self.prepared(name, misses=list(items or (0,)), reason="new")

    def hit(self, name: str, *items: int) -> list[str]:
        return self.prepared(name, hits=list(items or (0,)))

    def slots(self, count: int = 1) -> list[str]:
        return self.tell(m.SlotsFree(self.now, count))

    def done(self, name: str, *items: int, seconds: float = 1.0) -> list[str]:
        """A batch came back, all well."""
        ks = list(items or (0,))
        self.tell(m.BatchEnded(self.now, name))
        return self.tell(m.BatchSucceeded(self.now, name, ks, [seconds] * len(ks)))

    def fail(self, name: str, item: int = 0, error: ErrorInfo = BOOM, chance: float = 0.5) -> list[str]:
        self.tell(m.BatchEnded(self.now, name))
        return self.tell(m.ItemFailed(self.now, name, item, error, 1.0, chance))

    def undone(self, name: str, *items: int) -> list[str]:
        self.tell(m.BatchEnded(self.now, name))
        return self.tell(m.NotStarted(self.now, name, list(items)))

    def lost(self, name: str, item: int, *producers: tuple[str, int], running: bool = True) -> list[str]:
        if running:
            self.tell(m.BatchEnded(self.now, name))
        return self.tell(m.LostInputs(self.now, name, item, list(producers), False))

    def timer(self, name: str, item: int = 0) -> list[str]:
        return self.tell(m.TimerFired(self.now, name, item))

    def stop(self) -> list[str]:
        return self.tell(m.StopRequested(self.now))

    def run(self, name: str, *items: int) -> list[str]:
        """Prepared, started one by one, all well; the commands of the last."""
        out: list[str] = []
        ks = items or (0,)
        self.miss(name, *ks)
        for _ in ks:
            started = self.slots(1)
            assert len(started) == 1
            assert started[0].startswith(f"start {name} "), started
            out = self.done(name, *_items(started[0]))
        return out

    def tally(self, name: str) -> dict[str, int]:
        return {state: n for state, n in self.state.steps[name].tally.items() if n}

    def outcome(self, name: str) -> str | None:
        return self.state.steps[name].outcome

    def outcomes(self) -> Mapping[str, str | None]:
        return {name: st.outcome for name, st in self.state.steps.items()}

    def seen(self, kind: type) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


def command_text(command: m.Command) -> str:
    match command:
        case m.Prepare(name, items, again):
            return f"{'again' if again else 'prepare'} {name} {_text(items)}"
        case m.Expand(name, ask):
            return f"{'expand' if ask else 'name'} {name}"
        case m.Start(name, items, attempt):
            return f"start {name} {_text(items)} #{attempt}"
        case m.SetTimer(name, item, seconds):
            return f"timer {name} {item} {seconds}"
    raise AssertionError(command)


def _text(items: Sequence[int]) -> str:
    return ",".join(map(str, items))


def _items(text: str) -> list[int]:
    return [int(k) for k in text.split()[2].split(",")]
