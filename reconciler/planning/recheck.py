"""Recheck: whether a planned change is still the right one, once the resource was read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.document import Document, Json, Missing, lookup, pointer, same
from reconciler.model.kind import Kind
from reconciler.model.shape import Shape
from reconciler.model.state import Observed, Presence
from reconciler.planning.plan import Action, Change
from reconciler.planning.rebase import Judge, equal, project, rebase


class Still(StrEnum):
    """How a planned change stands to what is live now."""

    TO_DO = "to do"
    """Live is as the plan saw it, in all that the change touches."""
    DONE = "done"
    """Live is as the plan wants it."""
    HALF = "half done"
    """It was created, and what can only follow a create is missing."""
    MOVED = "moved"
    """Live is neither."""
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Move:
    """What is not as the plan saw it."""

    pointer: str
    """The field; empty for the resource as a whole."""
    planned: Json | Missing
    found: Json | Missing
    why: str = ""
    """The whole matter in words, where planned and found don't say it."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """What reading a resource again says about its change."""

    still: Still
    moves: tuple[Move, ...] = ()
    reason: str = ""
    """Why it could not be read."""


def recheck(change: Change, observed: Observed, kind: Kind, judge: Judge) -> Recheck:
    """Whether the change is still to do. Values are compared, secrets by their masks."""
    if observed.presence is Presence.UNKNOWN:
        return Recheck(Still.UNREAD, reason=observed.reason)
    match change.action:
        case Action.DELETE:
            return _deleted(change, observed)
        case Action.CREATE:
            return _created(change, observed, kind, judge)
        case Action.UPDATE:
            return _updated(change, observed, kind, judge)


def _whole(why: str) -> Recheck:
    return Recheck(Still.MOVED, (Move("", None, None, why),))


def _deleted(change: Change, observed: Observed) -> Recheck:
    if observed.presence is Presence.ABSENT:
        return Recheck(Still.DONE)
    if observed.present and observed.id == change.id:
        return Recheck(Still.TO_DO)
    return _whole(f"the plan deletes the one with the id {change.id}, and now another one is there")


def _created(change: Change, observed: Observed, kind: Kind, judge: Judge) -> Recheck:
    if observed.presence is Presence.ABSENT:
        return Recheck(Still.TO_DO)
    if observed.presence is Presence.AMBIGUOUS:
        return _whole(f"there are now {len(observed.ids)} of that name: {', '.join(observed.ids)}")
    shape = kind.shape(change.address)
    wanted = change.after or {}
    at_once = {name: value for name, value in wanted.items() if not shape.member(name).after_create}
    later = {name: value for name, value in wanted.items() if shape.member(name).after_create}
    if _differs(at_once, observed.document, shape, judge):
        return _whole("the plan creates it, and now one is there that differs from what the plan says")
    return Recheck(Still.HALF if _differs(later, observed.document, shape, judge) else Still.DONE)


def _differs(wanted: Document, live: Document, shape: Shape, judge: Judge) -> bool:
    after = rebase(wanted, live, shape, judge)
    return not equal(project(after, wanted, shape), project(live, wanted, shape), shape)


def _updated(change: Change, observed: Observed, kind: Kind, judge: Judge) -> Recheck:
    if not observed.present:
        return _whole("the plan updates it, and now it is gone")
    if change.id and observed.id != change.id:
        return _whole(f"the plan updates the one with the id {change.id}, and now another one is there")
    shape = kind.shape(change.address)
    wanted = change.after or {}
    live = project(observed.document, wanted, shape)
    after = project(rebase(wanted, observed.document, shape, judge), wanted, shape)
    touched = sorted({shape.field(operation.path) for operation in change.patch if operation.op != "test"})
    undone = [path for path in touched if not equal(lookup(live, path), lookup(after, path), shape.at(path))]
    if not undone:
        return Recheck(Still.DONE)
    moves = tuple(_moves(change, observed, live, undone, shape))
    return Recheck(Still.MOVED, moves) if moves else Recheck(Still.TO_DO)


def _moves(
    change: Change, observed: Observed, live: Document, undone: list[str], shape: Shape
) -> Iterator[Move]:
    for path in undone:
        planned, found = lookup(change.before or {}, path), lookup(live, path)
        if not equal(planned, found, shape.at(path)):
            yield Move(path, planned, found)
    for operation in change.patch:  # those of a list's elements, which its order concerns
        if operation.op == "test" and not same(lookup(observed.document, operation.path), operation.value):
            yield Move(operation.path, operation.value, lookup(observed.document, operation.path))
    if change.version is not None and observed.version != change.version:
        why = (
            "it was written since, and since its secrets can't be compared, its version counts: "
            f"{change.version} was planned for, {observed.version} was found"
        )
        yield Move(pointer(("version",)), change.version, observed.version, why)
