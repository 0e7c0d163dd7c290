"""`prun diff`."""

from __future__ import annotations

import click

from .options import complete, json_option, runs_file_option, store_option, verbose_option


@click.command("diff")
@click.argument("before", metavar="[RUN]", required=False, shell_complete=complete("runs"))
@click.argument("after", metavar="[RUN]", required=False, shell_complete=complete("runs"))
@runs_file_option
@store_option
@verbose_option
@json_option
def command(
    before: str | None, after: str | None, file: str | None, store: str | None, verbose: bool, as_json: bool
) -> None:
    """Compare two runs: code, params, files, packages, outputs, times, and what caused what.

    A RUN is an id or its beginning, or "latest". One RUN is compared with the latest; without any,
    the latest run is compared with the one before it.

    \b
    Examples:
      prun diff
      prun diff 20260104-090000
      prun diff 20260104-090000 20260105-101500 --json
    """
    from ..app.diff import diff_runs
    from ..errors import Problem, PrunError
    from .output import result, result_json, result_style, result_width
    from .past import Past

    past = Past.of(store, file)
    newer = past.run(after)
    if before is None:
        older = [info.id for info in past.runs() if info.id < newer.id and info.pipeline == newer.pipeline]
        if not older:
            hint = "`prun run` makes another"
            raise PrunError(Problem("no-run", "there is no earlier run to compare with", None, hint))
        before = older[0]
    found = diff_runs(past.run(before), newer)
    if as_json:
        result_json(found.to_json())
        return
    from ..view.diff_text import diff_lines

    result(diff_lines(found, width=result_width(), style=result_style(), verbose=verbose))
