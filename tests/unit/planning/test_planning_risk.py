"""Which changes loosen a protection."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.document import MISSING
from reconciler.model.shape import Direction, Shape
from reconciler.planning.risk import loosened

ABSENT = object()


@pytest.mark.parametrize(
    ("direction", "before", "after", "loosens"),
    [
        (Direction.TRUE, True, False, True),
        (Direction.TRUE, False, True, False),
        (Direction.TRUE, True, True, False),
        (Direction.TRUE, ABSENT, False, False),
        (Direction.TRUE, 1, False, False),
        (Direction.FALSE, False, True, True),
        (Direction.FALSE, True, False, False),
        (Direction.HIGHER, 2, 1, True),
        (Direction.HIGHER, 1, 2, False),
        (Direction.HIGHER, 2.0, 2, False),
        (Direction.HIGHER, "2", 1, False),
        (Direction.HIGHER, True, 0, False),
        (Direction.MORE, ["a", "b"], ["a"], True),
        (Direction.MORE, ["a"], ["b", "c"], True),
        (Direction.MORE, ["a", "a"], ["a"], False),
        (Direction.MORE, ["a"], ["b", "a"], False),
        (Direction.MORE, None, ["a"], False),
        (Direction.MORE, [{"not": "a tag"}, ["x"]], [], True),
    ],
)
def test_moving_away_from_the_strong_side_loosens(
    direction: Direction, before: Any, after: Any, loosens: bool
) -> None:
    shape = Shape(members={"a": Shape(protects=direction)})
    was = {} if before is ABSENT else {"a": before}
    assert loosened(was, {"a": after}, shape) == (("/a",) if loosens else ())


@pytest.mark.parametrize("before", [{}, {"a": None}])
def test_what_is_left_out_or_null_has_its_default(before: Any) -> None:
    shape = Shape(members={"a": Shape(protects=Direction.FALSE, absent_means=False)})
    assert loosened(before, {"a": True}, shape) == ("/a",)
    assert loosened(before, {"a": False}, shape) == ()
    plain = Shape(members={"a": Shape(protects=Direction.FALSE)})
    assert plain.member("a").absent_means is MISSING
    assert loosened(before, {"a": True}, plain) == ()


def test_protections_are_found_deep_down_in_the_order_of_the_fields() -> None:
    inner = Shape(members={"x": Shape(protects=Direction.TRUE), "y": Shape(protects=Direction.HIGHER)})
    shape = Shape(members={"b": inner, "a": Shape(protects=Direction.TRUE)})
    before = {"b": {"x": True, "y": 2}, "a": True}
    assert loosened(before, {"b": {"y": 1, "x": False}, "a": False}, shape) == ("/b/y", "/b/x", "/a")
    assert loosened({"b": None}, {"b": {"x": False}}, shape) == ()
