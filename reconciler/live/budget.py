"""What one rate limit leaves us, without knowing the limit: the account's, or a route's."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final

from reconciler.live.window import Heard, Window

FAIR: Final = 0.75
"""The part of what is left that others are left at most, or two that yield to each other would never move."""
MEMORY: Final = 0.5
"""How much what others used in a window counts one window later."""
PATIENCE: Final = 0.2
"""The part of a window that others must have been watched for, until what they use counts in full."""
FOLLOWERS: Final = 4
"""Requests in two windows that came after another had ended, from which a job counts as one with more to come."""
PROBES: Final = 4
"""Requests kept to find the end of a window with, where it is not known: a tenth of it at most."""


class Others:
    """How fast others use the budget, as an average in which windows fade. In requests and seconds."""

    __slots__ = ("_requests", "_seconds")

    def __init__(self) -> None:
        self._requests = 0.0
        self._seconds = 0.0

    def rate(self, requests: float, seconds: float, patience: float) -> float:
        """Requests a second, where the window under way has shown so many in so long."""
        return max(0.0, self._requests + requests) / max(self._seconds + seconds, patience)

    def remember(self, requests: float, seconds: float) -> None:
        """A window is over in which they used so many."""
        self._requests = max(0.0, self._requests * MEMORY + requests)
        self._seconds = self._seconds * MEMORY + seconds

    def correct(self) -> None:
        """One of the last window's requests turned out to be ours."""
        self._requests = max(0.0, self._requests - 1)


class Budget:
    """What a limit leaves in the window under way, by the answers so far. Times are seconds by our clock."""

    __slots__ = (
        "_ended", "_fell", "_followed", "_granted", "_high", "_high_at", "_low", "_low_at", "_number", "_others",
        "_ours", "_same", "_scarce", "_tops", "_unseen", "in_flight", "queued",
    )  # fmt: skip

    def __init__(self) -> None:
        self.in_flight = 0
        self.queued = 0
        """Requests that wait to be sent."""
        self._others = Others()
        self._tops: deque[int] = deque(maxlen=3)
        self._granted = -inf
        self._number = 0
        self._fell = self._same = False
        # The highest and lowest remainder of the window, and how many answers of ours lie from one to the other.
        self._high = self._low = self._ours = 0
        self._high_at = self._low_at = 0.0
        self._unseen = 0
        # The last window in which requests had to wait, and how many came after another had ended, in it and before.
        self._scarce = -1
        self._ended = 0
        self._followed = deque([0, 0], maxlen=2)

    def fresh(self, remaining: int | None) -> bool:
        """Whether so many left can only mean that a new window has begun."""
        if remaining is None or not self._number:
            return False
        return remaining > self._low + max(1, (max(self._tops) - self._low) // 4)

    def join(self) -> None:
        """A request begins to wait."""
        self.queued += 1
        if self._ended:
            self._ended -= 1
            self._followed[-1] += 1

    def leave(self) -> None:
        """It waits no longer."""
        self.queued -= 1

    def grant(self, now: float) -> None:
        """A request is sent."""
        self._granted = now
        self.in_flight += 1

    def end(self) -> None:
        """It came to something, or to nothing."""
        self.in_flight -= 1
        self._ended = min(self._ended + 1, 2)

    def miss(self, *, counted: bool) -> None:
        """Take in an answer that does not say what is left, or none at all."""
        self._unseen += counted

    def hear(self, remaining: int, heard: Heard, number: int, now: float, *, counted: bool) -> None:
        """Take in an answer in window `number` that left so many; not `counted` where it is a 429."""
        if not counted:
            self._scarce = number
        if heard is Heard.STALE:
            self._others.correct()
        elif number != self._number:
            self._turn(remaining, number, now, counted=counted)
        elif heard is Heard.MOVED:
            self._start(remaining, now, counted=counted)
        else:
            self._fall(remaining, now, counted=counted)

    def _turn(self, remaining: int, number: int, now: float, *, counted: bool) -> None:
        if self._number:
            self._others.remember(max(0, self._unexplained()), self._low_at - self._high_at)
        self._number = number
        self._followed.append(0)
        self._tops.append(remaining)
        self._start(remaining, now, counted=counted)

    def _start(self, remaining: int, now: float, *, counted: bool) -> None:
        self._high = self._low = remaining
        self._high_at = self._low_at = now
        self._ours = int(counted)
        self._unseen = 0

    def _fall(self, remaining: int, now: float, *, counted: bool) -> None:
        if remaining < self._low:
            self._fell, self._same = True, False
        elif remaining == self._low and counted and not self._fell:
            # What counts down never says the same twice: this is the limit, and counting is up to us.
            self._same = True
        self._unseen = self._unseen if self._same else 0
        self._ours += counted
        if remaining <= self._low:
            self._low, self._low_at = remaining, now
        if remaining > self._high:
            self._high, self._high_at = remaining, now
            self._tops[-1] = max(self._tops[-1], remaining)

    def _unexplained(self) -> int:
        """How many requests the service counted in the window that are others', or ours and not yet answered."""
        return 0 if self._same else self._high - self._low + 1 - self._ours

    @property
    def _demand(self) -> float:
        """How many requests are still to come, as far as can be known.

        A job is longer than its queue where requests come as others end. That is held against it once it
        had to wait: a job that fits is not slowed.
        """
        return inf if self._number - self._scarce <= 1 and sum(self._followed) > FOLLOWERS else self.queued

    def left(self, now: float, window: Window) -> int:
        """Requests that may still be sent in the window, if all are ours; an expectation where it is new."""
        if not self._number:
            return 0
        if not self._current(now, window):
            return max(self._tops) - self.in_flight
        return self._heard_left()

    def _heard_left(self) -> int:
        return self._low - self._unseen - (self._ours if self._same else 0) - self.in_flight

    def _current(self, now: float, window: Window) -> bool:
        """Whether the window that was heard of is still under way."""
        return now < window.over and self._number == window.number

    def ours(self, now: float, window: Window) -> float:
        """Requests of what is left that are for us: what others have been using is theirs first."""
        left = self.left(now, window)
        rate = self._others.rate(
            self._unexplained() - self.in_flight, self._low_at - self._high_at, PATIENCE * window.extent
        )
        # Until the window is surely over, and from when we last heard what is left.
        seconds = window.over - self._low_at if self._current(now, window) else window.lasts(now)
        return left - min(rate * seconds, FAIR * left)

    def wait(self, now: float, window: Window) -> float:
        """Seconds until the next request may be sent; 0 for at once, infinite for once one in flight is answered."""
        if not self._number:
            return 0.0
        if self._demand <= (1 - FAIR) * self._heard_left():
            return 0.0  # whatever others use: no need to think on
        ours = self.ours(now, window)
        # Some in flight are among those that are counted already.
        counted = min(self.in_flight, self._unexplained()) if self._current(now, window) else 0
        if self._demand <= ours + counted:
            return 0.0
        self._scarce = window.number
        spare = 0 if window.sure or now >= window.ends else min(PROBES, max(self._tops) // 10)
        probing = window.guessed and now >= window.ends and ours <= PROBES
        if ours - spare >= 1 and not probing:
            # After the last request there is to be a pause too: it could slip into the next window.
            seconds = now + window.lasts(now) - self._granted
            return max(0.0, self._granted + seconds / (ours - spare + 1) - now)
        look = window.ends if spare else window.look()
        if look > now:
            return look - now
        return inf if self.in_flight else 0.0
