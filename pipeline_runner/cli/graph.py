"""`prun graph`."""

from __future__ import annotations

import os
import sys

import click

from .options import load, load_options, pipeline_argument


@click.command("graph")
@pipeline_argument
@click.option(
    "--format",
    "format",
    type=click.Choice(["text", "mermaid", "dot", "svg"]),
    help="text (default), mermaid, dot or svg; with -o its suffix decides: .txt .mmd .dot .svg.",
)
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of stdout.")
@load_options
def command(
    pipeline: str | None,
    format: str | None,
    output: str | None,
    params: tuple[str, ...],
    profile: str | None,
    store: str | None,
) -> None:
    """Draw the pipeline: what follows what, and what the last run made of it.

    A fan-out is one node with the number of its items. The svg needs no Graphviz.

    \b
    Examples:
      prun graph
      prun graph -o churn.svg
      prun graph pipelines/churn.yaml --format mermaid
    """
    from .output import colour_of, message, result, result_style, result_width, write_file

    format = format or _by_suffix(output)
    drawing = load(pipeline, params, profile, store).drawing()
    if format != "text":
        from ..app.graph_view import draw

        text = draw(drawing, format)
        if output is None:
            click.echo(text, nl=False, color=colour_of(sys.stdout))
            return
    else:
        from ..view.graph.text import text_lines

        if output is None:
            lines = text_lines(drawing, width=result_width(), style=result_style(), ascii=_ascii())
            result(lines)
            return
        text = "\n".join(text_lines(drawing)) + "\n"
    write_file(output, text)
    message(f"Written: {output}")


_SUFFIXES = {"": "text", ".txt": "text", ".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid",
             ".dot": "dot", ".gv": "dot"}  # fmt: skip


def _by_suffix(output: str | None) -> str:
    suffix = os.path.splitext(output or "")[1].lower()
    if suffix not in _SUFFIXES:
        known = " ".join(s for s in _SUFFIXES if s)
        raise click.UsageError(f"{output}: no drawing is written as {suffix} ({known}; or say --format)")
    return _SUFFIXES[suffix]


def _ascii() -> bool:
    """Whether stdout cannot take the characters of a drawing."""
    try:
        "─✓×".encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False
