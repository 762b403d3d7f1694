"""Patches: the difference of two documents as the fewest RFC 6902 operations that rewrite nothing.

Only `add`, `remove` and `replace` are made: LaunchDarkly's schema of an operation has no `from`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import jsonpatch

from reconciler.model.document import MISSING, Document, Json, Missing, pointer
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.rebase import equal


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a JSON Patch."""

    op: Literal["add", "remove", "replace", "test"]
    path: str
    value: Json | Missing = MISSING

    def document(self) -> dict[str, Json]:
        """The operation as it is sent."""
        sent: dict[str, Json] = {"op": self.op, "path": self.path}
        if not isinstance(self.value, Missing):
            sent["value"] = self.value
        return sent


def patch(before: Document, after: Document, shape: Shape = OPAQUE) -> tuple[Operation, ...]:
    """The operations that make `after` of `before`, sorted by path; none where nothing differs.

    One for each differing field, at the deepest path that the service takes: a set-like list and an
    `Atomic` object are one field. Below a `Stored` object it is always a `replace`, also of a member
    that the service doesn't show.
    """
    return tuple(_members(before, after, shape, ()))


def _members(
    before: Mapping[str, Json], after: Mapping[str, Json], shape: Shape, path: tuple[str, ...]
) -> Iterator[Operation]:
    for name in sorted(before.keys() | after.keys()):
        yield from _member(
            before.get(name, MISSING), after.get(name, MISSING), shape, shape.member(name), (*path, name)
        )


def _member(
    before: Json | Missing, after: Json | Missing, parent: Shape, shape: Shape, path: tuple[str, ...]
) -> Iterator[Operation]:
    if isinstance(after, Missing):
        yield Operation("remove", pointer(path))
    elif isinstance(before, Missing) and shape.stored and isinstance(after, Mapping):
        yield from _members({}, after, shape, path)
    elif isinstance(before, Missing):
        yield Operation("replace" if parent.stored else "add", pointer(path), after)
    elif equal(before, after, shape):
        return
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and not shape.atomic and not shape.secret:
        yield from _members(before, after, shape, path)
    else:
        yield Operation("replace", pointer(path), after)


def verified(
    before: Document, after: Document, operations: Sequence[Operation], shape: Shape
) -> tuple[Operation, ...]:
    """The same operations, after another implementation has applied them and come to `after`.

    Raises `ValueError` where it has not: a wrong patch is never sent.
    """
    start = copy.deepcopy(_as_stored(before, after, shape))
    try:
        reached = jsonpatch.JsonPatch([operation.document() for operation in operations]).apply(start)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise ValueError(f"the planned patch does not apply: {type(error).__name__}") from None
    if not equal(reached, after, shape):
        raise ValueError("the planned patch does not lead to the planned document")
    return tuple(operations)


def _as_stored(before: Document, after: Document, shape: Shape) -> dict[str, Json]:
    """`before` with the members that the service stores and doesn't show, for those that `after` has."""
    stored = dict(before)
    for name, value in after.items():
        member = shape.member(name)
        if shape.stored:
            stored.setdefault(name, None)
        if not isinstance(value, Mapping) or member.atomic or member.secret:
            continue
        inner = stored.get(name, {} if member.stored else MISSING)
        if isinstance(inner, Mapping):
            stored[name] = _as_stored(inner, value, member)
    return stored


def documents(operations: Iterable[Operation]) -> list[Json]:
    """The operations as a JSON Patch document."""
    return [operation.document() for operation in operations]
