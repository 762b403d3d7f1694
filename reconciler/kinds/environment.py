"""Environments and their flag approvals. LaunchDarkly API documentation, "Environments"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, JsonValue

from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import lookup
from reconciler.model.kind import Kind, Listing
from reconciler.model.shape import (
    AbsentMeans,
    AfterCreate,
    Atomic,
    CreateOnly,
    Critical,
    Direction,
    Excludes,
    Feature,
    FromSibling,
    Needed,
    Protects,
    Stored,
    Unordered,
    WriteOnly,
)
from reconciler.model.spec import Color, Key, Spec, Tag, Text, declared
from reconciler.model.state import Declared


class ApprovalSettings(Spec):
    """Approvals that flag changes in the environment need."""

    required: Annotated[bool, Protects(Direction.TRUE), Excludes("/requiredApprovalTags")] = declared(
        "Whether every flag change needs an approval. Excludes `requiredApprovalTags`."
    )
    requiredApprovalTags: Annotated[list[Tag], Unordered(), Protects(Direction.MORE)] = declared(  # noqa: N815
        "Only changes of flags with one of these tags need an approval. Excludes `required: true`."
    )
    minNumApprovals: Annotated[int, Field(ge=1, le=5), Protects(Direction.HIGHER)] = declared(  # noqa: N815
        "How many approvals a change needs, 1 to 5."
    )
    canReviewOwnRequest: Annotated[bool, Protects(Direction.FALSE)] = declared(  # noqa: N815
        "Whether people may approve their own requests."
    )
    canApplyDeclinedChanges: Annotated[bool, Protects(Direction.FALSE)] = declared(  # noqa: N815
        "Whether a declined change can be applied when enough others approved it."
    )
    autoApplyApprovedChanges: Annotated[bool, AbsentMeans(value=False), Protects(Direction.FALSE)] = declared(  # noqa: N815
        "Whether approved changes are applied at once. Only for an approval service other than LaunchDarkly's own."
    )
    serviceKind: Text = declared(  # noqa: N815
        "The approval service: `launchdarkly`, or another that is set up in the account, such as `servicenow`."
    )
    serviceConfig: Annotated[dict[str, JsonValue], Atomic()] = declared(  # noqa: N815
        "Settings of the approval service; for `servicenow` its `template` and `detail_column`."
    )


class Source(Spec):
    """The environment that a new one is cloned from."""

    key: Annotated[Key, Needed()] = declared("The key of an environment of the same project.")
    version: int = declared(
        "The source's version, as a lock: the clone fails where it has moved. Best left out."
    )


class EnvironmentSpec(Spec):
    """What a manifest may declare of an environment."""

    name: Annotated[Text, Needed()] = declared("The name that people see. A create needs it.")
    color: Annotated[Color, Needed()] = declared(
        "The swatch's color, six hexadecimal digits without `#`, in quotes. A create needs it."
    )
    defaultTtl: Annotated[int, Field(ge=0, le=60)] = declared(  # noqa: N815
        "How many minutes the PHP SDK may cache flags, 0 to 60."
    )
    secureMode: Annotated[bool, Protects(Direction.TRUE)] = declared(  # noqa: N815
        "Whether client-side SDKs must prove with a hash that they may see a context's flags."
    )
    defaultTrackEvents: bool = declared("Whether new flags send detailed events.")  # noqa: N815
    requireComments: Annotated[bool, Protects(Direction.TRUE)] = declared(  # noqa: N815
        "Whether flag changes need a comment."
    )
    confirmChanges: Annotated[bool, Protects(Direction.TRUE)] = declared(  # noqa: N815
        "Whether flag changes need a confirmation."
    )
    critical: Annotated[bool, Protects(Direction.TRUE), Critical()] = declared(
        "Whether the environment is critical."
    )
    tags: Annotated[list[Tag], Unordered()] = declared("Tags, as a set: order and repetition mean nothing.")
    source: Annotated[Source, Atomic(), CreateOnly(), WriteOnly(), FromSibling("key")] = declared(
        "The environment to clone flag settings from. Sent with the create only."
    )
    approvalSettings: Annotated[  # noqa: N815
        ApprovalSettings, AfterCreate(), Stored(), Feature("flag approvals")
    ] = declared(
        "Approvals for flag changes. LaunchDarkly takes them only in an update, so that a new environment "
        "gets them in a second step."
    )


def _check(found: Declared) -> Iterable[Diagnostic]:
    settings = lookup(found.document, "/approvalSettings")
    service = lookup(found.document, "/approvalSettings/serviceKind")
    if lookup(found.document, "/approvalSettings/autoApplyApprovedChanges") is True and (
        service == "launchdarkly"
    ):
        yield Diagnostic(
            codes.BAD_VALUE,
            "spec.approvalSettings.autoApplyApprovedChanges is true, which LaunchDarkly's own approval service does not do.",
            found.positions.value("/spec/approvalSettings/autoApplyApprovedChanges"),
            "Set it to false or leave it out, or name the other approval service in serviceKind.",
            found.address,
        )
    if service == "servicenow" and isinstance(settings, dict):
        config = settings.get("serviceConfig")
        if isinstance(config, dict) and "template" not in config:
            yield Diagnostic(
                codes.MISSING_FIELD,
                "spec.approvalSettings.serviceConfig lacks template, the sys_id of ServiceNow's change template.",
                found.positions.key("/spec/approvalSettings/serviceConfig"),
                "Add template; ServiceNow approvals fail without it.",
                found.address,
            )


KIND = Kind(
    name="Environment",
    noun="environment",
    spec=EnvironmentSpec,
    scope=("project",),
    identity="key",
    parent="Project",
    item="/api/v2/projects/{project}/environments/{key}",
    create="/api/v2/projects/{project}/environments",
    listing=Listing(path="/api/v2/projects/{project}/environments", paged=True),
    last_may_go=False,
    delete_needs_id=True,
    unmanaged={
        "/resourceApprovalSettings": (
            "Approvals for segments and AI configs are not managed yet: LaunchDarkly changes them in a beta call of their own."
        ),
        "/approvalSettings/bypassApprovalsForPendingChanges": "LaunchDarkly documents no way to change it.",
        "/approvalSettings/serviceKindConfigurationId": "LaunchDarkly documents no way to change it.",
        "/approvalSettings/resourceKind": "These are the approvals of flags; LaunchDarkly sets it itself.",
        "/apiKey": "SDK keys are made by LaunchDarkly; a reset is an action, never a difference.",
        "/mobileKey": "Mobile keys are made by LaunchDarkly; a reset is an action, never a difference.",
        "/key": "The key stands in metadata, and can't be changed.",
    },
    check=_check,
)
