"""Flag import configurations, which bring flags over from another vendor.

LaunchDarkly API documentation, "Flag import configurations (beta)".
"""

from __future__ import annotations

from typing import Annotated

from reconciler.kinds._config import config_check, config_schema_rules, config_shape
from reconciler.model.kind import Kind, Listing
from reconciler.model.shape import Atomic, Needed, Unordered
from reconciler.model.spec import ConfigValue, Spec, Tag, declared

_SCOPE = ("project", "integration")
_CAPABILITY = "flagImport"


class FlagImportConfigurationSpec(Spec):
    """What a manifest may declare of a flag import configuration."""

    tags: Annotated[list[Tag], Unordered()] = declared("Tags, as a set: order and repetition mean nothing.")
    config: Annotated[dict[str, ConfigValue], Atomic(), Needed()] = declared(
        "The integration's variables, named as in its manifest. Secrets stand as {fromEnv: NAME} or "
        "{fromFile: PATH}. Required variables are always declared; optional ones may be left alone."
    )


KIND = Kind(
    name="FlagImportConfiguration",
    noun="flag import configuration",
    spec=FlagImportConfigurationSpec,
    scope=_SCOPE,
    identity="name",
    parent="Project",
    item="/api/v2/integration-capabilities/flag-import/{project}/{integration}/{id}",
    create="/api/v2/integration-capabilities/flag-import/{project}/{integration}",
    listing=Listing(path="/api/v2/integration-capabilities/flag-import", details=("config",)),
    beta=True,
    unmanaged={
        "/name": "The name stands in metadata: it tells configurations of one integration apart.",
        "/on": "Flag imports have no switch; they run when they are triggered.",
        "/version": "LaunchDarkly counts it itself.",
    },
    refine=config_shape(_CAPABILITY, _SCOPE),
    check=config_check(_CAPABILITY, _SCOPE),
    schema_rules=config_schema_rules(_CAPABILITY),
)
