"""A request, from its headers to its answer: who asks, whether it may, what comes of it, what is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from reconciler.model.document import Json
from reconciler.sandbox import bodies, errors, requestlog
from reconciler.sandbox.bodies import Malformed
from reconciler.sandbox.errors import ApiError
from reconciler.sandbox.exchange import Answer, Call, Endpoint, Query, Role
from reconciler.sandbox.identity import role_of
from reconciler.sandbox.limits import Windows
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import LoggedRequest, World

_OVERRIDES: Final = frozenset({"PATCH", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came in, its path matched against the endpoints' patterns."""

    method: str
    path: str
    query: str
    """Without the question mark, not decoded."""
    headers: Mapping[str, str]
    """By lower-case name. Where a header came twice, its first value, as the service takes it."""
    content: bytes | None
    """`None` for a body that was too long to read."""
    endpoints: Mapping[str, Endpoint]
    """What there is at the path, by method; empty for an unknown path."""
    keys: Mapping[str, str]

    @property
    def verb(self) -> str:
        """The method that counts: a POST may stand for another one."""
        override = self.headers.get("x-http-method-override", "").upper()
        return override if self.method == "POST" and override in _OVERRIDES else self.method

    @property
    def api_version(self) -> str | None:
        """What `LD-API-Version` says first."""
        version = self.headers.get("ld-api-version")
        return None if version is None else version.partition(",")[0].strip()


@final
class Service:
    """The sandbox without its transport: a request in, an answer out, all of it in one transaction.

    Faults, when they come, belong around `answer`: before it (no effect) or after it (effect, no answer).
    """

    def __init__(self, store: Store, options: Options, tokens: Mapping[str, Role]) -> None:
        self._store = store
        self._options = options
        self._tokens = tokens
        self._windows = Windows(options)

    def answer(self, incoming: Incoming) -> Answer:
        """The answer to a request; it and its effects are in the store by then.

        `StoreError` where the world can't be read or written.
        """
        body = self._body(incoming)
        with self._store.transaction() as world:
            answer = self._answer(world, incoming, body)
            world.log(
                LoggedRequest(
                    method=incoming.verb,
                    path=requestlog.path(incoming.path, incoming.query),
                    status=answer.status,
                    api_version=incoming.api_version,
                    body=None if isinstance(body, Malformed) else requestlog.body(body),
                )
            )
        return answer

    def _body(self, incoming: Incoming) -> Json | Malformed:
        if incoming.content is None:
            return Malformed(f"the body is longer than {bodies.MAX_BYTES} bytes")
        if not incoming.content:
            return None
        media_type = incoming.headers.get("content-type", "application/json").strip().lower()
        if media_type.partition(";")[0].strip() != "application/json" or "semanticpatch" in media_type:
            return Malformed("the body's Content-Type must be application/json")
        return bodies.parse(incoming.content)

    def _answer(self, world: World, incoming: Incoming, body: Json | Malformed) -> Answer:
        call = Call(world, self._options, "none", incoming.path, incoming.keys, Query(incoming.query), body)
        endpoint = incoming.endpoints.get(incoming.verb)
        budget = self._windows.peek(call.now)
        try:
            role = role_of(incoming.headers.get("authorization"), self._tokens)
            budget = self._windows.count(endpoint.route if endpoint else None, call.now)
            if not budget.admitted:
                raise errors.rate_limited()
            answer = _handle(endpoint, incoming, replace(call, role=role))
        except ApiError as error:
            answer = _refused(error, world)
        return replace(answer, headers=(*answer.headers, *budget.headers()))


def _handle(endpoint: Endpoint | None, incoming: Incoming, call: Call) -> Answer:
    if call.role == "none":
        raise errors.forbidden()
    if endpoint is None:
        raise errors.method_not_allowed(incoming.endpoints) if incoming.endpoints else errors.not_found()
    if endpoint.beta and incoming.api_version != "beta":
        raise errors.beta_only()
    if not endpoint.writes:
        return endpoint.handle(call)
    if call.role != "writer":
        raise errors.forbidden()
    with call.world.all_or_nothing():
        return endpoint.handle(call)


def _refused(error: ApiError, world: World) -> Answer:
    code = {} if error.code is None else {"code": error.code}
    # The beta gate's body was recorded with its message alone.
    trace = {} if error.code is None else {"id": world.ids.uuid()}
    return Answer(error.status, {**code, "message": error.message, **trace}, error.headers)
