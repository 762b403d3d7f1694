"""When the next request may go out: one object for the process, asked before each and told of each answer.

The service says with its answers how many requests are left, for the account and for the route, and until
when. What fits goes out at once; more than that is spread over the rest of the window, after what
others have been using. No limit needs to be configured, and where the service says nothing, a 429 pauses
everyone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

import anyio

from reconciler.live.budget import Budget
from reconciler.live.exchange import Answer, OnEvent, Request, Timing, Waiting
from reconciler.live.ratelimit import JITTER, LONGEST, Limits, Pause, limits
from reconciler.live.window import Heard, Sight, Window
from reconciler.model.errors import OutOfTime

FIXED_SEGMENTS: Final = 3
"""How many segments of a path are the same for all requests of a route: `/api/v2/projects`."""
SHORTEST: Final = 0.001
"""Seconds: nobody sleeps shorter."""

SHOWN: Final = 0.1
"""The part of a window from which a wait for its end is shown."""

_REACHED: Final = "LaunchDarkly's rate limit is reached"


class Pacer(Protocol):
    """Decides when requests go out. One for a connection, so that all keep to it."""

    async def before(self, request: Request) -> None:
        """Returns once the request may be sent; called for each try. Raises `OutOfTime` where it never may."""

    def after(self, request: Request, answer: Answer | None) -> None:
        """Hears what came of a try for which `before` returned; None where there was no answer."""


@dataclass(slots=True)
class _Lane:
    """The requests of one route, each waiting for its turn."""

    name: str
    budget: Budget = field(default_factory=Budget)
    pause: Pause = field(default_factory=Pause)
    taken: bool = False
    """Whether somebody is first in line: only that one looks at the clock."""
    line: deque[anyio.Event] = field(default_factory=deque)

    async def enter(self, *, first: bool) -> None:
        """Wait for the turn; `first` before all others who wait for it."""
        if not self.taken:
            self.taken = True
            return
        turn = anyio.Event()
        (self.line.appendleft if first else self.line.append)(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.leave()
            else:
                self.line.remove(turn)
            raise

    def leave(self) -> None:
        """Let the next one have its turn."""
        if self.line:
            self.line.popleft().set()
        else:
            self.taken = False


class FairPacer:
    """A `Pacer` that comes close to the rate limit without knowing it, and leaves others what they use."""

    def __init__(
        self, timing: Timing, on_event: OnEvent, *, concurrency: int = 8, until: float = inf
    ) -> None:
        """At most `concurrency` requests at once, so that none waits once it may be sent; none from `until` on."""
        self._timing = timing
        self._on_event = on_event
        self._concurrency = concurrency
        self._until = until
        self._window = Window()
        self._account = Budget()
        self._pause = Pause()
        self._lanes: dict[tuple[str, ...], _Lane] = {}
        self._sent: dict[int, tuple[float, _Lane]] = {}
        self._limited: deque[Request] = deque(maxlen=2 * concurrency)
        self._asleep: list[anyio.CancelScope] = []
        self._room: anyio.Event | None = None
        self._heard = False
        self._told_until = -inf

    async def before(self, request: Request) -> None:
        """Returns once the request may be sent. Raises `OutOfTime` where that would be too late."""
        lane = self._lane(request)
        again = request in self._limited
        if again:
            self._limited.remove(request)
        self._account.join()
        lane.budget.join()
        try:
            await lane.enter(first=again)
            try:
                await self._turn(lane, request)
            finally:
                lane.leave()
        finally:
            self._account.leave()
            lane.budget.leave()
        now = self._timing.clock()
        self._sent[id(request)] = (now, lane)
        self._account.grant(now)
        lane.budget.grant(now)

    async def _turn(self, lane: _Lane, request: Request) -> None:
        """Wait as the first in line."""
        while True:
            now = self._timing.clock()
            wait, why = self._wait(lane, now)
            if now + (0 if wait == inf else wait) >= self._until:
                held = "; LaunchDarkly's rate limit held it up" if wait else ""
                raise OutOfTime(
                    f"{request} was not sent, since the time for the whole run (--timeout) is over{held}: "
                    "run again, or allow more time",
                    sent=False,
                )
            if wait == 0:
                return
            if wait == inf:
                self._room = self._room or anyio.Event()
                await self._room.wait()
                continue
            if why is not None and now >= self._told_until:
                self._tell(why, lane, now, wait)
            with anyio.CancelScope() as asleep:
                self._asleep.append(asleep)
                try:
                    await self._timing.sleep(min(max(wait, SHORTEST), LONGEST))
                finally:
                    self._asleep.remove(asleep)

    def _wait(self, lane: _Lane, now: float) -> tuple[float, Budget | None]:
        """Seconds to wait and the budget that is scarce; infinite until something under way is over."""
        chance = self._timing.random()
        if paused := max(self._pause.wait(now, chance), lane.pause.wait(now, chance)):
            return paused, None
        in_flight = self._account.in_flight
        if in_flight >= self._concurrency or (in_flight and not self._heard) or self._on_trial(lane):
            return inf, None
        wait, scarce = self._account.wait(now, self._window), self._account
        if (by_route := lane.budget.wait(now, self._window)) > wait:
            wait, scarce = by_route, lane.budget
        return wait if wait == inf else wait + chance * JITTER * min(wait, 1), scarce

    def _on_trial(self, lane: _Lane) -> bool:
        """Whether a request is under way that shows if a pause was long enough."""
        return (self._pause.tested or lane.pause.tested) and any(
            self._pause.tried(sent) or (of is lane and lane.pause.tried(sent))
            for sent, of in self._sent.values()
        )

    def _tell(self, scarce: Budget, lane: _Lane, now: float, wait: float) -> None:
        """Show that requests wait for the window to end: once for all of them and the whole window."""
        due = self._window.ends <= now < self._window.over
        seconds = wait if due else self._window.lasts(now)
        if seconds < SHOWN * self._window.length:
            return
        self._told_until = now + seconds
        limit = "rate limit" if scarce is self._account else f"rate limit for {lane.name}"
        room = min(max(0, int(scarce.ours(now, self._window))), scarce.queued - 1)
        self._on_event(
            Waiting(
                seconds,
                f"LaunchDarkly's {limit} leaves room for {room} of the {scarce.queued} requests that wait",
            )
        )

    def after(self, request: Request, answer: Answer | None) -> None:
        """Learns from the answer what is left, and until when."""
        now = self._timing.clock()
        sent, lane = self._sent.pop(id(request))
        self._heard = True
        told = limits({} if answer is None else answer.headers)
        admitted = answer is None or answer.status != 429
        self._count(lane, told, sent, now, admitted=admitted)
        if self._room is not None:
            self._room.set()
            self._room = None
        if answer is None:
            return
        if admitted:
            self._pause.passed(sent)
            lane.pause.passed(sent)
            return
        self._limited.append(request)
        route_only = told.route == 0 and (told.account or 0) > 0 and "retry-after" not in answer.headers
        pause = lane.pause if route_only else self._pause
        epoch = self._timing.epoch() if told.reset is None else self._window.epoch(now)
        if seconds := pause.limited(answer.headers, sent, now, epoch):
            self._told_until = max(self._told_until, now + seconds)
            self._on_event(Waiting(seconds, _REACHED))

    def _count(self, lane: _Lane, told: Limits, sent: float, now: float, *, admitted: bool) -> None:
        remains = ((self._account, told.account), (lane.budget, told.route))
        heard = None
        if told.reset is not None:
            fresh = any(budget.fresh(remaining) for budget, remaining in remains)
            skew = now - self._timing.epoch()
            heard = self._window.hear(Sight(sent, now, told.reset, told.date, skew), fresh=fresh)
            if heard is Heard.TURNED:  # perhaps earlier than it was waited for
                self._told_until = min(self._told_until, now + self._window.lasts(now))
                for asleep in self._asleep:
                    asleep.cancel()
        for budget, remaining in remains:
            budget.end()
            if heard is None or remaining is None:
                budget.miss(counted=admitted)
            else:
                budget.hear(remaining, heard, self._window.number, now, counted=admitted)

    def _lane(self, request: Request) -> _Lane:
        """The lane of a request's route: verb and URL pattern, of which we know only paths."""
        segments = request.path.split("/")
        fixed = segments[: FIXED_SEGMENTS + 1]
        key = (request.method, str(len(segments)), *fixed)
        lane = self._lanes.get(key)
        if lane is None:
            dynamic = ["*"] * (len(segments) - len(fixed))
            lane = self._lanes[key] = _Lane(f"{request.method} {'/'.join([*fixed, *dynamic])}")
        return lane
