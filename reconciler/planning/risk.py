"""Which changes weaken a protection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.document import MISSING, Document, Json, Missing, canonical, is_list, pointer
from reconciler.model.shape import Direction, Shape


def loosened(before: Document, after: Document, shape: Shape) -> tuple[str, ...]:
    """The pointers of the protections that are weaker in `after`, in the order of the fields."""
    return tuple(pointer(path) for path in _loosened(before, after, shape, ()))


def _loosened(
    before: Mapping[str, Json], after: Mapping[str, Json], shape: Shape, path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for name, value in after.items():
        member = shape.member(name)
        was = before.get(name, MISSING)
        if isinstance(value, Mapping):
            yield from _loosened(was if isinstance(was, Mapping) else {}, value, member, (*path, name))
        elif (
            member.protects is not None
            and _weaker(
                member.absent_means if isinstance(was, Missing) or was is None else was,
                value,
                member.protects,
            )
            and not _outdone(name, before, after, shape)
        ):
            yield (*path, name)


def _outdone(name: str, before: Mapping[str, Json], after: Mapping[str, Json], shape: Shape) -> bool:
    """Whether a switch that excludes this protection, and protects more, is switched on in its place."""
    return any(
        member.excludes is not None
        and member.excludes.other == pointer((name,))
        and member.protects is Direction.TRUE
        and after.get(switch) is True
        and before.get(switch) is not True
        for switch, member in shape.members.items()
    )


def _weaker(before: Json | Missing, after: Json, strong: Direction) -> bool:
    match strong:
        case Direction.TRUE:
            return before is True and after is not True
        case Direction.FALSE:
            return before is False and after is not False
        case Direction.HIGHER:
            return _is_number(before) and _is_number(after) and after < before  # type: ignore[operator]
        case Direction.MORE:
            return (
                is_list(before)
                and is_list(after)
                and not {*map(canonical, before)} <= {*map(canonical, after)}
            )


def _is_number(value: Json | Missing) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
