"""Plans, findings and outcomes as JSON, in a versioned form with a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import Json
from reconciler.planning.plan import Outcome, Plan, Status
from reconciler.planning.written import diagnostic_documents, plan_document

VALIDATE_FORMAT: Final = "reconciler.validate/1"
APPLY_FORMAT: Final = "reconciler.apply/1"


_UNSEEN = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


def text(document: Json) -> str:
    """The document as indented JSON, ended by a newline. What can't be seen stands escaped."""
    shown = json.dumps(document, indent=2, ensure_ascii=False)
    shown = _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)
    # GitHub's runner takes this for the start of a command, wherever it stands in a line.
    return shown.replace("##[", "#\\u0023[") + "\n"


def validation(found: Iterable[Diagnostic], files: int, resources: int) -> dict[str, Json]:
    """What `validate` found, in the form `reconciler.validate/1`."""
    return {
        "format": VALIDATE_FORMAT,
        "files": files,
        "resources": resources,
        "diagnostics": diagnostic_documents(found),
    }


def applied(found: Plan, outcomes: Iterable[Outcome], reason: str) -> dict[str, Json]:
    """What apply planned and did, in the form `reconciler.apply/1`; `reason` is empty where all went well."""
    ledger = list(outcomes)
    return {
        "format": APPLY_FORMAT,
        "failureReason": reason,
        "summary": {status.value: sum(became.status is status for became in ledger) for status in Status},
        # Who stands unprotected comes first.
        "outcomes": [
            _outcome(became) for became in sorted(ledger, key=lambda became: not became.unprotected)
        ],
        "plan": plan_document(found),
    }


def _outcome(became: Outcome) -> dict[str, Json]:
    return {
        "address": str(became.change.address),
        "action": became.change.action.value,
        "status": became.status.value,
        "error": became.error or None,
        "note": became.note or None,
        "unprotected": became.unprotected,
        "attempts": became.attempts,
        "requestId": became.request_id or None,
        "started": became.started or None,
        "finished": became.finished or None,
    }
