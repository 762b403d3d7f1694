"""How close the pacer comes to a rate limit that it is not told, and what that costs another client.

1,000 reads and 300 writes go through our client to the sandbox in this process, whose windows have room for
100 requests. LaunchDarkly's windows last 10 seconds; these, and the time to an answer, are shorter by a
stated factor. The job runs alone, and beside a client without any pacing that sends 30 requests a window,
evenly.

What is printed are ratios. Not measured: TLS, a real network, LaunchDarkly's real limits, which are not
published.

    python benchmarks/pacing.py [--factor 10] [--reads 1000] [--writes 300]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final

import anyio
import httpx

from reconciler.live.client import connect
from reconciler.live.exchange import Waiting, WireEvent
from reconciler.live.in_process import App
from reconciler.model.document import Json
from reconciler.sandbox.app import create_app
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

LIMIT: Final = 100
"""Requests in a window."""
OTHERS: Final = 30
"""Requests that the other client sends in a window."""
LENGTH: Final = 10.0
"""Seconds: LaunchDarkly's windows, to be divided by the factor."""
LATENCY: Final = 0.08
"""Seconds from a request to its answer, likewise."""

PROJECT: Final = "/api/v2/projects/benchmark"
OURS: Final = "api-ours"
THEIRS: Final = "api-theirs"


class Meter:
    """The app at some distance, counting what it answers to whom in which window."""

    def __init__(self, app: App, latency: float) -> None:
        self._app = app
        self._latency = latency
        # By token and by the reset that names the window.
        self._admitted: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        token = dict(scope["headers"])[b"authorization"].decode()

        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                reset = dict(message["headers"])[b"x-ratelimit-reset"].decode()
                counter = self._refused if message["status"] == 429 else self._admitted
                counter[token, reset] += 1
            await send(message)

        await anyio.sleep(self._latency / 2)
        await self._app(scope, receive, counted)
        await anyio.sleep(self._latency / 2)

    def share_refused(self, token: str) -> float:
        """The part of a client's requests that was answered 429."""
        refused = sum(count for (name, _), count in self._refused.items() if name == token)
        admitted = sum(count for (name, _), count in self._admitted.items() if name == token)
        return refused / max(1, refused + admitted)

    def share_reached(self) -> float:
        """The part that we used of what the other client left, over all windows but our first and last."""
        windows = sorted({reset for name, reset in self._admitted if name == OURS})[1:-1]
        used = sum(self._admitted[OURS, reset] for reset in windows)
        theirs = sum(self._admitted[THEIRS, reset] + self._refused[THEIRS, reset] for reset in windows)
        return used / max(1, LIMIT * len(windows) - theirs)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run came to. What is a share is a part of one."""

    reached: float
    own_429: float
    others_429: float
    windows: float
    """How many windows long the job took."""
    least: float
    """How many it takes at least, if it begins with a new one."""
    waits: int
    """How often the user was told of a wait."""


async def measure(*, reads: int, writes: int, others: int, factor: float) -> Figures:
    """Run the job once, beside a client that sends so many requests a window."""
    length = LENGTH / factor
    told: list[WireEvent] = []
    with Store(None) as store:
        async with connect("http://sandbox", OURS, app=create_app(store)) as unlimited:
            environment: Json = {"key": "test", "name": "Test", "color": "417505"}
            project: Json = {"key": "benchmark", "name": "Benchmark", "environments": [environment]}
            await unlimited.writer.post("/api/v2/projects", project)
        limited = create_app(store, options=Options(global_limit=LIMIT, window_seconds=length))
        meter = Meter(limited, LATENCY / factor)
        async with (
            connect("http://sandbox", OURS, app=meter, on_event=told.append) as connection,
            anyio.create_task_group() as beside,
        ):
            if others:
                beside.start_soon(_send_evenly, meter, length / others)
                await anyio.sleep(length)
            start = monotonic()
            async with anyio.create_task_group() as job:
                for _ in range(reads):
                    job.start_soon(connection.reader.get, PROJECT)
                for number in range(writes):
                    patch: Json = [{"op": "replace", "path": "/name", "value": f"Benchmark {number}"}]
                    job.start_soon(connection.writer.patch, PROJECT, patch)
            seconds = monotonic() - start
            beside.cancel_scope.cancel()
    return Figures(
        reached=meter.share_reached(),
        own_429=meter.share_refused(OURS),
        others_429=meter.share_refused(THEIRS),
        windows=seconds / length,
        least=(reads + writes) / (LIMIT - others) - 1,
        waits=sum(isinstance(event, Waiting) for event in told),
    )


async def _send_evenly(app: App, gap: float) -> None:
    """A client that sends a request every `gap` seconds, whatever it is answered."""
    async with (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://sandbox", headers={"Authorization": THEIRS}
        ) as client,
        anyio.create_task_group() as group,
    ):
        due = monotonic()
        while True:
            group.start_soon(client.get, PROJECT)
            due = max(due + gap, monotonic())  # no burst where the machine came to a halt
            await anyio.sleep(max(0.0, due - monotonic()))


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How close the pacer comes to a rate limit.")
    parser.add_argument("--factor", type=float, default=10, help="how much shorter windows are than 10 s")
    parser.add_argument("--reads", type=int, default=1000)
    parser.add_argument("--writes", type=int, default=300)
    chosen = parser.parse_args(arguments)
    print(  # noqa: T201
        f"{chosen.reads} reads and {chosen.writes} writes, {LIMIT} requests in a window, the sandbox in this "
        f"process; windows of {LENGTH / chosen.factor:g} s and answers after "
        f"{LATENCY / chosen.factor * 1000:g} ms, which is {LENGTH:g} s and {LATENCY * 1000:g} ms "
        f"shortened by the factor {chosen.factor:g}"
    )
    for name, others in (("alone", 0), (f"beside {OTHERS} requests a window", OTHERS)):
        run = partial(measure, reads=chosen.reads, writes=chosen.writes, others=others, factor=chosen.factor)
        found = anyio.run(run)
        theirs = f", the other's 429 {found.others_429:.2%}" if others else ""
        print(  # noqa: T201
            f"{name}: reached {found.reached:.1%} of what is left, own 429 {found.own_429:.2%}{theirs}; "
            f"{found.windows:.1f} windows (at least {found.least:.1f}), {found.waits} waits shown"
        )


if __name__ == "__main__":
    main()
