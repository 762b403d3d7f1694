"""Plans, findings and outcomes as JSON, in a versioned form with a schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Document, Json
from reconciler.planning.patch import documents
from reconciler.planning.plan import Action, Change, Outcome, Plan, Status

PLAN_FORMAT: Final = "reconciler.plan/1"
VALIDATE_FORMAT: Final = "reconciler.validate/1"
APPLY_FORMAT: Final = "reconciler.apply/1"


def text(document: Json) -> str:
    """The document as indented JSON, ended by a newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plan(found: Plan) -> dict[str, Json]:
    """The plan in the form `reconciler.plan/1`. Secrets stand as references or placeholders."""
    return {
        "format": PLAN_FORMAT,
        "live": found.live,
        "summary": {
            "create": found.count(Action.CREATE),
            "update": found.count(Action.UPDATE),
            "delete": found.count(Action.DELETE),
            "unchanged": found.unchanged,
        },
        "changes": [_change(change) for change in found.changes],
        "diagnostics": diagnostics(found.diagnostics),
    }


def validation(found: Iterable[Diagnostic], files: int, resources: int) -> dict[str, Json]:
    """What `validate` found, in the form `reconciler.validate/1`."""
    return {
        "format": VALIDATE_FORMAT,
        "files": files,
        "resources": resources,
        "diagnostics": diagnostics(found),
    }


def applied(found: Plan, outcomes: Iterable[Outcome], reason: str) -> dict[str, Json]:
    """What apply planned and did, in the form `reconciler.apply/1`; `reason` is empty where all went well."""
    ledger = list(outcomes)
    return {
        "format": APPLY_FORMAT,
        "failureReason": reason,
        "summary": {status.value: sum(became.status is status for became in ledger) for status in Status},
        "outcomes": [_outcome(became) for became in ledger],
        "plan": plan(found),
    }


def diagnostics(found: Iterable[Diagnostic]) -> list[Json]:
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
        "loosens": list(change.loosens),
        "secrets": {path: verdict.value for path, verdict in change.verdicts.items()},
        "needs": [reference.document() for reference in change.needs],
        "cascade": [str(address) for address in change.cascade],
    }


def _or_null(document: Mapping[str, Json] | None) -> Document | None:
    return None if document is None else dict(document)


def _outcome(became: Outcome) -> dict[str, Json]:
    return {
        "address": str(became.change.address),
        "action": became.change.action.value,
        "status": became.status.value,
        "error": became.error or None,
        "unprotected": became.unprotected,
        "attempts": became.attempts,
        "requestId": became.request_id or None,
    }
