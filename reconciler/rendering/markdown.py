"""Plans and what became of them as GitHub's Markdown: totals and risk first, details folded.

It is shortened from the least important end where it would get too long, and says what was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import tokens
from reconciler.model.kind import Kinds
from reconciler.planning.plan import Action, Change, Guard, Outcome, Plan, Released, Status
from reconciler.rendering.budget import COMMENT, Budget, most_of
from reconciler.rendering.escape import code, entities
from reconciler.rendering.markdown_details import LISTED, details
from reconciler.rendering.markdown_rows import (
    DRIFT_HEAD,
    SIGN,
    WORST,
    drift_rows,
    folds_of,
    place,
    rows,
    table,
    worst_of,
)

_TABLE: Final = 0.6
"""The share of what is left that the table may take where it does not fit whole, so that details remain."""


def plan(
    found: Plan,
    kinds: Kinds,
    *,
    budget: Budget = COMMENT,
    commit: str | None = None,
    whole: str | None = None,
) -> str:
    """The plan: a first line with totals and the worst, a table of all changes, then a section for each.

    `commit` is shown in the first line; `whole` says where everything is, in case something is left out.
    """
    head = _headline(found, commit) + _errors(found.diagnostics) + _guards(found.guards)
    tail = _released(found.released) + _drift(found.drift, kinds) + _notes(found.diagnostics)
    folds = folds_of(found.changes)
    room = budget.without(head)
    elsewhere = f" {whole}" if whole else ""
    overview = table(folds, kinds, room if room.holds(rows(folds, kinds)) else room.share(_TABLE), elsewhere)
    room = room.without(overview)
    tail = most_of(
        [tail], room, lambda _: f"\n_Drift, what was let go and warnings are left out here.{elsewhere}_\n"
    )
    sections = most_of(
        [details(fold, kinds) for fold in folds],
        room.without(tail),
        lambda number: f"\n_Details of {number} more changes are left out here.{elsewhere}_\n",
    )
    return head + overview + tail + sections


def drift(found: Plan, kinds: Kinds, *, budget: Budget = COMMENT) -> str:
    """How LaunchDarkly differs from the manifests."""
    number = len(found.drift)
    if not number:
        head = f"**No drift.** {found.unchanged} resources as declared.\n"
    else:
        head = f"**Drift: {number} {'resource differs' if number == 1 else 'resources differ'}**, {found.unchanged} as declared.\n"
    head += _errors(found.diagnostics)
    pieces = [
        "\n" + DRIFT_HEAD,
        *drift_rows(found.drift, kinds),
    ]
    body = (
        most_of(pieces, budget.without(head), lambda left: f"\n_{left} more are left out here._\n")
        if number
        else ""
    )
    return head + body + most_of([_notes(found.diagnostics)], budget.without(head + body), lambda _: "")


def applied(
    found: Plan,
    outcomes: Sequence[Outcome],
    kinds: Kinds,
    *,
    budget: Budget = COMMENT,
    reason: str = "",
    whole: str | None = None,
) -> str:
    """What became of a plan: totals, what was not done first, then what was planned."""
    counts = Counter(outcome.status for outcome in outcomes)
    done = Counter(outcome.change.action for outcome in outcomes if outcome.status is Status.APPLIED)
    others = ", ".join(
        f"{counts[status]} {status.value}"
        for status in Status
        if counts[status] and status is not Status.APPLIED
    )
    title = "Applied" if not reason else f"Apply incomplete ({entities(reason)})"
    head = (
        f"**{title}: {done[Action.CREATE]} added, {done[Action.UPDATE]} changed, {done[Action.DELETE]} destroyed"
        + (f"; {others}" if others else "")
        + ".**\n"
    )
    elsewhere = f" {whole}" if whole else ""
    order = sorted(outcomes, key=lambda outcome: (not outcome.unprotected, outcome.status is Status.APPLIED))
    pieces = (
        ["\n| Outcome | Resource | | Requests |\n|---|---|---|---|\n", *map(_outcome_row, order)]
        if outcomes
        else []
    )
    ledger = most_of(
        pieces,
        budget.without(head).share(_TABLE),
        lambda left: f"\n_{left} more outcomes are left out here.{elsewhere}_\n",
    )
    rest = plan(found, kinds, budget=budget.without(head + ledger).share(0.95), whole=whole)
    return head + ledger + "\n<details><summary>What was planned</summary>\n\n" + rest + "\n</details>\n"


def _outcome_row(outcome: Outcome) -> str:
    unprotected = "**unprotected** " if outcome.unprotected else ""
    words = outcome.error or outcome.note
    return (
        f"| {unprotected}{outcome.status.value} | {SIGN[outcome.change.action]} {code(str(outcome.change.address))} "
        f"| {entities(words)} | {outcome.attempts} |\n"
    )


def _headline(found: Plan, commit: str | None) -> str:
    worst = worst_of(found.changes)
    parts = []
    if found.has_errors:
        errors = sum(each.severity is Severity.ERROR for each in found.diagnostics)
        parts.append(f"❌ **{errors} {'error' if errors == 1 else 'errors'}: nothing can be applied.**")
    if worst is None:
        parts.append("**No changes.**" if not found.has_errors else "")
    else:
        parts.append(
            f"**Plan: {found.count(Action.CREATE)} to add, {found.count(Action.UPDATE)} to change, "
            f"{found.count(Action.DELETE)} to destroy.** Worst: {WORST[worst]}."
        )
    if found.drift:
        parts.append(f"{len(found.drift)} already different in LaunchDarkly.")
    if found.released:
        parts.append(f"{len(found.released)} no longer declared.")
    if not found.live and not found.has_errors:
        parts.append("⚠️ Made without reading LaunchDarkly.")
    facts = []
    if found.binding.account:
        facts.append(f"account {code(found.binding.account)}")
    known = commit or found.binding.commit
    if known:
        facts.append(f"commit {code(known[:12])}")
    if found.against:
        facts.append(f"against {code(found.against)}")
    return " ".join(filter(None, parts)) + (f"<br><sub>{' · '.join(facts)}</sub>" if facts else "") + "\n"


def _errors(diagnostics: Iterable[Diagnostic]) -> str:
    found = [each for each in diagnostics if each.severity is Severity.ERROR]
    return _listed(found, "errors") if found else ""


def _notes(diagnostics: Iterable[Diagnostic]) -> str:
    found = [each for each in diagnostics if each.severity is not Severity.ERROR]
    if not found:
        return ""
    return f"\n<details><summary>Warnings and notes: {len(found)}</summary>\n{_listed(found, 'findings')}\n</details>\n"


def _listed(found: Sequence[Diagnostic], noun: str) -> str:
    lines = [""]
    for each in found[:LISTED]:
        where = f"{place(each.position)} " if each.position else ""
        hint = f" {entities(each.hint)}" if each.hint else ""
        lines.append(f"- {each.severity.value} {each.code}: {where}{entities(each.message)}{hint}")
    if len(found) > LISTED:
        lines.append(f"- and {len(found) - LISTED} more {noun}")
    return "\n".join(lines) + "\n"


def _guards(found: Sequence[Guard]) -> str:
    if not found:
        return ""
    lines = ["", "**Apply is blocked:**", ""]
    lines += [
        f"- {guard.code}: {entities(guard.message)} If it is meant, apply with {code(guard.flag)}"
        for guard in found[:LISTED]
    ]
    if len(found) > LISTED:
        lines.append(f"- and {len(found) - LISTED} more")
    return "\n".join(lines) + "\n"


def _released(released: Sequence[Released]) -> str:
    if not released:
        return ""
    lines = ["", "**No longer declared**, and left as it is:", ""]
    for each in sorted(released, key=lambda each: not each.loosens)[:LISTED]:
        fields = f": {', '.join(code('.'.join(tokens(path))) for path in each.fields)}" if each.fields else ""
        warning = " 🟠 **a protection that nothing keeps up from now on**" if each.loosens else ""
        lines.append(f"- {code(str(each.address))}{fields}{warning}")
    if len(released) > LISTED:
        lines.append(f"- and {len(released) - LISTED} more")
    return "\n".join(lines) + "\n"


def _drift(changes: Sequence[Change], kinds: Kinds) -> str:
    if not changes:
        return ""
    rows = list(drift_rows(changes, kinds))
    more = f"\n_{len(rows) - LISTED} more are left out here._\n" if len(rows) > LISTED else ""
    return (
        f"\n<details><summary>Already different in LaunchDarkly, not caused by this: {len(changes)}</summary>\n\n"
        + DRIFT_HEAD
        + "".join(rows[:LISTED])
        + more
        + "\n</details>\n"
    )
