"""Who makes the note of a batch first has it: a worker, or the pool that takes it back."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from worker_kit import Kit

from pipeline_runner.workers import joblib_worker, tickets
from pipeline_runner.workers.tickets import Ticket, look, take_back


def test_what_was_taken_back_does_not_begin(tmp_path: Path) -> None:
    path = str(tmp_path / "1.ticket")
    assert take_back(path)
    with pytest.raises(FileExistsError):
        Ticket(path)
    assert look(path) is None


def test_what_has_begun_is_not_taken_back(tmp_path: Path) -> None:
    path = str(tmp_path / "1.ticket")
    ticket = Ticket(path)
    assert not take_back(path)
    with pytest.raises(FileExistsError):  # nor does another worker get it
        Ticket(path)
    seen = look(path)
    assert seen is not None
    assert (seen.pid, seen.position, seen.over) == (os.getpid(), -1, False)
    ticket.task(3)
    assert look(path) == tickets.Seen(os.getpid(), 3, look(path).since, False)  # type: ignore[union-attr]
    ticket.over()
    assert look(path) == tickets.Seen(os.getpid(), -1, look(path).since, True)  # type: ignore[union-attr]


def test_a_worker_runs_nothing_that_was_taken_back_or_whose_run_is_over(kit: Kit) -> None:
    kit.module("from pathlib import Path\ndef run(): Path('ran').touch()")
    home = joblib_worker.home(str(kit.root))
    work = pickle.dumps((kit.job(), (kit.task(),)))
    take_back(home.ticket(1))
    assert joblib_worker.run(home, 1, work) == joblib_worker.NOTHING
    gone = joblib_worker.home(str(kit.root / "gone"))
    assert joblib_worker.run(gone, 2, work) == joblib_worker.NOTHING
    assert not (kit.root / "ran").exists()
    assert joblib_worker.run(home, 3, work)[:1] == joblib_worker.ANSWER
    assert (kit.root / "ran").exists()


def test_another_machine_makes_no_note(kit: Kit) -> None:
    kit.module("def run(): return 1")
    home = joblib_worker.Home(1, "elsewhere", str(kit.root / "gone"))
    answer = joblib_worker.run(home, 1, pickle.dumps((kit.job(), (kit.task(),))))
    assert answer[:1] == joblib_worker.ANSWER


def test_what_cannot_be_read_is_told(kit: Kit) -> None:
    home = joblib_worker.home(str(kit.root))
    assert joblib_worker.run(home, 1, b"nonsense")[:1] == joblib_worker.ERROR
