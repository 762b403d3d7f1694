"""Shapes, read from the markers on models; URL templates of kinds."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from reconciler.kinds.registry import load_kinds
from reconciler.model.address import Address
from reconciler.model.document import MISSING
from reconciler.model.kind import ancestors, fill, parent_of
from reconciler.model.shape import (
    OPAQUE,
    AbsentMeans,
    AfterCreate,
    Atomic,
    CreateOnly,
    Direction,
    Excludes,
    Feature,
    FromSibling,
    Needed,
    Protects,
    Secret,
    Shape,
    Stored,
    Unordered,
    WriteOnly,
    shape_of,
)
from reconciler.model.spec import Spec, declared


class Inner(Spec):
    deep: Annotated[list[str], Unordered()] = declared("")


class Outer(Spec):
    plain: str = declared("")
    bounded: Annotated[int, Field(ge=1), Protects(Direction.HIGHER)] = declared("")
    inner: Annotated[Inner, Stored(), AfterCreate(), Feature("lights")] = declared("")
    maybe: Inner | None = declared("")
    whole: Annotated[Inner, Atomic(), CreateOnly(), WriteOnly(), FromSibling("deep")] = declared("")
    either: Annotated[bool, Excludes("/plain"), AbsentMeans(value=False), Needed()] = declared("")
    token: Annotated[str, Secret()] = declared("")
    free: Annotated[dict[str, Any], Atomic()] = declared("")


SHAPE = shape_of(Outer)


def test_every_field_has_a_shape_of_its_markers() -> None:
    assert SHAPE.members["plain"] == OPAQUE
    assert SHAPE.members["bounded"] == Shape(protects=Direction.HIGHER)
    assert SHAPE.members["either"] == Shape(excludes=Excludes("/plain"), absent_means=False, needed=True)
    assert SHAPE.members["token"] == Shape(secret=True)
    assert SHAPE.members["free"] == Shape(atomic=True)


def test_a_model_in_a_field_brings_its_members_along() -> None:
    deep = {"deep": Shape(unordered=True)}
    assert SHAPE.members["inner"] == Shape(members=deep, stored=True, after_create=True, feature="lights")
    assert SHAPE.members["maybe"] == Shape(members=deep)
    whole = Shape(members=deep, atomic=True, create_only=True, write_only=True, sibling="deep")
    assert SHAPE.members["whole"] == whole


def test_what_no_model_lists_is_opaque_or_has_the_shape_of_the_rest() -> None:
    assert SHAPE.member("unheard of") is OPAQUE
    assert OPAQUE.absent_means is MISSING
    rest = Shape(secret=True)
    assert Shape(members={"a": OPAQUE}, rest=rest).member("b") is rest
    assert Shape(members={"a": OPAQUE}, rest=rest).member("a") == OPAQUE


def test_a_member_can_get_another_shape() -> None:
    changed = SHAPE.with_member("plain", Shape(secret=True))
    assert changed.member("plain").secret
    assert not SHAPE.member("plain").secret
    assert changed.member("token") == SHAPE.member("token")


def test_the_shape_at_a_pointer_is_that_of_the_member_there() -> None:
    assert SHAPE.at("/inner/deep").unordered
    assert SHAPE.at("") is SHAPE
    assert SHAPE.at("/free/anything/at all") is OPAQUE


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("a.b", "a.b"),
        ("é?#", "%C3%A9%3F%23"),
        ("%2e", "%252e"),
    ],
)
def test_a_key_can_not_leave_its_segment_of_a_url(value: str, segment: str) -> None:
    assert fill("/projects/{key}/end", {"key": value, "unused": "x"}) == f"/projects/{segment}/end"


@pytest.mark.parametrize("kind", load_kinds().values(), ids=lambda kind: kind.name)
def test_every_kind_fits_together(kind: Any) -> None:
    kinds = load_kinds()
    address = kind.address(*(f"key-{name}" for name in kind.key_names))
    path = kind.item_path(address, "id-1")
    assert "{" not in path + kind.create_path(address)
    assert all(f"key-{name}" in path for name in kind.scope)
    above = ancestors(address, kinds)
    assert [each.kind for each in above][:1] == ([kind.parent] if kind.parent else [])
    assert all(address.keys[: len(each.keys)] == each.keys for each in above)
    if kind.parent:
        assert parent_of(address, kinds) == Address(
            kind.parent, address.keys[: len(kinds[kind.parent].key_names)]
        )
    names = [*kinds]
    assert kind.parent is None or names.index(kind.parent) < names.index(kind.name), "parents come first"
    scope = {name + "Key": f"key-{name}" for name in kind.scope}
    assert kind.keys_of({**scope, kind.identity: f"key-{kind.identity}"}) == address.keys
    assert kind.keys_of({kind.identity: f"key-{kind.identity}"}) == (None if kind.scope else address.keys)
    assert kind.keys_of({**scope, kind.identity: 5}) is None
