"""`schemas/`: current, valid, and at one with what the tool itself accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

import reconciler
from e2e.support import EXAMPLES, ROOT, Cli, delivery, environment, project
from e2e.test_e2e_findings import BAD
from reconciler.kinds.registry import load_kinds

SCHEMAS = {
    path.name: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "schemas").glob("*.json"))
}
KINDS = sorted(load_kinds())


def of_kind(kind: str) -> Any:
    """The schema of one kind: `FlagImportConfiguration` stands in `flag-import-configuration.schema.json`."""
    name = "".join(f"-{char.lower()}" if char.isupper() else char for char in kind).strip("-")
    return SCHEMAS[f"{name}.schema.json"]


def read(text: str) -> list[Any]:
    """The documents as an editor's YAML reader sees them."""
    return list(YAML(typ="safe", pure=True).load_all(text))


def test_they_are_current(cli: Cli, folder: Path) -> None:
    assert cli("schema", "--out", "made").code == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in (folder / "made").iterdir()}
    held = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "schemas").glob("*.json")}
    assert made == held, "run `make schemas`"
    assert cli("schema").out == held["manifest.schema.json"]
    assert reconciler.schemas() == SCHEMAS


def test_each_is_a_valid_schema() -> None:
    assert len(SCHEMAS) >= len(KINDS) + 2
    for schema in SCHEMAS.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema_rs.meta.validate(schema)


def test_there_is_one_for_each_kind() -> None:
    for kind in KINDS:
        assert of_kind(kind)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT / "examples")))
def test_each_document_of_each_example_is_valid(file: Path) -> None:
    documents = read(file.read_text(encoding="utf-8"))
    assert documents
    for document in documents:
        jsonschema_rs.validate(SCHEMAS["manifest.schema.json"], document)
        jsonschema_rs.validate(of_kind(document["kind"]), document)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT / "examples")))
def test_the_first_line_of_each_example_leads_to_the_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    lead, _, path = first.partition("$schema=")
    assert lead == "# yaml-language-server: "
    assert (file.parent / path).resolve() == (ROOT / "schemas" / "manifest.schema.json").resolve()


# What an editor can see without the other files and without the live side.
SEEN = ("a-misspelt", "b-wrong", "c-color", "d-kind", "g-missing", "i-literal", "j-mask", "k-tag")


@pytest.mark.parametrize("name", [name for name in BAD if name.startswith(SEEN)])
def test_an_editor_sees_most_mistakes(name: str) -> None:
    [document] = read(BAD[name][0])
    assert not jsonschema_rs.is_valid(SCHEMAS["manifest.schema.json"], document)


@pytest.mark.parametrize(
    "text",
    [
        project("shop"),
        project("shop", "{tags: []}"),
        environment("e", "{defaultTtl: 60, approvalSettings: {minNumApprovals: 5}}"),
        environment("e", more=", id: 65aaaaaaaaaaaaaaaaaaaaaa, state: absent").replace("spec: {}\n", ""),
        delivery("A", "{on: false}"),
        delivery("A", "{config: {storeId: s, apiToken: {fromFile: a/b.txt}}}"),
        delivery("A", "{config: {anything: {fromEnv: X}, on: true}}", integration="brand-new"),
        project("shop", "{tags: [not one]}"),
        project("shop", "{tags: null}"),
        project("shop", "{tags: [5]}"),
        project("Shop!", "{name: x}"),
        environment("e", "{defaultTtl: 61}"),
        environment("e", "{defaultTtl: 5.5}"),
        environment("e", "{color: 'ABC'}"),
        environment("e", "{color: 'GGGGGG'}"),
        environment("e", "{approvalSettings: {minNumApprovals: 0}}"),
        environment("e", "{approvalSettings: {minNumApprovals: 6}}"),
        environment("e", "{approvalSettings: {required: 'yes'}}"),
        environment("e", "{source: {}}"),
        delivery("A", "{config: {storeId: s}}"),
        delivery("A", "{config: {storeId: s, apiToken: {fromEnv: X, fromFile: Y}}}"),
        delivery("A", "{config: {storeId: {fromEnv: X}, apiToken: {fromEnv: X}}}"),
        delivery("A", "{config: {storeId: s, apiToken: {fromEnv: X}, more: x}}"),
    ],
)
def test_editor_and_validate_are_of_one_mind(cli: Cli, text: str) -> None:
    [document] = read(text)
    ran = cli("validate", "--format", "json", "-", stdin=text.encode())
    assert ran.code == 0 or "error" in ran.out
    valid = jsonschema_rs.is_valid(SCHEMAS["manifest.schema.json"], document)
    alone = jsonschema_rs.is_valid(of_kind(document["kind"]), document)
    assert valid == alone == (ran.code == 0), ran.out


def test_completion_has_words_for_every_field() -> None:
    def fields(schema: Any, path: str) -> list[str]:
        silent = []
        for name, member in schema.get("properties", {}).items():
            if not (isinstance(member, dict) and ("description" in member or "$ref" in member)):
                silent.append(f"{path}.{name}")
        for name, definition in schema.get("$defs", {}).items():
            silent += fields(definition, name)
        return silent

    for kind in KINDS:
        silent = [name for name in fields(of_kind(kind), kind) if "Spec" in name]
        assert silent == []
