"""`prun plan`."""

from __future__ import annotations

import click

from .options import choice_options, json_option, load, load_options, pipeline_argument, verbose_option


@click.command("plan")
@pipeline_argument
@load_options
@choice_options
@click.option(
    "--paranoid", is_flag=True, help="Trust no time stamp and no stored byte: read everything again."
)
@verbose_option
@json_option
def command(
    pipeline: str | None,
    params: tuple[str, ...],
    profile: str | None,
    store: str | None,
    select: tuple[str, ...],
    force: tuple[str, ...],
    paranoid: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Show what would run and why, what would be reused, and how long it takes.

    Nothing is run, and none of your code is imported. "undecided" means: it runs only if what it
    needs gives something new. --verbose shows every step and item.

    \b
    Examples:
      prun plan
      prun plan -p test_size=0.3 -s train+
      prun plan --json
    """
    loaded = load(pipeline, params, profile, store)
    plan = loaded.plan(select=select, force=force, paranoid=paranoid)
    from .output import result, result_json, result_style, result_width

    if as_json:
        result_json(plan.to_json())
        return
    counts = plan.summary
    if not (verbose or counts["run"] or counts["undecided"] or counts["skip"]) and counts["reuse"]:
        reused = counts["reuse"]
        what = "the 1 task is" if reused == 1 else f"all {reused:,} tasks are"
        result([f"Nothing to do: {what} up to date."])  # as plan_lines says it, whose tables are not needed
        return
    from ..view.plan_table import plan_lines

    fanouts = {name for name, step in loaded.graph.steps.items() if step.fanout is not None}
    result(
        plan_lines(
            loaded.name,
            plan.tasks,
            estimate_s=plan.estimate_s,
            unsized=fanouts,
            width=result_width(),
            style=result_style(),
            verbose=verbose,
        )
    )
