"""Writes: what a change sends, and what its answer, or the lack of one, says became of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import anyio

from reconciler.live.bodies import Values, create_body, dropped, patch_body
from reconciler.live.connection import Connection
from reconciler.live.look import look
from reconciler.model.address import Address
from reconciler.model.document import Document, Json, Missing
from reconciler.model.errors import NotFound, ReconcilerError, ServiceError, Unreachable
from reconciler.model.kind import Kind, Kinds
from reconciler.model.state import Observed, Presence
from reconciler.planning.patch import Operation, patch, preconditions
from reconciler.planning.plan import Change, Status
from reconciler.planning.rebase import Judge, project, rebase
from reconciler.planning.recheck import Move, Recheck, Still, recheck

FRESH: Final = 60.0
"""Seconds for which a change may rely on what the plan read."""
FRESH_NAMES: Final = 10.0
"""The same for a create where nothing but our looking keeps a name from being given twice."""
LOOKS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for a create whose answer was lost."""
MAX_CONFLICTS: Final = 3
_FOUND: Final = "its answer was lost, and a look shows that it took effect"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a change's requests."""

    status: Status
    error: str = ""
    note: str = ""
    request_id: str = ""
    shown: Mapping[Address, Document] = field(default_factory=dict)
    """Of a create: what its answer shows of what was created."""


@dataclass
class Requests:
    """Sends changes to the service. Nothing is raised: an error becomes the status of what was sent."""

    kinds: Kinds
    connection: Connection
    values: Values
    judge: Judge
    preconditions: bool = False
    comment: str = ""
    read_at: float = 0.0
    """When the plan's live side was read, by `clock`."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    notices: list[str] = field(default_factory=list)
    """What was learnt about the service on the way, each once."""

    async def create(
        self, change: Change, passengers: Sequence[Change] = (), *, just_created: bool = False
    ) -> Sent:
        """POST a resource with the children that travel in its create, once and never twice.

        `just_created` says that this run made what is above it.
        """
        kind = self.kinds[change.address.kind]
        if kind.by_id and self._older_than(FRESH_NAMES):
            before = await self._look(change, kind)
            if before.presence is not Presence.ABSENT:
                return _in_the_way(before)
        body = create_body(change, passengers, self.kinds, self.values)
        try:
            answer = await self.connection.writer.post(
                kind.create_path(change.address), body, beta=kind.beta, just_created=just_created
            )
        except ReconcilerError as error:
            return await self._settle_create(change, passengers, kind, error)
        shown = _shown(change, passengers, answer.document, kind)
        return Sent(Status.APPLIED, note=self._dropped(change, shown.get(change.address), kind), shown=shown)

    async def _settle_create(
        self, change: Change, passengers: Sequence[Change], kind: Kind, error: ReconcilerError
    ) -> Sent:
        """What became of a POST that was not answered with a success. It is never sent again."""
        failed = _failed(error)
        lost = _uncertain(error)
        refused = isinstance(error, ServiceError) and error.status in (400, 409)
        if not lost and not refused:
            return failed
        observed = Observed(change.address, Presence.UNKNOWN)
        for seconds in LOOKS if lost else (0.0,):
            await self.sleep(seconds)
            observed = await self._look(change, kind)
            if observed.presence in (Presence.PRESENT, Presence.AMBIGUOUS):
                break
        still = recheck(change, observed, kind, self.judge).still
        if still in (Still.DONE, Still.HALF) and (lost or not passengers):
            note = _FOUND if lost else "it was there already, as planned"
            return Sent(Status.APPLIED, note=note, shown=await self._shown_now(change, passengers, observed))
        if observed.presence is Presence.AMBIGUOUS:
            twins = f"there are now {len(observed.ids)} of that name, one of them made by another writer: {', '.join(observed.ids)}"
            return replace(failed, error=f"{failed.error}; {twins}")
        if observed.present:
            return replace(
                failed, status=Status.CONFLICT, error=f"{failed.error}; and one that differs is there now"
            )
        return failed

    async def _shown_now(
        self, change: Change, passengers: Sequence[Change], observed: Observed
    ) -> dict[Address, Document]:
        shown: dict[Address, Document] = {change.address: observed.document}
        for each in passengers:
            found = await self._look(each, self.kinds[each.address.kind])
            if found.present:
                shown[each.address] = found.document
        return shown

    async def finish_create(self, change: Change, shown: Document) -> Sent:
        """PATCH what a create does not take, as far as what it made differs; `shown` is what is known of that."""
        kind = self.kinds[change.address.kind]
        shape = kind.shape(change.address)
        later = {
            name: value for name, value in (change.after or {}).items() if shape.member(name).after_create
        }
        live = project(shown, later, shape)
        operations = patch(live, project(rebase(later, shown, shape, self.judge), later, shape), shape)
        if not operations:
            return Sent(Status.APPLIED)
        step = replace(change, before=live, after=later, patch=operations, id="")
        return await self._patch(step, kind, just_created=True)

    async def update(self, change: Change) -> Sent:
        """PATCH a resource with the planned operations, as long as they are the right ones."""
        kind = self.kinds[change.address.kind]
        if self._older_than(FRESH):
            again = await self._again(change, kind)
            if again.still is not Still.TO_DO:
                return _not_to_do(again)
        return await self._patch(change, kind)

    async def _patch(self, change: Change, kind: Kind, *, just_created: bool = False) -> Sent:
        for attempt in range(MAX_CONFLICTS):
            tests = self._tests(change, kind)
            guarded = bool(tests) or any(operation.op == "test" for operation in change.patch)
            try:
                answer = await self.connection.writer.patch(
                    kind.item_path(change.address, change.id),
                    patch_body(
                        (*tests, *change.patch), kind.shape(change.address), self.values, self.comment
                    ),
                    beta=kind.beta,
                    just_created=just_created,
                )
            except ReconcilerError as error:
                settled = await self._settle_patch(change, kind, error, guarded=guarded, tested=bool(tests))
                if settled is not None:
                    return settled
                await self.sleep(0.2 * (attempt + 1))
                continue
            return Sent(Status.APPLIED, note=self._dropped(change, answer.document, kind))
        return Sent(Status.CONFLICT, "other writers kept coming in between; run it again")

    async def _settle_patch(
        self, change: Change, kind: Kind, error: ReconcilerError, *, guarded: bool, tested: bool
    ) -> Sent | None:
        """What became of a PATCH that was not answered with a success; `None` to send it again."""
        failed = _failed(error)
        status = error.status if isinstance(error, ServiceError) else 0
        conflict = status == 409 or (guarded and status in (400, 422))
        commented = bool(self.comment) and status in (400, 422)
        if not _uncertain(error) and not conflict and not commented:
            return failed
        again = await self._again(change, kind)
        if again.still is Still.DONE:
            return Sent(Status.APPLIED, note=_FOUND)
        if _uncertain(error):
            return failed
        if again.still is Still.MOVED:
            return Sent(Status.CONFLICT, _moved(again.moves), request_id=failed.request_id)
        if again.still is not Still.TO_DO:
            return failed
        if status == 409 and not commented:
            return None
        if tested and self.preconditions:
            self.preconditions = False
            self._notice("The service refuses test operations here, so patches go without preconditions.")
            return None
        if commented:
            self.comment = ""
            self._notice("The service refuses patches with a comment, so they go without.")
            return None
        return failed

    def _tests(self, change: Change, kind: Kind) -> tuple[Operation, ...]:
        if not self.preconditions or change.before is None:
            return ()
        return preconditions(change.patch, change.before, kind.shape(change.address), change.version)

    def _notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    async def delete(self, change: Change) -> Sent:
        """DELETE a resource, after a last look that it is the one that is meant. Gone already is done."""
        kind = self.kinds[change.address.kind]
        path = kind.item_path(change.address, change.id)
        try:
            if kind.delete_needs_id:
                live = await self.connection.reader.get(path, beta=kind.beta)
                if live.get("_id") != change.id:
                    return Sent(
                        Status.CONFLICT,
                        f"the {kind.noun} that has this key now is another one than the plan's; it was left alone",
                    )
            await self.connection.writer.delete(path, beta=kind.beta)
        except NotFound:
            return Sent(Status.APPLIED)
        except ReconcilerError as error:
            failed = _failed(error)
            if _uncertain(error) and (await self._again(change, kind)).still is Still.DONE:
                return Sent(Status.APPLIED, note=_FOUND)
            return failed
        return Sent(Status.APPLIED)

    def _older_than(self, seconds: float) -> bool:
        return self.clock() - self.read_at > seconds

    async def _look(self, change: Change, kind: Kind) -> Observed:
        return await look(change.address, change.id, kind, self.connection.reader)

    async def _again(self, change: Change, kind: Kind) -> Recheck:
        return recheck(change, await self._look(change, kind), kind, self.judge)

    def _dropped(self, change: Change, answer: Json | Missing, kind: Kind) -> str:
        shape = kind.shape(change.address)
        wanted = {
            name: value
            for name, value in (change.after or {}).items()
            if change.before is not None or not shape.member(name).after_create
        }
        fields = dropped(wanted, answer, shape)
        if not fields:
            return ""
        return f"LaunchDarkly did not take over {', '.join(path[1:] for path in fields)}: its answer shows another value"


def _shown(
    change: Change, passengers: Sequence[Change], answer: Json | Missing, kind: Kind
) -> dict[Address, Document]:
    """What the answer to a create shows, its children in an array or in a nested list."""
    if not isinstance(answer, Mapping):
        return {}
    shown: dict[Address, Document] = {change.address: answer}
    children = answer.get(kind.carries.member) if kind.carries is not None else None
    if isinstance(children, Mapping):
        children = children.get("items")
    by_key = {
        child.get("key"): child
        for child in (children if isinstance(children, list) else [])
        if isinstance(child, Mapping)
    }
    shown.update(
        {
            each.address: by_key[each.address.keys[-1]]
            for each in passengers
            if each.address.keys[-1] in by_key
        }
    )
    return shown


def _in_the_way(observed: Observed) -> Sent:
    if observed.presence is Presence.UNKNOWN:
        return Sent(
            Status.FAILED, f"it can't be seen whether one of that name came in between. {observed.reason}"
        )
    ids = ", ".join(observed.ids or (observed.id,))
    return Sent(
        Status.CONFLICT,
        f"another writer made one of that name since the plan was made (id {ids}); plan again",
    )


def _not_to_do(again: Recheck) -> Sent:
    if again.still is Still.DONE:
        return Sent(Status.APPLIED, note="it is so already")
    if again.still is Still.UNREAD:
        return Sent(Status.FAILED, f"it could not be read again before the write. {again.reason}")
    return Sent(Status.CONFLICT, _moved(again.moves))


def _moved(moves: Sequence[Move]) -> str:
    """What moved, without values: those of others may not be for everybody's eyes."""
    parts = [
        move.why or f"{move.pointer[1:].replace('/', '.')} has changed since the plan was made"
        for move in moves
    ]
    return "; ".join(parts) + "; plan again"


def _uncertain(error: ReconcilerError) -> bool:
    """Whether the request may have taken effect all the same."""
    if isinstance(error, Unreachable):
        return error.sent
    return isinstance(error, ServiceError) and error.status >= 500


def _failed(error: ReconcilerError) -> Sent:
    if isinstance(error, Unreachable):
        return Sent(Status.UNKNOWN if error.sent else Status.FAILED, str(error))
    if isinstance(error, ServiceError):
        # A gateway that gave up says nothing about what became of the request behind it.
        status = {409: Status.CONFLICT, 502: Status.UNKNOWN, 504: Status.UNKNOWN}.get(
            error.status, Status.FAILED
        )
        return Sent(status, str(error), request_id=error.request_id)
    return Sent(Status.FAILED, str(error))
