"""Tombstones: what it takes to delete an environment, when, and what goes with it."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from e2e.support import Cli, Service, Write, documents, environment

DOOMED = "/projects/shop/environments/test"
CONFIGURATION = {"name": "Edge", "config": {"storeId": "s", "apiToken": "abc-def-ghi"}}


@pytest.fixture(autouse=True)
def shop(service: Service) -> None:
    service.post("/projects", {"key": "shop", "name": "Shop"})  # with `test` and `production`
    service.post("/integration-capabilities/featureStore/shop/test/fastly", CONFIGURATION)
    service.forget()


def tombstone(identifier: str | None = None) -> str:
    pin = f", id: {identifier}" if identifier else ""
    return environment("test", more=f", state: absent{pin}").replace("spec: {}\n", "")


def apply(cli: Cli, *more: str) -> Any:
    """Apply, with the delete allowed where deletes have to be."""
    refused = cli("apply", "--auto-approve", *more)
    if refused.code != 3:
        return refused
    assert "--allow LDR501@Environment/shop/test" in refused.all
    return cli("apply", "--auto-approve", "--allow", "LDR501@Environment/shop/test", *more)


def test_without_an_id_it_is_refused(cli: Cli, service: Service, write: Write) -> None:
    write("gone.yaml", tombstone())
    ran = cli("plan", "--format", "json", "gone.yaml")
    assert ran.code == 1
    assert [(line, code) for _, line, _, code in ran.findings] == [(3, "LDR212")]
    assert ran.document["changes"] == []
    assert apply(cli, "gone.yaml").code == 1
    assert service.writes() == []


def test_with_the_id_of_another_it_is_refused(cli: Cli, service: Service, write: Write) -> None:
    other = service.get("/projects/shop/environments/production")["_id"]
    write("gone.yaml", tombstone(other))
    ran = cli("plan", "--format", "json", "gone.yaml")
    assert ran.code == 1
    assert [(line, code) for _, line, _, code in ran.findings] == [(3, "LDR408")]
    assert apply(cli, "gone.yaml").code == 1
    assert service.writes() == []


def test_with_the_right_id_it_deletes_after_everything_else(cli: Cli, service: Service, write: Write) -> None:
    identifier = service.get(DOOMED)["_id"]
    write(
        "gone.yaml",
        documents(
            tombstone(identifier),
            environment("production", "{tags: [only-one]}"),
            environment("canary", "{name: Canary, color: '417505'}"),
        ),
    )
    service.forget()
    ran = cli("plan", "--format", "json", "gone.yaml")
    assert ran.code == 0
    deleted = ran.document["changes"][0]
    assert (deleted["action"], deleted["address"], deleted["id"]) == (
        "delete",
        "Environment/shop/test",
        identifier,
    )
    assert (deleted["patch"], deleted["after"]) == ([], None)
    assert deleted["cascade"] == ["IntegrationDeliveryConfiguration/shop/test/fastly/Edge"]
    text = cli("plan", "gone.yaml")
    assert "- Environment/shop/test will be destroyed" in text.out
    assert "IntegrationDeliveryConfiguration/shop/test/fastly/Edge goes with it" in text.out
    assert "Plan: 1 to add, 1 to change, 1 to destroy." in text.out

    app = service.app

    async def slow_to_write(scope: Any, receive: Any, send: Any) -> None:
        """A delete that did not wait would come first."""
        if scope["method"] in ("POST", "PATCH"):
            await anyio.sleep(0.2)
        await app(scope, receive, send)

    service.answers(slow_to_write)
    assert apply(cli, "gone.yaml").code == 0
    assert service.writes()[-1] == f"DELETE /api/v2{DOOMED}"
    assert len(service.writes()) == 3
    assert not any("/test" in place for place in service.world())

    again = cli("plan", "--format", "json", "gone.yaml")
    assert (again.code, again.changes()) == (0, [])
    assert [(each["code"], each["severity"]) for each in again.document["diagnostics"]] == [
        ("LDR409", "info")
    ]


def test_a_key_that_was_reused_since_the_plan_is_left_alone(cli: Cli, service: Service, write: Write) -> None:
    """Between plan and DELETE somebody deletes the environment and makes another with its key."""
    write("gone.yaml", tombstone(service.get(DOOMED)["_id"]))
    app, reads = service.app, 0

    async def reused(scope: Any, receive: Any, send: Any) -> None:
        nonlocal reads
        if scope["path"] == f"/api/v2{DOOMED}" and scope["method"] == "GET":
            reads += 1
            body = json.dumps({"key": "test", "name": "Test", "_id": "65aaaaaaaaaaaaaaaaaaaaaa"}).encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await app(scope, receive, send)

    service.answers(reused)
    ran = apply(cli, "gone.yaml")
    assert ran.code in (1, 4)
    assert reads >= 1
    assert service.writes() == []
    assert "Traceback" not in ran.all


def test_a_child_that_is_present_below_it_is_an_error(cli: Cli, write: Write) -> None:
    from e2e.support import delivery

    text = delivery("Edge", "{config: {storeId: s, apiToken: {fromEnv: X}}}", of="shop/test")
    write("gone.yaml", documents(tombstone("65aaaaaaaaaaaaaaaaaaaaaa"), text))
    ran = cli("validate", "--format", "json", "gone.yaml")
    assert ran.code == 1
    assert "LDR213" in [code for *_, code in ran.findings]


def test_the_last_environment_stays(cli: Cli, service: Service, write: Write) -> None:
    keys = {key: service.get(f"/projects/shop/environments/{key}")["_id"] for key in ("test", "production")}
    write(
        "gone.yaml",
        documents(
            tombstone(keys["test"]),
            tombstone(keys["production"]).replace("key: test", "key: production"),
        ),
    )
    ran = cli("plan", "--format", "json", "gone.yaml")
    assert ran.code == 1
    assert {code for *_, code in ran.findings} == {"LDR413"}
    assert service.writes() == []
