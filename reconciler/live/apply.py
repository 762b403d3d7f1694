"""Apply: carry out a plan, as far as it goes, and say of every change what became of it.

What a change depends on follows from addresses. Changes whose dependencies are done run side by side; a
failure skips what depends on it and nothing else. Running again converges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import anyio

from reconciler.live.attempts import Attempts, counting
from reconciler.live.connection import Connection
from reconciler.live.exchange import Timing
from reconciler.live.forms import Form, Forms
from reconciler.live.observe import ungrouped
from reconciler.live.sent import Sent
from reconciler.live.write import Requests
from reconciler.model.address import Address
from reconciler.model.errors import PlanRefused, SecretError
from reconciler.model.kind import Kinds, ancestors
from reconciler.model.secrets import Resolve, SecretReference
from reconciler.planning.creation import sibling_of
from reconciler.planning.judgement import judge_with
from reconciler.planning.plan import Action, Change, Outcome, Plan, Status

LAST_SECONDS: Final = 8.0
"""How long what is in flight may take once the run is interrupted."""

AT_ONCE: Final = 16
"""Changes that are started at once; how many requests are, the connection says."""

OnStart = Callable[[Change], None]
OnOutcome = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Somebody wants the run to end."""

    stop: anyio.Event = field(default_factory=anyio.Event)
    """Start nothing more."""
    now: anyio.Event = field(default_factory=anyio.Event)
    """Don't wait for what is in flight either."""


def values_for(plan: Plan, resolve: Resolve) -> dict[SecretReference, str]:
    """The values of all secrets that the plan's writes send.

    Raises `SecretError` that names every one that has none, so that nothing is written before all are
    there.
    """
    values: dict[SecretReference, str] = {}
    missing: dict[SecretReference, list[str]] = {}
    reasons: dict[SecretReference, str] = {}
    for change in plan.changes:
        for reference in change.needs:
            resolution = resolve(reference)
            if resolution.value is None:
                missing.setdefault(reference, []).append(str(change.address))
                reasons[reference] = resolution.reason
            else:
                values[reference] = resolution.value
    if missing:
        named = "".join(
            f"\n  {reference.name} {reasons[reference]} (for {', '.join(addresses)})"
            for reference, addresses in sorted(missing.items())
        )
        raise SecretError(
            f"Nothing was written, since secrets that the plan sends have no value here:{named}"
        )
    return values


def check_applicable(plan: Plan) -> None:
    """Raises `PlanRefused` for a plan with an error in it, or one that was made without live access."""
    if plan.has_errors:
        raise PlanRefused("Nothing was written, since the plan has errors in it: mend them and plan again")
    if not plan.live:
        raise PlanRefused("Nothing was written, since the plan was made without reading LaunchDarkly")


async def apply(
    plan: Plan,
    kinds: Kinds,
    connection: Connection,
    resolve: Resolve,
    *,
    on_start: OnStart | None = None,
    on_outcome: OnOutcome | None = None,
    on_notice: Callable[[str], None] | None = None,
    interrupt: Interrupt | None = None,
    timing: Timing | None = None,
) -> tuple[Outcome, ...]:
    """Carry out the plan; the outcomes, one for each change, in the order in which they came.

    `on_start` hears of each change before its request, `on_outcome` of each outcome at once, `on_notice`
    of what was learnt about the service. Once `interrupt.stop` is set nothing more is started, and what
    is in flight has 8 seconds to finish. Raises `PlanRefused` and `SecretError` before the first write, and
    nothing after it.
    """
    check_applicable(plan)
    values = values_for(plan, resolve)
    timing = timing or Timing()
    requests = Requests(
        kinds,
        connection,
        values,
        judge_with(resolve),
        Forms(Form(plan.comment, plan.preconditions == "test")),
        read_at=timing.clock() if plan.read_at is None else plan.read_at,
        clock=timing.clock,
        sleep=timing.sleep,
    )
    run = _Run(plan, kinds, requests, on_start or _unheard, on_outcome or _unheard, interrupt or Interrupt())
    with ungrouped():
        await run.run()
    for notice in requests.forms.notices:
        (on_notice or _unheard)(notice)
    return tuple(run.outcomes)


def _unheard(_: object) -> None:
    """Where nobody listens."""


@dataclass
class _Run:
    plan: Plan
    kinds: Kinds
    requests: Requests
    on_start: OnStart
    on_outcome: OnOutcome
    interrupt: Interrupt
    outcomes: list[Outcome] = field(default_factory=list)
    _changes: Mapping[Address, Change] = field(init=False)
    _done: Mapping[Address, anyio.Event] = field(init=False)
    _became: dict[Address, Outcome] = field(default_factory=dict)
    _travelling: Mapping[Address, Sequence[Change]] = field(init=False)
    _started: dict[Address, tuple[str, Attempts]] = field(default_factory=dict)
    _created: set[Address] = field(default_factory=set)
    """What exists by now, and may wait for its protection."""
    _places: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(AT_ONCE))

    def __post_init__(self) -> None:
        self._changes = {change.address: change for change in self.plan.changes}
        self._done = {address: anyio.Event() for address in self._changes}
        travelling: dict[Address, list[Change]] = {}
        for change in self.plan.changes:
            if change.via is not None:
                travelling.setdefault(change.via, []).append(change)
        self._travelling = travelling

    async def run(self) -> None:
        """Carry out every change that has a request of its own."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            async with anyio.create_task_group() as changes:
                for change in self.plan.changes:
                    if change.via is None:
                        changes.start_soon(self._carry_out, change)
            group.cancel_scope.cancel()
        self._end(
            self._unfinished(change) for change in self.plan.changes if change.address not in self._became
        )

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """Give what is in flight a last chance once somebody wants to stop."""
        await self.interrupt.stop.wait()
        with anyio.move_on_after(LAST_SECONDS):
            await self.interrupt.now.wait()
        scope.cancel()

    async def _carry_out(self, change: Change) -> None:
        """Wait for what the change depends on, then send it, or skip it where that failed."""
        passengers = self._travelling.get(change.address, ())
        for address, needed in self._waits_for(change):
            await self._done[address].wait()
            before = self._became[address]
            if needed and before.status is not Status.APPLIED:
                why = f"{address} {'was skipped' if before.status is Status.SKIPPED else 'was not applied'}"
                self._end(Outcome(each, Status.SKIPPED, error=why) for each in (change, *passengers))
                return
        async with self._places:
            if self.interrupt.stop.is_set():
                self._end(Outcome(each, *_unfinished(started=False)) for each in (change, *passengers))
                return
            attempts = counting()
            for each in (change, *passengers):
                self._started[each.address] = (_now(), attempts)
            self.on_start(change)
            match change.action:
                case Action.CREATE:
                    await self._create(change, passengers)
                case Action.UPDATE:
                    self._end([_outcome(change, await self.requests.update(change))])
                case Action.DELETE:
                    sent = await self.requests.delete(change)
                    self._end(_outcome(each, sent) for each in (change, *passengers))

    async def _create(self, change: Change, passengers: Sequence[Change]) -> None:
        fresh = any(above in self._changes for above in ancestors(change.address, self.kinds))
        sent = await self.requests.create(change, passengers, just_created=fresh)
        if sent.status is not Status.APPLIED:
            self._end(_outcome(each, sent) for each in (change, *passengers))
            return

        self._created.update((change.address, *(each.address for each in passengers)))
        self._created -= sent.lacking.keys()

        async def finish(each: Change) -> None:
            if each.address in sent.lacking:
                self._end([_outcome(each, sent.lacking[each.address])])
                return
            second = await self.requests.finish_create(each, sent.shown.get(each.address, {}))
            if second.status is Status.APPLIED:
                note = "; ".join(filter(None, (sent.note if each is change else "", second.note)))
                self._end([Outcome(each, Status.APPLIED, note=note)])
            else:
                self._end([_outcome(each, second, unprotected=True)])

        async with anyio.create_task_group() as group:
            for each in (change, *passengers):
                group.start_soon(finish, each)

    def _end(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            address = outcome.change.address
            started = self._started.get(address)
            if started is not None:
                outcome = replace(outcome, started=started[0], finished=_now(), attempts=started[1].tries)  # noqa: PLW2901
            self.outcomes.append(outcome)
            self._became[address] = outcome
            self._done[address].set()
            self.on_outcome(outcome)

    def _waits_for(self, change: Change) -> list[tuple[Address, bool]]:
        """The changes that have to be over before this one, and whether it needs them to be applied."""
        if change.action is Action.DELETE:
            # After everything else in its project, and after the deletes of what stands below it. A create
            # there is needed: it may be the new half of a replacement.
            return [
                (other.address, other.action is not Action.UPDATE)
                for other in self.plan.changes
                if other.via != change.address
                and (
                    (other.action is not Action.DELETE and other.address.keys[0] == change.address.keys[0])
                    or (
                        other.action is Action.DELETE
                        and change.address in ancestors(other.address, self.kinds)
                    )
                )
            ]
        kind = self.kinds[change.address.kind]
        needed = [above for above in ancestors(change.address, self.kinds) if above in self._changes]
        if change.action is Action.CREATE:
            sibling = sibling_of(change.address, change.after or {}, kind.shape(change.address))
            if sibling is not None and sibling in self._changes:
                needed.append(sibling)
        return [(address, True) for address in needed]

    def _unfinished(self, change: Change) -> Outcome:
        """What became of a change that the end of the run came upon."""
        if change.address in self._created and self._has_second_step(change):
            return Outcome(change, Status.UNKNOWN, error=_HALF_DONE, unprotected=True)
        return Outcome(change, *_unfinished(started=change.address in self._started))

    def _has_second_step(self, change: Change) -> bool:
        shape = self.kinds[change.address.kind].shape(change.address)
        return any(shape.member(name).after_create for name in change.after or {})


_HALF_DONE: Final = "it was created, and the run was interrupted before its protection was surely set"


def _unfinished(*, started: bool) -> tuple[Status, str]:
    if started:
        return (
            Status.UNKNOWN,
            "it was interrupted while its request was in flight, which may have taken effect",
        )
    return Status.SKIPPED, "the run was interrupted before its turn"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _outcome(change: Change, sent: Sent, *, unprotected: bool = False) -> Outcome:
    error = sent.error
    status = sent.status
    if unprotected:
        error = f"it was created, but what is declared to protect it could not be set. {error}"
        status = Status.FAILED if status is Status.CONFLICT else status
    return Outcome(
        change, status, error=error, unprotected=unprotected, note=sent.note, request_id=sent.request_id
    )
