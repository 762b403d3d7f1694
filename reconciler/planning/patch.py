"""Patches: the difference of two documents as the fewest RFC 6902 operations that rewrite nothing.

Only `add`, `remove` and `replace` are made: LaunchDarkly's schema of an operation has no `from`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import jsonpatch

from reconciler.model.document import MISSING, Document, Json, Missing, canonical, is_list, lookup, pointer
from reconciler.model.secrets import SecretReference, references
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


def patch(
    before: Document, after: Document, shape: Shape = OPAQUE, lists: Literal["whole", "elements"] = "whole"
) -> tuple[Operation, ...]:
    """The operations that make `after` of `before`, sorted by path; none where nothing differs.

    One for each differing field, at the deepest path that the service takes: a set-like list and an
    `Atomic` object are one field. Below a `Stored` object it is always a `replace`, also of a member
    that the service doesn't show. With `lists="elements"` a set-like list is changed element by element.
    """
    operations = tuple(_members(before, after, shape, ()))
    if lists == "whole":
        return operations
    return tuple(finer for operation in operations for finer in _by_element(operation, before, shape))


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
    elif shape.stored and isinstance(after, Mapping) and (isinstance(before, Missing) or before is None):
        yield from _members({}, after, shape, path)
    elif isinstance(before, Missing):
        yield Operation("replace" if parent.stored else "add", pointer(path), after)
    elif equal(before, after, shape):
        return
    elif isinstance(before, Mapping) and isinstance(after, Mapping) and not shape.atomic and not shape.secret:
        yield from _members(before, after, shape, path)
    else:
        yield Operation("replace", pointer(path), after)


def _by_element(operation: Operation, before: Document, shape: Shape) -> Iterator[Operation]:
    """The replacement of a set-like list as max(removed, added) operations on its elements.

    One operation takes at most one element out and puts at most one in, so fewer can't do it. Operations
    by index race with other writers, so a `test` of the element goes before each; an append needs none.
    """
    was, will, field = lookup(before, operation.path), operation.value, shape.at(operation.path)
    apart = operation.op == "replace" and field.unordered and not field.atomic
    if not (apart and is_list(was) and is_list(will)):
        yield operation
        return
    new, old = {canonical(value) for value in will}, {canonical(value) for value in was}
    gone = [index for index, value in enumerate(was) if canonical(value) not in new]
    come = list({canonical(value): value for value in will if canonical(value) not in old}.values())
    for index, value in zip(gone, come, strict=False):
        yield Operation("test", f"{operation.path}/{index}", was[index])
        yield Operation("replace", f"{operation.path}/{index}", value)
    for index in reversed(gone[len(come) :]):
        yield Operation("test", f"{operation.path}/{index}", was[index])
        yield Operation("remove", f"{operation.path}/{index}")
    for value in come[len(gone) :]:
        yield Operation("add", f"{operation.path}/-", value)


def preconditions(
    operations: Sequence[Operation], before: Document, shape: Shape, version: int | None
) -> tuple[Operation, ...]:
    """Test operations on what the others change: the field as it was, or the version where secrets hide it."""
    fields = dict.fromkeys(shape.field(operation.path) for operation in operations if operation.op != "test")
    tests = []
    for path in fields:
        was = lookup(before, path)
        if not isinstance(was, Missing) and not _conceals(shape.at(path)):
            tests.append(Operation("test", path, was))
    if len(tests) < len(fields) and version is not None:
        tests.append(Operation("test", "/version", version))
    return tuple(tests)


def _conceals(shape: Shape) -> bool:
    """Whether a value of this shape holds secrets, so that live shows it masked."""
    inner = (*shape.members.values(), *(() if shape.rest is None else (shape.rest,)))
    return shape.secret or any(_conceals(member) for member in inner)


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
        inner = stored.get(name)
        if inner is None and member.stored:
            inner = {}
        if isinstance(inner, Mapping):
            stored[name] = _as_stored(inner, value, member)
    return stored


def needs_of(operations: Iterable[Operation], shape: Shape) -> tuple[SecretReference, ...]:
    """The secrets whose values the operations send, each once, sorted."""
    sent = {
        reference
        for operation in operations
        if not isinstance(operation.value, Missing)
        for reference in references(operation.value, shape.at(operation.path))
    }
    return tuple(sorted(sent))


def documents(operations: Iterable[Operation]) -> list[Json]:
    """The operations as a JSON Patch document."""
    return [operation.document() for operation in operations]
