"""Faults as data: what goes wrong with which request, read from JSON or made in a test.

    {"faults": [{"method": "POST", "path": "/api/v2/projects", "nth": 2, "reset": true, "effect": "after"}],
     "rate": {"global": 100, "window": 10, "headers": "retry-after"}}

Each fault counts the requests that match its method and path, in the order in which they arrive and from 1,
whatever becomes of them; its turn is the `nth`, and the `times - 1` after it. Where the turns of several
fall together, all delays and hidings happen, and of those that decide the answer the first in the file.
"""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any, Final, Literal, TypeAlias, final, get_args

import anyio

from reconciler.model.document import Json
from reconciler.sandbox import fault_checks as checks
from reconciler.sandbox.fault import Fault, Hide
from reconciler.sandbox.fault_checks import FaultError
from reconciler.sandbox.options import Options
from reconciler.sandbox.world import KEPT_REQUESTS

__all__ = ["Fault", "FaultError", "Faults", "Fired", "Hide", "Rate"]

RateHeaders: TypeAlias = Literal["all", "none", "retry-after", "past", "unparsable", "constant"]


@dataclass(frozen=True, slots=True)
class Rate:
    """Rate limits, and what the answers tell of them. `FaultError` for limits that can't be."""

    account: int | None = None
    """Calls of the whole account in a window, `global` in JSON; `None` leaves the option as it is."""
    route: int | None = None
    """The same for one method and path pattern."""
    window: float | None = None
    """A window's length in seconds."""
    headers: RateHeaders = "all"
    """`all` as documented; `none`; `retry-after` alone, and that on a 429; `past`, a reset that is over;
    `unparsable` values; `constant`, where what remains is always told as the limit itself."""

    def __post_init__(self) -> None:
        for name, value in (("global", self.account), ("route", self.route)):
            if value is not None:
                checks.whole(value, name, 0)
        if self.window is not None:
            checks.positive(self.window, "window")
        checks.one_of(self.headers, get_args(RateHeaders), "headers")

    def applied(self, options: Options) -> Options:
        """The options with these limits."""
        return dataclasses.replace(
            options,
            global_limit=options.global_limit if self.account is None else self.account,
            route_limit=options.route_limit if self.route is None else self.route,
            window_seconds=options.window_seconds if self.window is None else self.window,
        )


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that happened to a request."""

    index: int
    """Of the fault, from 0."""
    method: str
    path: str
    """As it was sent, without the query."""


@final
class Faults:
    """The faults of a sandbox and how far each has counted. One object serves one run, in any threads.

    `sleep` waits for so many seconds; a test that moves the clock instead takes no time.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        rate: Rate | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.faults: Final = tuple(faults)
        self.rate: Final = rate or Rate()
        self.sleep: Final = sleep
        self._patterns = [re.compile(translate(fault.path or "*")) for fault in self.faults]
        self._lock = threading.Lock()
        self._counts = [0] * len(self.faults)
        self._fired: deque[Fired] = deque(maxlen=KEPT_REQUESTS)

    @classmethod
    def from_json(cls, document: Json, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> Faults:
        """The faults in a document of the form above; `FaultError` names entry and member."""
        members = checks.members(document, "The document", ("$schema", "faults", "rate"))
        entries = members.get("faults", [])
        if isinstance(entries, str) or not isinstance(entries, Sequence):
            raise FaultError("faults must be an array.")
        faults = [_fault(entry, f"faults[{index}]") for index, entry in enumerate(entries)]
        return cls(faults, rate=_rate(members.get("rate", {})), sleep=sleep)

    @classmethod
    def from_text(
        cls, text: str | bytes, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> Faults:
        """The faults in the text of a JSON file; `FaultError` says what is wrong with it."""
        try:
            document = json.loads(text, object_pairs_hook=checks.unique)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise FaultError(f"It is not valid JSON: {error.msg} at {where}.") from None
        except (ValueError, RecursionError):
            raise FaultError("It is not valid JSON: write plain objects and arrays in UTF-8.") from None
        return cls.from_json(document, sleep=sleep)

    @property
    def fired(self) -> list[Fired]:
        """What has happened so far (the last 100,000), in its order."""
        return list(self._fired)

    def take(self, method: str, path: str) -> list[tuple[int, Fault]]:
        """Count a request, and tell the faults whose turn it is, by their index."""
        turns = []
        with self._lock:
            for index, fault in enumerate(self.faults):
                if fault.method in (None, method) and self._patterns[index].fullmatch(path):
                    self._counts[index] += 1
                    past = self._counts[index] - fault.nth
                    if past >= 0 and (fault.times == 0 or past < fault.times):
                        turns.append((index, fault))
        return turns

    def note(self, fired: Fired) -> None:
        """Put on record that a fault happened."""
        self._fired.append(fired)

    def reset(self) -> None:
        """Count from the beginning again, with nothing on record."""
        with self._lock:
            self._counts = [0] * len(self.faults)
            self._fired.clear()


def _fault(entry: Json, where: str) -> Fault:
    given: dict[str, Any] = dict(
        checks.members(entry, where, [each.name for each in dataclasses.fields(Fault)])
    )
    try:
        if given.get("hide") is not None:
            given["hide"] = Hide(**checks.required(given["hide"], "hide", ("seconds",), ("reads",)))
        return Fault(**checks.without_fractions(given, ("nth", "times", "status")))
    except FaultError as error:
        raise error.at(where) from None


def _rate(given: Json) -> Rate:
    members: dict[str, Any] = dict(checks.members(given, "rate", ("global", "route", "window", "headers")))
    members = checks.without_fractions(members, ("global", "route"))
    if "global" in members:
        members["account"] = members.pop("global")
    try:
        return Rate(**members)
    except FaultError as error:
        raise error.at("rate") from None
