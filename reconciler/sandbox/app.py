"""The sandbox as an ASGI application: a LaunchDarkly to practise on, in process or on a port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from reconciler.model.document import Json
from reconciler.sandbox.bodies import MAX_BYTES
from reconciler.sandbox.breakable import Breakable, Cut, part, reset
from reconciler.sandbox.exchange import Answer, Endpoint
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.identity import known_tokens
from reconciler.sandbox.mishaps import LOST, Mishaps, Outcome
from reconciler.sandbox.options import Options
from reconciler.sandbox.routes import by_path
from reconciler.sandbox.service import Incoming, Service
from reconciler.sandbox.store import Store

REQUESTS: Final = "/__sandbox__/requests"
RESET: Final = "/__sandbox__/reset"
_DEFAULTS: Final = Options()


def create_app(
    store: Store,
    *,
    options: Options = _DEFAULTS,
    tokens: Mapping[str, str] | None = None,
    faults: Faults | None = None,
) -> Starlette:
    """The sandbox over a world.

    `tokens` maps access tokens to roles: `writer`, `reader` (its writes are answered 403) or `none` (all
    its calls are). Without any, every token is a writer's. `ValueError` for another role.

    `faults` go wrong as they say.

    Two paths that LaunchDarkly lacks need no token and are not logged: `GET /__sandbox__/requests` tells
    what was asked so far, `POST /__sandbox__/reset` empties world and log, and has faults count from the
    beginning. With faults, the log also says of each request whether it had its `effect`.
    """
    if faults is not None:
        options = faults.rate.applied(options)
    service = Service(store, options, known_tokens(tokens))
    mishaps = None if faults is None else Mishaps(service, store, options, faults)
    app = (Starlette if mishaps is None else Breakable)(
        routes=[
            Route(REQUESTS, _Requests(store, mishaps), methods=["GET"]),
            Route(RESET, _Reset(store, mishaps), methods=["POST"]),
            *(Route(path, _Door(service, endpoints, mishaps)) for path, endpoints in by_path().items()),
        ],
        exception_handlers={405: _wrong_method, Exception: _broken},
    )
    # A path with a slash too many is an unknown one, not a redirect.
    app.router.redirect_slashes = False
    app.router.default = _Door(service, {}, mishaps)
    return app


@final
class _Door:
    """The endpoints of one path, for ASGI."""

    def __init__(self, service: Service, endpoints: Mapping[str, Endpoint], mishaps: Mishaps | None) -> None:
        self._service = service
        self._endpoints = endpoints
        self._mishaps = mishaps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        headers = _headers(scope)
        try:
            content = await _content(receive)
        except ClientDisconnect:
            return
        incoming = Incoming(
            method=scope["method"],
            path=_path(scope),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            content=content,
            endpoints=self._endpoints,
            keys=scope.get("path_params", {}),
        )
        origin = headers.get("origin")
        if self._mishaps is None:
            await _response(self._service.answer(incoming), origin=origin)(scope, receive, send)
            return
        outcome = await self._mishaps.answer(incoming)
        answer = _departure(outcome, origin)
        if outcome.altered:
            part(scope, answer)
        else:
            await answer(scope, receive, send)


@final
class _Requests:
    """The request log."""

    def __init__(self, store: Store, mishaps: Mishaps | None) -> None:
        self._store = store
        self._mishaps = mishaps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._store.transaction() as world:
            log = world.requests()
        items: list[dict[str, Json]] = [
            {
                "method": request.method,
                "path": request.path,
                "status": request.status,
                "apiVersion": request.api_version,
                "body": request.body,
            }
            for request in log
        ]
        if self._mishaps is not None:
            for item, effect in zip(items, self._mishaps.effects(log), strict=True):
                item["effect"] = effect
        await _response(Answer(200, {"items": items}))(scope, receive, send)


@final
class _Reset:
    """An empty world."""

    def __init__(self, store: Store, mishaps: Mishaps | None) -> None:
        self._store = store
        self._mishaps = mishaps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._store.reset()
        if self._mishaps is not None:
            self._mishaps.reset()
        await _response(Answer(204))(scope, receive, send)


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return headers


def _path(scope: Scope) -> str:
    """The path as it was sent, percent-encoded, so that it is plain ASCII."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"], errors="replace")


async def _content(receive: Receive) -> bytes | None:
    """The whole body, or `None` where it is too long; it is read to its end all the same.

    `ClientDisconnect` where it ends too early: half of a request must not have an effect.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BYTES:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if size <= MAX_BYTES else None


def _departure(outcome: Outcome, origin: str | None) -> ASGIApp:
    """What a request is answered where faults may happen."""
    if outcome.answer.status == LOST:
        return reset
    response = _response(
        outcome.answer, origin=origin, content=outcome.content, media_type=outcome.media_type
    )
    return Cut(response) if outcome.cut else response


def _response(
    answer: Answer,
    *,
    origin: str | None = None,
    content: bytes | None = None,
    media_type: str = "application/json",
) -> Response:
    headers = dict(answer.headers)
    headers["Access-Control-Allow-Origin"] = origin or "*"
    headers["Access-Control-Max-Age"] = "300"
    if content is None:
        # ASCII, so that no text can break it.
        content = (
            b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode("ascii")
        )
    return Response(content, answer.status, headers, media_type=media_type)


async def _wrong_method(_: Request, error: Exception) -> Response:
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    body: Json = {"code": "method_not_allowed", "message": "Method not allowed"}
    return _response(Answer(405, body, tuple(headers.items())))


async def _broken(_: Request, __: Exception) -> Response:
    """The sandbox itself failed. Starlette raises the error again, for whoever runs it to see."""
    return _response(Answer(500, {"code": "internal_server_error", "message": "The sandbox failed"}))
