"""What YAML text means: values by YAML 1.2's core schema, and the place of each."""

from __future__ import annotations

import io
import json
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML, YAMLError

from reconciler.manifest.decode import decode
from reconciler.manifest.parse import parse
from reconciler.manifest.parsed import Parsed
from reconciler.model.document import Json, pointer, same


def only(text: str) -> Parsed:
    parsed = parse(text, "f.yaml")
    assert parsed.broken is None
    (document,) = parsed.documents
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("false", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("417505", 417505),
        ("010", 10),
        ("0o17", 15),
        ("0o8", "0o8"),
        ("-0o17", "-0o17"),
        ("0x1F", 31),
        ("0xfg", "0xfg"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("1,000", "1,000"),
        ("12:30:45", "12:30:45"),
        ("190:20:30.15", "190:20:30.15"),
        ("9" * 40, int("9" * 40)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("123e45", 123e45),
        (".", "."),
        ("1e", "1e"),
        ("e3", "e3"),
        ("1.2.3", "1.2.3"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("=", "="),
        ("text with spaces", "text with spaces"),
        ("http://example.com/a?b=c", "http://example.com/a?b=c"),
        ('"417505"', "417505"),
        ("'true'", "true"),
        ('"a\\u0041\\n"', "aA\n"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\/"', "/"),
        ("'it''s'", "it's"),
    ],
)
def test_scalars_mean_what_the_core_schema_says(text: str, value: Json) -> None:
    found = only(f"key: {text}\n").value
    assert isinstance(found, dict)
    assert same(found["key"], value)
    assert type(found["key"]) is type(value)


def test_block_texts_fold_and_keep_lines() -> None:
    text = "literal: |\n  a\n   b\nfolded: >-\n  c\n  d\n"
    assert only(text).value == {"literal": "a\n b\n", "folded": "c d"}


def test_words_of_other_schemas_are_plain_keys() -> None:
    assert only("on: 1\nyes: 2\nNo: 3\n2026-01-01: 4\n").value == {
        "on": 1,
        "yes": 2,
        "No": 3,
        "2026-01-01": 4,
    }


def test_several_documents_are_read_apart() -> None:
    documents = parse("--- a\n---\n--- b\n...\nc: d\n", "f").documents
    assert [document.value for document in documents] == ["a", None, "b", {"c": "d"}]
    assert [document.empty for document in documents] == [False, True, False, False]


def test_aliases_stand_for_what_they_refer_to_at_their_own_place() -> None:
    found = only("a: &x {b: [1, 2]}\nc: *x\nd: &y text\ne: *y\n")
    assert found.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": "text", "e": "text"}
    positions = found.positions
    assert (positions.value("/c").line, positions.value("/c").column) == (2, 4)
    assert positions.value("/c/b/1") == positions.value("/c")
    assert positions.key("/c/b") == positions.value("/c")


def test_an_anchor_can_be_taken_again() -> None:
    assert only("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").value == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_places_count_lines_and_columns_from_one() -> None:
    text = "# comment\r\ntop:\r\n  list:\r\n    - first\r\n    - {é: 'x'}\r\n    -\r\n  none:\r\n  flow: [😀, b]\r\n"
    found = only(text)
    assert found.keys == {
        "/top": (2, 1),
        "/top/list": (3, 3),
        "/top/list/1/é": (5, 8),
        "/top/none": (7, 3),
        "/top/flow": (8, 3),
    }
    assert found.values == {
        "": (2, 1),
        "/top": (3, 3),
        "/top/list": (4, 5),
        "/top/list/0": (4, 7),
        "/top/list/1": (5, 7),
        "/top/list/1/é": (5, 11),
        "/top/list/2": (6, 5),
        "/top/none": (7, 3),
        "/top/flow": (8, 9),
        "/top/flow/0": (8, 10),
        "/top/flow/1": (8, 13),
    }


def test_the_place_of_a_document_is_its_first_key() -> None:
    assert only("# c\n\n  {a: 1}").values[""] == (3, 4)
    assert only("--- # c\n&x\n\na: 1\n").values[""] == (4, 1)


def test_a_pointer_escapes_what_it_must() -> None:
    assert set(only('{"a/b": {"~": 1}, "": 2}').keys) == {"/a~1b", "/a~1b/~0", "/"}


def test_a_byte_order_mark_moves_no_column() -> None:
    assert only(decode(b"\xef\xbb\xbfa: 1\n")).keys == {"/a": (1, 1)}


# Any JSON text is YAML, and is read as JSON.

texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
layouts = st.sampled_from([(None, (", ", ": ")), (None, (",", ":")), (2, (",", ": ")), (1, (" ,", " : "))])


@given(document=documents, layout=layouts)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_json_text_is_read_as_json_and_places_point_at_its_tokens(
    document: Json, layout: tuple[int | None, tuple[str, str]]
) -> None:
    indent, separators = layout
    text = json.dumps(document, indent=indent, separators=separators)
    found = only(text)
    assert same(found.value, document)
    lines = text.split("\n")
    for path, (line, column) in found.keys.items():
        key = path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        assert lines[line - 1][column - 1 :].startswith(json.dumps(key))
    for path, value in _values(document, ""):
        if path or not (isinstance(document, dict) and document):
            line, column = found.values[path]
            token = "[" if isinstance(value, list) else "{" if isinstance(value, dict) else json.dumps(value)
            assert lines[line - 1][column - 1 :].startswith(token)


def _values(value: Json, at: str) -> list[tuple[str, Json]]:
    inner: list[tuple[str, Json]] = []
    if isinstance(value, dict):
        inner = [found for name, below in value.items() for found in _values(below, at + pointer((name,)))]
    if isinstance(value, list):
        inner = [found for index, below in enumerate(value) for found in _values(below, f"{at}/{index}")]
    return [(at, value), *inner]


def _block(value: Json, indent: int) -> str:
    """Block style, one member a line; what stands behind a key or dash, with its line break."""
    if isinstance(value, dict) and value:
        members = (f"{' ' * indent}{json.dumps(k)}:{_block(v, indent + 2)}" for k, v in value.items())
        return "\n" + "".join(members)
    if isinstance(value, list) and value:
        return "\n" + "".join(f"{' ' * indent}-{_block(item, indent + 2)}" for item in value)
    return f" {json.dumps(value)}\n"


@given(document=documents)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_block_style_is_read_as_json_and_places_point_at_its_tokens(document: Json) -> None:
    text = "---" + _block(document, 0)
    found = only(text)
    assert same(found.value, document)
    lines = text.split("\n")
    for path, (line, column) in found.keys.items():
        key = path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        assert lines[line - 1][column - 1 :].startswith(json.dumps(key) + ":")
    for path, value in _values(document, ""):
        line, column = found.values[path]
        rest = lines[line - 1][column - 1 :]
        if isinstance(value, dict) and value:
            assert rest.startswith(json.dumps(next(iter(value))) + ":")
        elif isinstance(value, list) and value:
            assert rest.startswith("-")
        else:
            assert rest == json.dumps(value)


plain = st.recursive(
    st.booleans() | st.none() | st.integers() | st.text("abcdefghij -:#'\"éß", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(document=plain, flow=st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_ruamel_writes_is_read_as_ruamel_reads_it(document: Json, flow: bool) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    stream = io.StringIO()
    yaml.dump({"value": document}, stream)
    try:
        theirs = YAML(typ="safe", pure=True).load(stream.getvalue())
    except YAMLError:  # it can't always read what it writes: `[: a]`
        assume(False)
    assert same(only(stream.getvalue()).value, theirs)


def test_floats_keep_their_value() -> None:
    found = only("[1.7976931348623157e308, 5e-324, -0.0]").value
    assert found == [1.7976931348623157e308, 5e-324, 0.0]
    assert isinstance(found, list)
    assert math.copysign(1, found[2]) == -1
