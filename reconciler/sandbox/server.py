"""The sandbox on a port of this machine."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Final, final

import uvicorn
from starlette.types import ASGIApp

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
_GRACE_SECONDS: Final = 1
"""How long open connections may take to end after Ctrl-C."""


@final
class ServeError(Exception):
    """The port can't be had. The message is one sentence that says what to do."""


def serve(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 8901,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve an application until Ctrl-C, and then return.

    `ready` gets the URL once requests are taken. Port 0 is any free one. `ServeError` where the port is
    taken, or the host is not this machine itself: the sandbox lets in whoever asks.
    """
    if host not in _LOOPBACK:
        raise ServeError(f"The sandbox serves this machine only, not {host}: leave the host at 127.0.0.1.")
    listener = _listen(port)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with listener, contextlib.suppress(KeyboardInterrupt):
        _Announced(config, ready).run([listener])


@final
class _Announced(uvicorn.Server):
    """A server that says where it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None and sockets:
            self._ready("http://{}:{}".format(*sockets[0].getsockname()))


def _listen(port: int) -> socket.socket:
    # The protocol is named, or asyncio would not switch Nagle's algorithm off: 40 ms for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Else a port that was served until just now would be taken for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise ServeError(
            f"Port {port} can't be served ({reason}): stop what runs there, or name another port."
        ) from error
    return listener
