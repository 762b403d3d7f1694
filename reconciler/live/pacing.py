"""When the next request may go out: one object, asked before each and told of each answer.

This is its simplest right form: a 429 pauses everyone. What the headers of API 2 say about the budget
that is left comes with every answer, for a pacer that needs no 429 to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final, Protocol

from reconciler.live.exchange import Answer, OnEvent, Request, Timing, Waiting

LONGEST: Final = 60.0
"""Seconds: no header makes us wait longer at a time."""
JITTER: Final = 0.2
"""The part of a wait that may come on top of it, by chance."""


class Pacer(Protocol):
    """Decides when requests go out. One for a connection, so that all keep to it."""

    async def before(self, request: Request) -> None:
        """Returns once the request may be sent; called for each try."""

    def after(self, request: Request, answer: Answer | None) -> None:
        """Hears what came of a try for which `before` returned; None where there was no answer."""


class SharedPause:
    """A `Pacer` that lets everything pass, and after a 429 nothing until the wait is over."""

    def __init__(self, timing: Timing, on_event: OnEvent) -> None:
        self._timing = timing
        self._on_event = on_event
        self._until = 0.0
        self._spread = 0.0
        self._streak = 0

    async def before(self, request: Request) -> None:  # noqa: ARG002 - a pause is for all alike
        """Waits out the pause, and some jitter, so that not all start again at the same moment."""
        while (left := self._until - self._timing.clock()) > 0:
            await self._timing.sleep(left + self._timing.random() * self._spread)

    def after(self, request: Request, answer: Answer | None) -> None:  # noqa: ARG002
        """Takes a 429 as the start of a pause; one for a request sent before it may make it longer."""
        now = self._timing.clock()
        paused = now < self._until
        if answer is None:
            return
        if answer.status != 429:
            # An answer during a pause was sent before it, and says nothing about the limit now.
            self._streak = self._streak if paused else 0
            return
        if not paused:
            self._streak += 1
        seconds = wait_after_429(answer.headers, self._streak, self._timing.epoch())
        if now + seconds > self._until + 0.05:
            self._until, self._spread = now + seconds, seconds * JITTER
            self._on_event(Waiting(seconds, "LaunchDarkly's rate limit is reached"))


def wait_after_429(headers: Mapping[str, str], streak: int, epoch: float) -> float:
    """Seconds to wait after the `streak`th 429 in a row, counted from 1, where it is `epoch` now (API 2).

    The reset can lie in the past, or the clocks can differ: then the waits grow from 0.2 s, or twelve
    tries would be over before the window is.
    """
    asked = retry_after(headers, epoch)
    if asked is None:
        reset = _number(headers.get("x-ratelimit-reset", ""))
        asked = None if reset is None else reset / 1000 - epoch
    if asked is None:
        return growing(0.5, streak - 1, 10)
    return min(max(asked, growing(0.2, streak - 1, 10)), LONGEST)


def retry_after(headers: Mapping[str, str], epoch: float) -> float | None:
    """The seconds that `Retry-After` asks for, from a number or a date; None where it has neither."""
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is in UTC here as everywhere in HTTP, not in this machine's zone.
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - epoch


def growing(first: float, times: int, cap: float) -> float:
    """`first`, doubled so many times, in seconds, at most `cap`."""
    return float(min(first * 2 ** min(times, 30), cap))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None
