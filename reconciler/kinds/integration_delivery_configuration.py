"""Integration delivery configurations, which push flag data to edge stores.

LaunchDarkly API documentation, "Integration delivery configurations (beta)"; the path calls them
`featureStore`.
"""

from __future__ import annotations

from typing import Annotated

from reconciler.kinds._config import config_check, config_schema_rules, config_shape
from reconciler.model.kind import Kind, Listing
from reconciler.model.shape import Atomic, Needed, Unordered
from reconciler.model.spec import ConfigValue, Spec, Tag, declared

_SCOPE = ("project", "environment", "integration")
_CAPABILITY = "featureStore"


class IntegrationDeliveryConfigurationSpec(Spec):
    """What a manifest may declare of a delivery configuration."""

    on: bool = declared("Whether LaunchDarkly delivers flag data. Off where a create leaves it out.")
    tags: Annotated[list[Tag], Unordered()] = declared("Tags, as a set: order and repetition mean nothing.")
    config: Annotated[dict[str, ConfigValue], Atomic(), Needed()] = declared(
        "The integration's variables, named as in its manifest. Secrets stand as {fromEnv: NAME} or "
        "{fromFile: PATH}. Required variables are always declared; optional ones may be left alone."
    )


KIND = Kind(
    name="IntegrationDeliveryConfiguration",
    noun="delivery configuration",
    spec=IntegrationDeliveryConfigurationSpec,
    scope=_SCOPE,
    identity="name",
    parent="Environment",
    item="/api/v2/integration-capabilities/featureStore/{project}/{environment}/{integration}/{id}",
    create="/api/v2/integration-capabilities/featureStore/{project}/{environment}/{integration}",
    listing=Listing(
        path="/api/v2/integration-capabilities/featureStore",
        narrow="/api/v2/integration-capabilities/featureStore/{project}/{environment}",
        details=("config",),
    ),
    beta=True,
    versioned=True,
    unmanaged={
        "/name": "The name stands in metadata: it tells configurations of one integration apart.",
        "/version": "LaunchDarkly counts it itself.",
    },
    refine=config_shape(_CAPABILITY, _SCOPE),
    check=config_check(_CAPABILITY, _SCOPE),
    schema_rules=config_schema_rules(_CAPABILITY),
)
