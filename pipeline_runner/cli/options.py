"""Options that several commands share, and how a pipeline is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..app.pipeline import Pipeline

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_FILE = "pipeline.yaml"


def complete(what: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """A function of `completion`, which is imported when a shell asks."""

    def ask(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from . import completion

        found: list[Any] = getattr(completion, what)(ctx, incomplete)
        return found

    return ask


pipeline_argument = click.argument("pipeline", required=False, metavar="[PIPELINE]")

store_option = click.option(
    "--store", metavar="URL", help="Where results are kept (default: the pipeline's)."
)


def _file_option(help: str) -> Callable[[F], F]:
    return click.option("-f", "--file", "file", metavar="PIPELINE", help=help)


file_option = _file_option(f"The pipeline (default: {DEFAULT_FILE}).")
store_file_option = _file_option(f"The pipeline whose store is meant (default: {DEFAULT_FILE}).")
runs_file_option = _file_option(
    f"The pipeline whose runs are meant (default: all in the store of {DEFAULT_FILE})."
)

run_option = click.option(
    "--run",
    "run",
    metavar="RUN",
    help="The run's id or its beginning (default: the latest).",
    shell_complete=complete("runs"),
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")

verbose_option = click.option("-v", "--verbose", is_flag=True, help="Tell more.")


def _assignments(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        name, equals, _ = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", ctx, param)
    return values


def load_options(command: F) -> F:
    """What decides how a pipeline is loaded: params, profile, store."""
    for option in (
        store_option,
        click.option(
            "--profile",
            metavar="NAME",
            help="Use this profile of the pipeline.",
            shell_complete=complete("profiles"),
        ),
        click.option(
            "-p",
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_assignments,
            help="Set a param (VALUE is YAML; -p a.b=1 sets within).",
        ),
    ):
        command = option(command)
    return command


def choice_options(command: F) -> F:
    """What decides which steps are looked at."""
    for option in (
        click.option(
            "--force",
            multiple=True,
            metavar="STEP",
            help="Run this step even if it is up to date.",
            shell_complete=complete("expressions"),
        ),
        click.option(
            "-s",
            "--select",
            multiple=True,
            metavar="EXPR",
            help="Only these steps: train, +train, train+, 2+train, @train, tag:nightly; "
            '"a b" both, "+a,+b" what is in both.',
            shell_complete=complete("expressions"),
        ),
    ):
        command = option(command)
    return command


def pipeline_path(given: str | None) -> str:
    """The pipeline's file: as given, in the folder given, or ./pipeline.yaml."""
    from ..errors import PipelineError, Problem

    path = given or DEFAULT_FILE
    if os.path.isdir(path):
        path = os.path.join(path, DEFAULT_FILE)
    if os.path.isfile(path):
        return path
    if given is None:
        hint = "give its path, or make a project with `prun init`"
    elif "." not in given and "/" not in given:
        hint = f"to pick a step: -s {given}"
    else:
        hint = _sibling(path)
    raise PipelineError(Problem("no-pipeline", f"there is no pipeline file {path!r}", None, hint))


def _sibling(path: str) -> str:
    from .nearest import did_you_mean

    folder, name = os.path.split(path)
    try:
        there = os.listdir(folder or ".")
    except OSError:
        return ""
    return did_you_mean(name, [n for n in there if n.endswith((".yaml", ".yml"))])


def load(path: str | None, params: tuple[str, ...], profile: str | None, store: str | None) -> Pipeline:
    """Load the pipeline as the options say."""
    found = pipeline_path(path)  # before app is imported: a wrong path is told at once
    from ..app.pipeline import Pipeline

    return Pipeline.load(found, overrides=params, profile=profile, store=store)
