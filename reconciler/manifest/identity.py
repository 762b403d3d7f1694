"""Manifests among each other: resources that are declared twice, below a tombstone, or cloned in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.manifest.check import Checked
from reconciler.manifest.wording import field, printable, quoted
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Json, lookup, pointer
from reconciler.model.kind import Kinds, ancestors
from reconciler.model.shape import Shape


def duplicates(manifests: Sequence[Checked]) -> Iterator[tuple[Checked, Diagnostic]]:
    """The manifests whose address or pinned id an earlier one has, with the finding for each."""
    addresses: dict[Address, Checked] = {}
    ids: dict[tuple[str, str], Checked] = {}
    for manifest in manifests:
        address = manifest.address
        if address is None:
            continue
        first = addresses.setdefault(address, manifest)
        if first is not manifest:
            yield (
                manifest,
                Diagnostic(
                    codes.DUPLICATE_ADDRESS,
                    f"{_shown(address)} is declared a second time; the first is in {_place(first.positions.value(''))}.",
                    manifest.positions.value(""),
                    "Remove one of them, or merge them into one document.",
                    address,
                ),
            )
            continue
        if manifest.id is None:
            continue
        first = ids.setdefault((address.kind, manifest.id), manifest)
        if first is not manifest and first.address is not None:
            yield (
                manifest,
                Diagnostic(
                    codes.DUPLICATE_ADDRESS,
                    f"The id {quoted(manifest.id)} is pinned a second time; {_shown(first.address)} in"
                    f" {_place(first.positions.value('/metadata/id'))} has it too.",
                    manifest.positions.value("/metadata/id"),
                    "One resource has one manifest: give each its own id, or leave the id out.",
                    address,
                ),
            )


def below_tombstones(manifests: Sequence[Checked], kinds: Kinds) -> Iterator[Diagnostic]:
    """A finding for each resource that is declared present below one that is declared absent."""
    graves = {
        manifest.address: manifest
        for manifest in reversed(manifests)
        if manifest.absent and manifest.address is not None
    }
    if not graves:
        return
    for manifest in manifests:
        if manifest.address is None or manifest.absent is not False:
            continue
        grave = next((above for above in ancestors(manifest.address, kinds) if above in graves), None)
        if grave is not None:
            yield Diagnostic(
                codes.CHILD_OF_TOMBSTONE,
                f"{_shown(manifest.address)} is declared, but {_shown(grave)} above it is to be deleted"
                f" ({_place(graves[grave].positions.value(''))}), and it would go with it.",
                manifest.positions.value(""),
                "Remove this document, or the tombstone.",
                manifest.address,
            )


def circles(manifests: Sequence[Checked]) -> Iterator[Diagnostic]:
    """A finding for each resource that is to be cloned from itself, and one for each circle of clones."""
    sources: dict[Address, tuple[Address, str, Checked]] = {}
    for manifest in manifests:
        for source, path in _siblings(manifest):
            if manifest.address is not None:
                sources.setdefault(manifest.address, (source, path, manifest))
    done: set[Address] = set()
    for start in sources:
        trail: list[Address] = []
        at = start
        while at in sources and at not in done:
            done.add(at)
            trail.append(at)
            at = sources[at][0]
        if at in trail:
            circle = trail[trail.index(at) :]
            yield _circle(circle, *sources[circle[0]][1:])


def _circle(circle: list[Address], path: str, manifest: Checked) -> Diagnostic:
    if len(circle) == 1:
        message = f"{field(path)} names the resource itself, and nothing can be cloned from itself."
    else:
        names = " from ".join(printable(address.keys[-1]) for address in (*circle, circle[0]))
        message = f"{field(path)} closes a circle of clones: {names}."
    hint = "Name one that exists already or is made without a source, or leave the source out."
    return Diagnostic(codes.SIBLING, message, manifest.positions.value(path), hint, manifest.address)


def _siblings(manifest: Checked) -> Iterator[tuple[Address, str]]:
    if manifest.kind is None or manifest.address is None or manifest.absent is not False:
        return
    scope = manifest.address.keys[:-1]
    for path in _sibling_paths(manifest.kind.own_shape, ""):
        key: Json | object = lookup(manifest.document, path)
        if isinstance(key, str):
            yield manifest.kind.address(*scope, key), "/spec" + path


def _sibling_paths(shape: Shape, at: str) -> Iterator[str]:
    for name, member in shape.members.items():
        below = at + pointer((name,))
        if member.sibling is not None:
            yield below + pointer((member.sibling,))
        yield from _sibling_paths(member, below)


def _shown(address: Address) -> str:
    return printable(str(address), longest=200)


def _place(position: Position) -> str:
    return f"{position.file}, line {position.line}"
