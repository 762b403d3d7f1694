"""What an answer says about rate limits, read tolerantly, and how long a 429 makes us wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Final

LONGEST: Final = 60.0
"""Seconds: no header makes us wait longer at a time."""
JITTER: Final = 0.2
"""The part of a wait that may come on top of it, by chance."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate limit headers of an answer; None for each that is missing or can't be read."""

    account: int | None
    """Requests that the account has left in this window."""
    route: int | None
    """Requests that this route has left in it."""
    reset: float | None
    """The end of the window, in seconds since 1970 by the service's clock; may lie in the past."""
    date: float | None
    """When the service answered, by its clock, cut to whole seconds."""


def limits(headers: Mapping[str, str]) -> Limits:
    """What the headers, by names in lower case, say about the budget that is left."""
    reset = _number(headers.get("x-ratelimit-reset", ""))
    return Limits(
        _count(headers.get("x-ratelimit-global-remaining", "")),
        _count(headers.get("x-ratelimit-route-remaining", "")),
        None if reset is None else reset / 1000,
        _date(headers.get("date", "")),
    )


def wait_after_429(headers: Mapping[str, str], streak: int, epoch: float) -> float:
    """Seconds to wait after the `streak`th 429 in a row, counted from 1, where it is `epoch` now.

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
    date = _date(text)
    return None if date is None else date - epoch


def growing(first: float, times: int, cap: float) -> float:
    """`first`, doubled so many times, in seconds, at most `cap`."""
    return float(min(first * 2 ** min(times, 30), cap))


class Pause:
    """What 429s have brought about: nothing is sent for a while, and then one request first."""

    __slots__ = ("_spread", "_streak", "until")

    def __init__(self) -> None:
        self.until = -inf
        """By our clock, in seconds."""
        self._spread = 0.0
        self._streak = 0

    def limited(self, headers: Mapping[str, str], sent: float, now: float, epoch: float) -> float:
        """Take in a 429 for a request of `sent`, at `now`, which is `epoch` by the service's clock.

        The seconds of the pause where it is new or became longer, else 0: several 429s of one pause are
        one reason to wait.
        """
        if sent >= self.until:
            self._streak += 1
        seconds = wait_after_429(headers, self._streak, epoch)
        if now + seconds <= self.until + 0.05:
            return 0.0
        self.until, self._spread = now + seconds, seconds * JITTER
        return seconds

    def passed(self, sent: float) -> None:
        """Take in another answer; one for a request from before the pause says nothing about the limit now."""
        if sent >= self.until:
            self._streak = 0

    def wait(self, now: float, chance: float) -> float:
        """Seconds until the next request, with jitter, so that not all start again at the same moment."""
        return self.until - now + chance * self._spread if now < self.until else 0.0

    @property
    def tested(self) -> bool:
        """Whether it is still to be shown that the pause was long enough."""
        return self._streak > 0

    def tried(self, sent: float) -> bool:
        """Whether a request under way since `sent` is the one that shows if the pause was long enough."""
        return self._streak > 0 and sent >= self.until


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None


@lru_cache(maxsize=8)  # many answers of a connection share a second, and reading a date takes long
def _date(text: str) -> float | None:
    """Seconds since 1970; a date without a zone is in UTC here as everywhere in HTTP, not in this machine's."""
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
