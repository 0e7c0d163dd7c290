"""What is drawn: steps and what follows what, with the states of a run. Nothing of how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..text import duration, number

DATA, ITEMS, ORDER = "data", "items", "order"

WORDS = {
    "succeeded": "run", "reused": "reused", "failed": "failed", "skipped": "skipped",
    "blocked": "blocked", "cancelled": "cancelled", "": "not over",
}  # fmt: skip


class Node(NamedTuple):
    """A step. A fan-out is one node, however many items it has."""

    name: str
    fanout: bool = False
    size: int | None = None  # items of a fan-out, None where that is not known
    state: str = ""  # what the step came to in the run that is shown, "" for nothing
    states: Mapping[str, int] = {}  # how many of its tasks ended in which state
    seconds: float | None = None
    tip: str = ""  # more, for pictures that can show it when asked


class Link(NamedTuple):
    """``target`` needs ``source``: its data, item by item, or only its end (``needs``)."""

    source: str
    target: str
    kind: str = DATA


class Drawing(NamedTuple):
    """A pipeline; nodes come after all that they need."""

    title: str
    about: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def count_words(node: Node) -> str:
    """``×9``; nothing for a step without fan-out."""
    if not node.fanout:
        return ""
    return "×?" if node.size is None else f"×{number(node.size)}"


def state_words(node: Node, *, mixed_only: bool = False) -> str:
    """``8 run, 1 failed``, or one word where all tasks ended alike."""
    counts = {state: n for state, n in node.states.items() if n}
    if len(counts) > 1:
        return ", ".join(f"{number(n)} {WORDS.get(state, state)}" for state, n in counts.items())
    return "" if mixed_only or not counts else WORDS.get(next(iter(counts)), "")


def about_words(node: Node) -> str:
    """The states and the time."""
    took = duration(node.seconds) if node.seconds else ""
    return " · ".join(part for part in (state_words(node), took) if part)
