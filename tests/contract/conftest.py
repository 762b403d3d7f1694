"""What the contract tests share: the plugin that listens, and a sandbox to talk to in every tone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

import reconciler.sandbox.app
from contract import openapi
from contract.openapi import Exchange, Operation, Specification
from contract.recording import Recorder
from contract.samples import BODIES, TOKENS, WRITER, parameters, places, seeded
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def specification() -> Specification:
    """The OpenAPI document, put right."""
    if reason := openapi.missing():
        pytest.skip(reason)
    return openapi.specification()


@pytest.fixture
def recorder(request: pytest.FixtureRequest, specification: Specification) -> Recorder:
    """What listens to every exchange of this test."""
    plugin = request.config.pluginmanager.get_plugin("contract-recorder")
    assert isinstance(plugin, Recorder)
    return plugin


@pytest.fixture
def world() -> Iterator[Store]:
    with seeded() as store:
        yield store


class Speaker:
    """Sends requests to a sandbox, right ones unless told otherwise, and hands out the exchanges."""

    def __init__(self, world: Store, recorder: Recorder) -> None:
        self._world = world
        self._recorder = recorder

    async def send(
        self,
        operation: Operation,
        *,
        token: str | None = WRITER,
        version: str | None = None,
        keys: Mapping[str, str] | None = None,
        body: Any = None,
        **options: Any,
    ) -> Exchange:
        """A request for an operation; `keys` stand for parameters, `options` are the sandbox's."""
        filled = {**parameters(operation.template, places(self._world)), **(keys or {})}
        wanted = version if version is not None else "beta" if operation.beta else "20240415"
        sent = BODIES.get(operation.id) if body is None else body
        app = reconciler.sandbox.app.create_app(self._world, options=Options(**options), tokens=TOKENS)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            await client.request(
                operation.method,
                operation.template.format_map(filled),
                headers={"Authorization": token or "", "LD-API-Version": wanted},
                **({} if sent is None else {"json": sent}),
            )
        return self._recorder.exchanges[-1]


@pytest.fixture
def speaker(world: Store, recorder: Recorder) -> Speaker:
    return Speaker(world, recorder)
