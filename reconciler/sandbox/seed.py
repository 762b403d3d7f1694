"""Data to look at: three projects as teams have them, some environments, deliveries and an import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from reconciler.model.document import Json
from reconciler.sandbox import environments, integrations, projects
from reconciler.sandbox.exchange import Call, Query
from reconciler.sandbox.integrations import FEATURE_STORE, FLAG_IMPORT, Capability
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import World

_PROJECTS: Final[tuple[Mapping[str, Json], ...]] = (
    {"key": "checkout", "name": "Checkout", "tags": ["team-payments", "tier-1"]},
    {"key": "mobile-app", "name": "Mobile app", "tags": ["team-apps"]},
    {"key": "search", "name": "Search", "tags": ["team-discovery", "tier-2"]},
)
_ENVIRONMENTS: Final[tuple[Mapping[str, Json], ...]] = (
    {"key": "development", "name": "Development", "color": "DADBEE", "tags": ["dev"]},
    {"key": "staging", "name": "Staging", "color": "F5A623", "tags": ["pre-prod"], "defaultTtl": 5},
    {
        "key": "production",
        "name": "Production",
        "color": "417505",
        "tags": ["prod", "tier-1"],
        "critical": True,
        "requireComments": True,
        "confirmChanges": True,
    },
)
_APPROVALS: Final[Json] = [
    {"op": "replace", "path": "/approvalSettings/required", "value": True},
    {"op": "replace", "path": "/approvalSettings/minNumApprovals", "value": 2},
]
_CONFIGURATIONS: Final[tuple[tuple[Capability, Mapping[str, str], Mapping[str, Json]], ...]] = (
    (
        FEATURE_STORE,
        {"projectKey": "checkout", "environmentKey": "production", "integrationKey": "fastly"},
        {
            "name": "Edge store EU",
            "on": True,
            "tags": ["edge"],
            "config": {"storeId": "kv-77f1c0", "apiToken": "example-fastly-token"},
        },
    ),
    (
        FEATURE_STORE,
        {"projectKey": "checkout", "environmentKey": "staging", "integrationKey": "fastly"},
        {
            "name": "Edge store EU, staging",
            "tags": ["edge"],
            "config": {"storeId": "kv-19ab44", "apiToken": "example-fastly-token-staging"},
        },
    ),
    (
        FEATURE_STORE,
        {"projectKey": "search", "environmentKey": "production", "integrationKey": "cloudflare"},
        {
            "name": "Workers KV",
            "on": True,
            "config": {
                "accountId": "acc-0412",
                "namespaceId": "ns-search",
                "apiToken": "example-cloudflare-token",
            },
        },
    ),
    (
        FLAG_IMPORT,
        {"projectKey": "mobile-app", "integrationKey": "split"},
        {
            "name": "Split migration",
            "tags": ["migration"],
            "config": {
                "workspaceApiKey": "example-split-key",
                "workspaceId": "ws-11",
                "environmentId": "env-prod",
                "ldApiKey": "example-access-token",
            },
        },
    ),
)


def seed(store: Store) -> dict[str, int]:
    """Add the data and return how many of what were added. What exists is left as it is."""
    added: Counter[str] = Counter(projects=0, environments=0, featureStore=0, flagImport=0)
    with store.transaction() as world:
        for project in _PROJECTS:
            if world.find(projects.COLLECTION, str(project["key"])) is None:
                _add_project(world, project)
                added["projects"] += 1
                added["environments"] += len(_ENVIRONMENTS)
        for capability, keys, body in _CONFIGURATIONS:
            if _add_configuration(world, capability, keys, body):
                added[capability.catalog] += 1
    return dict(added)


def _call(world: World, keys: Mapping[str, str], body: Json) -> Call:
    return Call(world, Options(), "writer", "", keys, Query(""), body)


def _add_project(world: World, project: Mapping[str, Json]) -> None:
    projects.add(world, Options(), {**project, "environments": list(_ENVIRONMENTS)})
    keys = {"projectKey": str(project["key"]), "environmentKey": "production"}
    environments.patch_environment(_call(world, keys, _APPROVALS))


def _add_configuration(
    world: World, capability: Capability, keys: Mapping[str, str], body: Mapping[str, Json]
) -> bool:
    held = world.every(capability.name, project=keys["projectKey"], environment=keys.get("environmentKey"))
    scope_gone = "environmentKey" in keys and (
        world.find(environments.COLLECTION, keys["environmentKey"], project=keys["projectKey"]) is None
    )
    if scope_gone or any(record["name"] == body["name"] for record in held):
        return False
    integrations.create(capability, _call(world, keys, dict(body)))
    return True
