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

_HARMLESS: Final = frozenset(
    {
        # projects and environments
        *(
            "key",
            "name",
            "tags",
            "environments",
            "includeInSnippetByDefault",
            "defaultClientSideAvailability",
        ),
        *("usingEnvironmentId", "usingMobileKey", "namingConvention", "case", "prefix", "source", "version"),
        *("requireViewAssociationForNewFlags", "requireViewAssociationForNewSegments"),
        *("color", "defaultTtl", "secureMode", "defaultTrackEvents", "requireComments", "confirmChanges"),
        *("critical", "approvalSettings", "required", "minNumApprovals", "canReviewOwnRequest"),
        *("canApplyDeclinedChanges", "autoApplyApprovedChanges", "serviceKind", "serviceConfig"),
        *("requiredApprovalTags", "bypassApprovalsForPendingChanges", "template", "detail_column"),
        # integrations
        *("on", "_id", "integrationKey", "projectKey", "environmentKey"),
        # the commented form of a patch
        "comment",
    }
)
"""Names of members whose values may be kept."""
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
        return [_known(item) if isinstance(item, Mapping) else HIDDEN for item in sent]
    return _known(sent) if sent is None or isinstance(sent, Mapping) else HIDDEN


def _known(sent: Json) -> Json:
    if isinstance(sent, Mapping):
        if "op" in sent or "path" in sent:
            return _operation(sent)
        return {name: _member(name, value) for name, value in sent.items()}
    return [_known(item) for item in sent] if isinstance(sent, list) else sent


def _member(name: str, value: Json) -> Json:
    if name == "config":
        return dict.fromkeys(value, HIDDEN) if isinstance(value, Mapping) else HIDDEN
    if name == "patch":
        return body(value)
    return _known(value) if name in _HARMLESS else HIDDEN


def _operation(sent: Mapping[str, Json]) -> Json:
    op, path, place = sent.get("op"), sent.get("path"), _place(sent.get("path"))
    shown: dict[str, Json] = {}
    for name, value in sent.items():
        if name == "op":
            shown[name] = op if isinstance(op, str) and op in _OPERATIONS else HIDDEN
        elif name == "path":
            shown[name] = path if place else HIDDEN
        elif name == "value" and place == "config":
            shown[name] = _member("config", value) if path == "/config" else HIDDEN
        else:
            shown[name] = _known(value) if name == "value" and place else HIDDEN
    return shown


def _place(path: Json) -> str | None:
    """The member that a pointer leads into, if that is one that we know and the pointer is a plain one."""
    if not isinstance(path, str) or not _POINTER.fullmatch(path):
        return None
    steps = tokens(path)
    known = all(step in _HARMLESS or step.isdecimal() or step == "-" for step in steps)
    return steps[0] if known or steps[0] == "config" else None
