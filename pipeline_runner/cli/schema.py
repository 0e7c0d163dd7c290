"""`prun schema`."""

from __future__ import annotations

import click


@click.command("schema")
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of stdout.")
@click.option("--events", is_flag=True, help="That of a line of `prun run --events FILE` instead.")
def command(output: str | None, events: bool) -> None:
    """Print the JSON Schema of pipeline.yaml: editors complete and check with it.

    \b
    Examples:
      prun schema -o pipeline.schema.json
      # then, as the first line of pipeline.yaml:
      # yaml-language-server: $schema=pipeline.schema.json
      prun schema --events
    """
    import json

    from .output import message, write_file

    if events:
        from ..app.events import events_schema as schema
    else:
        from ..spec.schema import json_schema as schema
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    write_file(output, text)
    message(f"Written: {output}")
