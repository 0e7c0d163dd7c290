"""`prun run`."""

from __future__ import annotations

from typing import Any

import click

from .options import choice_options, json_option, load, load_options, pipeline_argument


@click.command("run")
@pipeline_argument
@load_options
@choice_options
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="How many workers.")
@click.option(
    "--backend",
    metavar="NAME",
    help="loky (default), threading, sequential, multiprocessing, or MODULE:NAME.",
)
@click.option(
    "--keep-going/--fail-fast",
    default=True,
    help="After a failure: run what does not need it (default), or stop.",
)
@click.option(
    "--paranoid", is_flag=True, help="Trust no time stamp and no stored byte: read everything again."
)
@click.option("--logs", is_flag=True, help="Show what tasks print, while they run.")
@click.option("--events", metavar="FILE", help="Write every event there, as JSON lines.")
@click.option("-q", "--quiet", is_flag=True, help="Tell failures only.")
@click.option("-v", "--verbose", is_flag=True, help="Tell every task, and what it prints.")
@json_option
def command(
    pipeline: str | None,
    params: tuple[str, ...],
    profile: str | None,
    store: str | None,
    select: tuple[str, ...],
    force: tuple[str, ...],
    jobs: int | None,
    backend: str | None,
    keep_going: bool,
    paranoid: bool,
    logs: bool,
    events: str | None,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Run what is not up to date.

    PIPELINE is a file or its folder (default: ./pipeline.yaml). Progress goes to stderr, the
    summary to stdout; with --json stdout holds one JSON object alone.

    \b
    Examples:
      prun run
      prun run -p test_size=0.3 -p 'seeds=[1, 2]' --profile dev
      prun run -s +train --force clean -j 4
      prun run --logs
      prun run --json --quiet > run.json
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    loaded = load(pipeline, params, profile, store)
    from ..view.messages import NORMAL, QUIET, VERBOSE
    from .output import message, result_json, run_view

    level = QUIET if quiet else VERBOSE if verbose else NORMAL
    observers: list[Any] = []
    if events is not None:
        from ..app.events import EventFile

        observers.append(EventFile(events))

    def cautions() -> list[str]:
        from ..app.preflight import cautions

        return cautions(loaded.graph, backend)

    with run_view(level, as_json=as_json, logs=logs) as view:
        view.messages.cautions = cautions
        run = loaded.run(
            backend=backend,
            jobs=jobs,
            select=select,
            force=force,
            fail_fast=not keep_going,
            paranoid=paranoid,
            observers=(*observers, view),
            printed=view.printed if logs or verbose else None,
        )
    if as_json:
        result_json(run.to_json())
    for note in run.notes:
        message(f"Note: {note}")
    code: int = run.exit_code
    return code
