"""`reconciler plan`: reads only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from reconciler import api
from reconciler.api import Format, Target
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.terminal import Terminal
from reconciler.kinds.registry import load_kinds
from reconciler.model.diagnostic import Diagnostic, has_errors
from reconciler.planning.plan import Plan
from reconciler.rendering import json, text
from reconciler.rendering.lines import Span, line


@click.command("plan")
@options.paths
@options.target
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes.")
@options.output
def command(
    *,
    paths: tuple[str, ...],
    host: str | None,
    token_file: Path | None,
    sandbox: bool,
    sandbox_state: Path | None,
    detailed_exitcode: bool,
    format_: Format,
    verbose: int,
    quiet: bool,
) -> int:
    """Show what apply would change, field by field. Sends GET requests only.

    PATHS are folders, files, or - for standard input; by default the working directory. Secrets need
    no value: one that is unset is a warning.
    """
    shown = options.terminal(verbose, quiet=quiet)
    with options.reported(format_, failed):
        found = made(
            paths,
            lambda: options.opened(
                host=host, token_file=token_file, sandbox=sandbox, sandbox_state=sandbox_state, shown=shown
            ),
            shown,
        )[0]
    show(found, format_, shown)
    if found.has_errors:
        return Exit.ERROR
    return Exit.CHANGES if detailed_exitcode and found.changes else Exit.OK


def failed(diagnostic: Diagnostic) -> str:
    """The JSON document where no plan could be made."""
    return json.text(json.plan(Plan(diagnostics=(diagnostic,), live=False)))


def made(
    paths: Sequence[str], open_target: Callable[[], Target], shown: Terminal
) -> tuple[Plan, Target | None]:
    """The plan for the manifests, and the target that it was made for.

    No target is opened while the manifests have errors.
    """
    manifests = api.load(options.given(paths), stdin=options.stdin)
    if has_errors(manifests.diagnostics):
        return Plan(diagnostics=manifests.diagnostics, live=False), None
    target = open_target()
    with shown.working("Reading LaunchDarkly…"):
        return api.plan(manifests, target), target


def show(found: Plan, format_: Format, shown: Terminal) -> None:
    """The plan on stdout, and for people its findings on stderr before it."""
    if format_ == "json":
        shown.raw(json.text(json.plan(found)))
        return
    shown.findings(found.diagnostics)
    shown.out(text.plan(found, load_kinds()))
    if found.has_errors:
        counts = text.count_of_findings(found.diagnostics)
        shown.say([line(Span(f"{counts}. Nothing can be applied before the errors are mended.", "error"))])
