"""`reconciler plan`: reads only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconciler import api
from reconciler.api import Format, Settings, Target
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.provenance import provenance
from reconciler.cli.revision import base_of
from reconciler.cli.terminal import Terminal
from reconciler.kinds.registry import load_kinds
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic, has_errors, in_order
from reconciler.model.errors import NoToken, ReconcilerError, UsageError
from reconciler.planning.plan import Plan
from reconciler.planning.written import plan_document
from reconciler.rendering import json, markdown, text
from reconciler.rendering.lines import Span, line


@click.command("plan")
@options.paths
@options.target
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan to a .json file, for `reconciler apply FILE`.",
)
@options.against
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes.")
@options.limits
@options.plan_output
def command(
    *,
    paths: tuple[str, ...],
    where: options.Where,
    out: Path | None,
    against: str | None,
    detailed_exitcode: bool,
    bounds: options.Bounds,
    format_: Format,
    max_bytes: int,
    verbose: int,
    quiet: bool,
) -> int:
    """Show what apply would change, field by field. Sends GET requests only.

    PATHS are folders, files, or - for standard input; by default the working directory. Secrets need
    no value: one that is unset is a warning.
    """
    shown = options.terminal(verbose, quiet=quiet)
    with options.reported(format_, failed):
        if out is not None and out.suffix != ".json":
            raise UsageError(f"--out {out}: a plan's file name ends in .json, by which apply knows it.")
        found = made(
            options.given(paths),
            lambda: where.opened(shown),
            bounds,
            shown,
            against=against,
            bind=out is not None,
        )[0]
        if out is not None:
            api.save(found, out)
    show(found, format_, shown, max_bytes)
    if out is not None and found.has_errors:
        shown.note(f"Saved to {out}, for the record: a plan with errors is never applied.")
    elif out is not None:
        shown.note(f"Saved to {out}, with the fingerprint {found.fingerprint}.")
        shown.note(f"To do exactly this: reconciler apply {out}")
    if found.has_errors:
        return Exit.ERROR
    return Exit.CHANGES if detailed_exitcode and found.changes else Exit.OK


def failed(error: ReconcilerError) -> str:
    """The JSON document where no plan could be made."""
    return json.text(plan_document(Plan(diagnostics=(options.diagnostic_of(error),), live=False)))


def made(
    paths: Sequence[str],
    open_target: Callable[[], Target],
    bounds: options.Bounds,
    shown: Terminal,
    *,
    against: str | None = None,
    bind: bool = False,
) -> tuple[Plan, Target | None]:
    """The plan for the manifests, and the target that it was made for.

    No target is opened while the manifests or the settings have errors, nor where there is no token and
    the comparison with earlier manifests says something without one.
    """
    manifests = api.load(paths, stdin=options.stdin)
    settings = options.settled(paths, bounds)
    diagnostics = in_order([*manifests.diagnostics, *settings.diagnostics])
    if has_errors(diagnostics):
        return Plan(diagnostics=diagnostics, live=False), None
    base = None if against is None else base_of(against, paths)
    if base is not None:
        manifests = replace(manifests, diagnostics=in_order([*diagnostics, *base.diagnostics]))
    try:
        target = options.configured(open_target(), settings.settings)
    except NoToken as error:
        if base is None:
            raise
        offline = Diagnostic(
            codes.OFFLINE,
            f"There is no access token, so this compares with {base.name} only, as if LaunchDarkly held what that says.",
            hint=str(error),
        )
        manifests = replace(manifests, diagnostics=in_order([*manifests.diagnostics, offline]))
        found = api.plan_offline(manifests, base.declared, settings=settings.settings)
        return replace(found, against=base.name), None
    with shown.working("Reading LaunchDarkly…"):
        found = api.plan(
            manifests,
            target,
            settings=settings.settings,
            provenance=_provenance(paths, settings.settings, bind=bind),
            bind=bind,
            base=None if base is None else base.declared,
        )
    return found if base is None else replace(found, against=base.name), target


def _provenance(paths: Sequence[str], settings: Settings, *, bind: bool) -> api.Provenance:
    """The commit and the run, where somebody will read them: asking git takes its time."""
    if not bind and not settings.comment:
        return api.Provenance()
    known = provenance(paths)
    return known if settings.comment else replace(known, comment="")


def show(found: Plan, format_: Format, shown: Terminal, max_bytes: int) -> None:
    """The plan on stdout, and for people its findings on stderr before it."""
    if format_ == "markdown":
        shown.raw(markdown.plan(found, load_kinds(), budget=options.budget(max_bytes)))
        return
    if format_ == "json":
        shown.raw(json.text(plan_document(found)))
        return
    shown.findings(found.diagnostics)
    if found.diagnostics:
        shown.note("")
    shown.out(text.plan(found, load_kinds()))
    counts = text.count_of_findings(found.diagnostics)
    if counts and not found.has_errors:
        shown.note(f"{counts}, above the plan.")
    if found.has_errors:
        shown.say([line(Span(f"{counts}. Nothing can be applied before the errors are mended.", "error"))])
