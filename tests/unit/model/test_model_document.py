"""JSON equality, canonical text and pointers."""

from __future__ import annotations

import json
from typing import Any

import jsonpointer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.law_strategies import JSON, KEYS, LAW, OBJECTS, exactly, plain, rephrased

from reconciler.model.document import MISSING, canonical, lookup, pointer, same, tokens


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (10**15, 1e15, True),
        (1, True, False),
        (0, False, False),
        (1.0, True, False),
        ([1, True], [True, 1], False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": [1]}, {"a": [True]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        ({}, [], False),
        ([], "", False),
        ("1", 1, False),
        ("", None, False),
        (None, False, False),
        (None, MISSING, False),
        (MISSING, MISSING, True),
        ([1, 2], [2, 1], False),
        ([1, 1], [1], False),
        ("e\u0301", "\u00e9", False),
    ],
)
def test_equality_is_that_of_json_and_not_of_python(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


@LAW
@given(JSON, JSON)
def test_documents_are_the_same_exactly_where_an_independent_reading_says_so(one: Any, other: Any) -> None:
    assert same(one, other) == (plain(one) == plain(other))


@LAW
@given(JSON, st.data())
def test_documents_are_the_same_exactly_where_their_canonical_texts_are(
    one: Any, data: st.DataObject
) -> None:
    other = data.draw(st.one_of(rephrased(one), JSON))
    assert same(one, other) == (canonical(one) == canonical(other))
    assert same(json.loads(canonical(one)), one)


def test_large_numbers_are_not_rounded_together() -> None:
    assert not same(2**53 + 1, float(2**53))
    assert canonical(2**53 + 1) != canonical(float(2**53))


@LAW
@given(st.lists(KEYS, max_size=4))
def test_a_pointer_can_be_read_back(path: list[str]) -> None:
    assert tokens(pointer(path)) == tuple(path)
    assert jsonpointer.JsonPointer(pointer(path)).parts == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ([], ""),
        ([""], "/"),
        (["a/b", "~"], "/a~1b/~0"),
        (["~1"], "/~01"),
        (["tags", 0], "/tags/0"),
        (["", ""], "//"),
    ],
)
def test_pointers_escape_as_rfc_6901_says(path: list[str | int], text: str) -> None:
    assert pointer(path) == text


def test_a_text_without_a_leading_slash_is_no_pointer() -> None:
    with pytest.raises(ValueError, match="a/b"):
        tokens("a/b")


@LAW
@given(OBJECTS)
def test_every_member_is_found_under_its_own_pointer(document: dict[str, Any]) -> None:
    def visit(value: Any, path: tuple[str | int, ...]) -> None:
        assert exactly(lookup(document, pointer(path))) == exactly(value)
        pairs = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for step, inner in pairs:
            visit(inner, (*path, step))

    visit(document, ())


@pytest.mark.parametrize(
    "path",
    [
        "/b",
        "/a/3",
        "/a/-",
        "/a/-1",
        "/a/01",
        "/a/\u0661",
        "/a/\u00b2",
        "/a/" + "9" * 5000,
        "/a/0/x",
        "/c/0",
        "/d/x",
    ],
)
def test_what_is_not_there_is_missing(path: str) -> None:
    document = {"a": ["x", "y", "z"], "c": "text", "d": None}
    assert lookup(document, path) is MISSING


def test_a_null_is_there() -> None:
    assert lookup({"a": None}, "/a") is None
    assert not MISSING
