"""Deletes: when one may be planned, and what is said where it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Kind, Kinds
from reconciler.model.state import Declared, Live, Observed, Presence
from reconciler.planning.checks import found


def already_absent(declared: Declared) -> Diagnostic:
    """A tombstone whose resource is gone: nothing to do, and nothing to keep it for."""
    return found(
        codes.ALREADY_ABSENT,
        declared,
        f"{declared.address} is already gone.",
        "The tombstone has done its work; remove it.",
    )


def other_id(declared: Declared, observed: Observed, kind: Kind) -> Diagnostic:
    """The key is there, but another resource has it than the one that is meant."""
    hint = (
        "Check what was meant: the key may have been reused. Nothing is deleted."
        if declared.absent
        else f"Correct metadata.id, or remove it to manage whatever {kind.noun} has this key."
    )
    return found(
        codes.OTHER_ID,
        declared,
        f"{declared.address} is pinned to the id {declared.id!r}, but the live one has the id {observed.id!r}.",
        hint,
        declared.positions.value("/metadata/id"),
    )


def without_id(declared: Declared, kind: Kind) -> Diagnostic:
    """A tombstone that would delete whatever has the key."""
    return found(
        codes.TOMBSTONE_WITHOUT_ID,
        declared,
        f"The tombstone of {declared.address} names no id, and {kind.noun}s are deleted only by key and id.",
        "Add metadata.id: the `_id` that LaunchDarkly's API shows for the one that is meant.",
        declared.positions.key("/metadata"),
    )


def unlisted(declared: Declared, live: Live, kinds: Kinds) -> Iterator[Diagnostic]:
    """The error where nobody can say what a delete would take along."""
    for name, reason in live.unlisted.items():
        up = kinds[name].parent
        while up is not None and up != declared.address.kind:
            up = kinds[up].parent
        if up is not None:
            yield found(
                codes.UNREAD,
                declared,
                f"What goes with {declared.address} could not be read: every {kinds[name].noun} in it would. {reason}",
                "Nothing is deleted before it is known what that takes along.",
            )


def last_of_scope(
    declared: Declared, desired: Mapping[Address, Declared], live: Live, kind: Kind
) -> Iterator[Diagnostic]:
    """The error where a delete would leave a scope empty that the service keeps at least one in.

    Where a list was filtered nobody knows what else there is, and the service has the last word.
    """
    if kind.last_may_go or kind.listing.key_filter is not None:
        return
    scope = declared.address.keys[:-1]

    def beside(address: Address) -> bool:
        return address.kind == kind.name and address.keys[:-1] == scope

    leaving = {other.address for other in desired.values() if other.absent and beside(other.address)}
    staying = {seen.address for seen in live.seen() if beside(seen.address)} - leaving
    coming = {
        other.address
        for other in desired.values()
        if beside(other.address) and not other.absent and live[other.address].presence is Presence.ABSENT
    }
    if not staying and not coming:
        yield found(
            codes.LAST_OF_SCOPE,
            declared,
            f"{declared.address} is the last {kind.noun} there, and LaunchDarkly does not delete the last one.",
            "Declare another one first, or delete what is around it.",
        )
