"""`prun why`."""

from __future__ import annotations

from typing import Any

import click

from .options import complete, file_option, json_option, load, load_options, pipeline_argument, verbose_option


@click.command("why")
@click.argument("task", shell_complete=complete("tasks"))
@pipeline_argument
@file_option
@load_options
@click.option("--code", is_flag=True, help="List the code that counts for TASK, and why it does.")
@verbose_option
@json_option
def command(
    task: str,
    pipeline: str | None,
    file: str | None,
    params: tuple[str, ...],
    profile: str | None,
    store: str | None,
    code: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Tell what changed since TASK's last success.

    TASK is a step or one of its items. Told are the function and its line, a param's old and new
    value, the file, the package, and what further up caused it.

    \b
    Examples:
      prun why clean
      prun why "train[1,3]" -p test_size=0.3
      prun why --code train
    """
    loaded = load(pipeline or file, params, profile, store)
    from .output import result, result_json, result_style, result_width

    if code:
        reached = loaded.reached(task)
        if as_json:
            result_json({"step": task, "code": [found._asdict() for found in reached]})
            return
        from ..view.why_text import code_lines

        result(code_lines(reached, width=result_width(), style=result_style()))
        return
    why = loaded.why(task)

    if as_json:
        result_json(_as_json(why))
        return
    from ..view.why_text import why_lines

    result(why_lines(why, width=result_width(), style=result_style(), verbose=verbose))


def _as_json(why: Any) -> dict[str, Any]:
    return {
        "task": why.task,
        "status": why.status,
        "since": why.since,
        "reasons": [reason._asdict() for reason in why.reasons],
        "chain": [{"task": task, "reasons": [r._asdict() for r in reasons]} for task, reasons in why.chain],
        "diff": why.diff,
    }
