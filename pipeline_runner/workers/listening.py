"""A pool whose running tasks can be heard: what they print is passed on while they run.

The pool's own answers stay as they are; this looks at the log files of its slots while it waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.work import Job, Task
from .capture import read_log
from .masking import masker
from .streams import outside

if TYPE_CHECKING:
    from ..engine.ports import Done, Pool
    from .timed_pool import Place

LOUD = 256 * 1024  # characters beyond which a log is looked at less often
SLICE = 0.1  # seconds between two looks where somebody listens live


class Printed(NamedTuple):
    """What a running task has printed so far, masked."""

    job: Job
    task: Task
    text: str


class ListeningPool:
    """Passes everything to ``pool``, and tells ``hear`` what is printed, every ``every`` seconds."""

    def __init__(
        self,
        pool: Pool,
        hear: Callable[[Printed], None],
        every: float,
        idle: Callable[[], None] = lambda: None,  # called as often, whatever is printed
    ) -> None:
        self._pool = pool
        self._hear = hear
        self._every = every
        self._idle = idle
        self._looked = time.monotonic()
        self._heard: dict[str, tuple[int, float]] = {}  # task id -> characters heard, when
        self._lock = threading.Lock()
        self._inside = False  # the pool runs a task in the thread that waits
        self._over = threading.Event()
        self._ear: threading.Thread | None = None

    def __getattr__(self, name: str) -> Any:
        """Whatever else a pool has (``inline``, for one) is the pool's."""
        return getattr(self._pool, name)

    @property
    def busy(self) -> bool:
        """Whether a task runs in this thread just now."""
        return bool(getattr(self._pool, "busy", False))

    def submit(self, ticket: int, job: Job, tasks: Sequence[Task]) -> None:
        self._pool.submit(ticket, job, tasks)

    def free(self) -> int:
        return self._pool.free()

    def stop(self, grace: float) -> None:
        self._pool.stop(grace)

    def close(self) -> None:
        self._over.set()
        if self._ear is not None:
            self._ear.join()
        self._pool.close()

    def wait(self, timeout: float | None) -> Sequence[Done]:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            slice_ = min(self._every, SLICE)
            left = slice_ if end is None else min(slice_, max(end - time.monotonic(), 0.0))
            found = self._wait(left)
            with self._lock:
                self._listen()
            if found or (end is not None and time.monotonic() >= end):
                return found

    def _wait(self, seconds: float) -> Sequence[Done]:
        if not getattr(self._pool, "inline", False):
            return self._pool.wait(seconds)
        if self._ear is None:
            self._ear = threading.Thread(target=self._attend, name="prun-ear", daemon=True)
            self._ear.start()
        self._inside = True
        try:
            return self._pool.wait(seconds)
        finally:
            with self._lock:  # nothing is heard of a task any more once its outcome is known
                self._inside = False

    def _attend(self) -> None:
        """In a thread of its own, where the one that waits is in the task itself."""
        with outside():
            while not self._over.wait(min(max(self._every, 0.01), SLICE)):
                with self._lock:
                    if self._inside:
                        self._listen()

    def _listen(self) -> None:
        now = time.monotonic()
        if now - self._looked < self._every:
            return
        self._looked = now
        self._idle()
        for job, task, text in printing(self._pool):
            heard, when = self._heard.get(task.id, (0, 0.0))
            if len(text) < heard:
                heard = 0  # another attempt
            if len(text) == heard or (len(text) > LOUD and now - when < 5.0):
                continue
            self._heard[task.id] = (len(text), now)
            self._hear(Printed(job, task, text))


def printing(pool: Pool) -> Iterator[tuple[Job, Task, str]]:
    """What the tasks that run just now have printed so far."""
    for running in getattr(pool, "running", tuple)():  # in threads of this process
        text = running.capture.so_far(masker(running.job.secrets, running.job.project.root).so_far)
        if text and running in pool.running():  # type: ignore[attr-defined]
            yield running.job, running.task, text
    places: Callable[[], Sequence[Place]] = getattr(pool, "places", tuple)
    for place in places():  # in processes of their own
        batch, progress = place.batch, place.running()
        if batch is None or progress is None or progress.position >= len(batch.tasks):
            continue
        mask = masker(batch.job.secrets, batch.job.project.root)
        text = read_log(place.log, mask.so_far)
        if text and place.running() == progress:  # or it is another task's by now
            yield batch.job, batch.tasks[progress.position], text
