"""A service that follows a script, time that only sleeping moves, and real sockets that misbehave."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.lowlevel
import pytest

from reconciler.live.client import Connection, connect
from reconciler.live.exchange import Exchanged, Timing, Waiting, WireEvent

TOKEN = "api-5ecret-t0ken/+value"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def token() -> str:
    return TOKEN


@dataclass
class Received:
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Service:
    """An ASGI app that answers as scripted; the last answer repeats."""

    script: list[Any] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def answers(self, *script: Any) -> Service:
        """Each one a status, (status, body), (status, body, headers), an exception, or a coroutine function."""
        self.script = list(script)
        return self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message.get("body", b"")
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        self.received.append(Received(scope["method"], path, query, headers, body))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            await step(scope, receive, send)
            return
        status, content, extra = (*((step,) if isinstance(step, int) else step), None, None)[:3]
        raw = (
            content
            if isinstance(content, bytes)
            else b""
            if content is None
            else json.dumps(content).encode()
        )
        kind = {} if isinstance(content, bytes) or content is None else {"content-type": "application/json"}
        sent = [(name.encode(), value.encode()) for name, value in (kind | (extra or {})).items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": raw})


@pytest.fixture
def service() -> Service:
    return Service([(200, {})])


@dataclass
class Moment:
    """Time that stands still but for sleeping; chance that is always nought unless told."""

    now: float = 1_000.0
    epoch: float = 1_700_000_000.0
    chance: float = 0.0
    slept: list[float] = field(default_factory=list)

    def timing(self) -> Timing:
        return Timing(
            clock=lambda: self.now,
            epoch=lambda: self.epoch + self.now - 1_000.0,
            sleep=self.sleep,
            random=lambda: self.chance,
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        until = self.now + seconds
        await anyio.lowlevel.checkpoint()  # others that sleep as well begin to, and time passes once
        self.now = max(self.now, until)


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def events() -> list[WireEvent]:
    return []


Open = Callable[..., AbstractAsyncContextManager[Connection]]


@pytest.fixture
def opened(service: Service, moment: Moment, events: list[WireEvent]) -> Open:
    """Opens a connection to the scripted service, in virtual time."""

    def call(**options: Any) -> AbstractAsyncContextManager[Connection]:
        chosen = {"app": service, "timing": moment.timing(), "on_event": events.append} | options
        return connect("http://sandbox", TOKEN, **chosen)

    return call


@pytest.fixture
def waits(events: list[WireEvent]) -> Callable[[], list[float]]:
    return lambda: [round(event.seconds, 3) for event in events if isinstance(event, Waiting)]


@pytest.fixture
def statuses(events: list[WireEvent]) -> Callable[[], list[int]]:
    return lambda: [event.status for event in events if isinstance(event, Exchanged)]


@contextmanager
def _listening(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on loopback that does with each connection as told; the host to give."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(2)
                    behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.fixture
def listening() -> Callable[[Callable[[socket.socket], None]], AbstractAsyncContextManager[str]]:
    return _listening  # type: ignore[return-value]
