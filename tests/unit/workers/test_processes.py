"""Ending processes with their children, on every system."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pipeline_runner.workers import processes

_PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('up', flush=True); time.sleep(60)"  # noqa: E501


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    """A process with one child."""
    started = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE)
    assert started.stdout is not None
    assert started.stdout.readline() == b"up\n"
    children = processes.descendants(started.pid)
    yield started
    started.kill()
    started.wait()
    started.stdout.close()
    for child in children:
        processes._kill(child)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was called there."""
    called: list[list[str]] = []
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="win32"))
    run = lambda command, **_: called.append(command)  # noqa: E731
    monkeypatch.setattr(processes, "subprocess", SimpleNamespace(run=run, CREATE_NO_WINDOW=0))
    return called


def test_children_are_found_with_and_without_proc(parent, monkeypatch: pytest.MonkeyPatch) -> None:
    found = processes.descendants(parent.pid)
    assert len(found) == 1

    def none(_: str) -> list[str]:
        raise FileNotFoundError("/proc")

    monkeypatch.setattr(processes.os, "listdir", none)  # macOS
    assert processes.descendants(parent.pid) == found


def test_a_tree_is_killed(parent) -> None:
    (child,) = processes.descendants(parent.pid)
    processes.kill_tree(parent.pid)
    assert parent.wait(10) != 0
    for _ in range(1000):
        if child not in dict(processes._parents()):
            return
        time.sleep(0.01)
    raise AssertionError("the child lives on")


def test_windows_kills_trees_by_number(windows) -> None:
    processes.kill_tree(1234)
    assert windows == [["taskkill", "/T", "/F", "/PID", "1234"]]


def test_the_number_of_a_dead_process_may_be_a_strangers_on_windows(windows) -> None:
    processes.kill_tree(os.getpid(), gone=True)
    assert windows == []


def test_without_taskkill_the_process_itself_is_ended(parent, windows, monkeypatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError("taskkill")

    monkeypatch.setattr(processes.subprocess, "run", missing)
    processes.kill_tree(parent.pid)
    assert parent.wait(10) != 0
