"""`prun show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import complete, json_option, runs_file_option, store_option, verbose_option

if TYPE_CHECKING:
    from ..app.run import Run
    from .past import Past


@click.command("show")
@click.argument("run", required=False, shell_complete=complete("runs_and_tasks"))
@click.argument("task", required=False, shell_complete=complete("tasks"))
@runs_file_option
@store_option
@click.option("--save", metavar="PATH", help="Write TASK's output there, in the format of the suffix.")
@click.option("--output", metavar="NAME", help="With --save: which of the step's outputs.")
@verbose_option
@json_option
def command(
    run: str | None,
    task: str | None,
    file: str | None,
    store: str | None,
    save: str | None,
    output: str | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Show a past run, or one of its tasks: what went in, what came out, what went wrong.

    RUN is an id or its beginning (default: the latest). TASK alone is looked up in the latest run.
    A step with items gives the list of them.

    \b
    Examples:
      prun show
      prun show "train[1,3]"
      prun show split --save train.csv --output train
      prun show 20260105-101500 evaluate --json
    """
    from .past import Past, no_task, tasks_named

    found, name = _which(Past.of(store, file), run, task)
    if save is not None:
        _save(found, name, output, save)
        return
    if name is None:
        _show_run(found, found.tasks, verbose, as_json)
        return
    tasks = tasks_named(found.tasks, name)
    if not tasks:
        raise no_task(found, name)
    if len(tasks) == 1 and tasks[0].id == name:
        _show_task(found.describe(name), as_json, verbose)
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
    if past.ids(run):
        return past.run(run), None
    return latest, run  # neither: the nearest task's name is the better answer


def _save(run: Run, name: str | None, output: str | None, path: str) -> None:
    from ..app.saving import save
    from .output import message
    from .past import no_task, tasks_named

    if name is None:
        raise click.UsageError("--save needs a TASK")
    if not tasks_named(run.tasks, name):
        raise no_task(run, name)
    save(run.output(f"{name}.{output}" if output else name), path)
    message(f"Written: {path}")


def _show_run(run: Run, tasks: Any, verbose: bool, as_json: bool) -> None:
    import time
    from collections import Counter

    from ..view.history import STATUS_COLOURS, counts_words, run_lines, time_words
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
    took = time_words(run, time.time())
    took = f" {'for' if run.status == 'running' else 'in'} {took}" if took else ""
    counts = run.counts if run.status not in ("running", "killed") else Counter(t.status for t in run.tasks)
    head = f"{style(run.id, 'bold')} {status}{took}: {counts_words(counts)}"
    result(run_lines(head, tasks, width=result_width(), style=style, verbose=verbose))


def _show_task(about: Any, as_json: bool, verbose: bool) -> None:
    from ..view.history import task_lines
    from .output import result, result_json, result_style, result_width

    if not as_json:
        result(task_lines(about, width=result_width(), style=result_style(), verbose=verbose))
        return
    parts = [
        dict(zip(("argument", "kind", "what", "text"), part, strict=True))
        for part in about.get("parts") or ()
    ]
    names = ("name", "type", "size", "preview", "more_lines")
    values = about.get("values") or {}
    outputs = [
        {
            **dict(zip(names, output, strict=True)),
            **({"value": values[output[0]]} if output[0] in values else {}),
        }
        for output in about.get("outputs") or ()
    ]
    shown = {name: value for name, value in about.items() if name != "values"}
    result_json({**shown, "parts": parts, "outputs": outputs})
