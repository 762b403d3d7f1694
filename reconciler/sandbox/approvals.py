"""Approval settings of an environment: their defaults, what a patch may do to them, what goes together.

Source: LaunchDarkly API documentation, "Update environment", and the calls of LaunchDarkly's own
Terraform provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.model.document import Json
from reconciler.sandbox import errors, fields
from reconciler.sandbox.fields import Field
from reconciler.sandbox.options import Options
from reconciler.sandbox.patching import Operation, Path
from reconciler.sandbox.world import Record

_OWN_SERVICE: Final = "launchdarkly"
_SERVICENOW: Final = "servicenow"
MEMBER: Final = "approvalSettings"


def _flag_or_null(value: Json, name: str) -> Json:
    return None if value is None else fields.flag(value, name)


def _service(value: Json, name: str) -> Json:
    return fields.text(value, name) or _OWN_SERVICE


_EDITABLE: Final = (
    Field("required", fields.flag, default=False),
    Field("minNumApprovals", fields.whole(1, 5), default=1),
    Field("canReviewOwnRequest", fields.flag, default=False),
    Field("canApplyDeclinedChanges", fields.flag, default=True),
    Field("autoApplyApprovedChanges", _flag_or_null, default=None),
    Field("serviceKind", _service, default=_OWN_SERVICE),
    Field("serviceConfig", fields.members, default={}),
    Field("requiredApprovalTags", fields.tags, default=[]),
)
_FIELDS: Final = (*_EDITABLE, Field("bypassApprovalsForPendingChanges", fields.flag, default=False))
_DEFAULTS: Final = {f"/{MEMBER}/{field.name}": field.default for field in _EDITABLE}
"""By the pointer that a patch names them with."""

PATHS: Final[frozenset[Path]] = frozenset((MEMBER, field.name) for field in _EDITABLE)
"""What a patch may change: members, one by one, never the whole object."""


def defaults() -> Record:
    """The settings of an environment whose approvals were never set up."""
    return fields.read({}, _FIELDS)


def shown(settings: Mapping[str, Json]) -> Record:
    """The settings as they are read: without `autoApplyApprovedChanges` where that was never set."""
    return {
        name: value
        for name, value in settings.items()
        if not (name == "autoApplyApprovedChanges" and value is None)
    }


def as_stored(patch: Sequence[Operation]) -> list[Operation]:
    """The operations as they act on what is stored, which holds more than is shown.

    So `replace` works on a member that is not shown, and `remove` brings a default back.
    """
    return [
        {**operation, "op": "replace", "value": _DEFAULTS[operation["path"]]}
        if operation["op"] == "remove" and operation["path"] in _DEFAULTS
        else operation
        for operation in patch
    ]


def check(sent: Mapping[str, Json], options: Options) -> Record:
    """Settings that are the result of a patch, as they are stored. 400 where they don't go together."""
    settings = fields.read(sent, _FIELDS)
    if settings["required"] and settings["requiredApprovalTags"]:
        raise errors.invalid("approvals are either required for all flags, or for those with certain tags")
    service = settings["serviceKind"]
    if service not in (_OWN_SERVICE, *options.approval_services):
        raise errors.invalid("serviceKind names an approval service that is not set up in this account")
    if service == _SERVICENOW and not settings["serviceConfig"].get("template"):
        raise errors.invalid("serviceConfig needs a template for this approval service")
    return settings
