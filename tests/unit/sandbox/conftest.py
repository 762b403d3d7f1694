"""A sandbox in memory, with a clock that stands still and identifiers that repeat."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.identifiers import Identifiers
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

NOON = 1_767_225_600_000
TOKEN = "api-0000"


class Clock:
    """Unix milliseconds; `pass_seconds` is all that moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


class LaunchDarkly:
    """A client of one sandbox. Paths are below `/api/v2`; the beta header is sent where it has to be."""

    def __init__(self, store: Store, app: Any, token: str | None) -> None:
        self.store = store
        self.app = app
        headers = {} if token is None else {"Authorization": token}
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://sandbox", headers=headers
        )

    async def send(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        version = "beta" if "/integration-capabilities/" in path else "20240415"
        headers = {"LD-API-Version": version, **more.pop("headers", {})}
        if json is not None:
            more["json"] = json
        return await self.http.request(method, f"/api/v2{path}", headers=headers, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.send("GET", path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return await self.send("POST", path, json, **more)

    async def patch(self, path: str, *operations: Any, **more: Any) -> httpx.Response:
        """PATCH with the operations given; each is `(op, path)` or `(op, path, value)`."""
        patch = [dict(zip(("op", "path", "value"), operation, strict=False)) for operation in operations]
        return await self.send("PATCH", path, patch, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        return await self.send("DELETE", path, **more)

    async def read(self, path: str) -> Any:
        """The document at a path, which has to be there."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, path: str, json: Any) -> Any:
        """The document that a POST made, which has to succeed."""
        answer = await self.post(path, json)
        assert answer.is_success, answer.text
        return answer.json()

    async def project(self, key: str = "checkout", **more: Any) -> Any:
        return await self.make("/projects", {"key": key, "name": key.title(), **more})

    async def log(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/__sandbox__/requests")
        assert answer.status_code == 200
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


Opener = Callable[..., LaunchDarkly]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store(None, clock=clock, ids=Identifiers(random.Random(7).getrandbits)) as opened:
        yield opened


@pytest.fixture
def sandbox(store: Store) -> Opener:
    """Open a client of a sandbox over the one world of the test, with options as keywords."""

    def opened(
        *, token: str | None = TOKEN, tokens: Mapping[str, str] | None = None, **options: Any
    ) -> LaunchDarkly:
        return LaunchDarkly(store, create_app(store, options=Options(**options), tokens=tokens), token)

    return opened


@pytest.fixture
def ld(sandbox: Opener) -> LaunchDarkly:
    """A client of a sandbox with the default options."""
    return sandbox()


@pytest.fixture
def refused() -> Callable[[httpx.Response, int], str]:
    """Check that an answer is an error of a status, in the service's form, and return its message."""

    def check(answer: httpx.Response, status: int, code: str | None = None) -> str:
        codes = {
            400: "invalid_request",
            401: "unauthorized",
            403: "forbidden",
            404: "not_found",
            405: "method_not_allowed",
            409: "conflict",
            422: "patch_failed",
            429: "rate_limited",
        }
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        body = answer.json()
        assert body["code"] == (code or codes[status])
        assert set(body) == {"code", "message", "id"}
        message: str = body["message"]
        return message

    return check
