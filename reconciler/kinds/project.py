"""Projects. Fields and constraints: LaunchDarkly API documentation, "Projects"."""

from __future__ import annotations

from typing import Annotated, Literal

from reconciler.model.kind import Carries, Kind, Listing
from reconciler.model.shape import Atomic, CreateOnly, Excludes, Needed, Unordered, WriteOnly
from reconciler.model.spec import Spec, Tag, Text, declared


class ClientSideAvailability(Spec):
    """Which kinds of client-side SDK see a new flag. The service takes the object only whole."""

    usingEnvironmentId: Annotated[bool, Needed()] = declared(  # noqa: N815 - the wire's name
        "Whether new flags are available to SDKs that use the client-side ID."
    )
    usingMobileKey: Annotated[bool, Needed()] = declared(  # noqa: N815
        "Whether new flags are available to SDKs that use a mobile key."
    )


class NamingConvention(Spec):
    """How keys of new flags have to look."""

    case: Literal["camelCase", "upperCamelCase", "snakeCase", "kebabCase", "constantCase"] = declared(
        "The case that flag keys must have."
    )
    prefix: str = declared("What flag keys must start with.")


class ProjectSpec(Spec):
    """What a manifest may declare of a project."""

    name: Annotated[Text, Needed()] = declared("The name that people see. A create needs it.")
    tags: Annotated[list[Tag], Unordered()] = declared("Tags, as a set: order and repetition mean nothing.")
    includeInSnippetByDefault: Annotated[  # noqa: N815
        bool, Excludes("/defaultClientSideAvailability/usingEnvironmentId", when="declared")
    ] = declared(
        "The older name of `defaultClientSideAvailability.usingEnvironmentId`: one setting. Declare one of them."
    )
    defaultClientSideAvailability: Annotated[ClientSideAvailability, Atomic()] = declared(  # noqa: N815
        "Which client-side SDKs see new flags. Written whole; an undeclared member keeps its live value."
    )
    namingConvention: Annotated[NamingConvention, Atomic(), CreateOnly(), WriteOnly()] = declared(  # noqa: N815
        "How keys of new flags have to look. Sent with the create only; LaunchDarkly never shows it again, "
        "so that later differences can't be seen."
    )


KIND = Kind(
    name="Project",
    noun="project",
    spec=ProjectSpec,
    scope=(),
    identity="key",
    item="/api/v2/projects/{key}",
    create="/api/v2/projects",
    listing=Listing(path="/api/v2/projects", paged=True, key_filter="keys"),
    carries=Carries(kind="Environment", member="environments", most=20, required=True, expand="environments"),
    last_may_go=False,
    delete_needs_id=True,
    unmanaged={
        "/environments": "Environments are manifests of their own, of kind Environment.",
        "/defaultReleasePipelineKey": "LaunchDarkly documents no way to change it.",
        "/requireViewAssociationForNewFlags": "It is not managed yet: accounts without the Views feature refuse it.",
        "/requireViewAssociationForNewSegments": "It is not managed yet: accounts without the Views feature refuse it.",
        "/key": "The key stands in metadata, and can't be changed.",
    },
)
