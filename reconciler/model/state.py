"""The two sides that a plan compares: what manifests declare, and what LaunchDarkly was seen to hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.address import Address
from reconciler.model.diagnostic import Position
from reconciler.model.document import Document, pointer, tokens


@dataclass(frozen=True, slots=True)
class Positions:
    """Where in a file each value and each key of a document stands, by JSON pointer from its root."""

    file: str
    values: Mapping[str, tuple[int, int]]
    keys: Mapping[str, tuple[int, int]]

    def value(self, path: str) -> Position:
        """The place of the value at a pointer, else of the nearest value around it."""
        return self._nearest(self.values, path)

    def key(self, path: str) -> Position:
        """The place of the key at a pointer, else of the nearest thing around it."""
        if path in self.keys:
            return Position(self.file, *self.keys[path])
        return self._nearest(self.values, path)

    def _nearest(self, places: Mapping[str, tuple[int, int]], path: str) -> Position:
        parts = tokens(path)
        for length in range(len(parts), -1, -1):
            place = places.get(pointer(parts[:length]))
            if place is not None:
                return Position(self.file, *place)
        return Position(self.file)


NOWHERE = Positions("", {}, {})


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource as a manifest declares it."""

    address: Address
    document: Document
    """What the author wrote, in the wire's own names; the identity stands in the address."""
    positions: Positions = NOWHERE
    """Pointers count from the manifest's root: a field's is `/spec` and its own."""
    absent: bool = False
    """A tombstone: the resource is to be deleted."""
    id: str | None = None
    """The id that the manifest pins the resource to."""

    def place(self, field_pointer: str = "") -> Position:
        """Where a field of the document is declared; for `""`, where the manifest starts."""
        return self.positions.value("/spec" + field_pointer) if field_pointer else self.start

    @property
    def start(self) -> Position:
        """The manifest's first key."""
        return self.positions.value("")


class Presence(StrEnum):
    """What is known of a resource's existence."""

    PRESENT = "present"
    ABSENT = "absent"
    """Proven: a direct 404, or a list read whole."""
    UNKNOWN = "unknown"
    """Not readable, so neither there nor gone."""
    AMBIGUOUS = "ambiguous"
    """Several live resources match."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One resource as it was seen, or what is known instead. Never validated: a tolerant reader."""

    address: Address
    presence: Presence
    id: str = ""
    document: Document = field(default_factory=dict)
    version: int | None = None
    reason: str = ""
    """Why it is unknown, as a sentence."""
    ids: tuple[str, ...] = ()
    """The ids of all that match, where several do."""

    @property
    def present(self) -> bool:
        """Whether it was seen, alone."""
        return self.presence is Presence.PRESENT


@dataclass(frozen=True, slots=True)
class Live:
    """Everything that was read: an answer for every address asked for, and what else was seen."""

    asked: Mapping[Address, Observed] = field(default_factory=dict)
    """For each declared address and everything above it."""
    others: tuple[Observed, ...] = ()
    """Live resources that no manifest declares, seen on the way. Their documents may lack details."""
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """Kinds of which not everything could be listed, each with the reason."""

    def __getitem__(self, address: Address) -> Observed:
        """What is known of an address that was asked for; *unknown* for any other."""
        found = self.asked.get(address)
        if found is None:
            return Observed(address, Presence.UNKNOWN, reason="It was not read.")
        return found

    def seen(self) -> Iterable[Observed]:
        """Every resource that is certainly live."""
        yield from (observed for observed in self.asked.values() if observed.present)
        yield from self.others
