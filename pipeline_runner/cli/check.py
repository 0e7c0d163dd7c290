"""`prun check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, load, load_options, pipeline_argument

if TYPE_CHECKING:
    from ..errors import Problem


@click.command("check")
@pipeline_argument
@load_options
@json_option
def command(
    pipeline: str | None, params: tuple[str, ...], profile: str | None, store: str | None, as_json: bool
) -> int:
    """Find everything that is wrong before a run.

    Looks at the YAML, references, cycles, callables and their signatures, files and the schedule.
    Exit code 2 if there is an error; warnings alone give 0.

    \b
    Examples:
      prun check
      prun check pipelines/churn.yaml --json
    """
    from ..errors import EXIT_OK, EXIT_USAGE, PrunError
    from .output import colour_of, message, result, result_json

    try:
        loaded = load(pipeline, params, profile, store)
        problems: Sequence[Problem] = loaded.check()
    except PrunError as error:
        problems = error.problems
    errors = sum(1 for problem in problems if problem.severity != "warning")
    if as_json:
        found = [_as_json(problem) for problem in problems]
        result_json({"problems": found, "errors": errors, "warnings": len(problems) - errors})
    elif problems:
        from ..view.problems import render

        message(render(problems, colour_of(sys.stderr)).rstrip("\n"))
    else:
        steps = len(loaded.graph.steps)
        result([f"{loaded.name}: no problems in {steps} step{'s' if steps != 1 else ''}"])
    return EXIT_USAGE if errors else EXIT_OK


def _as_json(problem: Problem) -> dict[str, Any]:
    where = problem.where
    return {
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "file": where.file if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
    }
