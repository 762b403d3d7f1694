"""Mistakes in the YAML itself: one finding for each, where the mistake is."""

from __future__ import annotations

import warnings

import pytest

HEAD = "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: deimos}\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "place", "words"),
    [
        # Syntax. The head is four lines long.
        ("\tname: x\n", ("LDR101", 5, 1), "A tab stands here"),
        ("  name: x\n\ttags: []\n", ("LDR101", 6, 1), "A tab stands here"),
        ("  name:\tx\n", ("LDR101", 5, 8), "A tab stands here"),
        ("  name: x\n   tags: []\n", ("LDR101", 6, 8), "A colon with a space"),
        ("  name: a: b\n", ("LDR101", 5, 10), "A colon with a space"),
        ("  name: x\n  tags\n", ("LDR101", 6, 3), "a key, a colon and a space"),
        ("  name:x\n  tags: []\n", ("LDR101", 6, 7), "A colon with a space"),
        (
            "  name: x\n tags: []\n",
            ("LDR101", 6, 2),
            "fits neither into nor after the mapping that starts in line 1",
        ),
        ("  tags:\n    - a\n   - b\n", ("LDR101", 7, 4), "fits neither into nor after the mapping"),
        ("  tags: - a\n", ("LDR101", 5, 9), "A list item or key can't start here"),
        ("  tags: [a, b\n", ("LDR101", 5, 9), "The list that is opened here is never closed"),
        ("  tags: [a, b\n  name: x\n", ("LDR101", 6, 7), "The list that is opened in line 5, column 9"),
        ("  guard: {required: true\n", ("LDR101", 5, 10), "The mapping that is opened here is never closed"),
        ("  guard: {a: b c: d}\n", ("LDR101", 5, 17), "The mapping that is opened in line 5, column 10"),
        ("  tags: ]\n", ("LDR101", 5, 9), "A value is missing here"),
        ("  tags: [a, , b]\n", ("LDR101", 5, 13), "A value is missing here"),
        ('  name: "x\n', ("LDR101", 5, 9), "quotes that are opened here are never closed"),
        ("  name: 'x\n---\na: b\n", ("LDR101", 5, 9), "quotes that are opened here are never closed"),
        ('  name: "a\\qb"\n', ("LDR101", 5, 12), "a backslash starts an escape"),
        ('  name: "a\\xZZ"\n', ("LDR101", 5, 13), "a backslash starts an escape"),
        ('  name: "\\U99999999"\n', ("LDR101", 5, 12), "a backslash starts an escape"),
        ("  name: @x\n", ("LDR101", 5, 9), "A text can't start with @"),
        ("  name: `x\n", ("LDR101", 5, 9), "A text can't start with `"),
        ("  name: %x\n", ("LDR101", 5, 9), "A text can't start with %"),
        ("  name: *.example.com\n", ("LDR101", 5, 9), "refers to no anchor"),
        ("  name: &\n", ("LDR101", 5, 9), "A text can't start with * or &"),
        ("  name: |x\n    y\n", ("LDR101", 5, 9), "text block that starts here"),
        ("  name: >0\n    y\n", ("LDR101", 5, 9), "text block that starts here"),
        ("  name: x\n... y\n", ("LDR101", 6, 5), "Something follows here"),
        ("  name: x\n%odd\nmore: x\n", ("LDR101", 7, 1), "Something follows here"),
        ("  guard: {required:true}\n", ("LDR101", 5, 11), "A colon without a space"),
        ("  guard: {required: true,count:2}\n", ("LDR101", 5, 26), "A colon without a space"),
        # Tags, whatever they are.
        ("  name: !Ref x\n", ("LDR102", 5, 9), "custom tag"),
        ("  name: ! x\n", ("LDR102", 5, 9), "custom tag"),
        ("  name: !!str 5\n", ("LDR102", 5, 9), "A tag (`!!…`)"),
        ("  name: !<tag:yaml.org,2002:str> 5\n", ("LDR102", 5, 9), "A tag (`!!…`)"),
        ("  name: !e!x y\n", ("LDR102", 5, 9), "A tag"),
        ("  guard: !guard {count: 1}\n", ("LDR102", 5, 10), "custom tag"),
        ("  tags: !!set [a]\n", ("LDR102", 5, 9), "A tag (`!!…`)"),
        ("  !x name: y\n", ("LDR102", 5, 3), "custom tag"),
        # Keys.
        (
            "  name: x\n  name: y\n",
            ("LDR103", 6, 3),
            'The key "name" stands here a second time; the first is in line 5',
        ),
        ('  name: x\n  "name": y\n', ("LDR103", 6, 3), "a second time"),
        ("  guard: {count: 1, count: 2}\n", ("LDR103", 5, 21), "a second time"),
        ("  notes: {a: {b: 1, c: {d: 1, d: {e: 1, f: 2}}}}\n", ("LDR103", 5, 31), "a second time"),
        ("  1: x\n", ("LDR205", 5, 3), "The key here is a number"),
        ("  true: x\n", ("LDR205", 5, 3), "The key here is true or false"),
        ("  ~: x\n", ("LDR205", 5, 3), "The key here is null"),
        ("  : x\n", ("LDR205", 5, 3), "The key here is null"),
        ("  [a]: x\n", ("LDR205", 5, 3), "The key here is a list"),
        ("  ? {a: b}\n  : x\n", ("LDR205", 5, 5), "The key here is a mapping"),
        ("  .nan: x\n", ("LDR105", 5, 3), "not a number"),
        # What YAML has and manifests don't.
        ("  <<: {name: x}\n", ("LDR105", 5, 3), "merge key"),
        ("  weight: .nan\n", ("LDR105", 5, 11), "not a number"),
        ("  weight: -.INF\n", ("LDR105", 5, 11), "infinity"),
        ("  weight: 1e1000\n", ("LDR105", 5, 11), "too large"),
        (f"  size: {'9' * 2000}\n", ("LDR105", 5, 9), "more than a thousand digits"),
        ("  name: .inf\n", ("LDR105", 5, 9), "infinity"),
        # Aliases.
        ("  name: *x\n", ("LDR101", 5, 9), "refers to no anchor"),
        ("  notes: &x {a: *x}\n", ("LDR104", 5, 17), "stands inside of what it refers to"),
        ("  notes: {a: &x [1, [*x]]}\n", ("LDR104", 5, 22), "stands inside of what it refers to"),
        # Characters.
        ('  name: "\\ud800"\n', ("LDR106", 5, 9), "one half of a character"),
        ("  name: a\x00b\n", ("LDR106", 5, 10), "a NUL character"),
        ("  name: a\x07b\n", ("LDR106", 5, 10), "U+0007"),
        ("  name: a\x7fb\n", ("LDR106", 5, 10), "U+007F"),
        ("  name: é\u2028b\n", ("LDR106", 5, 10), "U+2028"),
        ("  name: a\x85b\n", ("LDR106", 5, 10), "U+0085"),
        ("  name: a\ufeffb\n", ("LDR106", 5, 10), "byte order mark"),
    ],
)
def test_one_finding_says_what_is_wrong_with_the_yaml(
    read, brief, spec: str, place: tuple[str, int, int], words: str
) -> None:
    loaded = read(HEAD + spec)
    assert brief(loaded) == [place]
    (found,) = loaded.diagnostics
    assert words in found.message
    assert found.message.endswith(".")
    assert found.hint.endswith(".")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%YAML 1.1\n---\n" + HEAD + "  name: on\n", 1),
        (HEAD + "  name: x\n...\n%TAG ! x\n", 7),
        ("%ODD\n---\n" + HEAD + " {}\n", 1),
    ],
)
def test_a_directive_is_refused_and_not_obeyed(read, brief, text: str, line: int) -> None:
    assert brief(read(text)) == [("LDR105", line, 1)]


def test_a_mistake_in_the_yaml_leaves_the_rest_of_the_document_to_be_checked(read, brief) -> None:
    loaded = read(HEAD + "  name: !x y\n  name: z\n  size: .nan\n  1: x\n  color: 417505\n  nmae: x\n")
    assert brief(loaded) == [
        ("LDR102", 5, 9),
        ("LDR103", 6, 3),
        ("LDR105", 7, 9),
        ("LDR205", 8, 3),
        ("LDR207", 9, 10),
        ("LDR203", 10, 3),
    ]


def test_a_member_lost_to_a_mistake_is_not_missing_as_well(read, brief) -> None:
    assert brief(
        read("apiVersion: reconciler/v1\nkind: Moon\nmetadata: {<<: {planet: mars}, key: x}\nspec: {}\n")
    ) == [("LDR105", 3, 12)]
    assert brief(
        read("apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet:mars, key: x}\nspec: {}\n")
    ) == [("LDR101", 3, 12)]
    twice = "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars}\nmetadata: {key: x}\nspec: {}\n"
    assert brief(read(twice)) == [("LDR103", 4, 1)]
    assert brief(read(HEAD + "  source: {1: x}\n")) == [("LDR205", 5, 12)]


def test_documents_before_a_broken_one_are_checked_and_declared(read, brief) -> None:
    loaded = read(
        HEAD + "  name: x\n---\n" + HEAD.replace("deimos", "phobos") + "  nmae: x\n---\na: [\n---\n" + HEAD
    )
    assert brief(loaded) == [("LDR203", 11, 3), ("LDR101", 13, 4)]
    assert [str(resource.address) for resource in loaded.declared] == ["Moon/mars/deimos"]
    assert "What follows it in the file is not checked" in loaded.diagnostics[1].hint


def test_what_was_found_in_a_document_before_it_broke_is_still_said(read, brief) -> None:
    assert brief(read("a: !x 1\nb: [\n")) == [("LDR102", 1, 4), ("LDR101", 2, 4)]


def test_a_finding_never_shows_what_may_be_a_secret_without_its_quotes(read) -> None:
    for value in (
        "!hunter2",
        "*hunter2",
        "&hunter2",
        "{hunter2:x}",
        "@hunter2",
        "hunter2: hunter2",
        '"hunter2',
        "12e4321",
    ):
        loaded = read(HEAD + f"  password: {value}\n")
        assert loaded.diagnostics, value
        assert "hunter2" not in repr(loaded)
        assert "12e4321" not in repr(loaded)


def test_the_parser_never_warns(read) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read("a: &x 1\nb: &x 1e3\nc: 1e3\n%YAML 1.1\n---\nd: 1e3\n")
