"""One call and its answer, as the handlers see them: no bytes, no headers, no sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, final
from urllib.parse import parse_qsl

from reconciler.model.document import Json
from reconciler.sandbox import errors
from reconciler.sandbox.bodies import Malformed
from reconciler.sandbox.options import Options
from reconciler.sandbox.world import World

Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]
Role: TypeAlias = Literal["writer", "reader", "none"]


@final
class Query:
    """The query of a URL. Where a name stands twice, its first value counts."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        """As it was sent, without the question mark."""

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, decoded: `+` is a space."""
        return parse_qsl(self.raw, keep_blank_values=True)

    def get(self, name: str) -> str | None:
        """A parameter's value, or `None`."""
        return next((value for key, value in self.pairs if key == name), None) if self.raw else None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: which world it asks, what for, and with which body."""

    world: World
    options: Options
    role: Role
    path: str
    keys: Mapping[str, str]
    """What stands for the names in braces of the endpoint's path."""
    query: Query
    body: Json | Malformed = None

    @property
    def now(self) -> int:
        """The service's clock, in Unix milliseconds."""
        return self.world.now + round(self.options.clock_skew * 1000)

    def document(self) -> Mapping[str, Json]:
        """The body, which has to be a JSON object."""
        body = self.any_document()
        if not isinstance(body, dict):
            raise errors.invalid("the body is not a JSON object")
        return body

    def any_document(self) -> Json:
        """The body, which has to be JSON."""
        if isinstance(self.body, Malformed):
            raise errors.invalid(self.body.reason)
        return self.body

    def expands(self, member: str) -> bool:
        """Whether the caller wants a member that is left out by default. Unknown ones are ignored."""
        return member in (self.query.get("expand") or "").split(",")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, and a document, or `None` for an empty body."""

    status: int
    body: Json = None
    headers: tuple[tuple[str, str], ...] = field(default=())


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the API, as data: for routing, the beta gate, roles, rate limits."""

    method: Method
    path: str
    handle: Handler
    beta: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change something, so that a reader's token does not do."""
        return self.method != "GET"

    @property
    def route(self) -> str:
        """What its calls are counted under: verb and path pattern."""
        return f"{self.method} {self.path}"
