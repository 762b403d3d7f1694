"""What a live document should become, by example; what holds for all stands in `tests/laws`."""

from __future__ import annotations

from typing import Any

import pytest
from laws.law_strategies import exactly

from reconciler.model.secrets import Verdict
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.rebase import Judge, conceal, project, rebase, with_references

TOKEN = {"fromEnv": "TOKEN"}
CONFIG = Shape(
    members={
        "config": Shape(
            members={
                "store": OPAQUE,
                "token": Shape(secret=True),
                "deep": OPAQUE,
                "tags": Shape(unordered=True),
            },
            rest=Shape(secret=True),
            atomic=True,
        )
    }
)


def judging(verdict: Verdict) -> Judge:
    return lambda *_: verdict


def rebased(wanted: Any, live: Any, shape: Shape = OPAQUE, verdict: Verdict = Verdict.UNCHANGED) -> Any:
    return rebase(wanted, live, shape, judging(verdict))


@pytest.mark.parametrize(
    ("wanted", "live", "after"),
    [
        ({"a": 1}, {"a": 1.0}, {"a": 1.0}),
        ({"a": True}, {"a": 1}, {"a": True}),
        ({"a": False}, {"a": None}, {"a": False}),
        ({"a": {"b": 1}}, {"a": None}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"c": 2}, "d": 3}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": []}, {"a": [1]}, {"a": []}),
        ({"a": {}}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {}}, {"a": [1]}, {"a": {}}),
        ({"a": ""}, {}, {"a": ""}),
    ],
)
def test_what_is_declared_is_laid_over_what_is_live(wanted: Any, live: Any, after: Any) -> None:
    assert exactly(rebased(wanted, live)) == exactly(after)


def test_a_set_keeps_the_words_of_live_as_long_as_it_is_the_same() -> None:
    shape = Shape(members={"tags": Shape(unordered=True)})
    assert rebased({"tags": ["b", "a", "b"]}, {"tags": ["a", "b"]}, shape) == {"tags": ["a", "b"]}
    assert rebased({"tags": ["b", "a", "b"]}, {"tags": ["a"]}, shape) == {"tags": ["b", "a"]}
    assert rebased({"tags": []}, {}, shape) == {"tags": []}


@pytest.mark.parametrize("live", [{}, {"auto": None}])
def test_what_is_left_out_or_null_has_its_default(live: Any) -> None:
    shape = Shape(members={"auto": Shape(absent_means=False)})
    assert rebased({"auto": False}, live, shape) == live
    assert rebased({"auto": True}, live, shape) == {"auto": True}
    assert rebased({"auto": 0}, live, shape) == {"auto": 0}, "0 is not false"


@pytest.mark.parametrize("shape", [Shape(create_only=True), Shape(write_only=True)])
def test_what_an_update_can_not_set_or_nobody_can_see_is_left_alone(shape: Shape) -> None:
    shape = Shape(members={"a": shape})
    assert rebased({"a": 1}, {"a": 2}, shape) == {"a": 2}
    assert rebased({"a": 1}, {}, shape) == {}


@pytest.mark.parametrize("verdict", [Verdict.UNCHANGED, Verdict.UNKNOWN])
def test_a_secret_that_is_not_surely_another_keeps_its_mask(verdict: Verdict) -> None:
    live = {"config": {"store": "s", "token": "abc****xyz"}}
    assert rebased({"config": {"store": "s", "token": TOKEN}}, live, CONFIG, verdict) == live


def test_once_anything_differs_every_declared_secret_goes_along() -> None:
    live = {"config": {"store": "s", "token": "abc****xyz", "other": 1, "tags": ["b", "a"]}}
    wanted = {"config": {"store": "t", "token": TOKEN, "tags": ["a", "b"]}}
    assert rebased(wanted, live, CONFIG) == {
        "config": {"store": "t", "token": TOKEN, "other": 1, "tags": ["a", "b"]}
    }
    changed = rebased({"config": {"token": TOKEN}}, live, CONFIG, Verdict.CHANGED)
    assert changed == {"config": {**live["config"], "token": TOKEN}}


def test_a_whole_write_loses_nothing_that_is_not_declared_however_deep() -> None:
    live = {"config": {"store": "s", "deep": {"mine": 1, "theirs": {"x": [1]}}}}
    after = rebased({"config": {"deep": {"mine": 2}}}, live, CONFIG)
    assert after == {"config": {"store": "s", "deep": {"mine": 2, "theirs": {"x": [1]}}}}


def test_a_projection_shows_what_is_declared_and_what_is_written_whole() -> None:
    live = {"name": "n", "apiKey": "sdk-1", "config": {"store": "s", "token": "abc****xyz", "new": "abc****"}}
    shown = project(live, {"name": "m", "config": {"store": "t"}, "gone": 1}, CONFIG)
    assert shown == {"name": "n", "config": {"store": "s", "token": "(secret)", "new": "(secret)"}}
    nested = project({"a": {"b": 1, "key": "sdk-1"}}, {"a": {"b": 2}}, OPAQUE)
    assert nested == {"a": {"b": 1}}


def test_references_stand_in_projections_as_they_are() -> None:
    assert conceal({"store": "s", "token": TOKEN}, CONFIG.member("config")) == {"store": "s", "token": TOKEN}
    shown = {"config": {"store": "s", "token": "(secret)"}}
    assert with_references(shown, {"config": {"store": "s", "token": TOKEN}}, CONFIG) == {
        "config": {"store": "s", "token": TOKEN}
    }
