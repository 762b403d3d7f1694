"""A service with rate limits, and clients that share them, in time that passes only when all sleep."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import anyio

from reconciler.live.exchange import Answer, Exchanged, Request, Timing, Waiting, WireEvent
from reconciler.live.pacing import FairPacer
from reconciler.live.retry import Sender
from reconciler.model.errors import ReconcilerError

EPOCH = 1_790_000_000.0


class _Selector(selectors.SelectSelector):
    """Never blocks: where it would, the time that it would block for has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is moved by sleeping alone."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run(world: Callable[[], Awaitable[None]]) -> None:
    """Run in virtual time to the end."""
    anyio.run(world, backend="asyncio", backend_options={"loop_factory": VirtualLoop})


@dataclass
class Limiter:
    """Rate limits of a service. Windows are of its own clock."""

    limit: int = 100
    route_limit: int = 1_000_000
    length: float = 10.0
    skew: float = 0.0
    """How far the service's clock is ahead."""
    phase: float = -1
    """How far into a window the simulation begins; by chance where negative."""
    sliding: bool = False
    headers: str = "all"
    """`all`, `none`, `constant` (the limit instead of the remainder), `retry-after` (with a 429 nothing else),
    `past` (a reset in the past), `garbage`."""
    date: bool = False
    admitted: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _window: int = -1
    _account: int = 0
    _routes: Counter[str] = field(default_factory=Counter)
    _recent: deque[float] = field(default_factory=deque)

    def take(self, client: str, route: str, now: float) -> Answer:
        """Count a request, or refuse it."""
        at = EPOCH + self.phase + now  # windows do not move with the clock's error: only what is told does
        window = int(at // self.length)
        if window != self._window:
            self._window, self._account = window, 0
            self._routes.clear()
        while self._recent and self._recent[0] <= at - self.length:
            self._recent.popleft()
        used = len(self._recent) if self.sliding else self._account
        admitted = used < self.limit and self._routes[route] < self.route_limit
        if admitted:
            self._account += 1
            self._routes[route] += not self.sliding
            self._recent.append(at)
            self.admitted[client, window] += 1
        else:
            self.refused[client] += 1
        used = len(self._recent) if self.sliding else self._account
        reset = at + self.length if self.sliding else (window + 1) * self.length
        told = self._told(
            admitted=admitted,
            left=self.limit - used,
            route=self.route_limit - self._routes[route],
            reset=reset + self.skew,
            until=reset - at,
        )
        if self.date:
            told["date"] = formatdate(at + self.skew, usegmt=True)
        return Answer(200 if admitted else 429, {}, headers=told)

    def _told(self, *, admitted: bool, left: int, route: int, reset: float, until: float) -> dict[str, str]:
        if self.headers == "none":
            return {}
        if self.headers == "garbage":
            return {
                "x-ratelimit-global-remaining": "many",
                "x-ratelimit-route-remaining": "-1",
                "x-ratelimit-reset": "soon",
                "retry-after": "later",
            }
        if self.headers == "retry-after" and not admitted:
            return {"retry-after": str(max(1, round(until + 0.5)))}
        if self.headers == "constant":
            left, route = self.limit, self.route_limit
        if self.headers == "past":
            reset -= self.length + 1
        return {
            "x-ratelimit-global-remaining": str(left),
            "x-ratelimit-route-remaining": str(route),
            "x-ratelimit-reset": str(round(reset * 1000)),
        }


@dataclass
class Report:
    """What became of a run."""

    reached: float
    """What we were admitted, as a share of what the limit and others left, over all full windows."""
    own: float
    """The share of our requests that was answered 429."""
    others: float
    """The same of the other client's."""
    seconds: float
    sent: int
    waits: list[Waiting]
    slept: list[float]
    failed: list[ReconcilerError]


@dataclass
class Scenario:
    """A job of many requests against a limiter, beside another client or not."""

    limiter: Limiter
    requests: int = 1000
    at_once: int | None = None
    """How many requests wait at once; all where None."""
    concurrency: int = 8
    others: float = 0.0
    """Requests that the other client sends, evenly, in one window."""
    burst: int = 1
    """How many of them come together."""
    latency: float = 0.08
    route: Callable[[int], str] = lambda _: "GET"
    seed: int = 1
    until: float = float("inf")

    def play(self) -> Report:
        """Run the job to its end."""
        chance = random.Random(self.seed)
        if self.limiter.phase < 0:
            self.limiter.phase = chance.random() * self.limiter.length
        play = _Play(self, chance)
        run(play.everyone)
        return play.report()


@dataclass
class _Play:
    scenario: Scenario
    chance: random.Random
    events: list[WireEvent] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    failed: list[ReconcilerError] = field(default_factory=list)
    ended: float = 0.0

    async def everyone(self) -> None:
        async with anyio.create_task_group() as group:
            if self.scenario.others:
                group.start_soon(self.others)
            await self.job()
            self.ended = self.clock()
            group.cancel_scope.cancel()

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.sleep(seconds)

    async def others(self) -> None:
        gap = self.scenario.limiter.length / self.scenario.others * self.scenario.burst
        await anyio.sleep(gap * self.chance.random())
        while True:
            for _ in range(self.scenario.burst):
                self.scenario.limiter.take("others", "other", self.clock())
            await anyio.sleep(gap)

    async def job(self) -> None:
        asked = self.scenario
        timing = Timing(
            clock=self.clock,
            epoch=lambda: EPOCH + asked.limiter.phase + self.clock(),
            sleep=self.sleep,
            random=self.chance.random,
        )
        send = Sender(
            self.attempt,
            pacer=FairPacer(timing, self.events.append, concurrency=asked.concurrency, until=asked.until),
            concurrency=asked.concurrency,
            timing=timing,
            secrets=tuple,
            on_event=self.events.append,
            until=asked.until,
        )
        places = anyio.CapacityLimiter(asked.at_once or asked.requests)

        async def one(number: int) -> None:
            async with places:
                try:
                    await send(Request(asked.route(number), "/api/v2/projects"))
                except ReconcilerError as error:
                    self.failed.append(error)

        async with anyio.create_task_group() as group:
            for number in range(asked.requests):
                group.start_soon(one, number)

    async def attempt(self, request: Request) -> Answer:
        await anyio.sleep(self.scenario.latency * (0.3 + 0.4 * self.chance.random()))
        answer = self.scenario.limiter.take("own", request.method, self.clock())
        await anyio.sleep(self.scenario.latency * (0.3 + 0.4 * self.chance.random()))
        return answer

    def report(self) -> Report:
        limiter = self.scenario.limiter
        first, last = (int((EPOCH + limiter.phase + at) // limiter.length) for at in (0, self.ended))
        windows = range(first + 1, last)
        own = sum(limiter.admitted["own", window] for window in windows)
        tries = sum(isinstance(event, Exchanged) for event in self.events)
        theirs = sum(count for (client, _), count in limiter.admitted.items() if client == "others")
        left = (limiter.limit - self.scenario.others) * len(windows)
        return Report(
            reached=own / left if left else 1.0,
            own=limiter.refused["own"] / max(1, tries),
            others=limiter.refused["others"] / max(1, theirs + limiter.refused["others"]),
            seconds=self.ended,
            sent=tries,
            waits=[event for event in self.events if isinstance(event, Waiting)],
            slept=self.slept,
            failed=self.failed,
        )
