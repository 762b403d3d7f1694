"""What the request log may keep of a request: everything but what may be a secret.

A secret can stand anywhere in a body that is not well formed, so the log keeps what it knows to be
harmless, and puts `***` in the place of all else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from reconciler.model.document import Json, tokens

HIDDEN: Final = "***"

_TEXTS: Final = frozenset(
    {
        *("key", "name", "tags", "color", "comment", "case", "prefix"),
        *("serviceKind", "template", "detail_column", "requiredApprovalTags"),
        *("_id", "integrationKey", "projectKey", "environmentKey"),
    }
)
"""Members whose values may be kept, since they are meant to be read by people."""
_OTHERS: Final = frozenset(
    {
        *("environments", "includeInSnippetByDefault", "defaultClientSideAvailability", "namingConvention"),
        *("usingEnvironmentId", "usingMobileKey", "source", "version", "patch", "on"),
        *("requireViewAssociationForNewFlags", "requireViewAssociationForNewSegments"),
        *("defaultTtl", "secureMode", "defaultTrackEvents", "requireComments", "confirmChanges", "critical"),
        *(
            "approvalSettings",
            "required",
            "minNumApprovals",
            "canReviewOwnRequest",
            "canApplyDeclinedChanges",
        ),
        *("autoApplyApprovedChanges", "bypassApprovalsForPendingChanges", "serviceConfig"),
    }
)
"""Members that hold no text of their own: numbers, booleans, and members that are known in their turn."""
_PARAMETERS: Final = frozenset({"limit", "offset", "filter", "sort", "expand", "expiry"})
_OPERATIONS: Final = frozenset({"add", "remove", "replace", "test", "move", "copy"})
_POINTER: Final = re.compile(r"(/[A-Za-z0-9_.~-]{1,64}){1,8}", re.ASCII)


def path(target: str, query: str) -> str:
    """The path with its query. Values of parameters that the API does not have are hidden."""
    if not query:
        return target
    pairs = parse_qsl(query, keep_blank_values=True)
    if all(name in _PARAMETERS for name, _ in pairs):
        return f"{target}?{query}"
    return f"{target}?" + urlencode(
        [(name, value if name in _PARAMETERS else HIDDEN) for name, value in pairs], safe="*"
    )


def body(sent: Json) -> Json:
    """A body with `***` for each value that stands in a `config`, or under a name that is not known.

    The names of a config's variables stay. So do a patch's operations and paths; the values go where the
    path leads to a config, to anything unknown, or is no path at all. A body that is no object or array of
    objects is hidden as a whole.
    """
    if isinstance(sent, list):
        return [_members(item) if isinstance(item, Mapping) else HIDDEN for item in sent]
    if isinstance(sent, Mapping):
        return _members(sent)
    return None if sent is None else HIDDEN


def _members(sent: Mapping[str, Json]) -> Json:
    if "op" in sent or "path" in sent:
        return _operation(sent)
    return {name: _member(name, value) for name, value in sent.items()}


def _member(name: str, value: Json) -> Json:
    if name == "config":
        return dict.fromkeys(value, HIDDEN) if isinstance(value, Mapping) else HIDDEN
    if name in _TEXTS:
        return _text(value)
    if name in _OTHERS:
        return value if isinstance(value, bool | int | float) else body(value)
    return HIDDEN


def _text(value: Json) -> Json:
    if isinstance(value, Mapping):
        return _members(value)
    return [_text(item) for item in value] if isinstance(value, list) else value


def _operation(sent: Mapping[str, Json]) -> Json:
    member = _target(sent.get("path"))
    shown: dict[str, Json] = {}
    for name, value in sent.items():
        if name == "op":
            shown[name] = value if isinstance(value, str) and value in _OPERATIONS else HIDDEN
        elif name == "path":
            shown[name] = HIDDEN if member is None else value
        elif name == "value" and (member != "config" or sent["path"] == "/config"):
            shown[name] = HIDDEN if member is None else _member(member, value)
        else:
            shown[name] = HIDDEN
    return shown


def _target(path: Json) -> str | None:
    """The member that a pointer names, if it is a plain pointer and all its steps are known."""
    if not isinstance(path, str) or not _POINTER.fullmatch(path):
        return None
    steps = [step for step in tokens(path) if not (step.isdecimal() or step == "-")]
    if steps[:1] == ["config"]:
        return "config"
    return steps[-1] if steps and all(step in _TEXTS | _OTHERS for step in steps) else None
