"""`prun init`."""

from __future__ import annotations

import click


@click.command("init")
@click.argument("folder", required=False, default=".", metavar="[DIR]")
def command(folder: str) -> None:
    """Make a small project that runs: a pipeline, its steps, data and a test.

    No file is ever overwritten.

    \b
    Example:
      prun init demo && cd demo && prun run
    """
    from ..app.init import init_project
    from .output import message, result

    paths = init_project(folder)
    result(str(path) for path in paths)
    shown = f'"{folder}"' if " " in folder else folder
    there = "" if folder in (".", "") else f"cd {shown} && "
    message(f"Now: {there}prun plan, then prun run")
