"""An ASGI app in this process, answering as it would behind a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

App: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI application."""


def served(app: App) -> App:
    """The app as a server would run it: what it raises is a 500, an `OSError` a broken connection."""

    async def serve(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        started = ended = False

        async def tell(message: MutableMapping[str, Any]) -> None:
            nonlocal started, ended
            started = started or message["type"] == "http.response.start"
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await app(scope, receive, tell)
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - whatever an app raises
            if not started:
                await tell({"type": "http.response.start", "status": 500, "headers": []})
                await tell({"type": "http.response.body", "body": b""})
        if not ended:
            raise ConnectionResetError("the app ended without an answer")

    return serve
