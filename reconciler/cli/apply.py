"""`reconciler apply`: plan, ask, write; or carry out a saved plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import click

from reconciler import api
from reconciler.api import Allowance, Format, Target
from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.plan import made, show
from reconciler.cli.terminal import Terminal, ask, is_interactive
from reconciler.kinds.registry import load_kinds
from reconciler.model.errors import ReconcilerError, Stale, UsageError
from reconciler.planning.plan import Outcome, Plan, Status
from reconciler.rendering import json, markdown, text


@click.command("apply")
@options.paths
@options.target
@click.option("--auto-approve", is_flag=True, help="Write without asking.")
@click.option(
    "--allow",
    metavar="CODE[@ADDRESS]",
    multiple=True,
    help="Lift a guard; the plan shows the exact flag. Can be given several times.",
)
@click.option(
    "--expect",
    metavar="FINGERPRINT",
    help="Refuse (exit 4) any other plan than the one with this fingerprint.",
)
@options.against
@options.limits
@options.plan_output
def command(
    *,
    paths: tuple[str, ...],
    where: options.Where,
    auto_approve: bool,
    allow: tuple[str, ...],
    expect: str | None,
    against: str | None,
    bounds: options.Bounds,
    format_: Format,
    max_bytes: int,
    verbose: int,
    quiet: bool,
) -> int:
    """Plan, show the plan, ask, and make LaunchDarkly hold what the manifests declare.

    PATHS are manifests as for plan, or one plan that was saved by `plan --out FILE.json`: that one is
    carried out as it stands, without asking, or refused as stale.

    Only the answer `yes` is taken for one. Without a terminal it wants --auto-approve. Secrets that a
    write sends must have values; nothing is written before all of them are there.
    """
    shown = options.terminal(verbose, quiet=quiet)

    def open_target() -> Target:
        return where.opened(shown)

    planned = Plan(live=False)

    def failed(error: ReconcilerError) -> str:
        """What was planned, and why it was not applied."""
        diagnostics = (*planned.diagnostics, options.diagnostic_of(error))
        reason = options.exit_of(error).reason
        return json.text(json.applied(replace(planned, diagnostics=diagnostics), (), reason))

    with options.reported(format_, failed):
        allowed = allowances(allow)
        file = _saved_plan(paths)
        target: Target | None
        if file is not None and against is not None:
            raise UsageError("A saved plan knows what it was compared with; leave out --against.")
        if file is not None:
            found = planned = api.read_plan(file)
            expected(found, expect)
            api.check(found, allow=allowed)
            target = options.configured(open_target(), options.settled((), bounds).settings)
            with shown.working("Reading LaunchDarkly…"):
                left = api.refresh(found, target)
            _done_already(found, left, shown)
            found = left
        else:
            found, target = made(options.given(paths), open_target, bounds, shown, against=against)
            planned = found
            expected(found, expect)
            if target is None and not found.has_errors:
                raise UsageError("No access token, and apply needs one.")
        if format_ == "text":
            show(found, format_, shown, max_bytes)
        if target is None or found.has_errors or not found.changes:
            return _nothing_written(found, format_, shown, max_bytes)
        api.check(found, allow=allowed)
        if not auto_approve and file is None:
            _approved(target)
        return _apply(found, target, allowed, shown, format_=format_, max_bytes=max_bytes)


def allowances(given: Sequence[str]) -> tuple[Allowance, ...]:
    try:
        return tuple(map(Allowance.parse, given))
    except ValueError as error:
        raise UsageError(f"--allow: {error}") from None


def _saved_plan(paths: Sequence[str]) -> Path | None:
    """The saved plan that the paths name, if they do."""
    if not any(path.endswith(".json") for path in paths):
        return None
    if len(paths) > 1:
        raise UsageError("A saved plan is applied alone: name one .json file, or manifests.")
    return Path(paths[0])


def expected(found: Plan, fingerprint: str | None) -> None:
    if fingerprint is not None and not found.has_errors and found.fingerprint != fingerprint:
        raise Stale(
            f"Nothing was written: this plan has the fingerprint {found.fingerprint}, and {fingerprint} is expected. "
            "What would be done now is not what was reviewed; review it again."
        )


def _done_already(found: Plan, left: Plan, shown: Terminal) -> None:
    done = len(found.changes) - len(left.changes)
    if done:
        shown.note(f"{done} of the plan's {len(found.changes)} changes are done already.")


def _nothing_written(found: Plan, format_: Format, shown: Terminal, max_bytes: int) -> int:
    code = Exit.ERROR if found.has_errors else Exit.OK
    if format_ == "json":
        shown.raw(json.text(json.applied(found, (), code.reason)))
    elif format_ == "markdown":
        shown.raw(markdown.plan(found, load_kinds(), budget=options.budget(max_bytes)))
    return code


def _approved(target: Target) -> None:
    if not is_interactive():
        raise UsageError("Nothing was written: there is no terminal to ask for approval; add --auto-approve.")
    where = "the sandbox" if target.app is not None else target.name
    answer = ask(f"\nDo you want to make these changes in {where}? Only 'yes' is taken for one: ")
    if answer != "yes":
        raise UsageError("Nothing was written, since the answer was not 'yes'.")


def _apply(
    found: Plan,
    target: Target,
    allowed: Sequence[Allowance],
    shown: Terminal,
    *,
    format_: Format,
    max_bytes: int,
) -> int:
    interrupted: list[bool] = []
    known = count(1)

    def on_outcome(became: Outcome) -> None:
        shown.progress(f"Applying… {next(known)} of {len(found.changes)}")
        if shown.verbosity >= 0 or became.status is not Status.APPLIED or became.note:
            shown.say([text.outcome(became)])

    def on_interrupt() -> None:
        interrupted.append(True)
        shown.note(
            "Interrupted: finishing what is in flight, for at most 8 seconds. Once more stops at once."
        )

    shown.note("")
    with shown.working("Applying…"):
        outcomes = api.apply(
            found,
            target,
            allow=allowed,
            on_outcome=on_outcome,
            on_notice=shown.note,
            on_interrupt=on_interrupt,
        )
    code = exit_code(outcomes, interrupted=bool(interrupted))
    if format_ == "json":
        shown.raw(json.text(json.applied(found, outcomes, code.reason)))
    elif format_ == "markdown":
        budget = options.budget(max_bytes)
        shown.raw(markdown.applied(found, outcomes, load_kinds(), budget=budget, reason=code.reason))
    else:
        shown.out(text.summary(outcomes))
    return code


def exit_code(outcomes: Sequence[Outcome], *, interrupted: bool) -> Exit:
    became = {outcome.status for outcome in outcomes}
    if became <= {Status.APPLIED}:
        return Exit.OK
    written = Status.APPLIED in became or any(outcome.unprotected for outcome in outcomes)
    if written or Status.UNKNOWN in became:
        return Exit.PARTIAL
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.STALE if Status.CONFLICT in became and Status.FAILED not in became else Exit.ERROR
