"""Patches, by example; what holds for all of them stands in `tests/laws`."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.model.document import MISSING
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.patch import Operation, documents, patch, verified

TAGS = Shape(members={"tags": Shape(unordered=True)})
STORED = Shape(members={"settings": Shape(members={"tags": Shape(unordered=True)}, stored=True)})
WHOLE = Shape(members={"config": Shape(atomic=True)})


def made(before: Any, after: Any, shape: Shape = OPAQUE) -> list[Any]:
    return [tuple(each.values()) for each in documents(patch(before, after, shape))]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("replace", "/a", True)]),
        ({"a": 1}, {}, [("remove", "/a")]),
        ({}, {"a": None}, [("add", "/a", None)]),
        ({"a": None}, {"a": {}}, [("replace", "/a", {})]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 3}}}, [("replace", "/a/b/d", 3)]),
        ({"a": {}}, {"a": {"b": {"c": 1}}}, [("add", "/a/b", {"c": 1})]),
        ({"a/b": 1, "~": 1}, {"a/b": 2, "~": 2}, [("replace", "/a~1b", 2), ("replace", "/~0", 2)]),
        ({"": {"": 1}}, {"": {"": 2}}, [("replace", "//", 2)]),
        ({"a": [1, 2]}, {"a": [2, 1]}, [("replace", "/a", [2, 1])]),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("replace", "/a", 2), ("replace", "/b", 2)]),
    ],
)
def test_the_fewest_operations_at_the_deepest_paths(before: Any, after: Any, operations: list[Any]) -> None:
    assert made(before, after) == operations


def test_a_set_is_one_field() -> None:
    assert made({"tags": ["a", "b"]}, {"tags": ["b", "a", "b"]}, TAGS) == []
    assert made({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, TAGS) == [("replace", "/tags", ["b", "c"])]
    assert made({"tags": [1]}, {"tags": [True]}, TAGS) == [("replace", "/tags", [True])]


def test_an_object_that_is_taken_whole_is_one_field() -> None:
    before, after = {"config": {"a": 1, "b": {"c": 1}}}, {"config": {"a": 1, "b": {"c": 2}}}
    assert made(before, after, WHOLE) == [("replace", "/config", after["config"])]
    assert made(before, {"config": {"b": {"c": 1.0}, "a": 1}}, WHOLE) == []


@pytest.mark.parametrize("before", [{}, {"settings": None}, {"settings": {}}, {"settings": {"other": 1}}])
def test_below_a_stored_object_everything_is_replaced_and_never_the_whole(before: Any) -> None:
    after = {"settings": {**(before.get("settings") or {}), "required": True, "tags": ["a"]}}
    operations = [("replace", "/settings/required", True), ("replace", "/settings/tags", ["a"])]
    assert made(before, after, STORED) == operations
    assert verified(before, after, patch(before, after, STORED), STORED)


def test_inputs_stay_as_they_are() -> None:
    before, after = {"a": {"b": [1]}, "c": 1}, {"a": {"b": [2]}, "d": {"e": 1}}
    kept = copy.deepcopy((before, after))
    verified(before, after, patch(before, after), OPAQUE)
    assert (before, after) == kept


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [Operation("replace", "/a", 3)],
        [Operation("replace", "/b", 2)],
        [Operation("replace", "/a/b", 2)],
        [Operation("remove", "/a")],
        [Operation("test", "/a", 5), Operation("replace", "/a", 2)],
        [Operation("replace", "/a", True)],
    ],
)
def test_a_patch_that_does_not_lead_there_is_never_sent(operations: list[Operation]) -> None:
    with pytest.raises(ValueError, match="planned"):
        verified({"a": 1}, {"a": 2}, operations, OPAQUE)


def test_what_does_not_apply_is_said_without_its_values() -> None:
    with pytest.raises(ValueError, match="planned") as refused:
        verified({"a": "hidden"}, {"a": "x"}, [Operation("test", "/a", "other")], OPAQUE)
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_operation_without_a_value_is_sent_without_one() -> None:
    assert Operation("remove", "/a").document() == {"op": "remove", "path": "/a"}
    assert Operation("replace", "/a", None).document() == {"op": "replace", "path": "/a", "value": None}
    assert Operation("remove", "/a").value is MISSING
