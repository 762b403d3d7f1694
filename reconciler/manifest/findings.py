"""Findings in one document while they are collected: about a pointer, and of a rank among others there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from reconciler.model.address import Address
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.state import Positions


class Rank(IntEnum):
    """Which of several findings about one value says it best; the lower, the better."""

    FORM = 1
    """Null, unknown, not managed."""
    SECRET = 2
    """A secret in clear, or a reference that is not allowed."""
    KIND = 3
    """What the kind itself says."""
    PLACE = 4
    """A reference or a mask where none can be."""
    TYPE = 5
    """What the model of the spec says."""
    RELATION = 6
    """That it can't stand beside another field."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a document."""

    code: Code
    about: str
    """The pointer of the value that is wrong, or that is missing."""
    message: str
    hint: str
    rank: Rank = Rank.TYPE
    place: str | None = None
    """Where to show it, if not at `about`: the mapping that lacks something."""
    at_key: bool = False
    """Whether the key is shown, not the value."""

    def diagnostic(self, positions: Positions, address: Address | None) -> Diagnostic:
        """The finding at its place in the file."""
        pointer = self.about if self.place is None else self.place
        position = positions.key(pointer) if self.at_key else positions.value(pointer)
        return Diagnostic(self.code, self.message, position, self.hint, address)


def one_for_each(findings: Iterable[Finding], settled: Iterable[str]) -> Iterator[Finding]:
    """The findings without those that only repeat another: of a better rank, or about what holds it.

    `settled` are the pointers that everything was said about before.
    """
    ordered = sorted(findings, key=lambda finding: finding.rank)
    done = set(settled)
    everywhere = done | {finding.about for finding in ordered if finding.rank is not Rank.RELATION}
    for finding in ordered:
        if finding.about in done or any(above in everywhere for above in _above(finding.about)):
            continue
        done.add(finding.about)
        yield finding


def _above(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer
