"""What goes over the wire, as values: a request, its answer, why there is none, and what is told about it."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from random import random
from typing import TypeAlias

import anyio

from reconciler.model.document import MISSING, Json, Missing
from reconciler.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whatever number of tries it takes."""

    method: str
    path: str
    """From the first slash on, percent-encoded, without a query: `/api/v2/projects`."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)  # holds resolved secrets
    beta: bool = False
    repeatable: bool = False
    """Whether doing it twice does the same as doing it once."""
    just_created: bool = False
    """Whether what it works on was created by us just now, so that a 404 may only be too early."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered. Its `repr` shows neither document nor headers, which hold live keys."""

    status: int
    document: Json | Missing = field(default=MISSING, repr=False)
    """The body as JSON; `MISSING` where it is empty or not JSON."""
    request_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By names in lower case."""
    body: bytes = field(default=b"", repr=False)
    """The body as it came, for a refusal's message; empty where the answer is a success."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer."""

    sentence: str
    sent: bool = True
    """Whether the request may have reached the service."""
    lasting: bool = False
    """Whether another try would surely end the same."""
    deadline: bool = False
    """Whether our own deadline ended it: each further try costs that long again."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One try of a request is over."""

    method: str
    path: str
    status: int
    """0 where there was no answer."""
    seconds: float
    attempt: int
    """Counts from 1."""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Requests wait for some time: all that a rate limit has no room for, or one before its next try."""

    seconds: float
    reason: str


WireEvent: TypeAlias = Exchanged | Waiting
OnEvent: TypeAlias = Callable[[WireEvent], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance, which tests replace."""

    clock: Callable[[], float] = time.monotonic
    """Seconds from any start; never goes back."""
    epoch: Callable[[], float] = time.time
    """Seconds since 1970, for headers that name a time."""
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    random: Callable[[], float] = random
    """At least 0, below 1."""


def parsed(body: bytes) -> Json | Missing:
    """The body as JSON, or `MISSING` where it is none, also where only Python would take it for JSON."""
    if not body:
        return MISSING
    try:
        document: Json = json.loads(body.decode("utf-8-sig"), parse_constant=_finite, parse_float=_finite)
        if b"\\ud" in body or b"\\uD" in body:
            # Halves of surrogate pairs can be escaped in JSON, but neither printed nor sent.
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return MISSING
    return document


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):  # NaN and Infinity, which are no JSON, and 1e400
        raise ValueError("no number that JSON can say")
    return number


def encoded(document: Json) -> bytes:
    """The document as a request's body. Raises `UsageError` for what JSON can't say, without quoting it."""
    try:
        return json.dumps(
            document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        ).encode()
    except UnicodeEncodeError:  # not passed on: it carries the whole text, secrets included
        problem = "a text with half of a surrogate pair"
    except ValueError:
        problem = "a number that is not finite"
    raise UsageError(f"The request's body would hold {problem}, which JSON can't say")


def _plain(value: object) -> object:
    """What a read-only mapping is to `json`, which knows `dict` only."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
