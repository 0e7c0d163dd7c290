"""`prun runs`."""

from __future__ import annotations

import click

from .options import json_option, runs_file_option, store_option


@click.command("runs")
@runs_file_option
@store_option
@click.option(
    "-n", "--number", "most", type=click.IntRange(min=1), default=20, show_default=True, help="How many."
)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@json_option
def command(file: str | None, store: str | None, most: int, everything: bool, as_json: bool) -> None:
    """List past runs, the newest first: all in the store, or with -f those of one pipeline.

    \b
    Examples:
      prun runs
      prun runs -f nightly.yaml
      prun runs --store s3://team/churn --all --json
    """
    from ..view.history import runs_lines
    from .output import result, result_json, result_style, result_width
    from .past import Past

    runs = Past.of(store, file).runs()
    limit = None if everything else most
    if as_json:
        fields = ("id", "run_id", "pipeline", "status", "started", "seconds", "counts")
        result_json({"runs": [{name: getattr(run, name) for name in fields} for run in runs[:limit]]})
    else:
        result(runs_lines(runs, width=result_width(), style=result_style(), most=limit))
