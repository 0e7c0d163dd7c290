"""What the state machine is told (events, past tense) and what it asks for (commands)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ..model.event import Event
from ..model.outcome import ErrorInfo

# ---- told ------------------------------------------------------------------------------------------


class Began(NamedTuple):
    """The run starts."""

    at: float


class Expanded(NamedTuple):
    """A fan-out's items are known; None: they are not, and the step is decided as a whole."""

    at: float
    step: str
    total: int | None
    keys: Sequence[str] | None = None


class WhenFalse(NamedTuple):
    """A step's condition, which names no item, does not hold."""

    at: float
    step: str


class ExpandFailed(NamedTuple):
    at: float
    step: str
    error: ErrorInfo


class Prepared(NamedTuple):
    """Items were bound and looked up."""

    at: float
    step: str
    hits: Sequence[int] = ()
    saved_s: float = 0.0
    misses: Sequence[int] = ()
    reason: str = ""  # of the first miss, for people
    same: Sequence[tuple[int, tuple[str, int]]] = ()  # item, and the task with the same key
    skipped: Sequence[int] = ()
    failed: Sequence[tuple[int, ErrorInfo]] = ()
    lost: Sequence[int] = ()  # of the misses: those whose stored result cannot be read


class SlotsFree(NamedTuple):
    at: float
    slots: int


class BatchEnded(NamedTuple):
    """A batch of the step came back, whatever became of its items (told next, one by one)."""

    at: float
    step: str


class BatchSucceeded(NamedTuple):
    at: float
    step: str
    items: Sequence[int]
    seconds: Sequence[float]


class ItemFailed(NamedTuple):
    """``chance``: a random number in [0, 1), for jitter."""

    at: float
    step: str
    item: int
    error: ErrorInfo
    seconds: float
    chance: float = 0.5


class NotStarted(NamedTuple):
    """Items came back undone through no fault of theirs: they go again, one by one.

    ``begun``: those of them that were at work."""

    at: float
    step: str
    items: Sequence[int]
    begun: Sequence[int] = ()


class LostInputs(NamedTuple):
    """A task could not read what others gave: those run again first."""

    at: float
    step: str
    item: int
    producers: Sequence[tuple[str, int]]
    damaged: bool


class TimerFired(NamedTuple):
    at: float
    step: str
    item: int


class StopRequested(NamedTuple):
    """Start nothing more; what runs may end. ``cancel``: tasks that come back undone are lost."""

    at: float


Told: TypeAlias = (
    Began | Expanded | WhenFalse | ExpandFailed | Prepared | SlotsFree | BatchEnded | BatchSucceeded
    | ItemFailed | NotStarted | LostInputs | TimerFired | StopRequested
)  # fmt: skip


# ---- asked for -------------------------------------------------------------------------------------


class Expand(NamedTuple):
    """Find the items of a fan-out. ``ask``: its condition first; else only to name its tasks."""

    step: str
    ask: bool


class Prepare(NamedTuple):
    """Bind the items, make their keys, look them up. ``again``: a hit is not good enough."""

    step: str
    items: Sequence[int]
    again: bool = False


class Start(NamedTuple):
    step: str
    items: Sequence[int]
    attempt: int


class SetTimer(NamedTuple):
    step: str
    item: int
    seconds: float


class Announce(NamedTuple):
    event: Event


Command: TypeAlias = Expand | Prepare | Start | SetTimer | Announce
