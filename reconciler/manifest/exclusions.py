"""Fields of one manifest that can't stand beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reconciler.manifest.findings import Finding, Rank
from reconciler.manifest.wording import field
from reconciler.model import codes
from reconciler.model.document import MISSING, Json, Missing, lookup, pointer
from reconciler.model.shape import Excludes, Shape
from reconciler.model.state import Positions


def exclusion_findings(
    spec: Json, shape: Shape, positions: Positions, wrong: Collection[str]
) -> Iterator[Finding]:
    """One finding for each pair of fields that exclude each other, at the later one.

    Nothing is said of fields that are `wrong` already, by their pointers.
    """
    seen: set[frozenset[str]] = set()
    for one, other, when in _pairs(spec, shape, "/spec"):
        pair = frozenset((one, other))
        if pair in seen or not pair.isdisjoint(wrong):
            continue
        seen.add(pair)
        first, second = sorted(pair, key=positions.key)
        yield _finding(first, second, when)


def _pairs(value: Json, shape: Shape, at: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, Mapping):
        return
    for name, inner in value.items():
        own = shape.member(name)
        below = at + pointer((name,))
        if own.excludes is not None and _collide(inner, lookup(value, own.excludes.other), own.excludes):
            yield below, at + own.excludes.other, own.excludes.when
        yield from _pairs(inner, own, below)


def _collide(value: Json, other: Json | Missing, excludes: Excludes) -> bool:
    if other is MISSING:
        return False
    return excludes.when == "declared" or (_is_active(value) and _is_active(other))


def _is_active(value: Json | Missing) -> bool:
    return value is True or (isinstance(value, (str, list, Mapping)) and len(value) > 0)


def _finding(first: str, second: str, when: str) -> Finding:
    if when == "declared":
        message = f"{field(second)} and {field(first)} are two names of one setting."
        hint = "Declare one of them."
    else:
        message = f"{field(second)} and {field(first)} exclude each other, and both are switched on."
        hint = "Switch one of them off (false or []), or leave it out."
    return Finding(codes.EXCLUSION, second, message, hint, Rank.RELATION, at_key=True)
