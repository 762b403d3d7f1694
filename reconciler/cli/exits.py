"""How a command ends: exit codes, and the same in words for machines."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. 2 says that changes exist, and only that."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    STALE = 4
    PARTIAL = 5
    INTERRUPTED = 130

    @property
    def reason(self) -> str:
        """The `failureReason`; empty where nothing failed."""
        return _REASONS.get(self, "")


_REASONS = {
    Exit.ERROR: "error",
    Exit.REFUSED: "refused",
    Exit.STALE: "stale",
    Exit.PARTIAL: "partial",
    Exit.INTERRUPTED: "interrupted",
}
