"""Rate limits: fixed windows of the wall clock, counted for the account and for each route.

Source: LaunchDarkly API documentation, "Rate limiting". The live numbers are not published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, final

from reconciler.sandbox.options import Options

_PLENTY: Final = 10_000
"""What is said to remain where there is no limit."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a window leaves, after a call was counted."""

    admitted: bool
    account: int
    route: int
    reset: int
    """The end of the window, in Unix milliseconds."""

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The three headers that stand on every answer."""
        return (
            ("X-Ratelimit-Global-Remaining", str(self.account)),
            ("X-Ratelimit-Route-Remaining", str(self.route)),
            ("X-Ratelimit-Reset", str(self.reset)),
        )


@final
class Windows:
    """The current window's calls. They are this process's own: a world in a file shares no budget."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._length = max(1, round(options.window_seconds * 1000))
        self._reset = 0
        self._account = 0
        self._routes: Counter[str] = Counter()

    def count(self, route: str | None, now: int) -> Budget:
        """Count a call, first for the account, then for its route; a refused one is not counted.

        `now` is in Unix milliseconds; a call whose path is unknown has no route.
        """
        self._turn(now)
        account = _left(self._options.global_limit, self._account)
        by_route = _left(self._options.route_limit, self._routes[route] if route else 0)
        admitted = account > 0 and (by_route > 0 or route is None)
        if admitted:
            self._account += 1
            if route:
                self._routes[route] += 1
        return self._budget(route, admitted=admitted)

    def peek(self, now: int) -> Budget:
        """The budget as it stands, for an answer to somebody whose calls are not counted."""
        self._turn(now)
        return self._budget(None, admitted=True)

    def _budget(self, route: str | None, *, admitted: bool) -> Budget:
        return Budget(
            admitted,
            _left(self._options.global_limit, self._account),
            _left(self._options.route_limit, self._routes[route] if route else 0),
            self._reset,
        )

    def _turn(self, now: int) -> None:
        reset = (now // self._length + 1) * self._length
        if reset != self._reset:
            self._reset = reset
            self._account = 0
            self._routes.clear()


def _left(limit: int | None, used: int) -> int:
    return _PLENTY if limit is None else max(0, limit - used)
