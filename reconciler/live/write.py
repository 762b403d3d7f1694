"""Writes: what a change sends, and what its answer, or the lack of one, says became of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import anyio

from reconciler.live.bodies import Values, create_body, dropped, patch_body
from reconciler.live.connection import Connection
from reconciler.live.forms import Form, Forms
from reconciler.live.look import look
from reconciler.live.retry import repeatable
from reconciler.live.sent import ALREADY, FOUND, Sent, failed, in_the_way, moved, not_to_do, twins, uncertain
from reconciler.model.address import Address
from reconciler.model.document import Document, Json, Missing
from reconciler.model.errors import Forbidden, NotFound, ReconcilerError, ServiceError, Unauthorized
from reconciler.model.kind import Kind, Kinds
from reconciler.model.state import Observed, Presence
from reconciler.planning.patch import Operation, documents, patch, preconditions
from reconciler.planning.plan import Action, Change, Status
from reconciler.planning.rebase import Judge, project, rebase
from reconciler.planning.recheck import Recheck, Still, recheck

FRESH: Final = 60.0
"""Seconds for which a change may rely on what the plan read."""
FRESH_NAMES: Final = 10.0
"""The same for a create where nothing but our looking keeps a name from being given twice."""
LOOKS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for a create whose answer was lost."""
MAX_CONFLICTS: Final = 3
"""How often a write is sent again that another writer, or a lost answer, came in between of."""


@dataclass
class Requests:
    """Sends changes to the service. Nothing is raised: an error becomes the status of what was sent."""

    kinds: Kinds
    connection: Connection
    values: Values
    judge: Judge
    forms: Forms = field(default_factory=lambda: Forms(Form()))
    """How patches are sent."""
    read_at: float = 0.0
    """When the plan's live side was read, by `clock`."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

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
                return in_the_way(before)
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
        said, lost = failed(error), uncertain(error)
        refused = isinstance(error, ServiceError) and error.status in (400, 409)
        if not lost and not refused:
            return said
        observed = Observed(change.address, Presence.UNKNOWN)
        for seconds in LOOKS if lost else (0.0,):
            await self.sleep(seconds)
            observed = await self._look(change, kind)
            if observed.presence in (Presence.PRESENT, Presence.AMBIGUOUS):
                break
        if recheck(change, observed, kind, self.judge).still in (Still.DONE, Still.HALF):
            return await self._was_created(change, passengers, observed, lost=lost)
        if lost:  # what does not show yet may do so later
            said = replace(said, status=Status.UNKNOWN)
        if observed.presence is Presence.AMBIGUOUS:
            return replace(said, error=f"{said.error}; {twins(observed)}")
        if observed.present:
            status = Status.UNKNOWN if lost else Status.CONFLICT
            return replace(said, status=status, error=f"{said.error}; and one that differs is there now")
        return said

    async def _was_created(
        self, change: Change, passengers: Sequence[Change], observed: Observed, *, lost: bool
    ) -> Sent:
        """A create that is there as planned, by our POST or by another writer's, who may have left children out."""
        shown: dict[Address, Document] = {change.address: observed.document}
        lacking: dict[Address, Sent] = {}
        for each in passengers:
            kind = self.kinds[each.address.kind]
            found = await self._look(each, kind)
            if recheck(each, found, kind, self.judge).still in (Still.DONE, Still.HALF):
                shown[each.address] = found.document
                continue
            what = "one that differs" if found.present else "the one above it, and not this one,"
            why = f"{what} is there, made by another writer; plan again"
            lacking[each.address] = Sent(Status.UNKNOWN if lost else Status.CONFLICT, why)
        return Sent(Status.APPLIED, note=FOUND if lost else ALREADY, shown=shown, lacking=lacking)

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
        step = replace(
            change,
            action=Action.UPDATE,
            before=live,
            after=later,
            patch=operations,
            id=str(shown.get("_id", "")),
        )
        return await self._patch(step, kind, just_created=True)

    async def update(self, change: Change) -> Sent:
        """PATCH a resource with the planned operations, as long as they are the right ones."""
        kind = self.kinds[change.address.kind]
        if self._older_than(FRESH):
            again = await self._again(change, kind)
            if again.still is not Still.TO_DO:
                return not_to_do(again)
        return await self._patch(change, kind)

    async def _patch(self, change: Change, kind: Kind, *, just_created: bool = False) -> Sent:
        shape = kind.shape(change.address)
        tried = [self.forms.best]
        times = 0
        while True:
            form = tried[-1]
            tests = self._tests(change, kind) if form.tests else ()
            operations = (*tests, *change.patch)
            try:
                answer = await self.connection.writer.patch(
                    kind.item_path(change.address, change.id),
                    patch_body(operations, shape, self.values, form.comment),
                    beta=kind.beta,
                    just_created=just_created,
                )
            except ReconcilerError as error:
                settled = await self._settle_patch(change, kind, error)
                if settled is not None:
                    return settled
                # Live is as the plan saw it, so the same patch is right still, if it is taken at all.
                again = _conflict(error) or (uncertain(error) and not repeatable(documents(operations)))
                if again and times < MAX_CONFLICTS:
                    times += 1
                    await self.sleep(0.2 * times)
                    continue
                simpler = self.forms.simpler(tried) if _refused(error) else None
                if simpler is None:
                    return failed(error)
                tried.append(simpler)
                continue
            if len(tried) > 1:
                self.forms.taken(form)
            return Sent(Status.APPLIED, note=self._dropped(change, answer.document, kind))

    async def _settle_patch(self, change: Change, kind: Kind, error: ReconcilerError) -> Sent | None:
        """What became of a PATCH that was not answered with a success; `None` where it is to do still."""
        said, lost = failed(error), uncertain(error)
        if not lost and (not isinstance(error, ServiceError) or isinstance(error, _HOPELESS)):
            return said
        again = await self._again(change, kind)
        if again.still is Still.DONE:
            return Sent(Status.APPLIED, note=FOUND if lost else ALREADY)
        if again.still is Still.TO_DO:
            return None
        if lost:
            return replace(said, status=Status.UNKNOWN)
        if again.still is Still.MOVED and _refused(error):
            return Sent(Status.CONFLICT, moved(again.moves), request_id=said.request_id)
        return said

    def _tests(self, change: Change, kind: Kind) -> tuple[Operation, ...]:
        if change.before is None:
            return ()
        return preconditions(change.patch, change.before, kind.shape(change.address), change.version)

    async def delete(self, change: Change) -> Sent:
        """DELETE a resource, after a last look that it is the one that is meant. Gone already is done."""
        kind = self.kinds[change.address.kind]
        times = 0
        while True:
            if kind.delete_needs_id:
                again = await self._again(change, kind)
                if again.still is not Still.TO_DO:
                    return not_to_do(again)
            try:
                await self.connection.writer.delete(kind.item_path(change.address, change.id), beta=kind.beta)
            except NotFound:
                return Sent(Status.APPLIED)
            except ReconcilerError as error:
                if not uncertain(error) and not _conflict(error):
                    return failed(error)
                again = await self._again(change, kind)
                if again.still is Still.DONE:
                    return Sent(Status.APPLIED, note=FOUND if uncertain(error) else ALREADY)
                if _conflict(error) and again.still is Still.TO_DO and times < MAX_CONFLICTS:
                    times += 1
                    await self.sleep(0.2 * times)
                    continue
                said = failed(error)
                unseen = uncertain(error) and again.still is Still.UNREAD
                return replace(said, status=Status.UNKNOWN) if unseen else said
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


_HOPELESS: Final = (Unauthorized, Forbidden, NotFound)
"""What says enough by itself, so that nobody has to look."""


def _conflict(error: ReconcilerError) -> bool:
    return isinstance(error, ServiceError) and error.status == 409


def _refused(error: ReconcilerError) -> bool:
    """Whether it is one of the statuses that a failed precondition, or a form that isn't known, may have."""
    return isinstance(error, ServiceError) and error.status in (400, 409, 422)
