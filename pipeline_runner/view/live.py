"""The view for a terminal: a line per step that moves, failures above it at once.

rich is imported when the first task really starts: a fully reused run never pays for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from ..model import event as ev
from .closing import closing
from .layout import Room, picture
from .messages import NORMAL, QUIET, VERBOSE, Messages
from .style import Style, terminal_width
from .summary import Summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live as RichLive
    from rich.text import Text

FRAMES_A_SECOND = 8


class Live:
    """An observer that keeps a moving picture at the end of a terminal. A context manager."""

    def __init__(
        self,
        stream: IO[str],
        *,
        conclude: Callable[[str], object] | None = None,  # where the final summary goes, if elsewhere
        level: int = NORMAL,
        colour: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stream = stream
        self.conclude = conclude
        self.summary = Summary()
        self.level = level
        self.style = Style(colour)
        self.messages = Messages(self.summary, self.style, level)
        self.messages.width = partial(terminal_width, stream)
        self.clock = clock
        self.began = clock()
        self.lock = threading.Lock()  # the picture is drawn by rich's own thread
        self.live: RichLive | None = None
        self.console: Console | None = None

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, event: ev.Event) -> None:
        """Fold one event in; say at once what must be said."""
        with self.lock:
            self.summary.apply(event)
            self.began = self.clock() - event.at
            lines = self.messages.lines(event)
        # never print under our lock: rich draws under its own, and the picture takes ours
        if isinstance(event, ev.TasksStarted) and self.live is None and self.level != QUIET:
            self._start()
        if isinstance(event, ev.RunFinished):
            self._stop()
            if self.level != QUIET:
                last = closing(
                    self.summary, self.style, terminal_width(self.stream), verbose=self.level == VERBOSE
                )
                if self.conclude is None:
                    lines += last
                else:
                    for line in last:
                        self.conclude(line)
        if lines:
            self._print(lines)

    def printed(self, task: str, text: str) -> None:
        """Tell what a running task has printed since the last time."""
        with self.lock:
            lines = self.messages.live(task, text)
        if lines:
            self._print(lines)

    def stopping(self, grace: float) -> None:
        """Say at once that the run was asked to stop. Called from any thread."""
        with self.lock:
            lines = self.messages.stopping(grace)
        if lines:
            self._print(lines)

    def _start(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self.console = Console(
            file=self.stream,
            force_terminal=True,
            no_color=not self.style.colour,
            highlight=False,
            soft_wrap=True,
        )
        self.live = RichLive(
            get_renderable=self._draw,
            console=self.console,
            refresh_per_second=FRAMES_A_SECOND,
            vertical_overflow="crop",
            redirect_stdout=False,
        )
        self.live.start()

    def _stop(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _print(self, lines: list[str]) -> None:
        if self.live is not None and self.console is not None:
            from rich.text import Text

            self.console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
        else:
            self.stream.write("\n".join(lines) + "\n")
            self.stream.flush()

    def _draw(self) -> Text:
        from rich.text import Text

        assert self.console is not None
        options: Any = self.console.options
        room = Room(max(self.console.width - 1, 1), self.console.height, options.ascii_only)
        with self.lock:
            now = self.summary.at if self.summary.status else self.clock() - self.began
            lines = picture(self.summary, now, room)
        text = Text(no_wrap=True, overflow="crop")
        for index, line in enumerate(lines):
            if index:
                text.append("\n")
            for piece, style in line:
                text.append(piece, style or None)
        return text
