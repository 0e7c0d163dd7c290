"""`prun logs`."""

from __future__ import annotations

import click

from .options import file_option, store_option


@click.command("logs")
@click.argument("task")
@click.option("--run", "run", metavar="RUN", help="The run's id or its beginning (default: the latest).")
@file_option
@store_option
def command(task: str, run: str | None, file: str | None, store: str | None) -> None:
    """Print what TASK printed; a step with items prints all of theirs.

    \b
    Examples:
      prun logs "train[1,3]"
      prun logs clean --run 20260105-101500
    """
    from .output import message
    from .past import Past, no_task, tasks_named

    found = Past.of(store, file).run(run)
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
