"""Headers that a fault, or the form of the rate limits, has an answer say in place of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from reconciler.sandbox.fault_checks import RELATIVE, RESET
from reconciler.sandbox.faults import RateHeaders
from reconciler.sandbox.options import Options

Headers: TypeAlias = tuple[tuple[str, str], ...]
Clock: TypeAlias = Callable[[], int]
"""The service's, in Unix milliseconds."""

_ACCOUNT: Final = "x-ratelimit-global-remaining"
_ROUTE: Final = "x-ratelimit-route-remaining"
_PLENTY: Final = "10000"
"""What the service says to remain where there is no limit."""
_LONG_OVER: Final = 5_000
"""By how many milliseconds a reset that is past is past."""


def replaced(headers: Headers, given: Mapping[str, str | None], now: Clock) -> Headers:
    """The headers with those of a fault in place of others of their names."""
    names = {name.lower() for name in given}
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    added = [(name, _value(name, value, now)) for name, value in given.items() if value is not None]
    return (*kept, *added)


def _value(name: str, value: str, now: Clock) -> str:
    if name.lower() != RESET:
        return value
    if value == "past":
        return str(now() - _LONG_OVER)
    return str(now() + round(float(value) * 1000)) if RELATIVE.fullmatch(value) else value


def limited(status: int, headers: Headers, form: RateHeaders, options: Options, now: Clock) -> Headers:
    """What the service says of its rate limits, in the form that was asked for."""
    if form == "all":
        return headers
    if form == "past":
        return replaced(headers, {RESET: "past"}, now)
    if form == "constant":
        limits = {_ACCOUNT: options.global_limit, _ROUTE: options.route_limit}
        return replaced(
            headers, {name: _PLENTY if limit is None else str(limit) for name, limit in limits.items()}, now
        )
    word = "unknown" if form == "unparsable" else None
    shown = replaced(headers, dict.fromkeys((_ACCOUNT, _ROUTE, RESET), word), now)
    if form == "retry-after" and status == 429:
        reset = next(int(value) for name, value in headers if name.lower() == RESET)
        return (*shown, ("Retry-After", str(max(1, math.ceil((reset - now()) / 1000)))))
    return shown
