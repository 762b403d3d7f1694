"""An application whose answers can go wrong as no application's can: the connection itself breaks.

What a fault sends goes out beside all middleware, at the outermost place, as what a proxy or a broken line
would say. There uvicorn's transport can be had too; in process, a raised `ConnectionResetError` stands for it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any, Final, final

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_KEY: Final = "reconciler.sandbox.parting"
_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""`SO_LINGER` that makes closing a socket reset its connection."""


@final
class _Parting:
    """Holds what is to be sent for a request after the application is done with it."""

    answer: ASGIApp | None = None


@final
class Breakable(Starlette):
    """A Starlette application that can `part` from its client."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        parting = scope[_KEY] = _Parting()
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            if _transport(send) is None:
                raise
            # Ctrl-C while a delay lasts: uvicorn would print a traceback of what it cancelled itself.
            parting.answer = reset
        if parting.answer is not None:
            await parting.answer(scope, receive, send)


def part(scope: Scope, answer: ASGIApp) -> None:
    """Have a request of a `Breakable` answered by this, whatever stands in between."""
    scope[_KEY].answer = answer


async def reset(_: Scope, __: Receive, send: Send) -> None:
    """No answer: the connection breaks."""
    transport = _transport(send)
    if transport is None:
        raise ConnectionResetError("the sandbox broke the connection, as a fault told it to")
    with suppress(OSError):  # the client may be gone by now
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    # Nobody gets this answer. Without one, uvicorn would report a failure.
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@final
class Cut:
    """An answer that ends in the middle of its body."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send half of it."""
        response, transport = self._response, _transport(send)
        half = bytes(response.body)[: len(response.body) // 2]
        start = {"status": response.status_code, "headers": response.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": half, "more_body": transport is not None})
        if transport is not None:
            transport.close()
            # Until then, uvicorn would report an answer that was not complete.
            while (await receive())["type"] != "http.disconnect":
                pass


def _transport(send: Send) -> Any:
    """The connection below a server's `send`: uvicorn's is a method of an object that holds it."""
    return getattr(getattr(send, "__self__", None), "transport", None)
