"""Refresh: read again what a saved plan was made for, and keep of the plan what is still to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from reconciler.live.connection import Reader
from reconciler.live.observe import observe
from reconciler.model.address import Address
from reconciler.model.document import Json, Missing
from reconciler.model.errors import PlanRefused, Stale
from reconciler.model.kind import Kinds
from reconciler.model.state import Declared, Live, Observed
from reconciler.planning.patch import patch
from reconciler.planning.plan import Action, Change, Plan
from reconciler.planning.rebase import Judge, project, rebase
from reconciler.planning.recheck import Move, Recheck, Still, recheck


async def refresh(plan: Plan, kinds: Kinds, reader: Reader, judge: Judge) -> Plan:
    """The changes of a saved plan that are still to do, against what is live now.

    What is as planned already counts as done, so that a plan that was cut short can be applied again.
    Raises `Stale` that names every field which moved, and `PlanRefused` where something can't be read.
    """
    live = await observe([_declared(change, kinds) for change in plan.changes], kinds, reader)
    found = {change.address: _recheck(change, live, kinds, judge) for change in plan.changes}
    unread = [f"{address}: {each.reason}" for address, each in found.items() if each.still is Still.UNREAD]
    if unread:
        raise PlanRefused(
            "Nothing was written, since the plan can't be checked against what is live. " + " ".join(unread)
        )
    moved = [
        _moved(address, move)
        for address, each in found.items()
        if each.still is Still.MOVED
        for move in each.moves
    ]
    if moved:
        raise Stale(
            "Nothing was written, since LaunchDarkly has changed since the plan was made: " + "; ".join(moved)
        )
    changes = tuple(_left(plan, found, live, kinds, judge))
    return replace(plan, changes=changes, read_at=time.monotonic())


def _declared(change: Change, kinds: Kinds) -> Declared:
    """What has to be read for a change. Not a tombstone, which would list everything below."""
    document = {} if change.after is None else dict(change.after)
    kind = kinds[change.address.kind]
    return Declared(change.address, document, id=change.id if kind.by_id and change.id else None)


def _recheck(change: Change, live: Live, kinds: Kinds, judge: Judge) -> Recheck:
    return recheck(change, live[change.address], kinds[change.address.kind], judge)


def _moved(address: Address, move: Move) -> str:
    if move.why:
        return f"{address}: {move.why}"
    return f"{address} {move.pointer}: planned from {_shown(move.planned)}, found {_shown(move.found)}"


def _shown(value: Json | Missing) -> str:
    """A value that a plan may show, as JSON."""
    import json

    return "nothing" if isinstance(value, Missing) else json.dumps(value, ensure_ascii=False)


def _left(
    plan: Plan, found: dict[Address, Recheck], live: Live, kinds: Kinds, judge: Judge
) -> Iterator[Change]:
    for change in plan.changes:
        match found[change.address].still:
            case Still.TO_DO if change.via is not None and found[change.via].still is not Still.TO_DO:
                yield replace(change, via=None)
            case Still.TO_DO:
                yield change
            case Still.HALF:
                yield _second_step(change, live[change.address], kinds, judge)
            case _:
                pass


def _second_step(change: Change, observed: Observed, kinds: Kinds, judge: Judge) -> Change:
    """What is left of a create that was cut short before what can only follow it."""
    shape = kinds[change.address.kind].shape(change.address)
    later = {name: value for name, value in (change.after or {}).items() if shape.member(name).after_create}
    before = project(observed.document, later, shape)
    after = project(rebase(later, observed.document, shape, judge), later, shape)
    return replace(
        change,
        action=Action.UPDATE,
        id=observed.id,
        before=before,
        after=after,
        patch=patch(before, after, shape),
        via=None,
    )
