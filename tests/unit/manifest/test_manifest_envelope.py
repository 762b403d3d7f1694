"""Mistakes around a spec: version, kind, metadata and state."""

from __future__ import annotations

import pytest

from reconciler.manifest.load import load
from reconciler.model.kind import Kinds

MOON = "apiVersion: reconciler/v1\nkind: Moon\n"
OF_MARS = MOON + "metadata: {planet: mars, key: deimos}\n"


def beacon(metadata: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {metadata}\nspec: {{}}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        # apiVersion
        ("kind: Moon\nmetadata: {planet: m, key: k}\nspec: {}\n", ("LDR201", 1, 1), "lacks apiVersion"),
        ("apiVersion: v1\nkind: Moon\n", ("LDR201", 1, 13), 'must be reconciler/v1, but it is the text "v1"'),
        ("apiVersion: reconciler/v2\nkind: Moon\n", ("LDR201", 1, 13), "reconciler/v2"),
        ("apiVersion: reconciler/v2\nkind: Sun\n", ("LDR201", 1, 13), "reconciler/v2"),
        ("apiVersion:\nkind: Moon\n", ("LDR201", 1, 1), "null"),
        ("apiVersion: 1.0\nkind: Moon\n", ("LDR201", 1, 13), "number 1.0"),
        (
            "apiversion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: k}\nspec: {}\n",
            ("LDR203", 1, 1),
            "apiversion",
        ),
        # kind
        ("apiVersion: reconciler/v1\nmetadata: {}\n", ("LDR204", 1, 1), "The manifest lacks kind"),
        ("apiVersion: reconciler/v1\nKind: Moon\nspec: {}\n", ("LDR203", 2, 1), "Kind is no field"),
        ("apiVersion: reconciler/v1\nkind: Sun\nodd: x\n", ("LDR202", 2, 7), '"Sun" is none of the kinds'),
        ("apiVersion: reconciler/v1\nkind: Template\n", ("LDR202", 2, 7), "Templates are not supported yet"),
        ("apiVersion: reconciler/v1\nkind: 5\n", ("LDR207", 2, 7), "without quotes 5 is a number"),
        ("apiVersion: reconciler/v1\nkind: [Moon]\n", ("LDR205", 2, 7), "a list"),
        ("apiVersion: reconciler/v1\nkind:\n", ("LDR208", 2, 1), "kind is empty"),
        ("apiVersion: reconciler/v1\nkind: ''\n", ("LDR202", 2, 7), '"" is none of the kinds'),
        # members
        (OF_MARS + "spec: {}\nodd: x\n", ("LDR203", 5, 1), "odd is no field of a manifest"),
        (OF_MARS + "spek: {}\n", ("LDR203", 4, 1), "spek is no field of a manifest"),
        (MOON + "metdata: {planet: mars, key: deimos}\nspec: {}\n", ("LDR203", 3, 1), "metdata"),
        (MOON + "spec: {}\n", ("LDR204", 1, 1), "The manifest lacks metadata"),
        (OF_MARS, ("LDR204", 1, 1), "The manifest lacks spec"),
        (OF_MARS + "spec:\n", ("LDR204", 4, 1), "spec is empty"),
        (OF_MARS + "spec: []\n", ("LDR205", 4, 7), "spec must be a mapping, but it is a list"),
        (OF_MARS + "spec: text\n", ("LDR205", 4, 7), "spec must be a mapping, but it is a text"),
        (MOON + "metadata:\nspec: {}\n", ("LDR204", 3, 1), "metadata is empty"),
        (
            MOON + "metadata: mars\nspec: {}\n",
            ("LDR205", 3, 11),
            "metadata must be a mapping, but it is a text",
        ),
        # metadata
        (MOON + "metadata:\n  planet: mars\nspec: {}\n", ("LDR204", 3, 1), "metadata lacks key"),
        (MOON + "metadata: {key: deimos}\nspec: {}\n", ("LDR204", 3, 1), "metadata lacks planet"),
        (MOON + "metadata: {plant: m, key: k}\nspec: {}\n", ("LDR203", 3, 12), "metadata.plant is no field"),
        (MOON + "metadata: {planet: m, key: k, name: n}\nspec: {}\n", ("LDR203", 3, 31), "metadata.name"),
        (
            MOON + "metadata: {planet: m, key: k, renamedFrom: n}\nspec: {}\n",
            ("LDR209", 3, 31),
            "not supported yet",
        ),
        (
            MOON + "metadata: {planet: m, key: k, template: n}\nspec: {}\n",
            ("LDR209", 3, 31),
            "not supported yet",
        ),
        (
            MOON + "metadata: {planet: 5, key: k}\nspec: {}\n",
            ("LDR207", 3, 20),
            "without quotes 5 is a number",
        ),
        (MOON + "metadata: {planet: 0x10, key: k}\nspec: {}\n", ("LDR207", 3, 20), "without quotes 0x10"),
        (MOON + "metadata: {planet: m, key: true}\nspec: {}\n", ("LDR207", 3, 28), "true is true or false"),
        (MOON + "metadata: {planet: [m, n], key: k}\nspec: {}\n", ("LDR205", 3, 20), "a list"),
        (MOON + "metadata: {planet: {a: b}, key: k}\nspec: {}\n", ("LDR205", 3, 20), "a mapping"),
        (MOON + "metadata: {planet: m, key: ''}\nspec: {}\n", ("LDR206", 3, 28), "an empty text"),
        (MOON + "metadata:\n  planet: m\n  key:\nspec: {}\n", ("LDR208", 5, 3), "metadata.key is empty"),
        (
            MOON + "metadata: {planet: m, key: a b}\nspec: {}\n",
            ("LDR206", 3, 28),
            '"a b", and a key has only',
        ),
        (MOON + "metadata: {planet: -m, key: a}\nspec: {}\n", ("LDR206", 3, 20), '"-m", and a key has only'),
        (MOON + 'metadata: {planet: m, key: "a\\n"}\nspec: {}\n', ("LDR206", 3, 28), '"a\\x0a"'),
        (
            MOON + f"metadata: {{planet: m, key: {'k' * 101}}}\nspec: {{}}\n",
            ("LDR206", 3, 28),
            "101 characters",
        ),
        (MOON + "metadata: {planet: m, key: k, id: 5}\nspec: {}\n", ("LDR207", 3, 35), "metadata.id"),
        (MOON + "metadata: {planet: m, key: k, id: ''}\nspec: {}\n", ("LDR206", 3, 35), "metadata.id"),
        (beacon("{planet: m!, maker: acme, name: a b}"), ("LDR206", 3, 20), "metadata.planet"),
        # state
        (
            MOON + "metadata: {planet: m, key: k, state: gone}\nspec: {}\n",
            ("LDR206", 3, 38),
            "present or absent",
        ),
        (MOON + "metadata: {planet: m, key: k, state: gone}\n", ("LDR206", 3, 38), "present or absent"),
        (MOON + "metadata: {planet: m, key: k, state: off}\n", ("LDR206", 3, 38), "present or absent"),
        (MOON + "metadata: {planet: m, key: k, state: false}\n", ("LDR207", 3, 38), "metadata.state"),
        (
            MOON + "metadata:\n  planet: m\n  key: k\n  state: absent\n",
            ("LDR212", 3, 1),
            "A tombstone of a moon",
        ),
        (
            MOON + "metadata: {planet: m, key: k, state: absent, id: x}\nspec: []\n",
            ("LDR205", 4, 7),
            "spec must be a mapping",
        ),
    ],
)
def test_one_finding_says_what_is_wrong_around_the_spec(
    read, brief, text: str, place: tuple[str, int, int], words: str
) -> None:
    loaded = read(text)
    assert brief(loaded) == [place]
    (found,) = loaded.diagnostics
    assert words in found.message
    assert found.message.endswith(".")
    assert found.hint.endswith((".", "?"))
    assert loaded.declared == ()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("apiVersion: reconciler/v1\nkind: moon\n", "Did you mean Moon?"),
        ("apiVersion: reconciler/v1\nkind: Planets\n", "Did you mean Planet?"),
        ("apiVersion: reconciler/v1\nkind: Sun\n", "Kinds are: Planet, Moon, LightBeacon."),
        (OF_MARS + "spek: {}\n", "Did you mean spec?"),
        (OF_MARS + "spec: {}\nspek: {}\n", "Did you mean spec? It is declared already."),
        (MOON + "metadata: {Planet: m, key: k}\nspec: {}\n", "Did you mean planet?"),
        (MOON + "metadata: {planet: [m], key: k}\nspec: {}\n", "write one document for each"),
        (MOON + "metadata: {planet: 5, key: k}\nspec: {}\n", 'Write "5", in quotes.'),
    ],
)
def test_a_hint_says_what_to_do(read, text: str, hint: str) -> None:
    (found,) = read(text).diagnostics
    assert hint in found.hint


def test_every_missing_member_is_named(read, brief) -> None:
    loaded = read("kind: LightBeacon\nmetadata: {}\n")
    assert brief(loaded) == [
        ("LDR201", 1, 1),
        ("LDR204", 1, 1),
        ("LDR204", 2, 1),
        ("LDR204", 2, 1),
        ("LDR204", 2, 1),
    ]


def test_a_name_may_be_any_text_and_a_key_may_not(read) -> None:
    loaded = read(beacon("{planet: m, maker: some maker, name: 'Edge store / EU é'}"))
    (resource,) = loaded.declared
    assert resource.address.keys == ("m", "some maker", "Edge store / EU é")


def test_a_present_resource_is_declared_with_what_its_author_wrote(read) -> None:
    (resource,) = read(
        MOON + "metadata: {planet: m, key: k, id: x1, state: present}\nspec: {size: 3}\n"
    ).declared
    assert (str(resource.address), resource.document, resource.absent, resource.id) == (
        "Moon/m/k", {"size": 3}, False, "x1",
    )  # fmt: skip
    assert str(resource.start) == "-:1:1"
    assert str(resource.place("/size")) == "-:4:14"


def test_an_empty_spec_declares_that_the_resource_is_there(read) -> None:
    (resource,) = read(OF_MARS + "spec: {}\n").declared
    assert (resource.document, resource.absent) == ({}, False)


@pytest.mark.parametrize("spec", ["", "spec:\n", "spec: {}\n", "spec: {odd: [x], name: , size: text}\n"])
def test_a_tombstone_needs_no_spec_and_its_spec_is_not_looked_at(read, spec: str) -> None:
    loaded = read(MOON + "metadata: {planet: m, key: k, state: absent, id: x1}\n" + spec)
    (resource,) = loaded.declared
    assert (loaded.diagnostics, resource.absent, resource.id, resource.document) == ((), True, "x1", {})


def test_a_tombstone_of_what_may_go_without_an_id_needs_none(read) -> None:
    text = "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: m, maker: a, name: n, state: absent}\n"
    loaded = read(text)
    assert loaded.diagnostics == ()
    assert loaded.declared[0].absent


def test_a_kind_is_told_by_its_name_alone(tmp_path, kinds: Kinds) -> None:
    text = b"apiVersion: reconciler/v1\nkind: Comet\nmetadata: {key: halley}\nspec: {name: x}\n"
    (found,) = load(["-"], kinds, directory=tmp_path, stdin=lambda: text).diagnostics
    assert found.code.text == "LDR202"
    loaded = load(["-"], {**kinds, "Comet": kinds["Planet"]}, directory=tmp_path, stdin=lambda: text)
    assert loaded.diagnostics == ()
