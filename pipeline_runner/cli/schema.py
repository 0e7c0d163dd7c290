"""`prun schema`."""

from __future__ import annotations

import click


@click.command("schema")
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of stdout.")
def command(output: str | None) -> None:
    """Print the JSON Schema of pipeline.yaml: editors complete and check with it.

    \b
    Examples:
      prun schema -o pipeline.schema.json
      # then, as the first line of pipeline.yaml:
      # yaml-language-server: $schema=pipeline.schema.json
    """
    import json
    from pathlib import Path

    from ..errors import PrunError
    from ..spec.schema import json_schema
    from .output import message

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise PrunError(f"cannot write {output}: {error.strerror}") from error
    message(f"Written: {output}")
