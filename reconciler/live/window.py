"""The service's rate limit window on this process's clock.

A window is known by its end, which the service tells by its own clock. How far that clock is from
ours lies in an interval that answers narrow: a window had not ended when a request was sent that it still
counted, and had ended when an answer names a later one. So clocks that differ do no harm, nor does a reset
that is always in the past: it is a name for the window, and what counts is when it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Final

DOCUMENTED: Final = 10.0
"""Seconds: how long a window is until another length is seen."""
LONGEST: Final = 60.0
"""Seconds: how long a window is taken to be at most."""
SAME: Final = 0.1
"""Seconds: resets that differ by less name the same window. Some services work them out anew each time."""
SLACK: Final = 0.1
"""The part of a window by which a clock is off without meaning anything."""
SURE: Final = 0.02
"""The part of a window to which its end should be known."""


class Heard(Enum):
    """What an answer says about the window."""

    SAME = auto()
    """It is the one that is known."""
    MOVED = auto()
    """It is, but its end moved on: a window that slides."""
    TURNED = auto()
    """It is a new one."""
    STALE = auto()
    """It was one before: the answer was overtaken."""


@dataclass(frozen=True, slots=True)
class Sight:
    """When an answer was under way, and the times it names."""

    sent: float
    """By our clock, as `received`."""
    received: float
    reset: float
    """By the service's clock, as `date`."""
    date: float | None
    """Cut to whole seconds."""
    skew: float
    """Our clock less the time since 1970 by this machine: how far the service's clock is off, if both go right."""


class Window:
    """The window that is under way, as far as answers tell. All times are seconds by our clock."""

    __slots__ = (
        "_date_high", "_date_low", "_high", "_low", "_measured", "_reset", "_shown", "_since", "_skew", "_trip", "length",
        "number",
    )  # fmt: skip

    def __init__(self) -> None:
        self.number = 0
        """Counts windows; 0 until one is known."""
        self.length = DOCUMENTED
        self._measured = False
        self._reset = 0.0
        # When the first answer came that names this window, and when the last request was sent that it counted.
        self._since = 0.0
        self._shown = 0.0
        self._skew = 0.0
        self._trip = 0.0
        # Our clock less the service's is at least low and at most high; so too by the dates alone.
        self._low, self._high = -inf, inf
        self._date_low, self._date_high = -inf, inf

    def hear(self, sight: Sight, *, fresh: bool) -> Heard:
        """Take in an answer; `fresh` where what remains is clearly more than before."""
        self._skew, self._trip = sight.skew, sight.received - sight.sent
        if sight.date is not None:
            self._hear_date(sight, sight.date)
        heard = self._compare(sight, fresh=fresh)
        if heard is Heard.STALE:
            return heard
        if heard is not Heard.SAME:
            self._reset, self._since, self._shown = sight.reset, sight.received, sight.sent
        self._shown = max(self._shown, sight.sent)
        self.number += heard is Heard.TURNED
        self._low = max(self._low, sight.sent - sight.reset)
        if self._low > self._high:  # a clock was set, or an answer lied: the latest word counts
            self._high = inf
        stood = sight.sent - self._since
        if stood > self.length:
            # Windows are longer than thought; perhaps as long as this machine's clock makes them.
            self.length = min(max(1.5 * stood, self._reset + self._skew - self._since), LONGEST)
            self._measured = False
        return heard

    def _compare(self, sight: Sight, *, fresh: bool) -> Heard:
        if not self.number:
            return Heard.TURNED
        later = sight.reset - self._reset
        if abs(later) < SAME:
            return Heard.SAME
        if later < 0:
            if sight.sent <= self._since:
                return Heard.STALE
            self._low, self._high = -inf, inf  # the service's clock was put back
            return Heard.TURNED
        if not fresh and sight.received < self.ends - SLACK * self.length:
            return Heard.MOVED
        if later >= 2 * SAME:
            # More than one window may have passed in between.
            self.length = min(later, self.length if self._measured else LONGEST)
            self._measured = True
        self._high = min(self._high, sight.received - self._reset)
        if self._low > self._high:
            self._low = -inf
        return Heard.TURNED

    def _hear_date(self, sight: Sight, date: float) -> None:
        low, high = sight.sent - date - 1, sight.received - date
        self._date_low, self._date_high = max(self._date_low, low), min(self._date_high, high)
        if self._date_low > self._date_high:
            self._date_low, self._date_high = low, high

    @property
    def _dated(self) -> bool:
        """Whether there are dates, and what was seen of windows does not belie them."""
        return max(self._low, self._date_low) <= min(self._high, self._date_high) < inf

    @property
    def guessed(self) -> bool:
        """Whether only this machine's clock tells when the window ends."""
        return self._high == inf and not self._dated

    @property
    def sure(self) -> bool:
        """Whether the window's end is known well enough to spend all until then."""
        # It can't be known better than to the time that an answer takes.
        return not self.guessed and self.over - self.ends <= max(SURE * self.length, 2 * self._trip)

    @property
    def ends(self) -> float:
        """The earliest end of the window; where only clocks tell, the likeliest."""
        if self.guessed:
            offset = max(self._skew, self._low)
        else:
            offset = max(self._low, self._date_low) if self._dated else self._low
        return min(self._reset + offset, self._since + self.length)

    @property
    def over(self) -> float:
        """The latest end of the window: from then on it is another one."""
        high = min(self._high, self._date_high) if self._dated else self._high
        return max(min(self._reset + high, self._since + self.length), self._shown)

    def lasts(self, now: float) -> float:
        """The seconds over which to spread what is left."""
        if now < self.ends:
            return self.ends - now
        if now < self.over:
            return self.over - now
        length = self.length if self._measured else min(self.length, self.extent)
        return length - (now - self.over) % length

    @property
    def extent(self) -> float:
        """The seconds of the window that there are to see, from the first answer in it."""
        return max(SAME, (self.ends if self._since < self.ends else self.over) - self._since)

    def look(self) -> float:
        """When to look whether there is a new window, if this one has nothing left."""
        if not self.guessed:
            return self.over
        expected = max(self._reset + self._skew, self._since)
        if self._shown <= expected:
            return min(self.over, expected + SURE * self.extent + self._trip)
        # The longer the end is overdue by the clock, the less that can be trusted.
        return min(self.over, self._shown + max(min(1.0, SLACK * self.length), self._shown - expected))

    def epoch(self, now: float) -> float:
        """The time by the service's clock; where the two clocks differ, its reset is over by now at the latest."""
        return self._reset - (self.over if not self.guessed else self.ends) + now
