"""`reconciler schema`: what editors and readers of plans need."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import api
from reconciler.cli.exits import Exit
from reconciler.rendering import json


@click.command("schema")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write all schemas to. Without it, the manifest schema goes to stdout.",
)
def command(out: Path | None) -> int:
    """The JSON Schemas of manifests and of plans.

    In an editor with a YAML language server, this first line of a manifest gives completion:

    \b
      # yaml-language-server: $schema=schemas/manifest.schema.json
    """
    schemas = api.schemas()
    if out is None:
        click.echo(json.text(schemas["manifest.schema.json"]), nl=False)
        return Exit.OK
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():
            (out / name).write_text(json.text(schema), encoding="utf-8")
    except OSError as error:
        click.echo(f"Error: the schemas can't be written to {out} ({error.strerror}).", err=True)
        return Exit.ERROR
    click.echo(f"{len(schemas)} schemas written to {out}.", err=True)
    return Exit.OK
