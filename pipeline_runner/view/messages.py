"""What is worth a line when it happens: failures at once, retries, lost results; verbose: all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ..model import event as ev
from .failure import failure_lines, frames, message, retry_line
from .style import Style
from .summary import Failure, Summary, running_tasks
from .text import PLAIN_AGAIN, as_shown, duration, harmless, news, number, plural, some

QUIET, NORMAL, VERBOSE = 0, 1, 2

FULL, SHORT = 1, 3  # failures of a step at one place told in full, then in one line, then counted


class Messages:
    """Lines for an event. The summary must have folded the event already."""

    def __init__(self, summary: Summary, style: Style, level: int = NORMAL) -> None:
        self.summary = summary
        self.style = style
        self.level = level
        self.width: Callable[[], int | None] = _any_width
        self.logs = level == VERBOSE  # tell what tasks print
        self.printed: dict[str, str] = {}  # task -> what was told of it while it ran
        self.told: Counter[tuple[object, ...]] = Counter()
        self.said: dict[tuple[object, ...], str] = {}
        self.cautions: Callable[[], Sequence[str]] | None = None  # told when the first task really runs

    def lines(self, event: ev.Event) -> list[str]:
        """What to print for it, often nothing."""
        if isinstance(event, ev.TaskFailed):
            return self._failed(event)
        if isinstance(event, ev.HookEnded):
            return self._hook(event)
        if self.level == QUIET:
            return []
        if isinstance(event, ev.InputsLost):
            what = "damaged" if event.damaged else "missing"
            reader = self.summary.step(event.step).task(event.item)
            again = some(event.producers)
            return [
                self.style(f"A stored result that {reader} needs is {what}: {again} runs again", "yellow")
            ]
        if isinstance(event, ev.CodeMissed):
            return self._missed(event)
        if isinstance(event, ev.TasksCancelled) and event.reason and len(event.items):
            many = plural(len(event.items), "task")
            name = self.style(event.step, "bold")
            return [self.style(f"{name}: {event.reason}; {many} not started", "yellow")]
        if isinstance(event, ev.TaskLogged):
            return self._logged(event) if self.logs else []
        cautions: list[str] = []
        if isinstance(event, ev.TasksStarted) and self.cautions is not None:
            cautions = [self.style(f"warning: {text}", "yellow") for text in self.cautions()]
            self.cautions = None
        if self.level == VERBOSE:
            tell = _VERBOSE.get(type(event))
            return cautions + (tell(self, event) if tell else [])
        return cautions

    def stopping(self, grace: float) -> list[str]:
        """The run was asked to stop: what runs still has ``grace`` seconds, or none."""
        if self.level == QUIET:
            return []
        if not grace:
            return [self.style("Ending what runs at once", "yellow")]
        running = running_tasks(self.summary)
        if not running:
            return [self.style("Stopping: nothing more starts", "yellow")]
        verb = "has" if len(running) == 1 else "have"
        what = f"{some(running, 2)} {verb} {duration(grace)} to end (Ctrl-C again ends at once)"
        return [self.style(f"Stopping: nothing more starts, {what}", "yellow")]

    def _failed(self, e: ev.TaskFailed) -> list[str]:
        task = self.summary.step(e.step).task(e.item)
        if e.retry_in is not None:
            if self.level == QUIET:
                return []
            line = retry_line(task, e.error, e.attempt, e.retry_in, self.style)
            more = frames(e.error) if self.level == VERBOSE else []
            return [line, *(self.style("    " + text, "dim") for text in more)]
        failure = Failure(task, e.step, e.error, e.attempt, e.seconds, e.tolerated)
        if self.level == VERBOSE:
            return failure_lines(failure, self.style, width=self.width())
        same = (e.step, e.error.kind, e.error.types[:1], e.error.where and e.error.where[:2])
        self.told[same] += 1
        if self.told[same] > SHORT:
            return []
        lines = failure_lines(
            failure, self.style, full=self.told[same] <= FULL, before=self.said.get(same, ""),
            width=self.width(),
        )  # fmt: skip
        self.said[same] = message(e.error)
        if self.told[same] == SHORT:
            lines.append(self.style(f"    (more of {e.step} like this will only be counted)", "dim"))
        return lines

    def _missed(self, e: ev.CodeMissed) -> list[str]:
        self.told[e.step, e.files] += 1
        if self.told[e.step, e.files] > 1:  # once for all items of a step
            return []
        task = self.summary.step(e.step).task(e.item)
        text = f"warning: {task} loaded {some(e.files)}, which its cache key was not made from"
        hint = "its result is not reused; name what is used of it in the source, or set cache: false"
        return [self.style(text, "yellow"), self.style(f"    {hint}", "dim")]

    def live(self, task: str, text: str) -> list[str]:
        """What is new of what a running task has printed so far; its last line may not be whole yet."""
        whole = text[: text.rfind("\n") + 1]
        new = news(self.printed.get(task, ""), whole)
        self.printed[task] = whole
        return self._prefixed(task, new)

    def _logged(self, e: ev.TaskLogged) -> list[str]:
        task = self.summary.step(e.step).task(e.item)
        return self._prefixed(task, news(self.printed.pop(task, ""), e.text))

    def _prefixed(self, task: str, text: str) -> list[str]:
        name, shown = self.style(task + " |", "dim"), as_shown(text, colour=self.style.colour)
        ends = [PLAIN_AGAIN if "\x1b" in line else "" for line in shown.splitlines()]
        return [f"{name} {line}{end}" for line, end in zip(shown.splitlines(), ends, strict=True)]

    def _hook(self, e: ev.HookEnded) -> list[str]:
        name = f"{e.when} ({e.call})"
        if e.error is not None:
            why = self.style(f"warning: {name} failed: {message(e.error)}", "yellow")
            more = frames(e.error) if self.level != QUIET else []
            return [why, *(self.style("    " + text, "dim") for text in more)]
        told = harmless(e.log).splitlines() if self.level == VERBOSE else []
        return [self.style(f"{name} |", "dim") + f" {line}" for line in told]

    def name(self, step: str, items: Sequence[int]) -> str:
        """The task, or how many of a step's tasks."""
        found = self.summary.step(step)
        name = found.task(items[0]) if len(items) == 1 else f"{step}: {number(len(items))} tasks"
        return self.style(name, "bold")


def _any_width() -> int | None:
    """Where lines may be as long as they are."""
    return None


# ---- what verbose adds -------------------------------------------------------------------------


def _reused(m: Messages, e: ev.TasksReused) -> list[str]:
    saved = f" (saved {duration(e.saved_s)})" if e.saved_s >= 0.05 else ""
    return [f"{m.name(e.step, e.items)} reused{saved}"] if len(e.items) else []


def _started(m: Messages, e: ev.TasksStarted) -> list[str]:
    why = f": {e.reason}" if e.reason else ""
    attempt = f", attempt {e.attempt}" if e.attempt > 1 else ""
    return [f"{m.name(e.step, e.items)} started{attempt}{why}"]


def _succeeded(m: Messages, e: ev.TasksSucceeded) -> list[str]:
    return [f"{m.name(e.step, e.items)} {m.style('run', 'green')} in {duration(sum(e.seconds))}"]


def _skipped(m: Messages, e: ev.TasksSkipped) -> list[str]:
    why = f": {e.reason}" if e.reason else ""
    return [f"{m.name(e.step, e.items)} skipped{why}"] if len(e.items) else []


def _blocked(m: Messages, e: ev.TasksBlocked) -> list[str]:
    return (
        [f"{m.name(e.step, e.items)} {m.style('blocked', 'yellow')}: {e.by} failed"] if len(e.items) else []
    )


def _published(m: Messages, e: ev.Published) -> list[str]:
    return [f"{m.style(e.step, 'bold')} published {e.path}"]


def _expanded(m: Messages, e: ev.StepExpanded) -> list[str]:
    return [f"{m.style(e.step, 'bold')}: {plural(e.total, 'task')}"] if e.keys is not None else []


_VERBOSE: dict[type, Callable[[Messages, Any], list[str]]] = {
    ev.TasksReused: _reused,
    ev.TasksStarted: _started,
    ev.TasksSucceeded: _succeeded,
    ev.TasksSkipped: _skipped,
    ev.TasksBlocked: _blocked,
    ev.Published: _published,
    ev.StepExpanded: _expanded,
}
