"""`prun cache`: the store's upkeep."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, store_file_option, store_option

if TYPE_CHECKING:
    from ..app.upkeep import Upkeep


@click.group("cache")
def command() -> None:
    """Look after the store: what lies in it, what can go, what is damaged.

    \b
    Examples:
      prun cache stats
      prun cache gc --dry-run
      prun cache verify --sample 5%
    """


def _amount(kind: str) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback that reads a text as pipeline files do: "duration" or "size"."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        if value is None:
            return None
        from ..spec.amounts import amount

        try:
            return amount(kind, value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return read


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """``5%`` or ``0.05``."""
    if value is None:
        return 0.0
    try:
        share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise click.BadParameter(f"{value!r} is not a share such as 5%", ctx, param)
    return share


@command.command("stats")
@store_file_option
@store_option
@json_option
def stats(file: str | None, store: str | None, as_json: bool) -> None:
    """Tell what the store holds: sizes by kind and step, the biggest outputs, what no run needs.

    \b
    Examples:
      prun cache stats
      prun cache stats --store s3://team/churn --json
    """
    found = _upkeep(store, file).stats()
    from ..view.cache_tables import stats_lines
    from .output import result, result_json, result_style, result_width

    if as_json:
        result_json(found.to_json())
    else:
        result(stats_lines(found, width=result_width(), style=result_style()))


@command.command("gc")
@store_file_option
@store_option
@click.option(
    "--keep-runs", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
    help="What the last N runs of each pipeline lead to stays.",
)  # fmt: skip
@click.option(
    "--older-than", metavar="AGE", callback=_amount("duration"),
    help="Of the rest, only what was written longer ago (30d, 12h).",
)  # fmt: skip
@click.option(
    "--max-size", metavar="SIZE", callback=_amount("size"),
    help="Then go on until no more is left (10GiB): what is cheap to compute for its size goes first.",
)  # fmt: skip
@click.option(
    "--grace", metavar="AGE", default="1h", show_default=True, callback=_amount("duration"),
    help="Leave alone what was written or used lately: a run may rely on it.",
)  # fmt: skip
@click.option(
    "--forget", metavar="AGE", callback=_amount("duration"),
    help="Pipelines that have not run for so long count no more (90d): checkouts that are gone.",
)  # fmt: skip
@click.option("-n", "--dry-run", is_flag=True, help="Tell what would go; remove nothing.")
@json_option
def gc(
    file: str | None,
    store: str | None,
    keep_runs: int,
    older_than: float | None,
    max_size: int | None,
    grace: float,
    forget: float | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove what the last runs of each pipeline do not lead to. Safe beside a running run.

    A pipeline is its name and where its file lies: two of one name, or one checked out twice, do not
    count for one another.

    \b
    Examples:
      prun cache gc --dry-run
      prun cache gc --keep-runs 3 --older-than 30d
      prun cache gc --max-size 10GiB
    """
    swept = _upkeep(store, file).gc(
        keep_runs=keep_runs, older_than=older_than or 0.0, max_size=max_size, grace=grace, forget=forget,
        dry_run=dry_run,
    )  # fmt: skip
    from ..view.cache_tables import gc_lines
    from .output import result, result_json, result_style, result_width

    if as_json:
        result_json(swept.to_json())
    else:
        result(gc_lines(swept, width=result_width(), style=result_style()))


@command.command("verify")
@store_file_option
@store_option
@click.option("--profile", metavar="NAME", help="Use this profile of the pipeline.")
@click.option("--repair", is_flag=True, help="Remove what is damaged; it is computed again when needed.")
@click.option(
    "--sample", metavar="SHARE", callback=_share, help="Run this share of the latest run's tasks again (5%)."
)
@click.option("--seed", type=int, metavar="N", help="Which tasks that are (default: by chance).")
@json_option
def verify(
    file: str | None,
    store: str | None,
    profile: str | None,
    repair: bool,
    sample: float,
    seed: int | None,
    as_json: bool,
) -> int:
    """Read every entry and every output and check it; exit code 1 if something is wrong.

    With a pipeline, types that do not pickle stably are named; with --sample, tasks run again and
    those that give something else, with what differs.

    \b
    Examples:
      prun cache verify
      prun cache verify --repair
      prun cache verify --sample 5% --json
    """
    from ..app.upkeep import open_for_verify
    from ..app.verify import verify as verify_store
    from ..view.cache_tables import verify_lines
    from .output import message, result, result_json, result_style, result_width

    opened, pipeline = open_for_verify(store, file, profile)
    if sample and pipeline is None:
        raise click.UsageError("--sample needs the pipeline whose tasks are to run again (-f)")
    tell = (lambda text: None) if as_json else (lambda text: message(f"{text} ..."))
    found = verify_store(opened, pipeline, sample=sample, seed=seed, repair=repair, progress=tell)
    if as_json:
        result_json(found.to_json())
    else:
        result(verify_lines(found, width=result_width(), style=result_style()))
    return 1 if found.bad else 0


def _upkeep(store: str | None, file: str | None) -> Upkeep:
    from ..app.upkeep import Upkeep
    from .past import Past

    past = Past.of(store, file)
    return Upkeep.open(past.store, past.pipeline)
