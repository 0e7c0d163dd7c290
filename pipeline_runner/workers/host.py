"""Where a batch runs: what surrounds each task, in a worker process or in a process of others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ..model.work import Job

Mask = Callable[[str], str]


class Host(Protocol):
    """``scratch``: a folder for temporary files; ``interruptible``: KeyboardInterrupt is the user's."""

    scratch: str | None
    interruptible: bool

    def begin(self, position: int, job: Job) -> None:
        """A task of the batch begins: its output is captured from here on."""

    def enter(self, job: Job) -> None:
        """Just before the user's callable, when its module has been imported."""

    def limited(self, job: Job) -> AbstractContextManager[None]:
        """Around the callable: may raise ``TimeUp`` in it."""

    def leave(self, job: Job) -> None:
        """Just after the user's callable: undo what it changed in this process."""

    def end(self, mask: Mask) -> str:
        """The task ended; what it printed."""


class TimeUp(BaseException):
    """Raised inside the user's callable when its time is over (where it is not killed instead)."""


class PlainHost:
    """This process as it is: working folder, nothing captured."""

    scratch: str | None = None
    interruptible = False

    def begin(self, position: int, job: Job) -> None:
        pass

    def enter(self, job: Job) -> None:
        pass

    def limited(self, job: Job) -> AbstractContextManager[None]:
        return nullcontext()

    def leave(self, job: Job) -> None:
        pass

    def end(self, mask: Mask) -> str:
        return ""
