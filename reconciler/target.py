"""Targets: the LaunchDarkly that plans are made and applied against, or the sandbox in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from reconciler.model.errors import UsageError
from reconciler.model.secrets import Secrets

if TYPE_CHECKING:
    from reconciler.live.connection import Connection
    from reconciler.live.exchange import WireEvent
    from reconciler.live.pacing import Pacer

T = TypeVar("T")

SANDBOX_STATE = Path(".reconciler/sandbox.db")
"""Where the embedded LaunchDarkly keeps its world by default."""


@dataclass
class Target:
    """Where plans are made and applied: a LaunchDarkly, or the sandbox in this process."""

    url: str
    token: str = field(repr=False, default="")
    app: Any = field(repr=False, default=None)
    """The sandbox's ASGI app, where it is one."""
    close: Callable[[], None] = field(repr=False, default=lambda: None)
    name: str = ""
    """The host's name, as plans bind to it."""
    concurrency: int = 8
    """Requests at once, at most 16."""
    timeout: float = 30.0
    """Seconds for one try of a request."""
    deadline: float | None = None
    """Seconds for the whole of a plan or an apply."""
    on_event: Callable[[WireEvent], None] | None = field(repr=False, default=None)
    """Hears of every request and every wait."""
    _pacer: Pacer | None = field(repr=False, default=None)
    """One for all that is done with the target, since the rate limit is one."""
    _until: float | None = field(repr=False, default=None)
    """When `deadline` is over, in seconds of `time.monotonic`; it starts with the first request."""

    def run(self, work: Callable[[Connection], Awaitable[T]], secrets: Secrets) -> T:
        """What `work` returns, given an open connection. Values of `secrets` are redacted from errors."""
        import anyio

        from reconciler.live.client import connect as open_connection
        from reconciler.live.exchange import Timing
        from reconciler.live.observe import ungrouped
        from reconciler.live.pacing import FairPacer

        if self.deadline is not None and self._until is None:
            self._until = time.monotonic() + self.deadline
        if self._pacer is None:
            until = math.inf if self._until is None else self._until
            self._pacer = FairPacer(
                Timing(), self.on_event or _unheard, concurrency=self.concurrency, until=until
            )

        async def connected() -> T:
            with ungrouped():
                async with open_connection(
                    self.url,
                    self.token,
                    app=self.app,
                    secrets=secrets.values,
                    concurrency=self.concurrency,
                    timeout=self.timeout,
                    deadline=None if self._until is None else self._until - time.monotonic(),
                    pacer=self._pacer,
                    on_event=self.on_event,
                ) as connection:
                    return await work(connection)

        return anyio.run(connected)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect(host: str = "", token: str = "", *, origin: str = "The access token") -> Target:
    """A LaunchDarkly to work on. Nothing is sent yet.

    `host` is its name, by default `app.launchdarkly.com`; `http://` is for this machine only. `origin`
    says in errors where the token came from. Raises `UsageError` where one of them can't be used.
    """
    from reconciler.live.host import DEFAULT_HOST, base_url, checked_token, shown_host

    url = base_url(host or DEFAULT_HOST)
    return Target(url, checked_token(token, origin), name=shown_host(url))


def connect_sandbox(state: Path | None = SANDBOX_STATE) -> Target:
    """The embedded LaunchDarkly, in this process; `None` keeps its world in memory.

    Raises `UsageError` where the file at `state` is no sandbox's world.
    """
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.store import Store, StoreError

    try:
        store = Store(state)
    except StoreError as error:
        raise UsageError(str(error)) from None
    return Target("http://sandbox", "sandbox", create_app(store), store.close, name="sandbox")


def _unheard(_: object) -> None:
    """Where nobody listens."""
