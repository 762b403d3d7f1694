"""Rows: a plan's changes as one Markdown table, those that do the same in one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.address import Address
from reconciler.model.diagnostic import Position
from reconciler.model.document import Json, Missing, canonical, tokens
from reconciler.model.kind import Kinds
from reconciler.model.secrets import PLACEHOLDER, Verdict, as_reference
from reconciler.planning.explain import Difference, explain
from reconciler.planning.patch import documents
from reconciler.planning.plan import Action, Change, Worst
from reconciler.rendering.budget import Budget, most_of
from reconciler.rendering.escape import LONGEST, code, entities
from reconciler.rendering.lines import counted, value

SIGN: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
WORST: Final = {
    Worst.DESTROY: "🔴 destroys",
    Worst.LOOSENS: "🟠 loosens protection",
    Worst.SECRET: "🔑 writes secrets",
    Worst.CREATE: "🟢 creates",
    Worst.ROUTINE: "⚪ routine",
}
RANK: Final = {worst: rank for rank, worst in enumerate(Worst)}
_HARMLESS: Final = (Worst.CREATE, Worst.ROUTINE)
_FIELDS_IN_A_ROW: Final = 4
_NAMED_IN_A_FOLD: Final = 5


def worst_of(changes: Iterable[Change]) -> Worst | None:
    """The worst that any of the changes does; `None` where there are none."""
    return min((change.worst for change in changes), key=RANK.__getitem__, default=None)


def place(position: Position | None) -> str:
    return code(str(position)) if position is not None else ""


def folds_of(changes: Iterable[Change]) -> list[list[Change]]:
    """The changes, worst first; updates of one kind with the same patch together."""
    folds: dict[object, list[Change]] = {}
    for change in sorted(changes, key=lambda change: RANK[change.worst]):
        same = (
            (change.address.kind, change.worst, canonical(documents(change.patch)), change.loosens)
            if change.action is Action.UPDATE and not change.needs
            else change.address
        )
        folds.setdefault(same, []).append(change)
    return list(folds.values())


def rows(folds: Iterable[Sequence[Change]], kinds: Kinds) -> str:
    return "".join(_row(fold, kinds) for fold in folds)


def table(folds: Sequence[Sequence[Change]], kinds: Kinds, budget: Budget, elsewhere: str) -> str:
    if not folds:
        return ""
    head = "\n| | Resource | What |\n|---|---|---|\n"
    return most_of(
        [head, *(_row(fold, kinds) for fold in folds)],
        budget,
        lambda number: f"\n_{number} more rows are left out here.{elsewhere}_\n",
    )


def sign_of(change: Change) -> str:
    """The sign of what is done, after that of its risk where there is one. It does not wrap."""
    risk = "" if change.worst in _HARMLESS else f"{WORST[change.worst].split()[0]}&nbsp;"
    return risk + SIGN[change.action]


def _row(fold: Sequence[Change], kinds: Kinds) -> str:
    change = fold[0]
    named = _named(change.address)
    if len(fold) > 1:
        others = ", ".join(_keys(each.address, 100) for each in fold[:_NAMED_IN_A_FOLD])
        more = ", …" if len(fold) > _NAMED_IN_A_FOLD else ""
        named = f"**{len(fold)}** {entities(change.address.kind)} {others}{more}"
    return f"| {sign_of(change)} | {named} | {_what(change, kinds)} |\n"


def _named(address: Address) -> str:
    """An address in two words, so that a narrow column can break it."""
    return f"{entities(address.kind)} {_keys(address)}"


def _keys(address: Address, most: int = LONGEST) -> str:
    return code(str(address).partition("/")[2], most)


def _what(change: Change, kinds: Kinds) -> str:
    if change.action is Action.DELETE:
        taken = f", and {counted(len(change.cascade), 'live resource')} with it" if change.cascade else ""
        return f"**destroy**{taken}"
    risk = "" if change.worst in _HARMLESS else f"**{WORST[change.worst].split(maxsplit=1)[1]}**"
    if change.action is Action.CREATE:
        created = "create" + (f", together with {code(str(change.via))}" if change.via else "")
        return f"{created}, {risk}" if risk else created
    order = sorted(differing(change, kinds), key=lambda each: each.pointer not in change.loosens)
    shown = [_short(each) for each in order]
    more = f"and {len(shown) - _FIELDS_IN_A_ROW} more" if len(shown) > _FIELDS_IN_A_ROW else ""
    both = "was already different" if change.both else ""
    return "<br>".join(filter(None, (risk, *shown[:_FIELDS_IN_A_ROW], more, both)))


def differing(change: Change, kinds: Kinds) -> Iterator[Difference]:
    """The differences without secrets that are only sent along."""
    for difference in explain(change, kinds[change.address.kind].shape(change.address)):
        if change.verdicts.get(difference.pointer, Verdict.CHANGED) is Verdict.CHANGED:
            yield difference


def _short(difference: Difference) -> str:
    name = code(name_of(difference), 80)
    if difference.added or difference.removed:
        return f"{name}: " + " ".join(
            [
                *(f"+{code(value(each), 60)}" for each in difference.added),
                *(f"-{code(value(each), 60)}" for each in difference.removed),
            ]
        )
    if _is_secret(difference):
        return f"{name}: secret changes"
    before, after = _side(difference.before), _side(difference.after)
    return f"{name}: {code(before, 60)} → {code(after, 60)}"


def _is_secret(difference: Difference) -> bool:
    after = difference.after
    return difference.before == PLACEHOLDER or (
        not isinstance(after, Missing) and as_reference(after) is not None
    )


def name_of(difference: Difference) -> str:
    return ".".join(tokens(difference.pointer))


def _side(found: Json | Missing) -> str:
    return "nothing" if isinstance(found, Missing) else value(found)


DRIFT_HEAD: Final = "| | Resource | Declared and live |\n|---|---|---|\n"


def drift_rows(changes: Iterable[Change], kinds: Kinds) -> Iterator[str]:
    words = {Action.CREATE: "missing", Action.DELETE: "not deleted"}
    for change in changes:
        what = words.get(change.action) or "<br>".join(
            f"{code(name_of(each), 80)}: declared {code(_side(each.after), 60)}, live {code(_side(each.before), 60)}"
            for each in list(differing(change, kinds))[:_FIELDS_IN_A_ROW]
        )
        where = f"<br>{place(change.position)}" if change.position is not None else ""
        yield f"| ! | {_named(change.address)}{where} | {what} |\n"
