"""What differs from process to process in a value is named, and nothing else is."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_runner.keys.doubts import doubts, doubts_of_loaded, doubts_of_text
from pipeline_runner.keys.objects import content_digest


class Thing:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("me",)

    def __init__(self) -> None:
        self.me = id(self)


class Listing:
    """Writes its set down as a list."""

    def __init__(self, words: Any, in_order: bool = False) -> None:
        self.words = set(words)
        self.in_order = in_order

    def __reduce__(self) -> Any:
        return Listing, (sorted(self.words) if self.in_order else list(self.words), self.in_order)


class Counting:
    count = 0

    def __getstate__(self) -> Any:
        return {"count": self.count}

    def __setstate__(self, state: Any) -> None:
        self.count = state["count"] + 1


def addressed() -> Thing:
    part = ["x"]
    return Thing(part=part, place=id(part))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (addressed(), "Thing.place is the address"),
        ([{"deep": (addressed(),)}], "Thing.place is the address"),
        (Slotted(), "Slotted.me is the address"),
        (Thing(name=repr(threading.Lock())), "Thing.name holds the address"),
        (Listing(["a", "b", "c"]), "Listing writes its set 'words' down as a list"),
    ],
)
def test_what_differs_from_process_to_process_is_named(value: Any, why: str) -> None:
    [doubt] = doubts(value)
    assert why in doubt.why
    assert doubt.hint


@pytest.mark.parametrize(
    "value",
    [
        Thing(words={"a", "b"}, n=1, big=2**60, name="0x1 at hand"),
        Listing(["c", "a", "b"], in_order=True),
        [Thing(), np.arange(3), {"a": {1, 2}}],
        Thing(same=[1, 2], other={1, 2}),
    ],
)
def test_nothing_is_said_of_what_is_stable(value: Any) -> None:
    assert doubts(value) == []


def test_what_changes_when_it_is_loaded_is_named() -> None:
    for value, named in ((Counting(), True), (Thing(a={1, 2}), False)):
        again = pickle.loads(pickle.dumps(value))
        assert bool(doubts_of_loaded(again, content_digest(value), None)) is named


def test_a_path_within_lies_elsewhere_when_it_is_loaded() -> None:
    assert (
        doubts_of_loaded(Thing(path=Path("elsewhere")), content_digest(Thing(path=Path("here"))), None) == []
    )


def test_an_address_in_a_text_is_named() -> None:
    assert doubts_of_text(repr([object()]))
    assert doubts_of_text("sold at 0x12 and at noon") == []
