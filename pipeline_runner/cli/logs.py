"""`prun logs`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .options import complete, file_option, run_option, store_option

if TYPE_CHECKING:
    from ..app.run import Run
    from .past import Past

EVERY = 0.3  # seconds between two looks at a log that is followed


@click.command("logs")
@click.argument("task", shell_complete=complete("tasks"))
@run_option
@click.option("--follow", is_flag=True, help="Go on until the run is over.")
@file_option
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
    if follow or found.status == "running":
        _follow(past, found, task, follow)
        return
    tasks = tasks_named(found.tasks, task)
    if not tasks:
        raise no_task(found, task)
    several = len(tasks) > 1
    silent = []
    for one in tasks:
        text = found.log(one.id)
        if not text:
            silent.append(one)
            continue
        if several:
            message(f"==> {one.id} <==")
        click.echo(text, nl=not text.endswith("\n"))
    if len(silent) == len(tasks):
        message(f"{task} printed nothing in run {found.id}")


def _follow(past: Past, run: Run, name: str, follow: bool) -> None:
    """Print what comes until the run is over (or what there is, of a run that goes on)."""
    import time

    from ..app.live_logs import follow as news

    logs: dict[str, str] = {}  # task -> what was told
    while True:
        over = not follow or past.run(run.id).status != "running"
        ids = run.known_tasks(name)
        for task in ids:
            new, logs[task] = news(logs.get(task, ""), run.store.runs.read_log(run.id, task) or "")
            for line in new.splitlines() if len(ids) > 1 else ():
                click.echo(f"{task} | {line}")
            if len(ids) == 1 and new:
                click.echo(new, nl=False)
        if over:
            return
        sys.stdout.flush()
        time.sleep(EVERY)
