"""Budgets: how long a text may get, in characters and bytes, and what is left out first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a place takes. `None` is no bound."""

    characters: int | None = None
    bytes: int | None = None

    def holds(self, text: str) -> bool:
        """Whether the text fits."""
        if self.characters is not None and len(text) > self.characters:
            return False
        return self.bytes is None or len(text.encode()) <= self.bytes

    def without(self, text: str) -> Budget:
        """What is left beside the text."""
        return Budget(
            None if self.characters is None else max(0, self.characters - len(text)),
            None if self.bytes is None else max(0, self.bytes - len(text.encode())),
        )

    def share(self, part: float) -> Budget:
        """A part of it, from 0 to 1."""
        return Budget(
            None if self.characters is None else int(self.characters * part),
            None if self.bytes is None else int(self.bytes * part),
        )


COMMENT = Budget(characters=65_000)
"""A comment on GitHub: 65,536 characters, less a margin."""
SUMMARY = Budget(bytes=1_000_000)
"""A step's summary on GitHub: 1 MiB, less a margin; a longer one is dropped as a whole."""
UNBOUNDED = Budget()


def most_of(pieces: Sequence[str], budget: Budget, left_out: Callable[[int], str]) -> str:
    """As many pieces as fit, from the first on, and for the rest what `left_out` says of their number."""
    whole = "".join(pieces)
    if budget.holds(whole):
        return whole
    room = budget.without(left_out(len(pieces)))
    kept: list[str] = []
    for piece in pieces:
        if not room.holds(piece):
            break
        kept.append(piece)
        room = room.without(piece)
    note = left_out(len(pieces) - len(kept))
    return "".join(kept) + (note if budget.without("".join(kept)).holds(note) else "")
