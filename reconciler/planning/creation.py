"""Creates: what one needs and takes along, and what is said where something is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import MISSING, Document, Json, Missing, lookup, pointer
from reconciler.model.kind import Kind, Kinds, parent_of
from reconciler.model.shape import Shape
from reconciler.model.state import Declared, Live, Presence
from reconciler.planning.checks import found, spec_name

_LISTED = 5


def missing_fields(declared: Declared, kind: Kind, shape: Shape) -> Iterator[Diagnostic]:
    """What a create needs and the manifest does not declare."""
    for path in _lacking(declared.document, shape, ()):
        *around, name = path
        yield found(
            codes.CREATE_NEEDS,
            declared,
            f"{declared.address} does not exist yet, and creating one needs {spec_name(pointer(path))}.",
            f"Declare {name}, or check the keys in metadata if the {kind.noun} should exist already.",
            declared.positions.key("/spec" + pointer(around)),
        )


def _lacking(document: Mapping[str, Json], shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, member in shape.members.items():
        value = document.get(name, MISSING)
        if isinstance(value, Missing):
            if member.needed:
                yield (*path, name)
        elif isinstance(value, Mapping) and not member.secret:
            yield from _lacking(value, member, (*path, name))


def pinned_to_nothing(declared: Declared) -> Iterator[Diagnostic]:
    """The error of a pin to an id that nothing has."""
    if declared.id is not None:
        yield found(
            codes.OTHER_ID,
            declared,
            f"{declared.address} is pinned to the id {declared.id!r}, and nothing live has it.",
            "Correct metadata.id; or remove it, and a new one is created.",
            declared.positions.value("/metadata/id"),
        )


def missing_parent(
    declared: Declared, coming: frozenset[Address], live: Live, kinds: Kinds
) -> Iterator[Diagnostic]:
    """The error of a resource whose parent is neither live nor among what is `coming`."""
    parent = parent_of(declared.address, kinds)
    if parent is None or parent in coming:
        return
    observed = live[parent]
    if observed.presence is Presence.ABSENT:
        name = kinds[declared.address.kind].scope[len(parent.keys) - 1]
        yield found(
            codes.NO_PARENT,
            declared,
            f"{declared.address} belongs to the {kinds[parent.kind].noun} {parent.keys[-1]!r}, which is neither live nor declared.",
            f"Declare {parent}, or correct metadata.{name}.",
            declared.positions.value("/metadata/" + name),
        )
    elif not observed.present:
        yield found(
            codes.UNREAD,
            declared,
            f"{parent}, which {declared.address} belongs to, could not be read. {observed.reason}",
            "Nothing is applied while something that the manifests need can't be read.",
        )


def missing_children(
    declared: Declared, desired: Mapping[Address, Declared], kinds: Kinds
) -> Iterator[Diagnostic]:
    """The error of a create that needs children to take along and has none."""
    carries = kinds[declared.address.kind].carries
    if carries is None or not carries.required or any(carried(declared.address, desired, kinds)):
        return
    child = kinds[carries.kind]
    yield found(
        codes.NO_CHILDREN,
        declared,
        f"{declared.address} is new and has no {child.noun} declared, so LaunchDarkly would invent some of its own.",
        f"Declare at least one {child.name} of it that is not cloned from another.",
    )


def carried(parent: Address, desired: Mapping[Address, Declared], kinds: Kinds) -> Iterator[Declared]:
    """The declared children that a create of `parent` can take along; one made from a sibling can't go."""
    carries = kinds[parent.kind].carries
    if carries is None:
        return
    for declared in desired.values():
        if (
            declared.address.kind == carries.kind
            and not declared.absent
            and parent_of(declared.address, kinds) == parent
        ):
            shape = kinds[carries.kind].shape(declared.address)
            if sibling_of(declared.address, declared.document, shape) is None:
                yield declared


def missing_sibling(
    declared: Declared, desired: Mapping[Address, Declared], live: Live, shape: Shape
) -> Iterator[Diagnostic]:
    """The error of a resource that is to be made from one that is not there."""
    sibling = sibling_of(declared.address, declared.document, shape)
    if sibling is None:
        return
    other = desired.get(sibling)
    if other is None and any(seen.address == sibling for seen in live.seen()):
        return
    if other is not None and not other.absent:
        return
    name = next(name for name, member in shape.members.items() if member.sibling)
    yield found(
        codes.SIBLING,
        declared,
        f"{declared.address} is to be made from {sibling}, which is "
        + ("neither live nor declared." if other is None else "a tombstone."),
        f"Correct spec.{name}, or leave it out.",
        declared.place(pointer((name,))),
    )


def sibling_of(address: Address, document: Document, shape: Shape) -> Address | None:
    """The resource of the same scope that a create of this one needs."""
    for name, member in shape.members.items():
        if member.sibling is not None:
            key = lookup(document, pointer((name, member.sibling)))
            if isinstance(key, str):
                return Address(address.kind, (*address.keys[:-1], key))
    return None


def twins(declared: Declared, live: Live, kind: Kind) -> Iterator[Diagnostic]:
    """A warning where the scope holds live resources that may be the one that is meant."""
    if not kind.by_id:
        return
    scope = declared.address.keys[:-1]
    others = [
        seen for seen in live.others if seen.address.kind == kind.name and seen.address.keys[:-1] == scope
    ]
    if others:
        listed = ", ".join(f"{other.address.keys[-1]!r} (id {other.id})" for other in others[:_LISTED])
        more = f" and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
        yield found(
            codes.TWIN,
            declared,
            f"{declared.address} would be created beside live ones of the same integration that no manifest declares: {listed}{more}.",
            "If one of them is meant, name its id in metadata.id, and it is updated instead.",
            declared.positions.value("/metadata/" + kind.identity),
        )
