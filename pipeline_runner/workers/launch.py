"""Starting a worker: a Python process of its own, and the pipes that lead to it.

A fresh interpreter, neither a fork nor the caller's ``__main__``, as joblib's loky starts them. loky itself
would bring joblib and numpy into every worker before its first task, and two threads between it and us.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from .mail import Setup, receive, send

# what a worker runs: it finds its modules where this process finds them, never in the working folder
_CODE = """\
import pickle, sys
from multiprocessing import connection
kind = getattr(connection, "PipeConnection", None) or connection.Connection
calls, answers, life = (kind(int(text)) for text in sys.argv[1:])
sys.path[:] = pickle.loads(calls.recv_bytes())
from pipeline_runner.workers.worker import main
main(calls, answers, life)
"""


class Process:
    """A worker process as its parent sees it."""

    def __init__(self, folder: str, setup: Setup, env: Mapping[str, str]) -> None:
        self._folder = folder
        calls, self._calls = multiprocessing.Pipe(duplex=False)
        self.answers, answers = multiprocessing.Pipe(duplex=False)
        life, self._life = multiprocessing.Pipe(duplex=False)  # ends when we do, however we go
        theirs = (calls, answers, life)
        try:
            self._popen = _start(theirs, env)
            self.pid = self._popen.pid
            self._calls.send_bytes(pickle.dumps([p for p in sys.path if isinstance(p, str)]))
            self._calls.send_bytes(pickle.dumps(setup, protocol=5))
        except BaseException:
            self.close()
            raise
        finally:
            for end in theirs:  # or a pipe would not end with the worker
                end.close()

    def send(self, message: bytes) -> None:
        """Raises ``OSError`` if the process is gone."""
        send(self._calls, message, self._folder)

    @property
    def has_answered(self) -> bool:
        """Or died: whether ``receive`` returns at once."""
        return self.answers.poll()

    def receive(self) -> bytes:
        """What it answered; ``OSError`` or ``EOFError`` if it died before."""
        return receive(self.answers)

    @property
    def gone(self) -> bool:
        return self._popen.poll() is not None

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None if it still runs by then."""
        end = time.monotonic() + seconds
        while (code := self._popen.poll()) is None and time.monotonic() < end:
            time.sleep(0.001)  # Popen.wait looks twenty times a second
        return code

    def retire(self) -> None:
        """Let it end: nothing more will be sent."""
        self._calls.close()

    def close(self) -> None:
        for end in (self._calls, self.answers, self._life):
            end.close()


def _start(ends: tuple[Connection, ...], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    handles = [end.fileno() for end in ends]
    flags: list[str] = getattr(subprocess, "_args_from_interpreter_flags")()  # noqa: B009
    safe = [] if "-P" in flags else ["-P"]
    command = [sys.executable, *flags, *safe, "-c", _CODE, *map(str, handles)]
    more: dict[str, Any]
    if sys.platform == "win32":
        for handle in handles:
            os.set_handle_inheritable(handle, True)
        more = {"startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": handles})}
    else:
        more = {"pass_fds": handles, "start_new_session": True}
    return subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, **more)
