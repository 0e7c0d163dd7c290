"""Messages between the runner and a worker, over pipes in which nobody gets stuck.

At most one message is on its way in each direction. What a pipe holds in any case goes through it; what is
larger is laid into a file of the run's temporary folder, and the pipe carries its name. So neither side
ever waits for the other to read, or for the rest of a message whose sender hangs or was killed.
"""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import NamedTuple

from ..model.work import Project
from ..store.disk import discard

SMALL = 8000  # bytes: Windows' pipes hold no more
_WHOLE, _FILE = b"m", b"f"


class Setup(NamedTuple):
    """What a worker is told when it starts."""

    project: Project
    folder: str  # temporary, of the run
    log: str  # path of the slot's log file
    progress: str  # path of the slot's progress file


def send(pipe: Connection, message: bytes, folder: str) -> None:
    if len(message) < SMALL:
        pipe.send_bytes(_WHOLE + message)
        return
    import tempfile

    fd, path = tempfile.mkstemp(prefix="mail-", dir=folder)
    with open(fd, "wb") as file:
        file.write(message)
    pipe.send_bytes(_FILE + os.fsencode(path))


def receive(pipe: Connection) -> bytes:
    """Raises ``EOFError`` or ``OSError`` when there will be no more."""
    data = pipe.recv_bytes()
    if data[:1] == _WHOLE:
        return data[1:]
    path = os.fsdecode(data[1:])
    with open(path, "rb") as file:
        message = file.read()
    discard(path)
    return message
