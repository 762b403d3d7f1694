"""Mistakes in a spec, as its model and the shape of its fields tell them."""

from __future__ import annotations

import pytest

MOON = "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: deimos}\nspec:\n"
PLANET = "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: mars}\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "place", "said"),
    [
        # Unknown and unmanaged.
        ("  nmae: x\n", ("LDR203", 5, 3), ("spec.nmae is no field of Moon.", "Did you mean name?")),
        ("  Color: x\n", ("LDR203", 5, 3), ("spec.Color is no field", "Did you mean color?")),
        (
            "  name: x\n  nam: y\n",
            ("LDR203", 6, 3),
            ("spec.nam is", "Did you mean name? It is declared already."),
        ),
        ("  guard: {cuont: 1}\n", ("LDR203", 5, 11), ("spec.guard.cuont is no field", "Did you mean count?")),
        ("  count: 1\n", ("LDR203", 5, 3), ("spec.count is no field", "Did you mean spec.guard.count?")),
        ("  zzz: 1\n", ("LDR203", 5, 3), ("spec.zzz is no field", "Here stand: name, color, size")),
        (
            "  guard: {zzz: {a: [1]}}\n",
            ("LDR203", 5, 11),
            ("spec.guard.zzz", "Here stand: required, requiredTags, count."),
        ),
        (
            "  guard: {service: 1}\n",
            ("LDR209", 5, 11),
            ("spec.guard.service is not managed. Nobody can", "Leave it out"),
        ),
        ('  "a\\u202eb": 1\n', ("LDR203", 5, 3), ('spec["a\\u202eb"] is no field', "Here stand")),
        ('  "": 1\n', ("LDR203", 5, 3), ('spec[""] is no field', "Here stand")),
        # Text without quotes.
        (
            "  color: 417505\n",
            ("LDR207", 5, 10),
            ("without quotes 417505 is a number", 'Write "417505", in quotes.'),
        ),
        (
            "  color: 012345\n",
            ("LDR207", 5, 10),
            ("without quotes 012345 is a number", 'Write "012345", in quotes.'),
        ),
        (
            "  color: 123e45\n",
            ("LDR207", 5, 10),
            ("without quotes 123e45 is a number", 'Write "123e45", in quotes.'),
        ),
        (
            "  name: True\n",
            ("LDR207", 5, 9),
            ("without quotes True is true or false", 'Write "True", in quotes.'),
        ),
        ("  tags: [a, 5]\n", ("LDR207", 5, 13), ("spec.tags[1] must be a text", 'Write "5", in quotes.')),
        ("  tags:\n  - &x 0x1F\n", ("LDR207", 6, 5), ("without quotes 0x1F is a number", 'Write "0x1F"')),
        # Wrong types.
        (
            "  name: [x]\n",
            ("LDR205", 5, 9),
            ("spec.name must be a text, but it is a list.", "Write one text."),
        ),
        ("  name: {a: x}\n", ("LDR205", 5, 9), ("must be a text, but it is a mapping", "Write one text.")),
        (
            "  bright: yes\n",
            ("LDR205", 5, 11),
            ('must be true or false, but it is the text "yes"', "Write true, without"),
        ),
        ("  bright: Off\n", ("LDR205", 5, 11), ('but it is the text "Off"', "Write false, without quotes.")),
        (
            '  bright: "true"\n',
            ("LDR205", 5, 11),
            ('but it is the text "true"', "Write true, without quotes."),
        ),
        (
            "  bright: 1\n",
            ("LDR205", 5, 11),
            ("but it is the number 1.", "Write true or false, without quotes."),
        ),
        (
            '  size: "5"\n',
            ("LDR205", 5, 9),
            ('a whole number, but it is the text "5"', "Write 5, without quotes."),
        ),
        (
            "  size: five\n",
            ("LDR205", 5, 9),
            ('but it is the text "five"', "Write a whole number, without quotes."),
        ),
        ("  size: 5.0\n", ("LDR205", 5, 9), ("but it is the number 5.0", "Write a whole number")),
        (
            "  size: true\n",
            ("LDR205", 5, 9),
            ("must be a whole number, but it is true.", "Write a whole number"),
        ),
        ("  weight: x\n", ("LDR205", 5, 11), ('must be a number, but it is the text "x"', "Write a number")),
        ("  tags: a\n", ("LDR205", 5, 9), ('must be a list, but it is the text "a"', "Write a list: [a, b]")),
        ("  tags: {a: b}\n", ("LDR205", 5, 9), ("must be a list, but it is a mapping", "Write a list")),
        ("  guard: true\n", ("LDR205", 5, 10), ("must be a mapping, but it is true.", "Write a mapping")),
        (
            "  guard: [required]\n",
            ("LDR205", 5, 10),
            ("must be a mapping, but it is a list", "Write a mapping"),
        ),
        (
            "  notes: x\n",
            ("LDR205", 5, 10),
            ("spec.notes must be a mapping, but it is a text.", "Write a mapping"),
        ),
        # Values.
        (
            "  color: '#417505'\n",
            ("LDR206", 5, 10),
            ('six hexadecimal digits, but it is the text "#417505"', "without #"),
        ),
        (
            "  tags: [a b]\n",
            ("LDR206", 5, 10),
            ("may have only letters, digits, `_`, `.` and `-`", "instead of spaces"),
        ),
        (
            "  tags: ['']\n",
            ("LDR206", 5, 10),
            ("spec.tags[0] must not be empty, but it is an empty text", "Give it a value"),
        ),
        (
            f"  tags: [{'t' * 65}]\n",
            ("LDR206", 5, 10),
            ('at most 64 characters, but it is the text "ttt', "Shorten it."),
        ),
        (
            "  tags: [a, b, c, d, e, f]\n",
            ("LDR206", 5, 9),
            ("must have at most 5 items, but it is a list", "Shorten it."),
        ),
        ("  name: ''\n", ("LDR206", 5, 9), ("spec.name must not be empty", "unmanaged")),
        (
            "  size: 61\n",
            ("LDR206", 5, 9),
            ("must be at most 60, but it is the number 61.", "Write 60 or less."),
        ),
        (
            "  size: -1\n",
            ("LDR206", 5, 9),
            ("must be at least 0, but it is the number -1.", "Write 0 or more."),
        ),
        ("  weight: 0\n", ("LDR206", 5, 11), ("must be more than 0", "Write a larger number.")),
        ("  weight: 10\n", ("LDR206", 5, 11), ("must be less than 10", "Write a smaller number.")),
        (
            "  orbit: Near\n",
            ("LDR206", 5, 10),
            ('must be near, middle or far, but it is the text "Near"', "Did you mean near?"),
        ),
        ("  orbit: up\n", ("LDR206", 5, 10), ("must be near, middle or far", "Write one of these.")),
        (
            "  source: {key: a b}\n",
            ("LDR206", 5, 17),
            ("spec.source.key may have only", "Remove other characters."),
        ),
        (f"  guard: {{count: {'9' * 40}}}\n", ("LDR206", 5, 18), ("must be at most 5", "Write 5 or less.")),
        # Missing.
        ("  source: {version: 1}\n", ("LDR204", 5, 3), ("spec.source lacks key.", "Add key.")),
        ("  source: {kye: mars}\n", ("LDR203", 5, 12), ("spec.source.kye is no field", "Did you mean key?")),
        # Null.
        ("  name:\n", ("LDR208", 5, 3), ("spec.name is empty (null).", "Leave the field out")),
        ("  name: ~\n", ("LDR208", 5, 9), ("spec.name is empty (null).", '[], {} or ""')),
        ("  tags: [a, null]\n", ("LDR208", 5, 13), ("spec.tags[1] is empty (null).", "Leave")),
        ("  tags:\n    -\n", ("LDR208", 6, 5), ("spec.tags[0] is empty (null).", "Leave")),
        ("  guard: {count}\n", ("LDR208", 5, 11), ("spec.guard.count is empty (null).", "Leave")),
        ("  notes: {a: {b: [{c: }]}}\n", ("LDR208", 5, 20), ("spec.notes.a.b[0].c is empty", "Leave")),
        # Exclusions.
        (
            "  guard:\n    requiredTags: [a]\n    required: true\n",
            ("LDR211", 7, 5),
            ("spec.guard.required and spec.guard.requiredTags exclude each other", "Switch one of them off"),
        ),
        (
            "  guard: {required: true, requiredTags: [a]}\n",
            ("LDR211", 5, 27),
            ("spec.guard.requiredTags and spec.guard.required exclude each other", "Switch one of them off"),
        ),
    ],
)
def test_one_finding_says_what_is_wrong_with_a_field(
    read, brief, spec: str, place: tuple[str, int, int], said: tuple[str, str]
) -> None:
    loaded = read(MOON + spec)
    assert brief(loaded) == [place]
    (found,) = loaded.diagnostics
    assert said[0] in found.message
    assert found.message.endswith(".")
    assert said[1] in found.hint
    assert str(found.address) == "Moon/mars/deimos"
    assert loaded.declared == ()


@pytest.mark.parametrize(
    "spec",
    [
        "  guard: {required: true, requiredTags: []}\n",
        "  guard: {required: false, requiredTags: [a]}\n",
        "  guard: {required: true}\n",
        "  name: x\n  color: 0a1B2c\n  size: 0\n  weight: 3\n  bright: false\n  orbit: far\n  tags: []\n",
        "  notes: {any: [thing, 1, true, {at: all}], '': ''}\n",
    ],
)
def test_what_may_be_declared_is(read, spec: str) -> None:
    loaded = read(MOON + spec)
    assert (loaded.diagnostics, len(loaded.declared)) == ((), 1)


def test_two_names_of_one_setting_are_one_too_many_whatever_they_say(read, brief) -> None:
    loaded = read(PLANET + "  form: {round: false}\n  flat: false\n")
    assert brief(loaded) == [("LDR211", 6, 3)]
    (found,) = loaded.diagnostics
    assert found.message == "spec.flat and spec.form.round are two names of one setting."
    assert read(PLANET + "  form: {wide: false}\n  flat: false\n").diagnostics == ()


def test_an_exclusion_of_wrong_values_is_not_told_of(read, brief) -> None:
    assert brief(read(MOON + "  guard: {required: 'true', requiredTags: [a]}\n")) == [("LDR205", 5, 21)]
    assert brief(read(MOON + "  guard: {required: true, requiredTags: a}\n")) == [("LDR205", 5, 41)]
    both = brief(read(MOON + "  guard: {required: true, requiredTags: [a b]}\n"))
    assert both == [("LDR211", 5, 27), ("LDR206", 5, 42)]


def test_every_mistake_of_a_document_is_found_at_once(read, brief) -> None:
    loaded = read(
        MOON
        + "  nmae: x\n  color: 417505\n  size: 99\n  tags: [a b, 5, '', c d]\n  guard: {count: x, zzz: 1}\n  source: {}\n"
    )
    assert brief(loaded) == [
        ("LDR203", 5, 3),
        ("LDR207", 6, 10),
        ("LDR206", 7, 9),
        ("LDR206", 8, 10),
        ("LDR207", 8, 15),
        ("LDR206", 8, 18),
        ("LDR206", 8, 22),
        ("LDR205", 9, 18),
        ("LDR203", 9, 21),
        ("LDR204", 10, 3),
    ]


def test_a_mistake_under_an_alias_is_found_where_the_alias_stands(read, brief) -> None:
    loaded = read(MOON + "  notes: {a: &g {count: 9}, c: &c 417505}\n  guard: *g\n  color: *c\n")
    assert brief(loaded) == [("LDR206", 6, 10), ("LDR207", 7, 10)]
    assert "without quotes 417505" in loaded.diagnostics[1].message


def test_long_values_are_cut_and_odd_ones_escaped(read) -> None:
    long, odd = (
        read(MOON + f"  orbit: {'x' * 5000}\n").diagnostics,
        read(MOON + '  orbit: "a\\e[31m\\u202eb"\n').diagnostics,
    )
    assert len(long[0].message) < 200
    assert '"a\\x1b[31m\\u202eb"' in odd[0].message


def test_the_spec_is_checked_where_metadata_is_wrong(read, brief) -> None:
    loaded = read(
        "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars}\nspec: {nmae: x, color: 417505}\n"
    )
    assert brief(loaded) == [("LDR204", 3, 1), ("LDR203", 4, 8), ("LDR207", 4, 24)]
