"""Shapes: what the fields of a resource mean, read from the markers on its pydantic model.

A marker stands in a field's annotation, `tags: Annotated[list[Tag], Unordered()]`; the engine reads
the `Shape` that comes of them and nothing else, so that a new kind needs no engine change.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel

from reconciler.model.document import MISSING, Json, Missing, pointer, tokens


class Direction(StrEnum):
    """Which side of a protection is the strong one."""

    TRUE = "true"
    FALSE = "false"
    HIGHER = "higher"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Unordered:
    """A list that is a set: neither order nor repetition is a difference."""


@dataclass(frozen=True, slots=True)
class Atomic:
    """An object or list that the service takes only whole."""


@dataclass(frozen=True, slots=True)
class Divisible:
    """Beside `Atomic`: an object that some accounts take member by member, where settings ask for it."""


@dataclass(frozen=True, slots=True)
class Critical:
    """A switch that says of the whole resource that loosening it wants a second look."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that the service keeps fuller than it shows: `replace` works on every member, shown or not."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A create needs it; an update doesn't."""


@dataclass(frozen=True, slots=True)
class CreateOnly:
    """Taken by a create, ignored or refused afterwards."""


@dataclass(frozen=True, slots=True)
class AfterCreate:
    """Refused by a create; set by a PATCH right after it. The resource stands unprotected in between."""


@dataclass(frozen=True, slots=True)
class WriteOnly:
    """Never shown by the service, so that it can't be compared."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential: given by reference only, shown by the service as a mask, never shown by us."""


@dataclass(frozen=True, slots=True)
class AbsentMeans:
    """The value that a member has where the service leaves it out or shows null."""

    value: Json


@dataclass(frozen=True, slots=True)
class Feature:
    """A member that the service shows only to accounts that have a feature."""

    name: str


@dataclass(frozen=True, slots=True)
class FromSibling:
    """An object whose `member` is the key of another resource in the same scope, needed by a create."""

    member: str


@dataclass(frozen=True, slots=True)
class Excludes:
    """Another field, by pointer from the same object, that can't stand beside this one.

    `active`: not both switched on or filled at once. `declared`: two names of one setting, not both
    in one manifest.
    """

    other: str
    when: Literal["active", "declared"] = "active"


@dataclass(frozen=True, slots=True)
class Protects:
    """A protection; moving it away from the strong side loosens it."""

    strong: Direction


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value means to the engine; `OPAQUE` where nothing is known."""

    members: Mapping[str, Shape] = field(default_factory=lambda: types.MappingProxyType({}))
    rest: Shape | None = None
    """The shape of every member that `members` doesn't list."""
    unordered: bool = False
    atomic: bool = False
    divisible: bool = False
    critical: bool = False
    stored: bool = False
    needed: bool = False
    create_only: bool = False
    after_create: bool = False
    write_only: bool = False
    secret: bool = False
    absent_means: Json | Missing = MISSING
    feature: str | None = None
    sibling: str | None = None
    excludes: Excludes | None = None
    protects: Direction | None = None

    def member(self, name: str) -> Shape:
        """The shape of one member of an object."""
        return self.members.get(name) or self.rest or OPAQUE

    def at(self, path: str) -> Shape:
        """The shape of what stands at a JSON pointer."""
        shape = self
        for token in tokens(path):
            shape = shape.member(token)
        return shape

    def field(self, path: str) -> str:
        """The pointer of the field that a path belongs to: an element of a set-like list is no field of its own."""
        shape, parts = self, tokens(path)
        for length, token in enumerate(parts):
            if shape.unordered:
                return pointer(parts[:length])
            shape = shape.member(token)
        return path

    def with_member(self, name: str, shape: Shape) -> Shape:
        """The same shape with another one for a member."""
        return replace(self, members={**self.members, name: shape})


OPAQUE = Shape()


def divided(shape: Shape) -> Shape:
    """The same shape with every divisible object taken member by member."""
    members = {name: divided(member) for name, member in shape.members.items()}
    return replace(shape, members=members, atomic=shape.atomic and not shape.divisible)


def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model, from the markers on its fields and those of the models below it."""
    members = {
        name: _shape_of_field(info.annotation, info.metadata) for name, info in model.model_fields.items()
    }
    return Shape(members=types.MappingProxyType(members))


def _shape_of_field(annotation: Any, metadata: list[Any]) -> Shape:
    inner = next((kind for kind in _alternatives(annotation) if _is_model(kind)), None)
    shape = OPAQUE if inner is None else shape_of(inner)
    for marker in metadata:
        shape = _marked(shape, marker)
    return shape


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


_SWITCHES = {
    Unordered: "unordered",
    Atomic: "atomic",
    Divisible: "divisible",
    Critical: "critical",
    Stored: "stored",
    Needed: "needed",
    CreateOnly: "create_only",
    AfterCreate: "after_create",
    WriteOnly: "write_only",
    Secret: "secret",
}


def _marked(shape: Shape, marker: object) -> Shape:
    switch = _SWITCHES.get(type(marker))
    if switch is not None:
        return replace(shape, **{switch: True})  # type: ignore[arg-type]  # every switch is a bool of Shape
    match marker:
        case AbsentMeans(value):
            return replace(shape, absent_means=value)
        case Feature(name):
            return replace(shape, feature=name)
        case FromSibling(member):
            return replace(shape, sibling=member)
        case Excludes():
            return replace(shape, excludes=marker)
        case Protects(strong):
            return replace(shape, protects=strong)
        case _:
            return shape  # pydantic's own constraints stand in the same place
