"""The view for pipes and CI logs: few lines, one a time, no control characters.

What gets a line: the start (once something really runs), a step that took at least a second and
a hundredth of the run so far, a failure at once, progress after some seconds of silence, and the
final summary. So a fully reused run is one line and a thousand trivial steps are two.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from ..model import event as ev
from .closing import closing
from .messages import NORMAL, QUIET, VERBOSE, Messages
from .remaining import time_left
from .style import Style
from .summary import StepSummary, Summary, running_tasks
from .text import duration, number, plural, some

SLOW_STEP = 1.0  # seconds: a quicker step gets no line of its own
SILENCE = 5.0  # seconds without a line until progress is told, at first
LONGEST_SILENCE = 60.0


class Plain:
    """An observer that writes lines. A context manager: inside it, long silences are broken."""

    def __init__(
        self,
        write: Callable[[str], object],  # one line without its newline
        *,
        conclude: Callable[[str], object] | None = None,  # where the final summary goes, if elsewhere
        level: int = NORMAL,
        colour: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.summary = Summary()
        self.write = write
        self.conclude = conclude
        self.level = level
        self.style = Style(colour)
        self.messages = Messages(self.summary, self.style, level)
        self.clock = clock
        self.began = clock()
        self.spoke = 0.0  # when the last line was written, on the run's own clock
        self.introduced = False
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.beat: threading.Thread | None = None

    def __enter__(self) -> Plain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        if self.beat is not None:
            self.beat.join()

    def __call__(self, event: ev.Event) -> None:
        """Fold one event in and say what there is to say."""
        with self.lock:
            self.summary.apply(event)
            self.began = self.clock() - event.at
            if isinstance(event, ev.TasksStarted) or self.level == VERBOSE:
                self._introduce(event.at)
            for line in self.messages.lines(event):
                self._say(line, event.at)
            if self.level == QUIET:
                return
            if isinstance(event, ev.StepFinished):
                self._step(self.summary.step(event.step), event.at)
            elif isinstance(event, ev.RunFinished):
                self.over.set()
                if self.conclude is not None:
                    self.write = self.conclude
                for line in closing(self.summary, self.style, verbose=self.level == VERBOSE):
                    self._say(line, event.at)
            elif isinstance(event, ev.TasksStarted):
                self._progress(event.at)

    def printed(self, task: str, text: str) -> None:
        """Tell what a running task has printed since the last time."""
        with self.lock:
            for line in self.messages.live(task, text):
                self._say(line, self.summary.at)

    def stopping(self, grace: float) -> None:
        """Say at once that the run was asked to stop. Called from any thread."""
        with self.lock:
            for line in self.messages.stopping(grace):
                self._say(line, self.summary.at)

    def tick(self) -> None:
        """Break a long silence (called by the heartbeat)."""
        with self.lock:
            self._progress(self.clock() - self.began)

    def _say(self, line: str, at: float) -> None:
        self.spoke = at
        try:
            self.write(line)
        except OSError:  # nobody reads any more (`2>&1 | head`): the run goes on all the same
            self.level = self.messages.level = QUIET
            self.write = _nowhere

    def _introduce(self, at: float) -> None:
        if self.introduced or self.level == QUIET:
            return
        self.introduced = True
        s = self.summary
        workers = f" ({plural(s.workers, 'worker')})" if s.workers > 1 else ""
        self._say(f"{s.pipeline}: {plural(len(s.steps), 'step')} on {s.backend}{workers}", at)
        self.beat = threading.Thread(target=self._heartbeat, name="prun-view", daemon=True)
        self.beat.start()

    def _heartbeat(self) -> None:
        while not self.over.wait(1.0):
            self.tick()

    def _step(self, step: StepSummary, at: float) -> None:
        took = step.elapsed(at)
        if self.level == VERBOSE and step.keys is None:
            return  # its one task was told
        if took is not None and took >= max(SLOW_STEP, at / 100):
            self._say(step_line(step, took, self.style), at)

    def _progress(self, at: float) -> None:
        silence = min(max(SILENCE, at / 10), LONGEST_SILENCE)
        if self.level != QUIET and self.introduced and not self.over.is_set() and at - self.spoke >= silence:
            self._say(progress_line(self.summary, at), at)


def _nowhere(line: str) -> None:
    """Where lines go that nobody reads."""


def step_line(step: StepSummary, took: float, style: Style) -> str:
    """``train: 5 run, 1 failed, 3 reused in 12.3 s``."""
    words = [("succeeded", "run"), ("failed", "failed"), ("reused", "reused"), ("skipped", "skipped")]
    words += [("blocked", "blocked"), ("cancelled", "cancelled")]
    counted = [(step.count(state), word) for state, word in words if step.count(state)]
    if len(step.states) == 1 and step.keys is None:
        text = counted[0][1] if counted else step.state
    else:
        text = ", ".join(f"{number(count)} {word}" for count, word in counted)
    return f"{style(step.name, 'bold')}: {text} in {duration(took)}"


def progress_line(summary: Summary, at: float) -> str:
    """``34 of 58 tasks done, 2 running (train[1,3], train[0,2]), 12 s, about 28 s left``."""
    total = summary.total
    done = sum(step.done for step in summary.steps.values())
    parts = [f"{number(done)} of {plural(total, 'task')} done"]
    if summary.failed:
        parts.append(f"{number(summary.failed)} failed")
    running = running_tasks(summary)
    if running:
        parts.append(f"{number(len(running))} running ({some(running, 2)})")
    parts.append(duration(at))
    if left := time_left(summary, at):
        parts.append(left)
    return ", ".join(parts)
