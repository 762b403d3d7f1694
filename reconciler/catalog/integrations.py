"""The configuration variables of LaunchDarkly's integrations, as data.

Source: the `formVariables` of the public manifests in `launchdarkly/integration-framework`. What an
integration's manifest marks `isSecret` comes back masked from the service; a variable that carries a
credential without that mark is `sensitive` here: LaunchDarkly returns it in clear, we never show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

VariableType = Literal["string", "uri", "enum", "boolean"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an integration's `config`."""

    key: str
    type: VariableType = "string"
    required: bool = True
    secret: bool = False
    """Masked by LaunchDarkly when it is read."""
    sensitive: bool = False
    """Read back in clear, and a credential all the same."""
    default: str | bool | None = None
    """What the service fills in where the variable is not sent."""
    allowed: tuple[str, ...] = ()

    @property
    def concealed(self) -> bool:
        """Whether its value may only be given by reference and never be shown."""
        return self.secret or self.sensitive


@dataclass(frozen=True, slots=True)
class Integration:
    """What is known of one integration in one capability."""

    key: str
    variables: tuple[Variable, ...] | None
    """`None` where the service offers the integration, but no public manifest lists its variables."""
    validates: bool = False
    """Whether its manifest has a validation request, so that `.../validate` can answer."""


def _text(key: str) -> Variable:
    return Variable(key)


def _secret(key: str) -> Variable:
    return Variable(key, secret=True)


def _optional(key: str, default: str | None = None) -> Variable:
    return Variable(key, required=False, default=default)


_FEATURE_STORES = (
    Integration(
        "akamai-edgeworkers",
        (
            _text("hostname"),
            Variable("network", type="enum", default="production", allowed=("production", "staging")),
            _text("namespaceId"),
            _text("groupId"),
            _secret("clientSecret"),
            _secret("clientToken"),
            _secret("accessToken"),
        ),
        validates=True,
    ),
    Integration(
        "cloudflare",
        (_text("accountId"), _text("namespaceId"), _secret("apiToken")),
        validates=True,
    ),
    Integration(
        "convex",
        (Variable("deploymentPayloadUrl", type="uri"), _secret("componentApiToken")),
        validates=True,
    ),
    Integration("fastly", (_text("storeId"), _secret("apiToken"))),
    Integration(
        "generic-feature-store",
        (Variable("validationReqUrl", type="uri"), Variable("featureStoreReqUrl", type="uri")),
        validates=True,
    ),
    Integration("netlify", (_text("siteId"), _secret("syncToken")), validates=True),
    Integration(
        "vercel",
        (_text("edgeConfigId"), _optional("teamId"), _secret("apiToken"), _text("configurationId")),
    ),
    Integration("vercel-native", None),
)

_FLAG_IMPORTS = (
    Integration(
        "split",
        (
            _secret("workspaceApiKey"),
            _text("workspaceId"),
            _text("environmentId"),
            _optional("splitTag", ""),
            _secret("ldApiKey"),
            _optional("ldTag", "imported-from-split"),
            _optional("ldMaintainer", ""),
        ),
    ),
    Integration(
        "unleash",
        (
            _text("sourceBaseUrl"),
            _secret("sourceApiKey"),
            _text("sourceProjectId"),
            _text("sourceEnvironmentId"),
            _optional("sourceTag", ""),
            _secret("ldApiKey"),
            _optional("ldTag", "imported-from-unleash"),
            _optional("ldMaintainer", ""),
        ),
    ),
)

CATALOG: Final[Mapping[str, Mapping[str, Integration]]] = {
    "featureStore": {integration.key: integration for integration in _FEATURE_STORES},
    "flagImport": {integration.key: integration for integration in _FLAG_IMPORTS},
}
"""Integrations by capability and key. Capabilities are named as in the manifests."""


def variables(capability: str, integration: str) -> Mapping[str, Variable] | None:
    """The variables of an integration by key; `None` where the catalog doesn't know them."""
    known = CATALOG.get(capability, {}).get(integration)
    if known is None or known.variables is None:
        return None
    return {variable.key: variable for variable in known.variables}


def validates(capability: str, integration: str) -> bool:
    """Whether the integration's manifest has a validation request."""
    known = CATALOG.get(capability, {}).get(integration)
    return known is not None and known.validates
