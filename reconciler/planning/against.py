"""Three ways: what a change of the manifests causes, told apart from what is already different.

Per field, over base (absent, the same as head, another value) and live: what head declares otherwise than
base is this change's; what both declare alike and live does not hold is drift, and not this change's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from reconciler.model.address import Address
from reconciler.model.document import MISSING, Document, Json, Missing, lookup, pointer
from reconciler.model.kind import Kinds, ancestors
from reconciler.model.secrets import SecretReference, Verdict, as_reference
from reconciler.model.shape import Direction, Shape
from reconciler.model.state import Declared, Live, Observed, Presence
from reconciler.planning.plan import Action, Change, Released
from reconciler.planning.rebase import equal, project


@dataclass(frozen=True, slots=True)
class Split:
    """What head declares, in two parts, and what it no longer does."""

    caused: tuple[Declared, ...]
    """What this change brings in: whole resources, or only the fields that base declares otherwise."""
    standing: tuple[Declared, ...]
    """What base declares alike."""
    released: tuple[Released, ...]
    """What base declares and head does not: no longer managed, left as it is."""

    @property
    def standing_whole(self) -> frozenset[Address]:
        """The resources of which nothing is caused."""
        caused = {declared.address for declared in self.caused}
        return frozenset(declared.address for declared in self.standing) - caused


def split(base: Sequence[Declared], head: Sequence[Declared], live: Live, kinds: Kinds) -> Split:
    """What of `head` is new against `base`.

    A resource that is not live and that the change touches is caused whole, since a create needs it whole.
    """
    before = {declared.address: declared for declared in base}
    caused: list[Declared] = []
    standing: list[Declared] = []
    for declared in head:
        was = before.get(declared.address)
        if was is None or was.absent != declared.absent or was.id != declared.id:
            caused.append(declared)
            continue
        shape = kinds[declared.address.kind].shape(declared.address)
        new, old = _parts(declared.document, was.document, shape)
        if not new or declared.absent:
            standing.append(declared)
        elif live[declared.address].presence is Presence.ABSENT:
            caused.append(declared)
        else:
            caused.append(replace(declared, document=new))
            if old:
                standing.append(replace(declared, document=old))
    return Split(tuple(caused), tuple(standing), tuple(_released(base, head, kinds)))


def _parts(head: Document, base: Document, shape: Shape) -> tuple[dict[str, Json], dict[str, Json]]:
    """The fields of head that base declares otherwise or not at all, and those that it declares alike."""
    new: dict[str, Json] = {}
    old: dict[str, Json] = {}
    for name, value in head.items():
        was = base.get(name, MISSING)
        member = shape.member(name)
        if equal(value, was, member):
            old[name] = value
        elif _is_object(value) and _is_object(was):
            inner_new, inner_old = _parts(value, was, member)
            if member.atomic:
                # Written whole, and secrets that are not sent would be lost.
                inner_new = {
                    key: each for key, each in value.items() if key in inner_new or member.member(key).secret
                }
            new[name] = inner_new
            if inner_old:
                old[name] = inner_old
        else:
            new[name] = value
    return new, old


def _is_object(value: Json | Missing) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping) and as_reference(value) is None


def _released(base: Iterable[Declared], head: Iterable[Declared], kinds: Kinds) -> Iterator[Released]:
    after = {declared.address: declared for declared in head}
    for was in base:
        if was.absent:
            continue
        declared = after.get(was.address)
        shape = kinds[was.address.kind].shape(was.address)
        if declared is None:
            protects = any(_protections(was.document, shape))
            yield Released(was.address, loosens=protects, position=was.start)
        elif not declared.absent:
            gone = tuple(_gone(was.document, declared.document, ()))
            if gone:
                loosens = any(any(_protections(_nested(was.document, path), shape)) for path in gone)
                yield Released(
                    was.address,
                    tuple(pointer(path) for path in gone),
                    loosens=loosens,
                    position=declared.start,
                )


def _nested(document: Document, path: tuple[str, ...]) -> Document:
    """The document with nothing in it but what stands at the path."""
    value = lookup(document, pointer(path))
    inner: Json = None if isinstance(value, Missing) else value
    for name in reversed(path):
        inner = {name: inner}
    assert isinstance(inner, Mapping)  # noqa: S101 - for the type checker; a path is never empty
    return inner


def _gone(base: Document, head: Document, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, value in base.items():
        now = head.get(name, MISSING)
        if isinstance(now, Missing):
            yield (*path, name)
        elif isinstance(value, Mapping) and isinstance(now, Mapping) and as_reference(value) is None:
            yield from _gone(value, now, (*path, name))


def _protections(document: Document, shape: Shape) -> Iterator[str]:
    """The protections that a document declares on their strong side."""
    for name, value in document.items():
        member = shape.member(name)
        if isinstance(value, Mapping):
            yield from _protections(value, member)
        elif member.protects is not None and (
            value is False if member.protects is Direction.FALSE else bool(value)
        ):
            yield name


def attributed(
    changes: Iterable[Change], base: Sequence[Declared], live: Live, kinds: Kinds
) -> Iterator[Change]:
    """The changes, with the fields of which live was neither what base nor what head says marked as both's."""
    before = {declared.address: declared for declared in base}
    for change in changes:
        was = before.get(change.address)
        if change.action is not Action.UPDATE or was is None:
            yield change
            continue
        shape = kinds[change.address.kind].shape(change.address)
        now = project(live[change.address].document, change.after or {}, shape)
        both = tuple(
            place.pointer
            for place in change.fields
            if not isinstance(declared := lookup(was.document, place.pointer), Missing)
            and not shape.at(place.pointer).secret
            and not equal(lookup(now, place.pointer), declared, shape.at(place.pointer))
        )
        yield replace(change, both=both)


def imagined(base: Sequence[Declared], head: Sequence[Declared], kinds: Kinds) -> Live:
    """A live side that holds what base declares: for a plan without access to LaunchDarkly."""
    asked: dict[Address, Observed] = {}
    declared_in = {declared.address: declared for declared in base}
    now_declared = {declared.address for declared in head}
    for declared in head:
        for address in (declared.address, *ancestors(declared.address, kinds)):
            was = declared_in.get(address)
            if was is not None and not was.absent:
                document = kinds[address.kind].wanted(was)
                asked[address] = Observed(address, Presence.PRESENT, id=was.id or "", document=document)
            elif was is not None or address in now_declared:
                asked[address] = Observed(address, Presence.ABSENT)
            else:
                asked[address] = Observed(address, Presence.PRESENT)
    return Live(asked)


def judge_by_reference(reference: SecretReference, live: Json | Missing) -> Verdict:
    """For a plan without access: a secret changes where its reference does."""
    same = not isinstance(live, Missing) and as_reference(live) == reference
    return Verdict.UNCHANGED if same else Verdict.CHANGED
