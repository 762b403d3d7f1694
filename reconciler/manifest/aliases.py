"""Anchors and aliases, measured: aliases share what they refer to, and whoever walks it pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.manifest.parsed import Parsed, Place
from reconciler.model import codes
from reconciler.model.document import Json

MAX_EXPANSION: Final = 10
"""How many times the file's own nodes all of its aliases may add."""

_ENORMOUS = 1 << 60


@dataclass(frozen=True, slots=True)
class Anchored:
    """A value that aliases may refer to."""

    value: Json
    raw: str | None
    """How the file writes it, where it is a plain scalar."""
    size: int
    """How many nodes it unfolds to."""
    height: int
    """How many levels of lists and mappings it has."""


@dataclass(frozen=True, slots=True)
class _Open:
    """How much was there when an anchored value began."""

    name: str
    nodes: int
    added: int
    deepest: int
    depth: int


class Anchors:
    """The anchors of one document, and how much its aliases add to it."""

    def __init__(self) -> None:
        self._known: dict[str, Anchored | None] = {}
        self.added = 0
        """How many more nodes there would be if the aliases so far were written out."""
        self.deepest = 0
        """The deepest level that was reached since the innermost open anchored value began."""
        self.steps: list[tuple[int, Place]] = []
        """What was added after each alias, and where that stands."""

    def open(self, name: str, nodes: int, depth: int) -> _Open:
        """Begins an anchored value, which can't be referred to before it ends."""
        opened = _Open(name, nodes, self.added, self.deepest, depth)
        self._known[name] = None
        self.deepest = depth - 1
        return opened

    def close(self, opened: _Open, value: Json, raw: str | None, nodes: int) -> None:
        """Ends an anchored value."""
        size = nodes - opened.nodes + 1 + self.added - opened.added
        self._known[opened.name] = Anchored(value, raw, size, self.deepest - opened.depth + 1)
        self.deepest = max(self.deepest, opened.deepest)

    def is_open(self, name: str) -> bool:
        """Whether the value with this anchor has begun, and not ended."""
        return name in self._known and self._known[name] is None

    def refer(self, name: str, place: Place, depth: int) -> Anchored | None:
        """The value that an alias at this depth refers to; `None` where there is none, or none whole."""
        anchored = self._known.get(name)
        if anchored is not None:
            self.added = min(self.added + anchored.size - 1, _ENORMOUS)
            self.steps.append((self.added, place))
            self.deepest = max(self.deepest, depth - 1 + anchored.height)
        return anchored


def limit(documents: Iterator[tuple[Parsed, Anchors]], nodes: int) -> None:
    """Marks the documents whose aliases unfold beyond the limit, which the whole file's `nodes` set."""
    left = MAX_EXPANSION * nodes
    for document, anchors in documents:
        if not document.whole:
            continue
        beyond = next((place for added, place in anchors.steps if added > left), None)
        if beyond is None:
            left -= anchors.added
            continue
        document.whole = False
        message = (
            f"Aliases unfold to more than {MAX_EXPANSION} times of what the file holds, from this one on."
        )
        hint = "Write out what is repeated, or split the file."
        document.fault(codes.LIMIT, message, beyond, hint, None)
