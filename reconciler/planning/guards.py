"""Guards: rules over a plan that block apply until somebody says that it is meant.

They never block showing the plan, and each says the exact flag that lifts it.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.model import codes
from reconciler.model.kind import Kinds
from reconciler.model.settings import Settings, Threshold
from reconciler.model.state import Declared
from reconciler.planning.plan import Action, Change, Guard


def guards(
    changes: Sequence[Change], desired: Sequence[Declared], kinds: Kinds, settings: Settings
) -> tuple[Guard, ...]:
    """The guards that the changes of a plan run into, those about single resources first."""
    return (
        *_deletes(changes, kinds),
        *_loosening(changes),
        *_protected(changes, settings.protected),
        *_too_many(changes, desired, kinds, settings),
    )


def _deletes(changes: Iterable[Change], kinds: Kinds) -> Iterator[Guard]:
    for change in changes:
        if change.action is Action.DELETE and kinds[change.address.kind].delete_needs_id:
            number = len(change.cascade)
            taken = (
                f", and {number} live {'resource' if number == 1 else 'resources'} with it" if number else ""
            )
            yield Guard(
                codes.GUARD_DELETE,
                f"{change.address} would be deleted with its history and keys{taken}.",
                change.address,
            )


def _loosening(changes: Iterable[Change]) -> Iterator[Guard]:
    for change in changes:
        if change.loosens and change.critical:
            fields = ", ".join(path[1:].replace("/", ".") for path in change.loosens)
            yield Guard(
                codes.GUARD_LOOSENS,
                f"{change.address} is critical, and its protection would be loosened: {fields}.",
                change.address,
            )


def _protected(changes: Iterable[Change], globs: Sequence[str]) -> Iterator[Guard]:
    for change in changes:
        if change.action is Action.CREATE:
            continue
        for address in (change.address, *change.cascade):
            glob = next((glob for glob in globs if fnmatch.fnmatchcase(str(address), glob)), None)
            if glob is not None:
                taken = "" if address == change.address else f" with {change.address}"
                yield Guard(
                    codes.GUARD_PROTECTED,
                    f"{address} would be {change.action.value}d{taken}, and the settings protect {glob!r}.",
                    change.address,
                )
                break


def _too_many(
    changes: Iterable[Change], desired: Iterable[Declared], kinds: Kinds, settings: Settings
) -> Iterator[Guard]:
    named = Counter(declared.address.kind for declared in desired)
    done = Counter((change.action, change.address.kind) for change in changes)
    for kind in kinds:
        deletes = done[Action.DELETE, kind]
        if _exceeds(deletes, named[kind], settings.thresholds.deletes):
            yield Guard(
                codes.GUARD_DELETES,
                f"{deletes} of the {named[kind]} resources of kind {kind} that the manifests name would be deleted.",
            )
    creates, all_named = sum(done[Action.CREATE, kind] for kind in kinds), sum(named.values())
    if settings.account is None and _exceeds(creates, all_named, settings.thresholds.creates):
        yield Guard(
            codes.GUARD_CREATES,
            f"{creates} of the {all_named} resources that the manifests name would be created: is this the right account? "
            "Pinning it in reconciler.yaml (account) answers that for good.",
        )


def drift_guard(drift: Sequence[Change], settings: Settings) -> tuple[Guard, ...]:
    """The guard against applying a change while something else is different already."""
    if settings.drift != "refuse" or not drift:
        return ()
    number = "1 resource is" if len(drift) == 1 else f"{len(drift)} resources are"
    return (
        Guard(
            codes.GUARD_DRIFT,
            f"{number} already different in LaunchDarkly, which this change did not cause, and the settings refuse to go on.",
        ),
    )


def _exceeds(number: int, named: int, threshold: Threshold) -> bool:
    return number >= threshold.least and number > threshold.share * named


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an `--allow CODE[@ADDRESS]` lifts."""

    code: str
    address: str | None = None

    @classmethod
    def parse(cls, text: str) -> Allowance:
        """Raises `ValueError`, with a sentence, for a text that can't lift anything."""
        code, at, address = text.partition("@")
        known = codes.ALL.get(code)
        if known is None or known not in codes.GUARDS:
            listed = ", ".join(guard.text for guard in codes.GUARDS)
            raise ValueError(f"{code!r} is no code of a guard that can be lifted; those are {listed}.")
        if at and not address:
            raise ValueError(f"{text!r} names no address after the @.")
        return cls(code, address or None)

    def lifts(self, guard: Guard) -> bool:
        """Whether it lifts a guard: one about a resource wants its address, one about a number the code alone."""
        if guard.code.text != self.code:
            return False
        return self.address is None if guard.address is None else self.address == str(guard.address)


def standing(found: Iterable[Guard], allowed: Sequence[Allowance]) -> tuple[Guard, ...]:
    """The guards that nothing lifts."""
    return tuple(guard for guard in found if not any(allowance.lifts(guard) for allowance in allowed))
