"""The JSON Schemas: valid, self-contained, and of one mind with the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import Field
from ruamel.yaml import YAML

from reconciler.manifest.load import load
from reconciler.manifest.schema import render, schemas
from reconciler.model.kind import Kind, Kinds
from reconciler.model.spec import Spec, declared


def test_there_is_a_file_for_each_kind_and_one_over_them_all(kinds) -> None:
    assert list(schemas(kinds)) == [
        "planet.schema.json",
        "moon.schema.json",
        "light-beacon.schema.json",
        "manifest.schema.json",
    ]


def test_schemas_are_valid_and_refer_to_nothing_outside_of_themselves(kinds) -> None:
    for schema in schemas(kinds).values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema_rs.meta.validate(schema)
        for reference in _members(schema, "$ref"):
            assert reference.startswith("#/$defs/")
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def _members(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield inner
            yield from _members(inner, name)
    if isinstance(value, list):
        for inner in value:
            yield from _members(inner, name)


def test_the_text_is_the_same_for_the_same_kinds(kinds) -> None:
    first, second = schemas(kinds), schemas(kinds)
    assert {name: render(one) for name, one in first.items()} == {
        name: render(one) for name, one in second.items()
    }
    text = render(first["moon.schema.json"])
    assert json.loads(text) == first["moon.schema.json"]
    assert text.startswith('{\n  "$schema"')
    assert text.endswith("}\n")


GOOD = [
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: mars}\nspec: {}\n",
    (
        "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: a.b_c-1, id: x, state: present}\n"
        "spec: {name: x, color: '417505', size: 60, weight: 1, bright: true, orbit: far, tags: [a], guard: {count: 1}}\n"
    ),
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: a, state: absent, id: x}\n",
    "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, maker: m, name: a b, state: absent}\n",
    (
        "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, maker: acme, name: any text}\n"
        "spec: {on: true, config: {store: s, token: {fromEnv: TOKEN}}}\n"
    ),
]
BAD = [
    "kind: Planet\nmetadata: {key: mars}\nspec: {}\n",
    "apiVersion: v1\nkind: Planet\nmetadata: {key: mars}\nspec: {}\n",
    "apiVersion: reconciler/v1\nmetadata: {key: mars}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Sun\nmetadata: {key: mars}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: mars}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: mars}\nspec: {}\nodd: 1\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: m s}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: ''}\nspec: {}\n",
    f"apiVersion: reconciler/v1\nkind: Planet\nmetadata: {{key: {'k' * 101}}}\nspec: {{}}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: m, odd: x}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: m, state: gone}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {key: m, state: absent}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {key: m}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: [a, b], key: m}\nspec: {}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {nmae: x}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {color: 417505}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {size: 61}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {tags: [a b]}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {guard: {count: 9}}\n",
    "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: m, key: m}\nspec: {name: }\n",
    "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: m, maker: acme, name: x}\nspec: {config: {store: [x]}}\n",
]


@pytest.mark.parametrize(("text", "good"), [(text, True) for text in GOOD] + [(text, False) for text in BAD])
def test_a_schema_accepts_what_the_loader_declares(kinds, tmp_path: Path, text: str, good: bool) -> None:
    document = YAML(typ="safe", pure=True).load(text)
    found = schemas(kinds)
    assert jsonschema_rs.validator_for(found["manifest.schema.json"]).is_valid(document) is good
    if document.get("kind") in kinds:
        own = {"Planet": "planet", "Moon": "moon", "LightBeacon": "light-beacon"}[document["kind"]]
        assert jsonschema_rs.validator_for(found[f"{own}.schema.json"]).is_valid(document) is good
    assert bool(load(["-"], kinds, directory=tmp_path, stdin=text.encode).declared) is good


class Inner(Spec):
    title: str | None = declared("A member that is called like a word of JSON Schema.")
    default: Annotated[list[str], Field(min_length=1)] = declared("Another one.")


class OddSpec(Spec):
    properties: Inner = declared("A third.")
    level: int = Field(default=3, description="With a default.")


ODD = Kind(
    name="OddThing",
    noun="odd thing",
    spec=OddSpec,
    scope=("integration",),
    identity="name",
    item="/{id}",
    create="/",
    listing=None,  # type: ignore[arg-type]
    metadata={"integration": {"enum": ["a", "b"]}},
    schema_rules=lambda: [{"properties": {"spec": {"required": ["level"]}}}],
)


def test_made_up_titles_and_nulls_go_and_members_of_those_names_stay() -> None:
    schema = schemas({"OddThing": ODD})["odd-thing.schema.json"]
    spec, inner = schema["properties"]["spec"], schema["$defs"]["OddThing.Inner"]
    assert spec["properties"]["level"] == {"default": 3, "description": "With a default.", "type": "integer"}
    assert inner["properties"]["title"] == {
        "type": "string",
        "description": "A member that is called like a word of JSON Schema.",
    }
    assert inner["properties"]["default"] == {
        "items": {"type": "string"},
        "minItems": 1,
        "type": "array",
        "description": "Another one.",
    }


def test_a_kind_adds_to_metadata_and_rules() -> None:
    schema = schemas({"OddThing": ODD})["manifest.schema.json"]
    kind = schema["$defs"]["OddThing"]
    assert kind["properties"]["metadata"]["properties"]["integration"]["enum"] == ["a", "b"]
    assert kind["allOf"][-1] == {"properties": {"spec": {"required": ["level"]}}}
    head = {"apiVersion": "reconciler/v1", "kind": "OddThing", "metadata": {"integration": "a", "name": "x"}}
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid({**head, "spec": {"level": 1}})
    assert not validator.is_valid({**head, "spec": {}})


def test_models_of_one_name_in_two_kinds_are_kept_apart(kinds: Kinds) -> None:
    class Guard(Spec):
        other: str = declared("Not the moon's.")

    class SunSpec(Spec):
        guard: Guard = declared("Who looks at it.")

    sun = Kind(
        name="Sun", noun="sun", spec=SunSpec, scope=(), identity="key", item="/{key}", create="/",
        listing=None,  # type: ignore[arg-type]
    )  # fmt: skip
    defs = schemas({**kinds, "Sun": sun})["manifest.schema.json"]["$defs"]
    assert list(defs["Sun.Guard"]["properties"]) == ["other"]
    assert "count" in defs["Moon.Guard"]["properties"]
