"""Batches on their way to a worker, as bytes: what it was sent before is not sent again.

The jobs of a run share much (the store, the project, sources, arguments that all tasks of a step get), and
every message names the same few classes. So both ends remember what went through, as pickle does within
one message, and begin anew before that grows large.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

LARGEST = 1 << 17  # bytes of messages after which both forget: some 800 tasks, a megabyte of objects
_ANEW, _ON = b"n", b"o"


class Sender:
    """The runner's end, for the life of one worker. What was sent must not be changed later."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._pickler: pickle.Pickler | None = None
        self._sent = 0

    def pack(self, value: Any) -> bytes:
        """The bytes of a message; they are to be sent before the next one is packed."""
        pickler, self._pickler = self._pickler, None
        kind = _ON
        if pickler is None or self._sent > LARGEST:
            pickler, kind, self._sent = pickle.Pickler(self._file, protocol=5), _ANEW, 0
        self._file.seek(0)
        self._file.truncate()
        self._file.write(kind)
        pickler.dump(value)
        self._pickler = pickler  # not after an error: the other end would miss what this one remembers
        message = self._file.getvalue()
        self._sent += len(message)
        return message


class Receiver:
    """The worker's end."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._unpickler = pickle.Unpickler(self._file)

    def unpack(self, message: bytes) -> Any:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(message)
        self._file.seek(1)
        if message[:1] == _ANEW:
            self._unpickler = pickle.Unpickler(self._file)
        return self._unpickler.load()
