"""`reconciler drift`: reads only."""

from __future__ import annotations

import click

from reconciler import api
from reconciler.api import Format
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.plan import failed
from reconciler.kinds.registry import load_kinds
from reconciler.model.diagnostic import has_errors, in_order
from reconciler.planning.plan import Plan
from reconciler.planning.written import plan_document
from reconciler.rendering import json, markdown, text


@click.command("drift")
@options.paths
@options.target
@options.limits
@options.plan_output
def command(
    *,
    paths: tuple[str, ...],
    where: options.Where,
    bounds: options.Bounds,
    format_: Format,
    max_bytes: int,
    verbose: int,
    quiet: bool,
) -> int:
    """Show how LaunchDarkly differs from the manifests, per resource and field. Sends GET requests only.

    Exit 2 where it does. What is gone is missing; what no manifest declares is no drift.
    """
    shown = options.terminal(verbose, quiet=quiet)
    with options.reported(format_, failed):
        names = options.given(paths)
        manifests = api.load(names, stdin=options.stdin)
        settings = options.settled(names, bounds)
        diagnostics = in_order([*manifests.diagnostics, *settings.diagnostics])
        if has_errors(diagnostics):
            found = Plan(diagnostics=diagnostics, live=False)
        else:
            target = options.configured(
                where.opened(shown),
                settings.settings,
            )
            with shown.working("Reading LaunchDarkly…"):
                found = api.drift(manifests, target, settings=settings.settings)
    if format_ == "json":
        shown.raw(json.text(plan_document(found)))
    elif format_ == "markdown":
        shown.raw(markdown.drift(found, load_kinds(), budget=options.budget(max_bytes)))
    else:
        shown.findings(found.diagnostics)
        if not found.has_errors:
            shown.out(
                [*text.drift(found.drift, load_kinds()), text.drift_summary(found.drift, found.unchanged)]
            )
    if found.has_errors:
        return Exit.ERROR
    return Exit.CHANGES if found.drift else Exit.OK
