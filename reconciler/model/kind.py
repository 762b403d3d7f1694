"""Kinds: everything that the engine knows of a sort of resource, as data.

A kind is one file in `kinds/` that ends in `KIND = Kind(...)`. Nothing outside of that folder and the
sandbox names one. Where data can't say it, a hatch does: a function of `model` types only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel

from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import Document, Json
from reconciler.model.shape import Shape, shape_of
from reconciler.model.state import Declared


@dataclass(frozen=True, slots=True)
class Listing:
    """How live resources of a kind are listed."""

    path: str
    """URL template of the widest list. Placeholders are scope keys."""
    paged: bool = False
    """Whether the list comes in pages of `limit` from `offset`."""
    key_filter: str | None = None
    """The `filter` field that narrows the list to keys joined by `|`."""
    narrow: str | None = None
    """URL template of a narrower list, for callers who may not read the widest."""
    details: tuple[str, ...] = ()
    """The members that lists leave out; an item's own value of one is never read."""


@dataclass(frozen=True, slots=True)
class Carries:
    """Children that travel in a resource's own create."""

    kind: str
    member: str
    """Where they stand in the create's body, and in lists that embed them."""
    most: int
    """How many at most go along; the rest follow in creates of their own."""
    required: bool = False
    """Whether a create without any would make the service invent some."""
    expand: str | None = None
    """The `expand` value that embeds the first page of them in lists of the parent."""


def _no_findings(declared: Declared) -> Iterable[Diagnostic]:
    del declared
    return ()


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    name: str
    noun: str
    """What people call one: `environment`."""
    spec: type[BaseModel]
    scope: tuple[str, ...]
    """The metadata members that stand before the identity, outermost first."""
    identity: Literal["key", "name"]
    """The metadata member that tells resources of one scope apart."""
    item: str
    """URL template of one resource. Placeholders are scope keys, the identity, and `id`."""
    create: str
    """URL template that creates are POSTed to."""
    listing: Listing
    parent: str | None = None
    """The kind above; its address is a prefix of the own keys."""
    beta: bool = False
    """Whether its calls need `LD-API-Version: beta`."""
    versioned: bool = False
    """Whether live documents have a `version` that moves with writes only."""
    carries: Carries | None = None
    last_may_go: bool = True
    """Whether the service deletes the last one of a scope."""
    delete_needs_id: bool = False
    """Whether a tombstone must name the id, because a delete takes history with it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of metadata members where they are more than a text."""
    unmanaged: Mapping[str, str] = field(default_factory=dict)
    """Fields that LaunchDarkly knows and this kind refuses, by pointer, with the reason as a sentence."""
    refine: Callable[[Address, Shape], Shape] | None = None
    """Hatch: the shape of one resource, where it depends on its address."""
    check: Callable[[Declared], Iterable[Diagnostic]] = _no_findings
    """Hatch: findings that no type can express. It meets documents of wrong types too, and passes over them."""
    schema_rules: Callable[[], list[Json]] = list
    """Hatch: more JSON Schema rules (`allOf`) for a manifest of this kind, for editors."""

    @cached_property
    def own_shape(self) -> Shape:
        """The shape of the spec, whatever the address."""
        shape = shape_of(self.spec)
        if self.identity in self.spec.model_fields or not self.by_id:
            return shape
        # A resource that is found by name can be renamed by an update, when its id is pinned.
        return shape.with_member(self.identity, Shape())

    def shape(self, address: Address) -> Shape:
        """The shape of the resource at an address."""
        return self.own_shape if self.refine is None else self.refine(address, self.own_shape)

    @property
    def by_id(self) -> bool:
        """Whether the service makes the id that its URLs want, and nothing else is unique."""
        return "{id}" in self.item

    @property
    def key_names(self) -> tuple[str, ...]:
        """The metadata members that make the address, in order."""
        return (*self.scope, self.identity)

    def address(self, *keys: str) -> Address:
        """The address of a resource of this kind."""
        return Address(self.name, keys)

    def wanted(self, declared: Declared) -> Document:
        """What the manifest declares, as the service would show it.

        A name that identifies is part of it, since an update can change it; a key never changes.
        """
        if not self.by_id:
            return declared.document
        return {self.identity: declared.address.keys[-1], **declared.document}

    def item_path(self, address: Address, id: str = "") -> str:  # noqa: A002 - the service's word
        """The path of one resource, every key percent-encoded."""
        return self._fill(self.item, address, id)

    def create_path(self, address: Address) -> str:
        """The path that a create of this resource is POSTed to."""
        return self._fill(self.create, address)

    def keys_of(self, item: Document, scope: Mapping[str, str] | None = None) -> tuple[str, ...] | None:
        """The keys of a live item from its own members (`projectKey` and so on), or from a known scope.

        `None` where the item is not of the expected form: a tolerant reader passes it over.
        """
        known = scope or {}
        found = [item.get(name + "Key", known.get(name)) for name in self.scope]
        found.append(item.get(self.identity))
        if not all(isinstance(key, str) for key in found):
            return None
        return tuple(str(key) for key in found)

    def _fill(self, template: str, address: Address, id: str = "") -> str:  # noqa: A002
        return fill(template, {**dict(zip(self.key_names, address.keys, strict=True)), "id": id})


def fill(template: str, values: Mapping[str, str]) -> str:
    """A URL template with percent-encoded values; `.` and `..` can't climb out of their segment."""
    encoded = {
        name: quote(value, safe="").replace(".", "%2E") if set(value) <= {"."} else quote(value, safe="")
        for name, value in values.items()
    }
    return template.format_map(encoded)


Kinds = Mapping[str, Kind]
"""Kinds by name: what the engine is given, so that a test can add one."""


def parent_of(address: Address, kinds: Kinds) -> Address | None:
    """The address one level up, or `None` at the top."""
    parent = kinds[address.kind].parent
    if parent is None:
        return None
    above = kinds[parent]
    return above.address(*address.keys[: len(above.key_names)])


def ancestors(address: Address, kinds: Kinds) -> tuple[Address, ...]:
    """The addresses above, nearest first."""
    above: list[Address] = []
    next_up = parent_of(address, kinds)
    while next_up is not None:
        above.append(next_up)
        next_up = parent_of(next_up, kinds)
    return tuple(above)
