"""Ending a worker process with all its children."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys

_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def own_session() -> None:
    """In the worker: a session of its own, so that it can be killed with its children, and Ctrl-C
    in the terminal reaches the parent alone. Children started later ignore nothing by this."""
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):
            os.setsid()
    # a handler that does nothing, unlike SIG_IGN, is not inherited by the task's child processes
    signal.signal(signal.SIGINT, lambda *_: None)


def kill_tree(pid: int, gone: bool = False) -> None:
    """Kill a worker and everything below it. ``gone``: it is dead, and its number may be used
    again by a stranger; what is left of its process group still goes."""
    if sys.platform == "win32":
        if not gone:  # there are no groups there
            _taskkill(pid)
        return
    if gone:
        _kill_group(pid)
        return
    below = descendants(pid)  # before their parents die and they are handed to init
    _kill_group(pid)
    _kill(pid)
    for child in below:
        _kill_group(child)  # children that made a session of their own
        _kill(child)


def _taskkill(pid: int) -> None:
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    command = ["taskkill", "/T", "/F", "/PID", str(pid)]
    try:
        subprocess.run(command, capture_output=True, check=False, creationflags=flags)
    except OSError:  # a system without it: then the process alone
        _kill(pid)


def descendants(pid: int) -> list[int]:
    """Processes below this one."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _parents() -> list[tuple[int, int]]:
    """Every process with its parent."""
    try:
        names = os.listdir("/proc")
    except OSError:  # macOS
        return _listed_parents()
    found = []
    for name in names:
        if name.isdigit():
            with (
                contextlib.suppress(OSError, ValueError, IndexError),
                open(f"/proc/{name}/stat", "rb") as file,
            ):
                found.append((int(name), int(file.read().rpartition(b")")[2].split()[1])))
    return found


def _listed_parents() -> list[tuple[int, int]]:
    with contextlib.suppress(OSError, ValueError):
        shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=False).stdout
        numbers = [int(word) for word in shown.split()]
        return list(zip(numbers[::2], numbers[1::2], strict=True))
    return []


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, _KILL)


def _kill_group(pid: int) -> None:
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        if pid > 1 and pid != os.getpgrp():
            os.killpg(pid, _KILL)


def ended(exitcode: int | None) -> str:
    """How a worker ended, in words."""
    if exitcode is None:
        return "the worker process vanished"
    if exitcode < 0:
        try:
            name = signal.Signals(-exitcode).name
        except ValueError:
            name = f"signal {-exitcode}"
        why = {
            "SIGKILL": " (out of memory?)",
            "SIGSEGV": " (a crash in C code)",
            "SIGBUS": " (a crash in C code)",
        }
        return f"the worker was killed by {name}{why.get(name, '')}"
    return f"the worker exited with code {exitcode} (os._exit?)"


def end_orphan(folder: str) -> None:
    """In a worker whose parent is gone: the temporary folder of the run goes, then all of the worker's
    own session (see ``own_session``) with it."""
    shutil.rmtree(folder, ignore_errors=True)
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            if os.getpgrp() == os.getpid():
                os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
