"""Where a task runs in a worker process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..model.work import Job
from .fence import Fence

if TYPE_CHECKING:
    from .capture import FileCapture, Mask
    from .inline_capture import ProcessCapture

_UNLIMITED = contextlib.nullcontext()  # if anybody watches the clock, it is the pool, and it kills


class Seat:
    """The `Host` of a worker process. ``tell`` is told the position of each task as it begins."""

    interruptible = False

    def __init__(
        self, capture: FileCapture | ProcessCapture, scratch: str | None, tell: Callable[[int], None] | None
    ) -> None:
        self.capture = capture
        self.scratch = scratch
        self.tell = tell  # None where nobody could read it
        self.fence = Fence()

    def begin(self, position: int, job: Job) -> None:
        if self.tell is not None:
            self.tell(position)
        self.capture.begin()
        self.fence.begin(job)

    def enter(self, job: Job) -> None:
        self.fence.enter(job)

    def limited(self, job: Job) -> contextlib.AbstractContextManager[None]:
        return _UNLIMITED

    def leave(self, job: Job) -> None:
        self.fence.leave(job)

    def end(self, mask: Mask) -> str:
        return self.capture.end(mask)
