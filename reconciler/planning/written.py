"""Plans as JSON documents, in the form `reconciler.plan/1`: what `--format json` prints and a file holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Document, Json
from reconciler.planning.patch import documents
from reconciler.planning.plan import Action, Change, Guard, Plan

FORMAT: Final = "reconciler.plan/1"


def plan_document(found: Plan) -> dict[str, Json]:
    """The plan in the form `reconciler.plan/1`. Secrets stand as references or placeholders."""
    return {
        "format": FORMAT,
        "live": found.live,
        "summary": {
            "create": found.count(Action.CREATE),
            "update": found.count(Action.UPDATE),
            "delete": found.count(Action.DELETE),
            "unchanged": found.unchanged,
        },
        "fingerprint": found.fingerprint or None,
        "binding": {
            "host": found.binding.host or None,
            "account": found.binding.account,
            "commit": found.binding.commit,
            "manifests": found.binding.manifests,
        },
        "preconditions": found.preconditions,
        "comment": found.comment or None,
        "guards": [_guard(guard) for guard in found.guards],
        "changes": [_change(change) for change in found.changes],
        "against": found.against,
        "drift": [_change(change) for change in found.drift],
        "released": [
            {
                "address": str(released.address),
                "fields": list(released.fields),
                "loosens": released.loosens,
                "source": _place(released.position),
            }
            for released in found.released
        ],
        "diagnostics": diagnostic_documents(found.diagnostics),
    }


def _guard(guard: Guard) -> Json:
    return {
        "code": guard.code.text,
        "message": guard.message,
        "address": None if guard.address is None else str(guard.address),
        "allow": guard.flag,
    }


def diagnostic_documents(found: Iterable[Diagnostic]) -> list[Json]:
    """The findings, each with its place; null where there is none."""
    return [
        {
            "code": each.code.text,
            "severity": each.severity.value,
            "message": each.message,
            **_place(each.position),
            "hint": each.hint,
            "address": None if each.address is None else str(each.address),
        }
        for each in found
    ]


def _place(position: Position | None) -> dict[str, Json]:
    if position is None:
        return {"file": None, "line": None, "column": None}
    return {"file": position.file, "line": position.line or None, "column": position.column or None}


def _change(change: Change) -> dict[str, Json]:
    return {
        "address": str(change.address),
        "id": change.id or None,
        "action": change.action.value,
        "patch": documents(change.patch),
        "before": _or_null(change.before),
        "after": _or_null(change.after),
        "via": None if change.via is None else str(change.via),
        "source": _place(change.position),
        "fields": [
            {
                "pointer": place.pointer,
                "line": place.position.line or None,
                "column": place.position.column or None,
            }
            for place in change.fields
        ],
        "worst": change.worst.value,
        "critical": change.critical,
        "version": change.version,
        "loosens": list(change.loosens),
        "secrets": {path: verdict.value for path, verdict in change.verdicts.items()},
        "needs": [reference.document() for reference in change.needs],
        "cascade": [str(address) for address in change.cascade],
        "both": list(change.both),
    }


def _or_null(document: Mapping[str, Json] | None) -> Document | None:
    return None if document is None else dict(document)
