"""Members of mappings: unknown ones, with what was probably meant, and missing ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reconciler.manifest.findings import Finding, Rank
from reconciler.manifest.wording import field, nearest
from reconciler.model import codes
from reconciler.model.document import Json, lookup, pointer, tokens
from reconciler.model.kind import Kind
from reconciler.model.shape import Shape


def guess(name: str, allowed: Collection[str], present: Collection[str]) -> tuple[str | None, str]:
    """The missing member that an unknown one was probably meant to be, if any, and the hint."""
    near = nearest(name, [choice for choice in allowed if choice not in present])
    if near is not None:
        return near, f"Did you mean {near}?"
    twin = nearest(name, allowed)
    if twin is not None:
        return None, f"Did you mean {twin}? It is declared already."
    return None, f"Here stand: {', '.join(allowed)}." if allowed else "Remove it."


def envelope_members(
    mapping: Mapping[str, Json],
    at: str,
    allowed: Collection[str],
    required: Iterable[str],
    incomplete: Collection[str],
) -> Iterator[Finding]:
    """Unknown and missing members around a spec. A misspelt one is unknown, and not missing as well."""
    meant: set[str | None] = set()
    for name in mapping:
        if name not in allowed:
            near, hint = guess(name, allowed, mapping)
            meant.add(near)
            about = at + pointer((name,))
            message = f"{field(about)} is no field of a manifest."
            yield Finding(codes.UNKNOWN_FIELD, about, message, hint, Rank.FORM, at_key=True)
    if at in incomplete:
        return
    for name in required:
        if name not in mapping and name not in meant:
            message = f"{field(at) or 'The manifest'} lacks {name}."
            yield Finding(codes.MISSING_FIELD, f"{at}/{name}", message, f"Add {name}.", place=at, at_key=True)


def unknown_field(kind: Kind, spec: Json, about: str) -> tuple[Finding, str | None]:
    """The finding for a field that a kind's spec doesn't have, and the pointer that was meant, if one was.

    `about` is a pointer from the spec's root.
    """
    at = "/spec" + about
    reason = kind.unmanaged.get(about)
    if reason is not None:
        message = f"{field(at)} is not managed. {reason}"
        return Finding(codes.UNMANAGED_FIELD, at, message, "Leave it out.", Rank.FORM, at_key=True), None
    *above, name = tokens(about)
    container = pointer(above)
    here = _shape_at(kind.own_shape, container).members
    there = lookup(spec, container)
    near, hint = guess(name, here, there if isinstance(there, Mapping) else ())
    elsewhere = next(_places_of(name, kind.own_shape, ""), None)
    if elsewhere is not None:
        hint = f"Did you mean {field('/spec' + elsewhere)}?"
    message = f"{field(at)} is no field of {kind.name}."
    found = Finding(codes.UNKNOWN_FIELD, at, message, hint, Rank.FORM, at_key=True)
    return found, None if near is None else container + pointer((near,))


def _shape_at(shape: Shape, path: str) -> Shape:
    for token in tokens(path):
        shape = shape.member(token)
    return shape


def _places_of(name: str, shape: Shape, at: str) -> Iterator[str]:
    for member, inner in shape.members.items():
        if member == name:
            yield at + pointer((member,))
        yield from _places_of(name, inner, at + pointer((member,)))
