"""`prun debug`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .options import complete, run_option, runs_file_option, store_option

if TYPE_CHECKING:
    from ..app.run import Run
    from .past import Past


@click.command("debug")
@click.argument("task", shell_complete=complete("tasks"))
@run_option
@click.option("--pdb", "pdb", is_flag=True, help="Under pdb: see below where it stops.")
@click.option(
    "-b",
    "--break",
    "breaks",
    multiple=True,
    metavar="WHERE",
    help="With pdb: stop at FILE:LINE or module:function.",
)
@click.option("--keep", is_flag=True, help="If it goes well, run its step, so that the result is kept.")
@runs_file_option
@store_option
def command(
    task: str,
    run: str | None,
    pdb: bool,
    breaks: tuple[str, ...],
    keep: bool,
    file: str | None,
    store: str | None,
) -> int:
    """Run one task of a past run in this process, with exactly the inputs that it had there.

    Your code is what is on disk now: edit it and try again. Nothing is stored; `prun run` does
    that, or --keep, which runs the step with that run's params once the task went well. TASK may
    also be a step with items: then the first of them that failed.

    With --pdb a task that failed runs to its failure and stops there, in your innermost frame
    (`p`, `up`, `down`, `interact` ...). Any other stops at its first line. --break WHERE stops
    there instead, and `breakpoint()` in your code works with and without --pdb.

    \b
    Examples:
      prun debug "train[1,3]"
      prun debug "train[1,3]" --pdb
      prun debug "train[1,3]" --keep
      prun debug clean --run 20260105-101500 -b churn/data.py:31
    """
    from ..app.debug import debug_task
    from ..app.debugger import Debugger
    from .output import message
    from .past import Past

    past = Past.of(store, file)
    found = past.run(run)
    name, status = _task(found, task)
    if name != task:
        message(f"{task}: {name} is the first of its tasks that failed")
    caller = Debugger(breaks, stop_first=status != "failed") if pdb or breaks else None
    done = debug_task(found.record, name, root=_root(past, found), caller=caller)
    _tell(found, done)
    if done.error is not None:
        return 1
    return _keep(past, found, name) if keep else 0


def _keep(past: Past, run: Run, task: str) -> int:
    """Run the task's step as `prun run -s` does, with the params of the run that was looked at."""
    from ..app.pipeline import Pipeline
    from ..view.messages import NORMAL
    from .output import run_view

    pipeline = Pipeline.load(past.pipeline or run.graph.file, dict(run.params), store=past.store)
    with run_view(NORMAL) as view:
        code: int = pipeline.run(select=(run.record.position(task)[0],), observers=(view,)).exit_code
    return code


def _task(run: Run, name: str) -> tuple[str, str]:
    """The task that is meant, and its state in that run."""
    from .past import no_task, tasks_named

    tasks = tasks_named(run.tasks, name)
    if not tasks:
        raise no_task(run, name)
    failed = [task for task in tasks if task.status == "failed"]
    if len(tasks) > 1 and failed:
        return failed[0].id, "failed"
    if len(tasks) > 1:
        run.record.position(name)  # tells its tasks
    return tasks[0].id, tasks[0].status


def _root(past: Past, run: Run) -> str | None:
    """The pipeline's folder here, where that of the run is another machine's."""
    if past.pipeline is None or os.path.exists(run.graph.file):
        return None
    return os.path.dirname(os.path.abspath(past.pipeline))


def _tell(run: Run, done: Any) -> None:
    from ..app.describe import value_line
    from ..view.failure import failure_lines
    from ..view.summary import Failure
    from ..view.text import duration
    from .output import message, result, result_style

    if done.changed:
        message(f"Not as in run {run.id}: {', '.join(done.changed)} changed since")
    style = result_style()
    if done.error is not None:
        failure = Failure(done.task, done.task, done.error, 1, done.seconds, False)
        result(failure_lines(failure, style))
        return
    result(
        [f"{style(done.task, 'bold')} {style('run', 'green')} in {duration(done.seconds)}, nothing stored"]
    )
    result(f"  {name + ': ' if name else ''}{value_line(value)}" for name, value in done.outputs.items())
    status = next((t.status for t in run.tasks if t.id == done.task), "")
    if status == "failed":
        message(f"It failed in run {run.id}; `prun run` takes it up from here")
