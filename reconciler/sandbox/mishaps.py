"""Faults at work: they stand before and after `Service.answer`, and in its transaction.

What a fault says after the effect takes the place of the endpoint's own answer in there, so that the
effect and the log of what was sent are kept together or not at all.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Final, TypeAlias, final

from reconciler.model.document import Json, Missing
from reconciler.sandbox import bodies, errors, requestlog, told
from reconciler.sandbox.bodies import Malformed
from reconciler.sandbox.errors import ApiError
from reconciler.sandbox.exchange import Answer, Call, Endpoint
from reconciler.sandbox.fault import Effect, Fault
from reconciler.sandbox.faults import Faults, Fired
from reconciler.sandbox.hidden import Hidden
from reconciler.sandbox.options import Options
from reconciler.sandbox.service import Incoming, Service
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import KEPT_REQUESTS, LoggedRequest

LOST: Final = 0
"""The status of no answer, here and in the request log."""

_Line: TypeAlias = tuple[str, str, int]
"""What tells a request in the log: method, path and status."""
_ERRORS: Final = {
    error.status: error
    for error in (
        errors.invalid(),
        errors.unauthorized(),
        errors.forbidden(),
        errors.not_found(),
        errors.stale(),
        errors.patch_failed(),
        errors.rate_limited(),
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes back to the client, if anything."""

    answer: Answer
    """Its status is 0 where the connection breaks instead."""
    content: bytes | None = None
    """The body, where it is not the answer's own."""
    media_type: str = "application/json"
    cut: bool = False
    """Whether it ends in the middle of its body."""
    altered: bool = False
    """Whether it is a fault's work, so that nobody should take it for the service's."""


@dataclass(slots=True)
class _Passage:
    """A request on its way, and the faults whose turn it is."""

    incoming: Incoming
    turns: Sequence[tuple[int, Fault]]
    happened: set[int] = field(default_factory=set)
    handled: bool = False
    """Whether the service let it through to its endpoint."""
    effect: bool = False

    def decided(self, effect: Effect) -> tuple[int, Fault] | None:
        """The fault that answers, or breaks the connection, before or after the effect."""
        return next(
            (
                (index, fault)
                for index, fault in self.turns
                if (fault.status is not None or fault.reset) and fault.effect == effect
            ),
            None,
        )


@final
class Mishaps:
    """A service to which faults happen."""

    def __init__(self, service: Service, store: Store, options: Options, faults: Faults) -> None:
        self._service = service
        self._store = store
        self._options = options
        self._faults = faults
        self._hidden = Hidden()
        self._effects: deque[tuple[_Line, bool]] = deque(maxlen=KEPT_REQUESTS)

    def reset(self) -> None:
        """Begin anew: every fault counts from the beginning, and nothing is hidden."""
        self._faults.reset()
        self._hidden.clear()
        self._effects.clear()

    async def answer(self, incoming: Incoming) -> Outcome:
        """What becomes of a request; by then it and its effects are in the store.

        `StoreError` where the world can't be read or written.
        """
        passage = _Passage(incoming, self._faults.take(incoming.verb, incoming.path))
        await self._pause(passage, "before")
        early = passage.decided("before")
        if early is not None:
            return self._kept_away(passage, *early)
        answer = self._carried_out(passage)
        outcome = self._altered(passage, answer)
        await self._pause(passage, "after")
        return outcome

    def effects(self, log: Sequence[LoggedRequest]) -> list[bool | None]:
        """For each request in a log, whether it was carried out; `None` where only another process knows."""
        known: defaultdict[_Line, list[bool]] = defaultdict(list)
        for line, effect in self._effects:
            known[line].append(effect)
        found: list[bool | None] = []
        for request in reversed(log):
            same = known[request.method, request.path, request.status]
            unseen = None if request.status == LOST or request.status >= 500 else request.status < 300
            found.append(same.pop() if same else unseen)
        return found[::-1]

    async def _pause(self, passage: _Passage, effect: Effect) -> None:
        slow = [(index, fault) for index, fault in passage.turns if fault.delay and fault.effect == effect]
        if not slow:
            return
        for index, _ in slow:
            self._note(passage, index)
        try:
            await self._faults.sleep(sum(fault.delay for _, fault in slow))
        except BaseException:
            # In process, a client that gives up takes its request along.
            if effect == "before":
                self._log(passage.incoming, LOST)
            raise

    def _kept_away(self, passage: _Passage, index: int, fault: Fault) -> Outcome:
        """The service never hears of the request: no token is looked at, no call is counted."""
        self._note(passage, index)
        answer = Answer(fault.status or LOST)
        self._log(passage.incoming, answer.status)
        return self._said(fault, answer)

    def _carried_out(self, passage: _Passage) -> Answer:
        incoming, verb = passage.incoming, passage.incoming.verb
        endpoint = incoming.endpoints.get(verb)
        if endpoint is not None:
            wrapped = replace(endpoint, handle=partial(self._handle, passage, endpoint))
            incoming = replace(incoming, endpoints={**incoming.endpoints, verb: wrapped})
        answer = self._service.answer(incoming)
        self._remember(incoming, answer.status, effect=passage.effect)
        headers = told.limited(
            answer.status, answer.headers, self._faults.rate.headers, self._options, self._now
        )
        return replace(answer, headers=headers)

    def _handle(self, passage: _Passage, endpoint: Endpoint, call: Call) -> Answer:
        """Stands for the endpoint's own handler."""
        late = passage.decided("after")
        passage.handled = True
        try:
            with call.world.all_or_nothing():
                answer = self._hidden.handle(endpoint, call)
        except ApiError:
            if late is None:
                raise
            return Answer(late[1].status or LOST)
        passage.effect = True
        for index, fault in passage.turns:
            if fault.hide is not None and self._hidden.hide(endpoint, call, answer, fault.hide):
                self._note(passage, index)
        return answer if late is None else Answer(late[1].status or LOST)

    def _altered(self, passage: _Passage, answer: Answer) -> Outcome:
        late = passage.decided("after") if passage.handled else None
        if late is not None:
            self._note(passage, late[0])
            return self._said(late[1], answer)
        changes = [
            (index, fault)
            for index, fault in passage.turns
            if fault.status is None and not fault.reset and (fault.truncate or fault.headers)
        ]
        headers = answer.headers
        for index, fault in changes:
            self._note(passage, index)
            headers = told.replaced(headers, fault.headers, self._now)
        cut = any(fault.truncate for _, fault in changes) and answer.body is not None
        return Outcome(replace(answer, headers=headers), cut=cut, altered=bool(changes))

    def _said(self, fault: Fault, answer: Answer) -> Outcome:
        """What a fault answers; `answer` has its status, and the service's headers if it got to have any."""
        if fault.reset:
            return Outcome(answer, altered=True)
        answer = replace(answer, headers=told.replaced(answer.headers, fault.headers, self._now))
        if fault.text is not None:
            return Outcome(answer, fault.text.encode(), "text/plain", altered=True)
        if fault.html is not None:
            return Outcome(answer, fault.html.encode(), "text/html", altered=True)
        if fault.empty:
            return Outcome(answer, b"", altered=True)
        body = _usual_body(answer.status) if isinstance(fault.json, Missing) else fault.json
        return Outcome(answer, json.dumps(body).encode(), altered=True)

    def _note(self, passage: _Passage, index: int) -> None:
        if index not in passage.happened:
            passage.happened.add(index)
            self._faults.note(Fired(index, passage.incoming.verb, passage.incoming.path))

    def _log(self, incoming: Incoming, status: int) -> None:
        """Log a request that the service never heard of."""
        body = bodies.parse(incoming.content) if incoming.content else None
        with self._store.transaction() as world:
            world.log(
                LoggedRequest(
                    method=incoming.verb,
                    path=requestlog.path(incoming.path, incoming.query),
                    status=status,
                    api_version=incoming.api_version,
                    body=None if isinstance(body, Malformed) else requestlog.body(body),
                )
            )
        self._remember(incoming, status, effect=False)

    def _remember(self, incoming: Incoming, status: int, *, effect: bool) -> None:
        self._effects.append(
            ((incoming.verb, requestlog.path(incoming.path, incoming.query), status), effect)
        )

    def _now(self) -> int:
        with self._store.transaction() as world:
            return world.now + round(self._options.clock_skew * 1000)


def _usual_body(status: int) -> Json:
    """The service's own words for an error."""
    error = _ERRORS.get(status)
    if error is not None:
        return {"code": error.code, "message": error.message}
    phrase = next((known.phrase for known in HTTPStatus if known == status), f"Status {status}")
    return {"code": phrase.lower().replace(" ", "_").replace("-", "_"), "message": phrase}
