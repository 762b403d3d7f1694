"""What parsing leaves of a file: values, places, and the mistakes that were found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Json
from reconciler.model.state import Positions

Place: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@dataclass(slots=True)
class Parsed:
    """One YAML document: its value, where everything in it stands, and what is wrong with it already."""

    file: str
    value: Json = None
    values: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    """How the file writes the plain scalars that are no texts, by pointer."""
    empty: bool = False
    """Whether nothing stands in it."""
    whole: bool = True
    """Whether its value may be looked at: not where it is cut, or unfolds without measure."""
    faults: list[Diagnostic] = field(default_factory=list)
    """Mistakes in anybody's documents: syntax, tags, limits."""
    own_faults: list[Diagnostic] = field(default_factory=list)
    """Mistakes if the document is a manifest of ours."""
    settled: set[str] = field(default_factory=set)
    """Pointers about whose values these faults have said it all."""
    incomplete: set[str] = field(default_factory=set)
    """Pointers of mappings that lost members to these faults, so that nothing can be called missing there."""

    @property
    def positions(self) -> Positions:
        """The places as the rest of the tool knows them."""
        return Positions(self.file, self.values, self.keys)

    def fault(self, code: Code, message: str, place: Place, hint: str, pointer: str | None) -> None:
        """Adds a mistake in anybody's documents, about the value at a pointer."""
        self.faults.append(Diagnostic(code, message, Position(self.file, *place), hint))
        if pointer is not None:
            self.settled.add(pointer)

    def own_fault(
        self, code: Code, message: str, place: Place, hint: str, pointer: str | None = None
    ) -> None:
        """Adds a mistake in manifests of ours."""
        self.own_faults.append(Diagnostic(code, message, Position(self.file, *place), hint))
        if pointer is not None:
            self.settled.add(pointer)

    def lose(self, pointer: str | None) -> None:
        """Notes that the mapping at a pointer lost a member."""
        if pointer is not None:
            self.incomplete.add(pointer)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The documents of one file; where it is broken, those before, and the finding."""

    documents: tuple[Parsed, ...]
    broken: Diagnostic | None = None
