"""`reconciler validate`: offline."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler import api
from reconciler.api import Format
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.terminal import Terminal
from reconciler.manifest.load import Loaded
from reconciler.model.diagnostic import has_errors, in_order
from reconciler.rendering import json, text
from reconciler.rendering.lines import Span, counted, line


@click.command("validate")
@options.paths
@options.output
def command(*, paths: tuple[str, ...], format_: Format, verbose: int, quiet: bool) -> int:
    """Check manifests without asking LaunchDarkly: fields, values, references, identities.

    PATHS are folders, files, or - for standard input; by default the working directory. Every mistake
    is reported, with its place and what to do. Needs no token and no secrets.
    """
    shown = options.terminal(verbose, quiet=quiet)
    names = options.given(paths)
    loaded = api.validate(names, stdin=options.stdin)
    settings = api.load_settings(names)
    loaded = replace(loaded, diagnostics=in_order([*loaded.diagnostics, *settings.diagnostics]))
    if format_ == "json":
        shown.raw(json.text(json.validation(loaded.diagnostics, loaded.files, len(loaded.declared))))
    else:
        _show(loaded, shown)
    return Exit.ERROR if has_errors(loaded.diagnostics) else Exit.OK


def _show(loaded: Loaded, shown: Terminal) -> None:
    shown.out(text.findings(shown.wanted(loaded.diagnostics)))
    counts = text.count_of_findings(loaded.diagnostics)
    if has_errors(loaded.diagnostics):
        shown.out([line(Span(f"{counts}.", "error"))])
        return
    others = counted(loaded.passed_over, "document")
    passed = f", {others} of others passed over" if loaded.passed_over else ""
    found = f" ({counts})" if counts else ""
    shown.out(
        [
            line(
                Span("Valid.", "good"),
                f" {counted(len(loaded.declared), 'resource')} in "
                f"{counted(loaded.files, 'file')}{passed}{found}.",
            )
        ]
    )
