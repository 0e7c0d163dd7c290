"""`prun logs`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .options import complete, run_option, runs_file_option, store_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..app.run import Run
    from ..app.task_log import TaskLog
    from .past import Past

EVERY = 0.3  # seconds between two looks at a log that is followed


@click.command("logs")
@click.argument("task", shell_complete=complete("tasks"))
@run_option
@click.option("--follow", is_flag=True, help="Go on until the run is over.")
@runs_file_option
@store_option
def command(task: str, run: str | None, follow: bool, file: str | None, store: str | None) -> None:
    """Print what TASK printed; a step with items prints all of theirs.

    With --follow also of a run that is going on, started in another terminal.

    \b
    Examples:
      prun logs "train[1,3]"
      prun logs clean --run 20260105-101500
      prun logs train --follow
    """
    from .output import message
    from .past import Past, no_task, tasks_named

    past = Past.of(store, file)
    found = past.run(run)
    tasks = tasks_named(found.tasks, task)
    earlier = tasks and all(one.status == "reused" for one in tasks)  # what they printed stands elsewhere
    if follow or (found.status in ("running", "killed") and not earlier):
        _follow(past, found, task, follow)
        return
    if not tasks:
        raise no_task(found, task)
    logs = [found.log_of(one.id) for one in tasks]
    if not any(log.text for log in logs):
        stopped = all(one.status == "cancelled" for one in tasks) and any(one.attempts for one in tasks)
        message(f"{task} printed nothing {_when(found, logs)}{' until it was cancelled' if stopped else ''}")
        return
    for one, log in zip(tasks, logs, strict=True):
        if not log.text:
            continue
        elsewhere = _when(found, [log]) if log.run != found.id else ""
        if len(tasks) > 1:
            message(f"==> {one.id} <=={elsewhere and f' ({elsewhere})'}")
        elif elsewhere:
            message(f"Printed {elsewhere}:")
        _echo(log.text, nl=not log.text.endswith("\n"))


def _echo(text: str, *, nl: bool = True) -> None:
    """What somebody printed: as it is, but for a terminal without what would play tricks on it."""
    if not sys.stdout.isatty():
        click.echo(text, nl=nl)
        return
    from ..view.text import PLAIN_AGAIN, as_shown

    shown = as_shown(text, colour=True)
    click.echo(f"{shown}{PLAIN_AGAIN}" if "\x1b" in shown else shown, nl=nl)


def _when(run: Run, logs: Sequence[TaskLog]) -> str:
    """In which run the tasks ran; a reused one did in an earlier one, maybe under another name."""
    ran = {log.run for log in logs if log.run}
    if ran == {run.id}:
        return f"in run {run.id}"
    if not ran:
        return f"in run {run.id}: it did not run"
    if len(ran) > 1:
        return f"in run {run.id}, or in those that it reuses"
    (log, *_) = logs
    name = f" as {log.task}" if len(logs) == 1 else ""
    return f"in run {log.run}{name}, whose result run {run.id} reused"


def _follow(past: Past, run: Run, name: str, follow: bool) -> None:
    """Print what comes until the run is over (or what there is, of a run that goes on)."""
    import time

    from ..view.text import news
    from .output import message

    logs: dict[str, str] = {}  # task -> what was told
    while True:
        status = past.run(run.id).status
        over = not follow or status != "running"
        ids = run.known_tasks(name)
        for task in ids:
            text = run.store.runs.read_log(run.id, task) or ""
            if not over:
                text = text[: text.rfind("\n") + 1]  # the last line may not be whole yet
            new, logs[task] = news(logs.get(task, ""), text), text
            for line in new.splitlines() if len(ids) > 1 else ():
                _echo(f"{task} | {line}")
            if len(ids) == 1 and new:
                _echo(new, nl=False)
        if over:
            break
        sys.stdout.flush()
        time.sleep(EVERY)
    if status == "killed":
        message(f"Run {run.id} was killed: nothing more comes")
    elif not any(logs.values()):
        message(f"{name} has printed nothing in run {run.id}{' so far' if status == 'running' else ''}")
