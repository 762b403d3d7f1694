"""`reconciler apply`: plan, ask, write."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import api
from reconciler.api import Format, Target
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.plan import made, show
from reconciler.cli.terminal import Terminal, ask, is_interactive
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.errors import UsageError
from reconciler.planning.plan import Outcome, Plan, Status
from reconciler.rendering import json, text


@click.command("apply")
@options.paths
@options.target
@click.option("--auto-approve", is_flag=True, help="Write without asking.")
@options.output
def command(
    *,
    paths: tuple[str, ...],
    host: str | None,
    token_file: Path | None,
    sandbox: bool,
    sandbox_state: Path | None,
    auto_approve: bool,
    format_: Format,
    verbose: int,
    quiet: bool,
) -> int:
    """Plan, show the plan, ask, and make LaunchDarkly hold what the manifests declare.

    Only the answer `yes` is taken for one. Without a terminal it wants --auto-approve. Secrets that a
    write sends must have values; nothing is written before all of them are there.
    """
    shown = options.terminal(verbose, quiet=quiet)
    with options.reported(format_, _failed):
        found, target = made(
            paths,
            lambda: options.opened(
                host=host, token_file=token_file, sandbox=sandbox, sandbox_state=sandbox_state, shown=shown
            ),
            shown,
        )
        if format_ == "text":
            show(found, format_, shown)
        if target is None or found.has_errors or not found.changes:
            return _nothing_written(found, format_, shown)
        api.needs(found)
        if not auto_approve:
            _approved()
        return _apply(found, target, format_, shown)


def _failed(diagnostic: Diagnostic) -> str:
    nothing = Plan(diagnostics=(diagnostic,), live=False)
    return json.text(json.applied(nothing, (), Exit.ERROR.reason))


def _nothing_written(found: Plan, format_: Format, shown: Terminal) -> int:
    code = Exit.ERROR if found.has_errors else Exit.OK
    if format_ == "json":
        shown.raw(json.text(json.applied(found, (), code.reason)))
    return code


def _approved() -> None:
    if not is_interactive():
        raise UsageError("Nothing was written: there is no terminal to ask for approval; add --auto-approve.")
    answer = ask("\nDo you want to make these changes? Only 'yes' is taken for one: ")
    if answer != "yes":
        raise UsageError("Nothing was written, since the answer was not 'yes'.")


def _apply(found: Plan, target: Target, format_: Format, shown: Terminal) -> int:
    outcomes: list[Outcome] = []

    def on_outcome(became: Outcome) -> None:
        outcomes.append(became)
        if shown.verbosity >= 0 or became.status is not Status.APPLIED:
            shown.say([text.outcome(became)])

    shown.note("")
    try:
        with shown.working("Applying…"):
            api.apply(found, target, on_outcome=on_outcome)
        code = _code(outcomes)
    except KeyboardInterrupt:
        shown.note("Interrupted: what was in flight may have taken effect. Run plan to see.")
        code = Exit.PARTIAL if outcomes else Exit.INTERRUPTED
    if format_ == "json":
        shown.raw(json.text(json.applied(found, outcomes, code.reason)))
    else:
        shown.out(text.summary(outcomes))
    return code


def _code(outcomes: list[Outcome]) -> Exit:
    became = {outcome.status for outcome in outcomes}
    if became <= {Status.APPLIED}:
        return Exit.OK
    written = Status.APPLIED in became or any(outcome.unprotected for outcome in outcomes)
    if written or Status.UNKNOWN in became:
        return Exit.PARTIAL
    return Exit.STALE if Status.CONFLICT in became and Status.FAILED not in became else Exit.ERROR
