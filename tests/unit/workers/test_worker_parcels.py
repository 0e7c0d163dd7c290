"""What goes to a worker arrives as it was, however much of it is sent once only."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pipeline_runner.model.work import Project
from pipeline_runner.workers import parcels
from pipeline_runner.workers.parcels import Receiver, Sender

SHARED = Project("/somewhere", tuple(f"/somewhere/{i}" for i in range(100)))


def test_what_was_sent_before_is_not_sent_again() -> None:
    sender, receiver = Sender(), Receiver()
    messages = [sender.pack((k, SHARED, {"x": k})) for k in range(3)]
    assert [receiver.unpack(m) for m in messages] == [(k, SHARED, {"x": k}) for k in range(3)]
    assert len(messages[1]) < len(messages[0]) / 10


def test_both_ends_forget_before_it_grows_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "LARGEST", 3000)
    sender, receiver = Sender(), Receiver()
    sizes = []
    for k in range(100):
        message = sender.pack((SHARED, "x" * 500))
        sizes.append(len(message))
        assert receiver.unpack(message) == (SHARED, "x" * 500), k
    assert sizes.count(sizes[0]) > 1


def test_after_what_cannot_be_packed_the_next_arrives_whole() -> None:
    sender, receiver = Sender(), Receiver()
    receiver.unpack(sender.pack(SHARED))
    value: Any = [Project("/other", ()), threading.Lock()]
    with pytest.raises(Exception, match="pickle"):
        sender.pack(value)
    assert receiver.unpack(sender.pack([value[0], SHARED])) == [value[0], SHARED]
