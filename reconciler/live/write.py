"""The requests that changes become. Bodies are made here and nowhere else, secrets filled in last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.live.connection import Connection
from reconciler.model.address import Address
from reconciler.model.document import Document, Json
from reconciler.model.errors import NotFound, ReconcilerError, ServiceError, Unreachable
from reconciler.model.kind import Kind, Kinds
from reconciler.model.secrets import SecretReference, Verdict, as_reference, resolved
from reconciler.model.shape import Shape
from reconciler.planning.patch import documents, patch
from reconciler.planning.plan import Change, Status
from reconciler.planning.rebase import project, rebase


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a request."""

    status: Status
    error: str = ""
    attempts: int = 1
    request_id: str = ""


_NOTHING_TO_SEND = Sent(Status.APPLIED, attempts=0)


@dataclass(frozen=True)
class Requests:
    """Sends changes to the service. Nothing is raised: an error becomes the status of what was sent."""

    kinds: Kinds
    connection: Connection
    values: Mapping[SecretReference, str]

    async def create(
        self, change: Change, passengers: Sequence[Change] = (), *, just_created: bool = False
    ) -> tuple[Sent, Mapping[Address, Document]]:
        """POST a resource with the children that travel in its create.

        Besides what became of it, the documents that the answer shows, by address. `just_created` says
        that this run made what is above it.
        """
        kind = self.kinds[change.address.kind]
        body = self._create_body(change, kind)
        if kind.carries is not None and passengers:
            child = self.kinds[kind.carries.kind]
            body[kind.carries.member] = [self._create_body(each, child) for each in passengers]
        try:
            answer = await self.connection.writer.post(
                kind.create_path(change.address),
                self._sendable(body, kind, change.address),
                beta=kind.beta,
                just_created=just_created,
            )
        except ReconcilerError as error:
            return _failed(error), {}
        shown = answer.document
        if not isinstance(shown, Mapping):
            return Sent(Status.APPLIED), {}
        return Sent(Status.APPLIED), {
            change.address: shown,
            **_shown_children(kind, shown, passengers),
        }

    def _create_body(self, change: Change, kind: Kind) -> dict[str, Json]:
        shape = kind.shape(change.address)
        declared = change.after or {}
        body = {name: value for name, value in declared.items() if not shape.member(name).after_create}
        return {kind.identity: change.address.keys[-1], **body}

    async def finish_create(self, change: Change, shown: Document) -> Sent:
        """PATCH what a create does not take, as far as the answer to it differs."""
        kind = self.kinds[change.address.kind]
        shape = kind.shape(change.address)
        later = {
            name: value for name, value in (change.after or {}).items() if shape.member(name).after_create
        }
        if not later:
            return _NOTHING_TO_SEND
        live = project(shown, later, shape)
        after = rebase(later, live, shape, lambda *_: Verdict.CHANGED)
        operations = documents(patch(live, after, shape))
        if not operations:
            return _NOTHING_TO_SEND
        return await self._patch(change.address, "", operations, kind, just_created=True)

    async def update(self, change: Change) -> Sent:
        """PATCH a resource with the planned operations."""
        kind = self.kinds[change.address.kind]
        return await self._patch(change.address, change.id, documents(change.patch), kind)

    async def _patch(
        self,
        address: Address,
        own_id: str,
        operations: list[Json],
        kind: Kind,
        *,
        just_created: bool = False,
    ) -> Sent:
        try:
            await self.connection.writer.patch(
                kind.item_path(address, own_id),
                self._sendable_patch(operations, kind, address),
                beta=kind.beta,
                just_created=just_created,
            )
        except ReconcilerError as error:
            return _failed(error)
        return Sent(Status.APPLIED)

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
            return _failed(error)
        return Sent(Status.APPLIED)

    def _sendable(self, body: Document, kind: Kind, address: Address) -> Json:
        _refuse_masks(body, kind.shape(address))
        return resolved(body, self.values)

    def _sendable_patch(self, operations: list[Json], kind: Kind, address: Address) -> Json:
        shape = kind.shape(address)
        for operation in operations:
            assert isinstance(operation, Mapping)  # noqa: S101 - for the type checker; ours are
            _refuse_masks(operation.get("value"), shape.at(str(operation["path"])))
        return resolved(operations, self.values)


def _refuse_masks(value: Json, shape: Shape) -> None:
    """The last look before something is sent: a secret is a reference still, never what was read.

    A mask that is written back becomes the secret, and the integration breaks.
    """
    if shape.secret and isinstance(value, str):
        raise ValueError("a secret's place holds something else than a reference; nothing was sent")
    if isinstance(value, Mapping) and as_reference(value) is None:
        for name, inner in value.items():
            _refuse_masks(inner, shape.member(name))


def _shown_children(kind: Kind, shown: Document, passengers: Sequence[Change]) -> dict[Address, Document]:
    """The children in the answer to their parent's create: an array, or a nested list."""
    if kind.carries is None:
        return {}
    children = shown.get(kind.carries.member)
    if isinstance(children, Mapping):
        children = children.get("items")
    if not isinstance(children, list):
        return {}
    found: dict[Address, Document] = {}
    for passenger in passengers:
        for child in children:
            if isinstance(child, Mapping) and child.get("key") == passenger.address.keys[-1]:
                found[passenger.address] = child
    return found


def _failed(error: ReconcilerError) -> Sent:
    if isinstance(error, Unreachable):
        return Sent(Status.UNKNOWN if error.sent else Status.FAILED, str(error))
    if isinstance(error, ServiceError):
        status = Status.CONFLICT if error.status == 409 else Status.FAILED
        return Sent(status, str(error), request_id=error.request_id)
    return Sent(Status.FAILED, str(error))
