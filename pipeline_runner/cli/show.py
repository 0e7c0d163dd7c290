"""`prun show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import file_option, json_option, store_option, verbose_option

if TYPE_CHECKING:
    from ..app.run import Run
    from .past import Past


@click.command("show")
@click.argument("run", required=False)
@click.argument("task", required=False)
@file_option
@store_option
@verbose_option
@json_option
def command(
    run: str | None, task: str | None, file: str | None, store: str | None, verbose: bool, as_json: bool
) -> None:
    """Show a past run, or one of its tasks: what went in, what came out, what went wrong.

    RUN is an id or its beginning (default: the latest). TASK alone is looked up in the latest run.
    A step with items gives the list of them.

    \b
    Examples:
      prun show
      prun show "train[1,3]"
      prun show 20260105-101500 evaluate --json
    """
    from .past import Past, no_task, tasks_named

    found, name = _which(Past.of(store, file), run, task)
    if name is None:
        _show_run(found, found.tasks, verbose, as_json)
        return
    tasks = tasks_named(found.tasks, name)
    if not tasks:
        raise no_task(found, name)
    if len(tasks) == 1 and tasks[0].id == name:
        _show_task(found.describe(name), as_json)
    else:
        _show_run(found, tasks, True, as_json)


def _which(past: Past, run: str | None, task: str | None) -> tuple[Run, str | None]:
    """The run and the task's name; a single word may be either."""
    from .past import tasks_named

    if task is not None or run is None or run == "latest":
        return past.run(run), task
    latest = past.run(None)
    if "[" in run or tasks_named(latest.tasks, run):
        return latest, run
    if any(info.id.startswith(run) for info in past.runs()):
        return past.run(run), None
    return latest, run  # neither: the nearest task's name is the better answer


def _show_run(run: Run, tasks: Any, verbose: bool, as_json: bool) -> None:
    from ..view.history import STATUS_COLOURS, counts_words, run_lines
    from ..view.text import duration
    from .output import result, result_json, result_style, result_width

    if as_json:
        chosen = {task.id for task in tasks}
        value = run.to_json()
        result_json({**value, "tasks": [task for task in value["tasks"] if task["id"] in chosen]})
        return
    style = result_style()
    status = style(
        run.status or "unfinished", *[STATUS_COLOURS[s] for s in [run.status] if s in STATUS_COLOURS]
    )
    took = f" in {duration(run.seconds)}" if run.seconds is not None else ""
    head = f"{style(run.id, 'bold')} {status}{took}: {counts_words(run.counts)}"
    result(run_lines(head, tasks, width=result_width(), style=style, verbose=verbose))


def _show_task(about: Any, as_json: bool) -> None:
    from ..view.history import task_lines
    from .output import result, result_json, result_style, result_width

    if not as_json:
        result(task_lines(about, width=result_width(), style=result_style()))
        return
    parts = [
        dict(zip(("argument", "kind", "what", "text"), part, strict=True))
        for part in about.get("parts") or ()
    ]
    names = ("name", "type", "size", "preview")
    outputs = [dict(zip(names, output, strict=True)) for output in about.get("outputs") or ()]
    result_json({**about, "parts": parts, "outputs": outputs})
