"""Counts how many requests a change takes, retries included, without anybody passing a counter along."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Attempts:
    """The requests that were sent within one task and those that it started."""

    tries: int = 0


_current: ContextVar[Attempts | None] = ContextVar("attempts", default=None)


def counting() -> Attempts:
    """A counter of every request that this task sends from now on."""
    attempts = Attempts()
    _current.set(attempts)
    return attempts


def count() -> None:
    """Note that one request is sent."""
    attempts = _current.get()
    if attempts is not None:
        attempts.tries += 1
