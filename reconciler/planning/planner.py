"""The planner: declared and observed resources in, a plan out. Pure, and blind to what kinds there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, in_order
from reconciler.model.kind import Kinds
from reconciler.model.secrets import Resolve, SecretReference
from reconciler.model.settings import DEFAULTS, PatchForms, Settings
from reconciler.model.state import Declared, Live
from reconciler.planning.against import Split, attributed, imagined, judge_by_reference, split
from reconciler.planning.fingerprint import fingerprint
from reconciler.planning.guards import drift_guard, guards
from reconciler.planning.judgement import judge_with, unset
from reconciler.planning.plan import Change, Plan
from reconciler.planning.rebase import Judge
from reconciler.planning.steps import Steps


def make_plan(
    desired: Sequence[Declared],
    live: Live,
    kinds: Kinds,
    resolve: Resolve,
    diagnostics: Iterable[Diagnostic] = (),
    *,
    settings: Settings = DEFAULTS,
    base: Sequence[Declared] | None = None,
) -> Plan:
    """The plan that makes live what the manifests declare.

    With a `base`, earlier manifests, it holds what the difference to those causes, and what was already
    different stands beside it, in `drift`.

    `diagnostics` are findings of before; those of the meeting are added. A plan with an error in it
    still shows every change that is certain. Values that `resolve` gives are compared with live masks
    and stand nowhere in the plan.
    """
    judge = judge_with(resolve)
    if settings.drift == "overwrite":
        base = None
    parts = split(base or (), desired, live, kinds) if base is not None else Split(tuple(desired), (), ())
    planner = Steps(
        {each.address: each for each in desired},
        live,
        kinds,
        judge,
        settings.patch,
        coming=frozenset(each.address for each in parts.caused if not each.absent),
    )
    for declared in parts.caused:
        planner.add(declared)
    changes = planner.sorted()
    if base is not None:
        changes = tuple(attributed(changes, base, live, kinds))
    drift = _looked(parts.standing, live, kinds, judge).sorted()
    return Plan(
        drift=drift,
        released=parts.released,
        changes=changes,
        guards=(*guards(changes, desired, kinds, settings), *drift_guard(drift, settings)),
        fingerprint=fingerprint(changes, kinds),
        preconditions=settings.preconditions,
        unchanged=planner.unchanged + len(parts.standing_whole - {change.address for change in drift}),
        diagnostics=in_order([*diagnostics, *planner.diagnostics, *unset(desired, resolve, _uses(changes))]),
    )


def find_drift(
    desired: Sequence[Declared],
    live: Live,
    kinds: Kinds,
    resolve: Resolve,
    diagnostics: Iterable[Diagnostic] = (),
) -> Plan:
    """How live differs from what is declared, in `drift`; there is nothing to apply in it."""
    steps = _looked(desired, live, kinds, judge_with(resolve))
    return Plan(
        drift=steps.sorted(),
        unchanged=steps.unchanged,
        diagnostics=in_order([*diagnostics, *steps.diagnostics, *unset(desired, resolve, {})]),
    )


def _looked(desired: Sequence[Declared], live: Live, kinds: Kinds, judge: Judge) -> Steps:
    """Every difference, as the change that would undo it, whatever would keep that from being written."""
    steps = Steps({each.address: each for each in desired}, live, kinds, judge, PatchForms(), looking=True)
    for declared in desired:
        steps.add(declared)
    return steps


def plan_offline(
    base: Sequence[Declared],
    desired: Sequence[Declared],
    kinds: Kinds,
    diagnostics: Iterable[Diagnostic] = (),
    *,
    settings: Settings = DEFAULTS,
) -> Plan:
    """What the difference of two states of the manifests would cause, were live as the first one says.

    For where LaunchDarkly can't be asked. It is never applied.
    """
    live = imagined(base, desired, kinds)
    planner = Steps(
        {each.address: each for each in desired},
        live,
        kinds,
        judge_by_reference,
        settings.patch,
        looking=True,
    )
    for declared in desired:
        planner.add(declared)
    changes = planner.sorted()
    return Plan(
        changes=changes,
        guards=guards(changes, desired, kinds, settings),
        fingerprint=fingerprint(changes, kinds),
        released=split(base, desired, live, kinds).released,
        unchanged=planner.unchanged,
        diagnostics=in_order(diagnostics),
        live=False,
    )


def _uses(changes: Iterable[Change]) -> dict[tuple[Address, SecretReference], str]:
    """For each reference that a write needs, by the resource, what that write does."""
    return {
        (change.address, reference): f"{change.action.value}s it"
        for change in changes
        for reference in change.needs
    }
