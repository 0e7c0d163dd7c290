"""Past runs as tables: `prun runs` and `prun show`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..model.outcome import ErrorInfo
from .closing import WORDS
from .failure import frames, message
from .style import PLAIN, Style
from .text import (
    ago,
    cells,
    clip,
    clip_middle,
    columns,
    duration,
    harmless,
    number,
    one_line,
    pad,
    plural,
    size,
    some,
)

STATUS_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "killed": "red",
    "running": "blue",
    "reused": "cyan",
    "blocked": "yellow",
}
_ONGOING = ("running", "killed")  # runs whose counts stand in no record
_OPEN = ("running", "waiting", "unfinished")  # of a run that goes on, or was killed
SHOWN_STEPS = 60
PREVIEW_LINES = 14
_SIZED = re.compile(r", [\d.]+ [KMGT]?i?B\Z")  # a kind that tells its size already


class RunInfoLike(Protocol):
    """A run in a list: app's ``RunInfo``."""

    @property
    def id(self) -> str: ...
    @property
    def pipeline(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def started(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


class TaskLike(Protocol):
    """A task of a run."""

    @property
    def id(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def error(self) -> str | None: ...


def counts_words(counts: Mapping[str, int]) -> str:
    """``3 run, 9 reused``."""
    words = [*((state, word) for state, word, _ in WORDS), *((state, state) for state in _OPEN)]
    return ", ".join(f"{number(counts[s])} {word}" for s, word in words if counts.get(s)) or "no tasks"


def time_words(run: RunInfoLike, now: float) -> str:
    """How long it took; of one that goes on, how long so far; of one that was killed nobody knows."""
    if run.status == "killed":
        return ""
    return duration(now - run.started if run.status == "running" else run.seconds)


def runs_lines(
    runs: Sequence[RunInfoLike],
    *,
    now: float | None = None,
    width: int | None = None,
    style: Style = PLAIN,
    most: int | None = None,
) -> list[str]:
    """The newest run first."""
    now = time.time() if now is None else now
    shown = runs[:most]
    if not shown:
        return ["No runs yet."]
    rows = [("run", "pipeline", "status", "when", "time", "tasks")]
    for run in shown:
        status = run.status or "unfinished"
        row = (
            run.id,
            run.pipeline,
            status,
            ago(run.started, now),
            time_words(run, now),
            "" if run.status in _ONGOING else counts_words(run.counts),
        )
        rows.append(row)
    lines = columns(rows, right=(4,))
    if width is not None and max(map(cells, lines)) > width and len({run.pipeline for run in shown}) == 1:
        lines = columns(
            [(row[0], *row[2:]) for row in rows], right=(3,)
        )  # all of one pipeline: no need to say
    lines = [clip(line, width) for line in lines]
    painted = [style(lines[0], "dim")]
    for line, run in zip(lines[1:], shown, strict=True):
        colour = STATUS_COLOURS.get(run.status)
        painted.append(line.replace(run.status, style(run.status, colour), 1) if colour else line)
    if len(runs) > len(shown):
        painted.append(style(f"and {number(len(runs) - len(shown))} older (prun runs --all)", "dim"))
    return painted


class StepLine(NamedTuple):
    """A step of a past run."""

    name: str
    counts: Mapping[str, int]
    seconds: float
    single: bool


def step_lines_of(tasks: Iterable[TaskLike]) -> list[StepLine]:
    """The tasks of a run by step."""
    counted: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    single: dict[str, bool] = {}
    for task in tasks:
        counts = counted.setdefault(task.step, {})
        counts[task.status] = counts.get(task.status, 0) + 1
        seconds[task.step] = seconds.get(task.step, 0.0) + (task.seconds or 0.0)
        single[task.step] = task.id == task.step
    return [StepLine(name, counts, seconds[name], single[name]) for name, counts in counted.items()]


def run_lines(
    head: str,
    tasks: Sequence[TaskLike],
    *,
    width: int | None = None,
    style: Style = PLAIN,
    verbose: bool = False,
) -> list[str]:
    """One run: a line per step (verbose: per task), then what failed."""
    lines = [head, ""]
    if verbose:
        rows = [(t.id, _word(t.status), duration(t.seconds) if t.seconds else "") for t in tasks]
    else:
        rows = [_step_row(step) for step in step_lines_of(tasks)]
    cut = 0 if verbose else max(len(rows) - SHOWN_STEPS, 0)
    names = max((cells(row[0]) for row in rows), default=0)
    names = names if width is None else min(names, max(width // 2, 12))
    rows = [(clip_middle(name, names), state, took) for name, state, took in rows[: len(rows) - cut]]
    lines += [clip("  " + line, width) for line in columns(rows, right=(2,))]
    if cut:
        lines.append(f"  and {number(cut)} more steps (prun show -v shows all)")
    failed = [task for task in tasks if task.status == "failed"]
    if failed:
        lines += ["", style(plural(len(failed), "failed task") + ":", "red")]
        shown = failed if verbose else failed[:10]
        width_of_id = max(len(task.id) for task in shown)
        for task in shown:
            text = f"  {pad(task.id, width_of_id)}  {one_line(task.error or '')}"
            lines.append(clip(text, width))
        if len(failed) > len(shown):
            lines.append(f"  and {number(len(failed) - len(shown))} more")
    return lines


def _word(status: str) -> str:
    return "run" if status == "succeeded" else status


def _step_row(step: StepLine) -> tuple[str, str, str]:
    text = _word(next(iter(step.counts))) if step.single else counts_words(step.counts)
    return (step.name, text, duration(step.seconds) if step.seconds else "")


def task_lines(
    about: Mapping[str, Any], *, width: int | None = None, style: Style = PLAIN, verbose: bool = False
) -> list[str]:
    """One task of a past run: what went in, what came out, what went wrong."""
    status = str(about["status"])
    tries = about.get("attempts") or 1
    after = f" after {plural(int(tries), 'attempt')}" if int(tries) > 1 else ""
    took = f" in {duration(about['seconds'])}" if about.get("seconds") else ""
    colour = STATUS_COLOURS.get(status)
    shown = style(_word(status), colour) if colour else _word(status)
    lines = [f"{style(str(about['id']), 'bold')} {shown}{after}{took}"]
    if about.get("reason"):
        lines.append(clip(f"  because {one_line(str(about['reason']))}", width))
    if about.get("key"):
        lines.append(style(clip(f"  key {about['key']}", width), "dim"))
    lines += [style(clip(f"  {line}", width), "dim") for line in _origin(about, verbose)]
    parts = [tuple(one_line(str(cell)) for cell in part) for part in about.get("parts") or ()]
    if parts:
        lines += ["", style("arguments", "dim")]
        rows = [
            (name, kind if what in ("", kind) else f"{kind} {what}", text) for name, kind, what, text in parts
        ]
        lines += [clip("  " + line, width) for line in columns(rows)]
    outputs = about.get("outputs") or ()
    if outputs:
        lines += ["", style("outputs", "dim")]
        for output in outputs:
            lines += _output(Output(*output), width, None if verbose else PREVIEW_LINES)
    if about.get("error") or about.get("traceback"):
        error = ErrorInfo(
            "exception", str(about.get("error") or ""), traceback=str(about.get("traceback") or "")
        )
        lines += ["", style(message(error), "red")]
        lines += ["  " + line for line in frames(error)]
    return lines


def _origin(about: Mapping[str, Any], verbose: bool) -> list[str]:
    """What made the task's result and when, and the first half of its key."""
    lines = []
    made = about.get("made")
    if made:
        took = duration(made.get("seconds") or 0.0)
        created = made.get("created")
        when = time.strftime(" on %Y-%m-%d at %H:%M:%S", time.localtime(created)) if created else ""
        lines.append(f"made by {made.get('task')} in run {made.get('run')}{when} in {took}")
    recipe = about.get("recipe")
    if recipe:
        code = [name for name in recipe["code"] if name != "call"]
        packages = [f"{name} {version}" for name, version in recipe["packages"].items()]
        lines.append("code " + (", ".join(code) if verbose else some(code)))
        parts = [f"Python {recipe['python']}", *(packages if verbose else [])]
        if packages and not verbose:
            parts.append(some(packages))
        lines.append(", ".join(parts))
    return lines


class Output(NamedTuple):
    """What a task gave. ``more``: lines that the preview leaves out."""

    name: str
    kind: str
    size: int
    preview: str
    more: int = 0


def _output(output: Output, width: int | None, most: int | None) -> list[str]:
    taken = size(output.size) if output.size and not _SIZED.search(output.kind) else ""
    title = ", ".join(part for part in (output.name, output.kind, taken) if part)
    shown = harmless(output.preview or "").expandtabs(4).splitlines()
    if len(shown) == 1 and len(title) + len(shown[0]) + 6 <= (width or 100):
        return [f"  {title}: {shown[0]}"]
    most = None if most is None or len(shown) + output.more == most + 1 else most  # no line for one line
    cut = (max(len(shown) - most, 0) if most is not None else 0) + output.more
    lines = [f"  {title}", *(clip("    " + line, width) for line in shown[:most])]
    return [*lines, f"    ... {plural(cut, 'more line')}"] if cut > 0 else lines
