"""Changes in words, field by field."""

from __future__ import annotations

from typing import Any

from reconciler.model.address import Address
from reconciler.model.document import MISSING
from reconciler.model.secrets import Verdict
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.explain import Difference, explain, unchanged_fields
from reconciler.planning.patch import patch
from reconciler.planning.plan import Action, Change

ADDRESS = Address("K", ("k",))
TOKEN = {"fromEnv": "TOKEN"}
SHAPE = Shape(
    members={
        "tags": Shape(unordered=True),
        "config": Shape(members={"token": Shape(secret=True), "other": Shape(secret=True)}, atomic=True),
        "settings": Shape(stored=True),
    }
)


def updated(before: Any, after: Any, **more: Any) -> Change:
    return Change(
        Action.UPDATE, ADDRESS, before=before, after=after, patch=patch(before, after, SHAPE), **more
    )


def explained(before: Any, after: Any, **more: Any) -> tuple[Difference, ...]:
    return explain(updated(before, after, **more), SHAPE)


def test_a_field_is_what_it_was_and_what_it_will_be() -> None:
    assert explained({"name": "a", "on": True}, {"name": "b", "on": True}) == (Difference("/name", "a", "b"),)


def test_what_was_not_there_is_missing_and_not_null() -> None:
    assert explained({}, {"a": None}) == (Difference("/a", MISSING, None),)
    assert explained({"a": None}, {"a": 0}) == (Difference("/a", None, 0),)


def test_of_a_set_only_what_comes_and_goes_is_named() -> None:
    [difference] = explained({"tags": ["a", "b", 1]}, {"tags": ["c", "b", 1.0, "a2"]})
    assert (difference.added, difference.removed) == (("c", "a2"), ("a",))


def test_a_stored_object_is_told_member_by_member() -> None:
    before = {"settings": {"min": 1}}
    after = {"settings": {"min": 2, "required": True}}
    assert explained(before, after) == (
        Difference("/settings/min", 1, 2),
        Difference("/settings/required", MISSING, True),
    )


def test_inside_of_an_object_written_whole_only_what_differs_is_named() -> None:
    before = {"config": {"same": 1, "store": "a", "deep": {"x": [1, 2], "y": 1}, "token": "(secret)"}}
    after = {"config": {"same": 1.0, "store": "b", "deep": {"x": [1, 3], "y": 1, "a/b": 0}, "token": TOKEN}}
    found = explained(before, after, verdicts={"/config/token": Verdict.UNCHANGED})
    assert found == (
        Difference(
            "/config/token",
            "(secret)",
            TOKEN,
            note="unchanged as far as the mask shows; sent again with the rest",
        ),
        Difference("/config/deep/a~1b", MISSING, 0),
        Difference("/config/deep/x/1", 2, 3),
        Difference("/config/store", "a", "b"),
    )


def test_of_secrets_only_what_is_known_of_them_is_told() -> None:
    before = {"config": {"token": "(secret)"}}
    after = {"config": {"token": TOKEN, "other": TOKEN}}
    verdicts = {"/config/token": Verdict.UNKNOWN, "/config/other": Verdict.CHANGED}
    other, token = explained(before, after, verdicts=verdicts)
    assert other == Difference("/config/other", MISSING, TOKEN, note="changed")
    assert token.note == "can't tell; sent again with the rest"


def test_a_create_is_told_leaf_by_leaf() -> None:
    after = {"name": "n", "config": {"store": "s", "token": TOKEN}, "empty": {}, "tags": ["a"]}
    found = explain(Change(Action.CREATE, ADDRESS, after=after), SHAPE)
    assert [(each.pointer, each.after) for each in found] == [
        ("/name", "n"),
        ("/config/store", "s"),
        ("/config/token", TOKEN),
        ("/empty", {}),
        ("/tags", ["a"]),
    ]
    assert all(each.before is MISSING for each in found)


def test_a_delete_has_nothing_to_explain() -> None:
    assert explain(Change(Action.DELETE, ADDRESS, before={"name": "n"}), OPAQUE) == ()


def test_fields_that_stay_are_counted() -> None:
    change = updated({"a/b": 1, "c": 1, "d": 1}, {"a/b": 2, "c": 1, "d": 1, "e": 1})
    assert unchanged_fields(change) == 2
