"""Every operation that the sandbox has, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from reconciler.sandbox import environments, identity, integrations, links, projects
from reconciler.sandbox.exchange import Answer, Call, Endpoint
from reconciler.sandbox.integrations import FEATURE_STORE, FLAG_IMPORT, Capability

_PROJECT: Final = f"{links.PROJECTS}/{{projectKey}}"
_ENVIRONMENTS: Final = f"{_PROJECT}/environments"
_ENVIRONMENT: Final = f"{_ENVIRONMENTS}/{{environmentKey}}"


def _integration(capability: Capability, scope: str) -> tuple[Endpoint, ...]:
    def bound(handle: Callable[[Capability, Call], Answer]) -> Callable[[Call], Answer]:
        return partial(handle, capability)

    kind = f"{capability.path}/{scope}/{{integrationKey}}"
    one = f"{kind}/{{id}}"
    return (
        Endpoint("GET", capability.path, bound(integrations.list_all), beta=True),
        Endpoint("POST", kind, bound(integrations.create), beta=True),
        Endpoint("GET", one, bound(integrations.get), beta=True),
        Endpoint("PATCH", one, bound(integrations.patch), beta=True),
        Endpoint("DELETE", one, bound(integrations.delete), beta=True),
    )


_FEATURE_STORE_SCOPE: Final = "{projectKey}/{environmentKey}"

ENDPOINTS: Final = (
    Endpoint("GET", links.PROJECTS, projects.list_projects),
    Endpoint("POST", links.PROJECTS, projects.create_project),
    Endpoint("GET", _PROJECT, projects.get_project),
    Endpoint("PATCH", _PROJECT, projects.patch_project),
    Endpoint("DELETE", _PROJECT, projects.delete_project),
    Endpoint("GET", _ENVIRONMENTS, environments.list_environments),
    Endpoint("POST", _ENVIRONMENTS, environments.create_environment),
    Endpoint("GET", _ENVIRONMENT, environments.get_environment),
    Endpoint("PATCH", _ENVIRONMENT, environments.patch_environment),
    Endpoint("DELETE", _ENVIRONMENT, environments.delete_environment),
    Endpoint("POST", f"{_ENVIRONMENT}/apiKey", environments.reset_sdk_key),
    Endpoint("POST", f"{_ENVIRONMENT}/mobileKey", environments.reset_mobile_key),
    *_integration(FEATURE_STORE, _FEATURE_STORE_SCOPE),
    Endpoint(
        "GET",
        f"{links.FEATURE_STORES}/{_FEATURE_STORE_SCOPE}",
        partial(integrations.list_environment, FEATURE_STORE),
        beta=True,
    ),
    Endpoint(
        "POST",
        f"{links.FEATURE_STORES}/{_FEATURE_STORE_SCOPE}/{{integrationKey}}/{{id}}/validate",
        partial(integrations.validate, FEATURE_STORE),
        beta=True,
    ),
    *_integration(FLAG_IMPORT, "{projectKey}"),
    Endpoint(
        "POST",
        f"{links.FLAG_IMPORTS}/{{projectKey}}/{{integrationKey}}/{{id}}/trigger",
        partial(integrations.trigger, FLAG_IMPORT),
        beta=True,
    ),
    Endpoint("GET", f"{links.API}/caller-identity", identity.caller_identity),
)


def by_path() -> Mapping[str, Mapping[str, Endpoint]]:
    """The endpoints of each path pattern, by method."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return paths
