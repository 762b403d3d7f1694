"""What the laws are tried on: documents with every trap of JSON in them, shapes, and pairs of the two."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from reconciler.model.document import MISSING
from reconciler.model.secrets import Resolution, SecretReference, as_reference
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.judgement import judge_with

LAW = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("LAW_EXAMPLES", "75")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

KEYS = st.one_of(
    st.sampled_from(["", "name", "tags", "a", "b", "a/b", "~", "~1", "/", "0", "-", "ключ", "日本", " "]),
    st.text(max_size=3),
)
NUMBERS = st.sampled_from([0, 0.0, -0.0, 1, 1.0, 2, 2.0, -1, 0.5, 60, 60.0, 10**15])
SCALARS = st.one_of(
    st.booleans(),
    NUMBERS,
    st.sampled_from(["", "a", "1", "true", "null", "(secret)", "naïve", "\U0001f6a6", "abc****xyz"]),
    st.text(max_size=3),
)
# A live document can hold anything, also what would be a reference in a manifest.
LOOKALIKES = st.builds(
    lambda source, name: {source: name},
    st.sampled_from(["fromEnv", "fromFile"]),
    st.sampled_from(["HOME", ""]),
)
JSON = st.recursive(
    st.one_of(SCALARS, st.none(), LOOKALIKES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=4)

SECRETS: Mapping[str, str | None] = {
    "TOKEN": "tok-5ecretvalue-end",
    "ROTATED": "tok-another1-end",
    "OTHER": "zzz-9876543210-qqq",
    "SHORT": "abc",
    "UNSET": None,
}
REFERENCES = st.sampled_from([{"fromEnv": name} for name in SECRETS])
JUDGE = judge_with(lambda reference: Resolution(SECRETS.get(reference.name)))
RESOLVED = {SecretReference("fromEnv", name): value for name, value in SECRETS.items() if value is not None}


def masked(secret: str) -> str:
    """As the service shows a stored secret."""
    return secret[:3] + "****" + secret[-3:] if len(secret) > 6 else "****"


@st.composite
def member_shapes(draw: st.DrawFn, depth: int) -> Shape:
    sort = draw(st.sampled_from(["plain", "list", "secret", "once", "default", "object", "whole", "stored"]))
    if sort in ("object", "whole", "stored") and depth > 0:
        members = draw(st.dictionaries(KEYS, member_shapes(depth - 1), max_size=3))
        rest = draw(st.sampled_from([None, None, Shape(secret=True), Shape(unordered=True)]))
        return Shape(members=members, rest=rest, atomic=sort == "whole", stored=sort == "stored")
    match sort:
        case "list":
            return Shape(unordered=True, atomic=draw(st.booleans()))
        case "secret":
            return Shape(secret=True)
        case "once":
            return draw(st.sampled_from([Shape(create_only=True), Shape(write_only=True, create_only=True)]))
        case "default":
            return Shape(absent_means=draw(st.sampled_from([False, 0, "", []])))
        case _:
            return OPAQUE


SHAPES = st.builds(Shape, members=st.dictionaries(KEYS, member_shapes(2), min_size=1, max_size=4))


@st.composite
def wanted_values(draw: st.DrawFn, shape: Shape, depth: int = 2) -> Any:
    """A value that a manifest could declare for a shape: no null by itself, secrets by reference."""
    if shape.secret:
        return draw(REFERENCES)
    if shape.unordered:
        return draw(st.lists(SCALARS, max_size=4))
    if shape.members or shape.rest is not None:
        return draw(wanted_documents(shape, depth - 1))
    if shape.absent_means is not MISSING:
        return draw(st.one_of(st.just(shape.absent_means), SCALARS))
    return draw(JSON.filter(_declarable))


def _declarable(value: Any) -> bool:
    if value is None or as_reference(value) is not None:
        return False
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_declarable(each) for each in inner)


@st.composite
def wanted_documents(draw: st.DrawFn, shape: Shape, depth: int = 2) -> dict[str, Any]:
    names = (
        set(draw(st.lists(st.sampled_from(sorted(shape.members)), unique=True))) if shape.members else set()
    )
    if depth > 0:
        names |= set(draw(st.lists(KEYS, max_size=1)))
    return {name: draw(wanted_values(shape.member(name), depth)) for name in sorted(names)}


@st.composite
def rephrased(draw: st.DrawFn, value: Any, shape: Shape = OPAQUE) -> Any:
    """The same value in other words: `1` as `1.0`, members in another order, a set with repetitions."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return draw(st.sampled_from([value, float(value), int(value) if value == int(value) else value]))
    if isinstance(value, list):
        items = [draw(rephrased(item)) for item in value]
        if shape.unordered and items:
            items += draw(st.lists(st.sampled_from(items), max_size=2))
            items = list(draw(st.permutations(items)))
        return items
    names = draw(st.permutations(list(value)))
    return {name: draw(rephrased(value[name], shape.member(name))) for name in names}


@st.composite
def live_values(draw: st.DrawFn, wanted: Any, shape: Shape) -> Any:
    """What may stand live where something is wanted: the same, the same in other words, or anything."""
    sort = draw(st.sampled_from(["same", "other words", "other words", "alike", "alike", "anything", "null"]))
    if sort == "null":
        return None
    if shape.secret:
        return draw(live_secrets(wanted))
    if sort == "same":
        return wanted
    if isinstance(wanted, dict) and sort != "anything":
        return draw(live_documents(wanted, shape))
    if sort == "other words":
        return draw(rephrased(wanted, shape))
    if sort == "alike" and isinstance(wanted, list) and wanted:
        return draw(st.lists(st.sampled_from(wanted), max_size=4))
    return draw(JSON)


@st.composite
def live_secrets(draw: st.DrawFn, wanted: Any) -> Any:
    value = SECRETS.get(wanted.get("fromEnv", "")) if isinstance(wanted, dict) else None
    mine = [masked(value), value] if value is not None else []
    others = [masked(other) for other in SECRETS.values() if other is not None]
    return draw(st.sampled_from([*mine, *mine, "****", "", "clear", 5, None, {"fromEnv": "HOME"}, *others]))


@st.composite
def live_documents(draw: st.DrawFn, wanted: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    live = {}
    for name, value in wanted.items():
        if draw(st.sampled_from([True, True, True, False])):
            live[name] = draw(live_values(value, shape.member(name)))
    # What the service fills in, and what nobody declares.
    for name, value in draw(st.dictionaries(KEYS, JSON, max_size=2)).items():
        live.setdefault(name, value)
    return live


@dataclass(frozen=True)
class Meeting:
    """A shape, what is wanted of it, and what is live."""

    shape: Shape
    wanted: dict[str, Any]
    live: dict[str, Any]


@st.composite
def meetings(draw: st.DrawFn, shapes: st.SearchStrategy[Shape] = SHAPES) -> Meeting:
    shape = draw(shapes)
    wanted = draw(wanted_documents(shape))
    return Meeting(shape, wanted, draw(live_documents(wanted, shape)))


# The yardsticks below know nothing of the code that they measure.


def exactly(document: Any) -> str:
    """A text that tells `1`, `1.0` and `true` apart."""
    return json.dumps(document, sort_keys=True)


def plain(value: Any, shape: Shape = OPAQUE) -> Any:
    """A hashable stand-in that Python's `==` compares as JSON does, and set-like lists as sets."""
    if value is MISSING:
        return MISSING
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, (int, float)):
        return ("number", float(value) + 0.0)
    if isinstance(value, Mapping):
        return (
            "object",
            frozenset((name, plain(inner, shape.member(name))) for name, inner in value.items()),
        )
    items = [plain(item) for item in value]
    return ("set", frozenset(items)) if shape.unordered else ("list", tuple(items))


def at(document: Any, path: Sequence[str]) -> Any:
    """What stands at a path of names; `MISSING` where nothing does."""
    for name in path:
        if not isinstance(document, Mapping) or name not in document:
            return MISSING
        document = document[name]
    return document


def shape_at(shape: Shape, path: Sequence[str]) -> Shape:
    for name in path:
        shape = shape.member(name)
    return shape


def is_field(value: Any, shape: Shape) -> bool:
    """Whether a value is written as one, rather than member by member."""
    return not isinstance(value, Mapping) or shape.atomic or shape.secret


def fields(
    document: Mapping[str, Any], shape: Shape, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field of a document with its path; an empty object is one too."""
    for name, value in document.items():
        member, here = shape.member(name), (*path, name)
        if is_field(value, member) or not value:
            yield here, value
        else:
            yield from fields(value, member, here)


def steps(pointer: str) -> tuple[str, ...]:
    """The names in a pointer, read as RFC 6901 says."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
