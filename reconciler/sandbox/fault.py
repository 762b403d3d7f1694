"""One fault: for which request, and what goes wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from reconciler.model.document import MISSING, Json, Missing
from reconciler.sandbox import fault_checks as checks
from reconciler.sandbox.fault_checks import FaultError

Effect: TypeAlias = Literal["before", "after"]
Reads: TypeAlias = Literal["lists", "all"]

BODIES: Final = ("json", "text", "html", "empty")
"""The members of a fault that are an answer's body."""
ACTIONS: Final = ("status", "reset", "truncate")
"""The members of which a fault has one at most."""


@dataclass(frozen=True, slots=True)
class Hide:
    """What a request creates takes some time to show."""

    seconds: float
    """Of the world's clock, from the create on."""
    reads: Reads = "lists"
    """Which GETs miss it: lists (and what is nested in another document), or also those that name it."""

    def __post_init__(self) -> None:
        checks.positive(self.seconds, "hide.seconds")
        checks.one_of(self.reads, get_args(Reads), "hide.reads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong. `FaultError` for one that can't be, naming the member."""

    method: str | None = None
    """The method that the request has, or that its `X-HTTP-Method-Override` says; any by default."""
    path: str | None = None
    """A glob over the path as it was sent, without the query; `*` crosses slashes. Any path by default."""
    nth: int = 1
    """Which of the matching requests is the first it happens to, from 1."""
    times: int = 1
    """How many matching requests in a row it happens to; 0 is for ever."""

    effect: Effect = "before"
    """Whether delay, status and reset come before the request takes effect, so that it has none where it
    is not merely delayed, or after. A request that the service refuses before it looks at what is asked
    (401, 403, 405, 429, an unknown path) has no effect to come after: its answer goes out as it is."""
    delay: float = 0.0
    """Seconds."""
    status: int | None = None
    """What is answered: 400 to 599, with the service's own error body unless one of these is given."""
    json: Json | Missing = MISSING
    text: str | None = None
    html: str | None = None
    empty: bool = False
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers of the answer, in place of those of the same name; `None` removes one. `X-Ratelimit-Reset`
    may be `past`, or seconds from now as `+5` or `-5`. Without `status` the answer is else the service's."""
    reset: bool = False
    """Whether the connection breaks instead of an answer."""
    truncate: bool = False
    """Whether the answer, after the effect, ends in the middle of its body. On a port its length is said to
    be the whole one's, and the connection closes; in process half of the body is all there is."""
    hide: Hide | None = None
    """Whether what the request creates is hidden at first."""

    def __post_init__(self) -> None:
        checks.method(self.method, "method")
        checks.path(self.path, "path")
        checks.whole(self.nth, "nth", 1)
        checks.whole(self.times, "times", 0)
        checks.one_of(self.effect, get_args(Effect), "effect")
        checks.seconds(self.delay, "delay")
        if self.status is not None:
            checks.whole(self.status, "status", 400, 599)
        if not isinstance(self.json, Missing):
            checks.json_value(self.json, "json")
        for name in ("text", "html"):
            checks.optional_text(getattr(self, name), name)
        for name in ("empty", "reset", "truncate"):
            checks.boolean(getattr(self, name), name)
        checks.headers(self.headers, "headers")
        checks.hide(self.hide, Hide, "hide")
        self._check_together()

    def _check_together(self) -> None:
        actions = [name for name in ACTIONS if getattr(self, name)]
        answers = [name for name in BODIES if getattr(self, name) not in (None, False, MISSING)]
        if self.json is not MISSING and "json" not in answers:
            answers.insert(0, "json")  # null and false are bodies too
        if len(actions) > 1:
            raise FaultError(f"{actions[1]} can't stand beside {actions[0]}: make two faults of them")
        if answers and self.status is None:
            raise FaultError(f"{answers[0]} is the body of an answer, which needs a status")
        if len(answers) > 1:
            raise FaultError(f"{answers[1]} can't stand beside {answers[0]}: an answer has one body")
        if self.headers and self.reset:
            raise FaultError("headers can't stand beside reset: there is no answer to carry them")
        if not (actions or self.delay or self.headers or self.hide):
            raise FaultError(
                "status, headers, reset, truncate, delay or hide is missing: nothing would happen"
            )
        if self.hide is not None and self.method not in (None, "POST"):
            raise FaultError("method must be POST beside hide, which hides what is created")
        if self.hide is not None and (self.status or self.reset) and self.effect == "before":
            raise FaultError('effect must be "after" beside hide: else nothing is created')
