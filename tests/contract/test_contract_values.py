"""One thing wrong at a time: each member of each body, each place of each document, each sort of value.

What Schemathesis finds by luck is looked for here one by one. That the answers are as documented is seen to
by the plugin, as everywhere; that none is a failure of the sandbox's own, which would be raised, by being here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

import reconciler.sandbox.app
from contract import openapi
from contract.openapi import Operation, Specification
from contract.samples import (
    BODIES,
    TOKENS,
    VARIABLES,
    WRITER,
    Stage,
    implemented,
    parameters,
    places,
    pointers,
    seeded,
)

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.anyio

OPERATIONS: Final = implemented()
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    1.5,
    1e300,
    "",
    "* \0 \U0001f600",
    [],
    [None],
    ["a", 1],
    {},
    {"x": [{}]},
    [{"key": "x"}],
)


def bodies(operation: Operation) -> Iterator[Any]:
    """The operation's right body with one thing in it that is another sort of value, or missing."""
    body = BODIES[operation.id]
    yield from VALUES
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
    schemas = openapi.document()["components"]["schemas"]
    content = operation.raw["requestBody"]["content"]["application/json"]
    members = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
    for value in VALUES:
        yield from ({**body, name: value} for name in members)
        if "config" in members:
            yield from ({**body, "config": {**body["config"], name: value}} for name in VARIABLES)
        if "environments" in members:
            (one,) = body["environments"]
            inner = schemas["EnvironmentPost"]["properties"]
            yield from (
                {**body, "environments": [one, {**one, "key": "more", name: value}]} for name in inner
            )


def patches(operation: Operation) -> Iterator[Any]:
    """Patches of one operation each, to everywhere in the document and a little beyond, and forms that are none."""
    yield from VALUES
    for value in VALUES:
        right = {"op": "replace", "path": "/name", "value": "x"}
        yield from ([{**right, name: value}] for name in right)
        yield {"comment": value, "patch": [right]}
        yield {"patch": value}
    shown = operation.statuses[200]["content"]["application/json"]["schema"]
    for path in [
        "",
        "/",
        "x",
        "/~2",
        *pointers(shown, openapi.specification().document["components"]["schemas"], 2),
    ]:
        yield [{"op": "remove", "path": path}]
        for op in ("add", "replace", "test"):
            yield from (
                [{"op": op, "path": path, "value": value}] for value in (None, True, "x", [1], {"x": 1})
            )


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if name in BODIES])
async def test_it_is_answered_as_documented(name: str, specification: Specification):
    operation = specification.operations[name]
    version = "beta" if operation.beta else "20240415"
    headers = {"Authorization": WRITER, "LD-API-Version": version}
    statuses: Counter[int] = Counter()
    waiting = list((patches if operation.method == "PATCH" else bodies)(operation))
    stage = Stage()
    transport = httpx.ASGITransport(stage)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
        while waiting:
            with seeded() as store:
                path = operation.template.format_map(parameters(operation.template, places(store)))
                stage.app = reconciler.sandbox.app.create_app(store, tokens=TOKENS)
                changed = False
                while waiting and not changed:
                    answer = await client.request(operation.method, path, json=waiting.pop())
                    statuses[answer.status_code] += 1
                    changed = answer.is_success
    assert statuses.keys() <= operation.statuses.keys()
    assert min(statuses[400], sum(statuses[status] for status in operation.successes)) > 5, statuses


def test_it_has_a_body_for_every_operation_that_takes_one():
    assert BODIES.keys() == {name for name, one in OPERATIONS.items() if "requestBody" in one.raw}
