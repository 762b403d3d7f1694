"""A world with something of everything in it, and a right request for each operation of the sandbox."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from contract import openapi
from contract.openapi import Operation
from reconciler.sandbox.identifiers import Identifiers
from reconciler.sandbox.routes import ENDPOINTS
from reconciler.sandbox.seed import seed
from reconciler.sandbox.store import Store

TOKENS: Final = {"api-writer": "writer", "api-reader": "reader", "api-nobody": "none"}
WRITER, READER, NOBODY = TOKENS

_SPLIT: Final = {
    "workspaceApiKey": "example-split-key",
    "workspaceId": "ws-12",
    "environmentId": "env-test",
    "ldApiKey": "example-access-token",
}
BODIES: Final[Mapping[str, Any]] = {
    "postProject": {
        "key": "loyalty",
        "name": "Loyalty",
        "tags": ["team-growth"],
        "defaultClientSideAvailability": {"usingEnvironmentId": False, "usingMobileKey": True},
        "namingConvention": {"case": "kebabCase", "prefix": "loy-"},
        "environments": [{"key": "live", "name": "Live", "color": "417505", "critical": True}],
    },
    "patchProject": [
        {"op": "replace", "path": "/name", "value": "Checkout and cart"},
        {"op": "add", "path": "/tags/-", "value": "renamed"},
    ],
    "postEnvironment": {
        "key": "canary",
        "name": "Canary",
        "color": "F5A623",
        "defaultTtl": 5,
        "source": {"key": "production"},
    },
    "patchEnvironment": [
        {"op": "replace", "path": "/defaultTtl", "value": 10},
        {"op": "replace", "path": "/approvalSettings/minNumApprovals", "value": 3},
    ],
    "createIntegrationDeliveryConfiguration": {
        "config": {"storeId": "kv-2", "apiToken": "example-fastly-token"},
        "name": "Edge store US",
        "on": True,
        "tags": ["edge"],
    },
    "patchIntegrationDeliveryConfiguration": [{"op": "replace", "path": "/on", "value": False}],
    "createFlagImportConfiguration": {"config": _SPLIT, "name": "Second migration", "tags": ["migration"]},
    "patchFlagImportConfiguration": [{"op": "replace", "path": "/tags", "value": ["migration", "q3"]}],
}
"""A right body for each operation that takes one, at what `places` names."""

VARIABLES: Final = ("storeId", "apiToken", "workspaceApiKey", "splitTag")
"""Some that the integrations of the samples have."""


class Stage:
    """An ASGI application in front of the sandbox of the moment, for clients that keep the one they get."""

    def __init__(self, app: Any = None) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("there is nothing to start")
        await self.app(scope, receive, send)


@contextmanager
def seeded() -> Iterator[Store]:
    """The same world each time, in memory, where it is always the same moment."""
    ids = Identifiers(random.Random(7).getrandbits)
    with Store(None, clock=lambda: 1_767_225_600_000, ids=ids) as store:
        seed(store)
        yield store


def places(store: Store) -> Mapping[str, Mapping[str, str]]:
    """Keys of what exists, by a part of the path that tells where: what stands for a template's parameters."""
    with store.transaction() as world:
        delivery = next(
            record for record in world.every("featureStore") if record["integrationKey"] == "cloudflare"
        )
        on_fastly = world.every("featureStore", project="checkout")[0]
        imported = world.every("flag-import")[0]
    keys = ("projectKey", "environmentKey", "integrationKey")
    return {
        # Of the integrations here, only this one has a validation request.
        "/validate": {**{key: delivery[key] for key in keys}, "id": delivery["_id"]},
        "/featureStore": {**{key: on_fastly[key] for key in keys}, "id": on_fastly["_id"]},
        "/flag-import": {
            "projectKey": imported["projectKey"],
            "integrationKey": imported["integrationKey"],
            "integrationId": imported["_id"],
        },
        "": {"projectKey": "checkout", "environmentKey": "production"},
    }


def parameters(template: str, there: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """What stands for a template's parameters, so that it leads to something that exists."""
    keys = next(keys for part, keys in there.items() if part in template)
    return {name: value for name, value in keys.items() if f"{{{name}}}" in template}


def implemented() -> dict[str, Operation]:
    """What the sandbox has of the document."""
    specification = openapi.specification()
    found = (specification.find(endpoint.method, endpoint.path) for endpoint in ENDPOINTS)
    return {operation.id: operation for operation in found if operation is not None}


def pointers(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int = 3) -> list[str]:
    """Where a patch may want to go in a document of a schema, and a little beyond."""
    return sorted(set(_pointers(schema, components, depth)))


def _pointers(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Iterator[str]:
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = components[name] if name else schema
    if depth == 0:
        return
    below: dict[str, Any] = dict(schema.get("properties", {}))
    if "items" in schema:
        below |= dict.fromkeys(("-", "0", "7", "x"), schema["items"])
    if "additionalProperties" in schema:
        below |= dict.fromkeys((*VARIABLES, "~1~0"), schema["additionalProperties"])
    if not below:
        yield "/beyond"
    for step, part in below.items():
        yield f"/{step}"
        for pointer in _pointers(part, components, depth - 1):
            yield f"/{step}{pointer}"
