"""Explain: a change in words, field by field. The patch says what is sent, this says what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.document import (
    MISSING,
    Json,
    Missing,
    canonical,
    is_list,
    lookup,
    pointer,
    same,
    tokens,
)
from reconciler.model.secrets import PLACEHOLDER, Verdict, as_reference
from reconciler.model.shape import Shape
from reconciler.planning.plan import Action, Change


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs."""

    pointer: str
    before: Json | Missing = MISSING
    after: Json | Missing = MISSING
    added: tuple[Json, ...] = ()
    """For a set-like list: what comes in."""
    removed: tuple[Json, ...] = ()
    """For a set-like list: what goes out."""
    note: str = ""
    """What is known of a secret, or why a field is written."""


def explain(change: Change, shape: Shape) -> tuple[Difference, ...]:
    """The fields that a change writes, with what they were and will be, in the order of the document."""
    if change.action is Action.CREATE:
        return tuple(_leaves(change.after or {}, shape, ()))
    return tuple(_updates(change, shape))


def unchanged_fields(change: Change) -> int:
    """How many declared fields of an updated resource stay as they are."""
    written = {tokens(operation.path)[0] for operation in change.patch}
    return sum(name not in written for name in change.before or {})


def _leaves(document: Mapping[str, Json], shape: Shape, path: tuple[str, ...]) -> Iterator[Difference]:
    for name, value in document.items():
        member = shape.member(name)
        if isinstance(value, Mapping) and value and as_reference(value) is None:
            yield from _leaves(value, member, (*path, name))
        else:
            yield Difference(pointer((*path, name)), after=value)


def _updates(change: Change, shape: Shape) -> Iterator[Difference]:
    before, after = change.before or {}, change.after or {}
    for path in dict.fromkeys(shape.field(operation.path) for operation in change.patch):
        was, will = lookup(before, path), lookup(after, path)
        if shape.at(path).unordered and is_list(was) and is_list(will):
            yield _set_difference(path, was, will)
        elif isinstance(was, Mapping) and isinstance(will, Mapping) and as_reference(will) is None:
            yield from _nested(path, was, will, change.verdicts)
        else:
            verdict = change.verdicts.get(path)
            yield Difference(path, was, will, note="" if verdict is None else verdict.value)


def _set_difference(path: str, was: Sequence[Json], will: Sequence[Json]) -> Difference:
    old, new = {canonical(value) for value in was}, {canonical(value) for value in will}
    return Difference(
        path,
        was,
        will,
        added=tuple(value for value in will if canonical(value) not in old),
        removed=tuple(value for value in was if canonical(value) not in new),
    )


def _nested(
    path: str, was: Mapping[str, Json], will: Mapping[str, Json], verdicts: Mapping[str, Verdict]
) -> Iterator[Difference]:
    """The differences inside of an object that is written whole, worded by deepdiff."""
    from deepdiff import DeepDiff  # 150 ms to import, so only where something differs

    secrets = {name for name in was.keys() | will.keys() if path + pointer((name,)) in verdicts}
    for name in sorted(secrets & will.keys()):
        verdict = verdicts[path + pointer((name,))]
        if verdict is Verdict.CHANGED or name in was:
            note = (
                verdict.value if verdict is Verdict.CHANGED else f"{verdict.value}; sent again with the rest"
            )
            yield Difference(
                path + pointer((name,)), PLACEHOLDER if name in was else MISSING, will[name], note=note
            )
    tree = DeepDiff(
        {name: value for name, value in was.items() if name not in secrets},
        {name: value for name, value in will.items() if name not in secrets},
        view="tree",
        verbose_level=2,
    )
    levels = [level for category in tree.values() for level in category]
    for level in sorted(levels, key=lambda level: [str(step) for step in level.path(output_format="list")]):
        before, after = _side(level.t1), _side(level.t2)
        if not same(before, after):  # to deepdiff 1 and 1.0 differ
            yield Difference(path + pointer(level.path(output_format="list")), before, after)


def _side(value: object) -> Json | Missing:
    """One side of deepdiff's level; its own mark for what is not there becomes ours."""
    from deepdiff.helper import NotPresent

    return MISSING if isinstance(value, NotPresent) else value  # type: ignore[return-value]  # parts of our own documents
