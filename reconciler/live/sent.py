"""What became of a change's requests: what errors mean for it, and what is said where it was not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.model.address import Address
from reconciler.model.document import Document
from reconciler.model.errors import ReconcilerError, ServiceError, Unreachable
from reconciler.model.state import Observed, Presence
from reconciler.planning.plan import Status
from reconciler.planning.recheck import Move, Recheck, Still

FOUND: Final = "its answer was lost, and a look shows that it took effect"
ALREADY: Final = "it is so already"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a change's requests."""

    status: Status
    error: str = ""
    note: str = ""
    request_id: str = ""
    shown: Mapping[Address, Document] = field(default_factory=dict)
    """Of a create: what its answer shows of what was created."""
    lacking: Mapping[Address, Sent] = field(default_factory=dict)
    """Of a create: the children that should have come along and are not there as planned, and why."""


def uncertain(error: ReconcilerError) -> bool:
    """Whether the request may have taken effect all the same."""
    if isinstance(error, Unreachable):
        return error.sent
    return isinstance(error, ServiceError) and error.status >= 500


def failed(error: ReconcilerError) -> Sent:
    """What an error says by itself, before anybody has looked."""
    if isinstance(error, Unreachable):
        return Sent(Status.UNKNOWN if error.sent else Status.FAILED, str(error))
    if isinstance(error, ServiceError):
        # A gateway that gave up says nothing about what became of the request behind it.
        status = {409: Status.CONFLICT, 502: Status.UNKNOWN, 504: Status.UNKNOWN}.get(
            error.status, Status.FAILED
        )
        return Sent(status, str(error), request_id=error.request_id)
    return Sent(Status.FAILED, str(error))


def in_the_way(observed: Observed) -> Sent:
    """A create that was not sent, since something may stand there already."""
    if observed.presence is Presence.UNKNOWN:
        return Sent(
            Status.FAILED, f"it can't be seen whether one of that name came in between. {observed.reason}"
        )
    ids = ", ".join(observed.ids or (observed.id,))
    return Sent(
        Status.CONFLICT,
        f"another writer made one of that name since the plan was made (id {ids}); plan again",
    )


def twins(observed: Observed) -> str:
    """What is said where a look finds several of one name."""
    return (
        f"there are now {len(observed.ids)} of that name, one of them made by another writer: "
        f"{', '.join(observed.ids)}"
    )


def not_to_do(again: Recheck) -> Sent:
    """A write that was not sent, since a look shows that it is not to do any more."""
    if again.still is Still.DONE:
        return Sent(Status.APPLIED, note=ALREADY)
    if again.still is Still.UNREAD:
        return Sent(Status.FAILED, f"it could not be read again before the write. {again.reason}")
    return Sent(Status.CONFLICT, moved(again.moves))


def moved(moves: Sequence[Move]) -> str:
    """What moved, without values: those of others may not be for everybody's eyes."""
    parts = [
        move.why or f"{move.pointer[1:].replace('/', '.')} has changed since the plan was made"
        for move in moves
    ]
    return "; ".join(parts) + "; plan again"
