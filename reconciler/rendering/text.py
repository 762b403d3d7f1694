"""Plans, findings and outcomes as text for people, in the words that users of Terraform know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import Missing, tokens
from reconciler.model.kind import Kinds
from reconciler.model.secrets import PLACEHOLDER, Verdict
from reconciler.model.text import printable
from reconciler.planning.explain import Difference, explain, unchanged_fields
from reconciler.planning.plan import Action, Change, Guard, Outcome, Plan, Status
from reconciler.rendering.lines import Line, Span, Style, counted, line, value

SYMBOLS: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
_STYLES: Final[dict[Action, Style]] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
}
_WILL: Final = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated",
    Action.DELETE: "will be destroyed",
}
_SEVERITY: Final[dict[Severity, Style]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}
_LISTED: Final = 20


def findings(diagnostics: Iterable[Diagnostic]) -> Iterator[Line]:
    """Each finding with its place, code and hint."""
    for found in diagnostics:
        style = _SEVERITY[found.severity]
        place = f"{found.position}: " if found.position else ""
        yield line(
            Span(printable(place), "bold"),
            Span(f"{found.severity.value} ", style),
            Span(f"{found.code}: ", style),
            printable(found.message),
        )
        if found.hint:
            yield line(Span(f"    {printable(found.hint)}", "dim"))


def count_of_findings(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`; empty where there are none. Info lines don't count."""
    counts = Counter(found.severity for found in diagnostics)
    return ", ".join(
        counted(counts[severity], severity.value)
        for severity in (Severity.ERROR, Severity.WARNING)
        if counts[severity]
    )


def plan(found: Plan, kinds: Kinds) -> Iterator[Line]:
    """The plan: a line and the differing fields for each change, then the totals."""
    if found.changes:
        yield from _legend(found.changes)
        for change in found.changes:
            yield from _change(change, kinds)
            yield line()
        yield line(Span(totals(found), "bold"))
        yield from _guards(found.guards)
        yield from _beside(found, kinds)
    elif not found.has_errors:
        yield from _beside(found, kinds)
        yield from no_changes(found)


def _beside(found: Plan, kinds: Kinds) -> Iterator[Line]:
    """What stands beside the changes where manifests were compared: drift, and what was let go."""
    if found.released:
        yield line()
        yield line(Span("No longer declared, and left as it is:", "bold"))
        for released in found.released:
            fields = ", ".join(".".join(tokens(path)) for path in released.fields)
            yield line(
                "    ",
                printable(str(released.address)) + (f": {printable(fields)}" if fields else ""),
                Span(
                    "  ! a protection that nothing keeps up from now on" if released.loosens else "",
                    "loosens",
                ),
            )
    if found.drift:
        yield line()
        yield line(Span("Already different in LaunchDarkly, and not written by this:", "bold"))
        yield from drift(found.drift, kinds)


def drift(changes: Iterable[Change], kinds: Kinds) -> Iterator[Line]:
    """How live differs from the manifests, per resource and field: what is declared, then what is live."""
    words = {Action.CREATE: "is missing", Action.UPDATE: "differs", Action.DELETE: "should be gone"}
    for change in changes:
        yield line(
            Span("  ! ", "warning"), Span(printable(str(change.address)), "bold"), f" {words[change.action]}"
        )
        if change.position is not None:
            yield line(Span(f"      {printable(str(change.position))}", "dim"))
        if change.action is not Action.UPDATE:
            continue
        for difference in explain(change, kinds[change.address.kind].shape(change.address)):
            if change.verdicts.get(difference.pointer, Verdict.CHANGED) is not Verdict.CHANGED:
                continue  # it would be sent along, but it is not what differs
            name = printable(".".join(tokens(difference.pointer)))
            declared = "nothing" if isinstance(difference.after, Missing) else _shown(difference.after)
            live = "nothing" if isinstance(difference.before, Missing) else _shown(difference.before)
            note = f"  ({difference.note})" if difference.note else ""
            yield line(f"      {name}: declared {declared}, live {live}", Span(note, "dim"))


def drift_summary(changes: Sequence[Change], unchanged: int) -> Line:
    """How many resources drifted."""
    if not changes:
        return line(Span("No drift.", "good"), f" {counted(unchanged, 'resource')} as declared.")
    counts = Counter(change.action for change in changes)
    parts = [
        f"{counts[action]} {word}"
        for action, word in (
            (Action.UPDATE, "different"),
            (Action.CREATE, "missing"),
            (Action.DELETE, "not deleted"),
        )
        if counts[action]
    ]
    return line(Span("Drift: ", "warning"), f"{', '.join(parts)}; {unchanged} as declared.")


def _guards(found: Iterable[Guard]) -> Iterator[Line]:
    for guard in found:
        yield line()
        yield line(Span(f"Blocked by {guard.code}: ", "error"), printable(guard.message))
        yield line(Span(f"    If it is meant, apply with {printable(guard.flag)}", "dim"))


def no_changes(found: Plan) -> Iterator[Line]:
    """What is said where there is nothing to do; ends with `No changes.`"""
    if found.unchanged and not found.drift:
        yield line(f"{counted(found.unchanged, 'resource')} read, all as declared.")
    yield line(Span("No changes.", "good"))


def totals(found: Plan) -> str:
    """`Plan: 2 to add, 1 to change, 0 to destroy.`"""
    unchanged = f" {found.unchanged} unchanged." if found.unchanged else ""
    return (
        f"Plan: {found.count(Action.CREATE)} to add, {found.count(Action.UPDATE)} to change, "
        f"{found.count(Action.DELETE)} to destroy.{unchanged}"
    )


def _legend(changes: Sequence[Change]) -> Iterator[Line]:
    yield line("LaunchDarkly will be changed like this:")
    names = {Action.CREATE: "create", Action.UPDATE: "update in place", Action.DELETE: "destroy"}
    for action, name in names.items():
        if any(change.action is action for change in changes):
            yield line(Span(f"  {SYMBOLS[action]} {name}", _STYLES[action]))
    yield line()


def _change(change: Change, kinds: Kinds) -> Iterator[Line]:
    kind = kinds[change.address.kind]
    shape = kind.shape(change.address)
    style = _STYLES[change.action]
    head: list[str | Span] = [
        Span(f"  {SYMBOLS[change.action]} ", style),
        Span(printable(str(change.address)), "bold"),
        f" {_WILL[change.action]}",
    ]
    if change.via is not None:
        head.append(
            f", {'together with' if change.action is Action.CREATE else 'by the delete of'} {printable(str(change.via))}"
        )
    yield line(*head)
    if change.position is not None:
        yield line(Span(f"      {printable(str(change.position))}", "dim"))
    if change.both:
        fields = ", ".join(".".join(tokens(path)) for path in change.both)
        yield line(Span(f"      ! was already different in LaunchDarkly: {printable(fields)}", "warning"))
    if change.loosens:
        fields = ", ".join(".".join(tokens(path)) for path in change.loosens)
        yield line(Span(f"      ! loosens protection: {printable(fields)}", "loosens"))
    if change.action is Action.DELETE:
        yield from _deleted(change)
    for difference in explain(change, shape):
        yield from _difference(difference, change.action)
    hidden = unchanged_fields(change) if change.action is Action.UPDATE else 0
    if hidden:
        yield line(Span(f"        # {counted(hidden, 'unchanged field')} hidden", "dim"))


def _deleted(change: Change) -> Iterator[Line]:
    if change.id:
        yield line(Span(f"      id {printable(change.id)}", "dim"))
    for address in change.cascade[:_LISTED]:
        yield line(Span("      - ", "delete"), f"{printable(str(address))} goes with it")
    if len(change.cascade) > _LISTED:
        yield line(f"      - and {len(change.cascade) - _LISTED} more")


def _difference(difference: Difference, action: Action) -> Iterator[Line]:
    name = printable(".".join(tokens(difference.pointer)))
    if difference.added or difference.removed:
        parts: list[str | Span] = [Span("      ~ ", "update"), f"{name}:"]
        parts += [Span(f" +{value(item)}", "create") for item in difference.added]
        parts += [Span(f" -{value(item)}", "delete") for item in difference.removed]
        yield line(*parts)
        return
    gone, new = isinstance(difference.after, Missing), isinstance(difference.before, Missing)
    symbol: tuple[str, Style] = ("+", "create") if new else ("-", "delete") if gone else ("~", "update")
    before = "" if isinstance(difference.before, Missing) else _shown(difference.before)
    after = "" if isinstance(difference.after, Missing) else _shown(difference.after)
    arrow = " -> " if before and after else ""
    note = f"  ({difference.note})" if difference.note else ""
    del action
    yield line(Span(f"      {symbol[0]} ", symbol[1]), f"{name}: {before}{arrow}{after}", Span(note, "dim"))


def _shown(document: object) -> str:
    return PLACEHOLDER if document == PLACEHOLDER else value(document)  # type: ignore[arg-type]  # a part of our own document


_BECAME: Final[dict[Status, tuple[str, Style]]] = {
    Status.APPLIED: ("", "good"),
    Status.FAILED: ("failed", "error"),
    Status.SKIPPED: ("skipped", "warning"),
    Status.CONFLICT: ("conflict", "error"),
    Status.UNKNOWN: ("unknown", "error"),
}
_DONE: Final = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "destroyed"}


def outcome(became: Outcome) -> Line:
    """One line on what became of a change."""
    word, style = _BECAME[became.status]
    change = became.change
    said = word or _DONE[change.action]
    said_more = became.error or became.note
    error = f": {printable(said_more)}" if said_more else ""
    unprotected = ", unprotected" if became.unprotected else ""
    return line(
        Span(f"  {SYMBOLS[change.action]} ", _STYLES[change.action]),
        printable(str(change.address)),
        Span(f" {said}{unprotected}", style),
        error,
    )


def summary(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    """What was done and, where not all was, what was not; unprotected resources first."""
    unprotected = [became for became in outcomes if became.unprotected]
    for became in unprotected:
        yield line(
            Span(f"{printable(str(became.change.address))} stands unprotected: ", "error"),
            printable(became.error),
        )
    done = [became.change for became in outcomes if became.status is Status.APPLIED]
    counts = Counter(change.action for change in done)
    rest = Counter(became.status for became in outcomes)
    others = ", ".join(
        f"{rest[status]} {status.value}" for status in Status if status is not Status.APPLIED and rest[status]
    )
    head = "Apply complete!" if not others else "Apply incomplete:"
    yield line(
        Span(head, "good" if not others else "error"),
        f" Resources: {counts[Action.CREATE]} added, {counts[Action.UPDATE]} changed, {counts[Action.DELETE]} destroyed"
        + (f"; {others}." if others else "."),
    )
    if others:
        missed = [
            became for became in outcomes if became.status is not Status.APPLIED and not became.unprotected
        ]
        yield from (outcome(became) for became in missed[:_LISTED])
        if len(missed) > _LISTED:
            yield line(f"  and {len(missed) - _LISTED} more")
        yield line("What is not done stands in the plan again: run plan, then apply.")
