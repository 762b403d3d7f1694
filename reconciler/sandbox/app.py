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
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from reconciler.model.document import Json
from reconciler.sandbox.bodies import MAX_BYTES
from reconciler.sandbox.exchange import Answer, Endpoint
from reconciler.sandbox.identity import known_tokens
from reconciler.sandbox.options import Options
from reconciler.sandbox.routes import by_path
from reconciler.sandbox.service import Incoming, Service
from reconciler.sandbox.store import Store

REQUESTS: Final = "/__sandbox__/requests"
RESET: Final = "/__sandbox__/reset"
_DEFAULTS: Final = Options()


def create_app(
    store: Store, *, options: Options = _DEFAULTS, tokens: Mapping[str, str] | None = None
) -> Starlette:
    """The sandbox over a world.

    `tokens` maps access tokens to roles: `writer`, `reader` (its writes are answered 403) or `none` (all
    its calls are). Without any, every token is a writer's. `ValueError` for another role.

    Two paths that LaunchDarkly lacks need no token and are not logged: `GET /__sandbox__/requests` tells
    what was asked so far, `POST /__sandbox__/reset` empties world and log.
    """
    service = Service(store, options, known_tokens(tokens))
    app = Starlette(
        routes=[
            Route(REQUESTS, _Requests(store), methods=["GET"]),
            Route(RESET, _Reset(store), methods=["POST"]),
            *(Route(path, _Door(service, endpoints)) for path, endpoints in by_path().items()),
        ],
        exception_handlers={405: _wrong_method, Exception: _broken},
    )
    # A path with a slash too many is an unknown one, not a redirect.
    app.router.redirect_slashes = False
    app.router.default = _Door(service, {})
    return app


@final
class _Door:
    """The endpoints of one path, for ASGI."""

    def __init__(self, service: Service, endpoints: Mapping[str, Endpoint]) -> None:
        self._service = service
        self._endpoints = endpoints

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
        answer = self._service.answer(incoming)
        await _response(answer, origin=headers.get("origin"))(scope, receive, send)


@final
class _Requests:
    """The request log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._store.transaction() as world:
            items = [
                {
                    "method": request.method,
                    "path": request.path,
                    "status": request.status,
                    "apiVersion": request.api_version,
                    "body": request.body,
                }
                for request in world.requests()
            ]
        await _response(Answer(200, {"items": items}))(scope, receive, send)


@final
class _Reset:
    """An empty world."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._store.reset()
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


def _response(answer: Answer, *, origin: str | None = None) -> Response:
    headers = dict(answer.headers)
    headers["Access-Control-Allow-Origin"] = origin or "*"
    headers["Access-Control-Max-Age"] = "300"
    # ASCII, so that no text can break it.
    content = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode("ascii")
    return Response(content, answer.status, headers, media_type="application/json")


async def _wrong_method(_: Request, error: Exception) -> Response:
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    body: Json = {"code": "method_not_allowed", "message": "Method not allowed"}
    return _response(Answer(405, body, tuple(headers.items())))


async def _broken(_: Request, __: Exception) -> Response:
    """The sandbox itself failed. Starlette raises the error again, for whoever runs it to see."""
    return _response(Answer(500, {"code": "internal_server_error", "message": "The sandbox failed"}))
