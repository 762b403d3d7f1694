"""JSON Schemas for editors, from the same models that check manifests.

One for each kind, and one over them all that is chosen by `kind`, so that it helps in files of several
documents. Each stands alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.manifest.envelope import API_VERSION, LONGEST_KEY, STATES, key_members
from reconciler.model.kind import Kind, Kinds
from reconciler.model.spec import KEY_PATTERN

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ALL: Final = "manifest.schema.json"

Schema = dict[str, Any]


def schemas(kinds: Kinds) -> dict[str, Schema]:
    """Every schema by its file's name: one for each kind, and `manifest.schema.json` over them all."""
    found = {file_name(kind): _alone(kind, kinds) for kind in kinds.values()}
    found[ALL] = _all(kinds)
    return found


def render(schema: Mapping[str, Any]) -> str:
    """The text of a schema's file, the same for the same schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def file_name(kind: Kind) -> str:
    """The name of the file with one kind's schema: `project.schema.json`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.name).lower() + ".schema.json"


def _alone(kind: Kind, kinds: Kinds) -> Schema:
    schema, defs = _manifest(kind, kinds)
    return {"$schema": DIALECT, **schema, **({"$defs": defs} if defs else {})}


def _all(kinds: Kinds) -> Schema:
    defs: Schema = {}
    for kind in kinds.values():
        defs[kind.name], inner = _manifest(kind, kinds)
        defs.update(inner)
    return {
        "$schema": DIALECT,
        "title": "Manifest",
        "description": "One resource in LaunchDarkly, as it is declared.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {"apiVersion": _api_version(), "kind": {"enum": list(kinds)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in kinds
        ],
        "$defs": defs,
    }


def _api_version() -> Schema:
    return {"const": API_VERSION, "description": "The version of the manifest's form."}


def _manifest(kind: Kind, kinds: Kinds) -> tuple[Schema, Schema]:
    """The schema of one kind's manifests, and the definitions that it refers to."""
    spec, defs = _spec(kind)
    doc = (kind.spec.__doc__ or "").strip().partition("\n")[0]
    return {
        "title": kind.name,
        "description": f"One {kind.noun} in LaunchDarkly.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": _api_version(),
            "kind": {"const": kind.name},
            "metadata": _metadata(kind, kinds),
            "spec": {"description": doc, **spec},
        },
        "additionalProperties": False,
        "allOf": [_unless_absent(kind), *kind.schema_rules()],
    }, defs


def _unless_absent(kind: Kind) -> Schema:
    """A tombstone needs no spec, and where deleting is dangerous an id."""
    rule: Schema = {
        "if": {
            "properties": {
                "metadata": {"properties": {"state": {"const": STATES[1]}}, "required": ["state"]}
            },
            "required": ["metadata"],
        },
        "else": {"required": ["spec"]},
    }
    if kind.delete_needs_id:
        rule["then"] = {"properties": {"metadata": {"required": ["id"]}}}
    return rule


def _metadata(kind: Kind, kinds: Kinds) -> Schema:
    keys = key_members(kind, kinds)
    properties: Schema = {
        name: _key(name, kind) if name in keys else _text(name, kind) for name in kind.key_names
    }
    properties["id"] = {
        "type": "string",
        "minLength": 1,
        "description": "LaunchDarkly's own `_id`, where the manifest is pinned to it.",
    }
    properties["state"] = {
        "enum": list(STATES),
        "description": "Whether it is to exist; `absent` deletes it. `present` where it is left out.",
    }
    for name, override in kind.metadata.items():
        properties[name] = {**properties.get(name, {}), **override}
    return {
        "type": "object",
        "description": f"Which {kind.noun} is meant.",
        "required": list(kind.key_names),
        "properties": properties,
        "additionalProperties": False,
    }


def _key(name: str, kind: Kind) -> Schema:
    return {**_text(name, kind), "maxLength": LONGEST_KEY, "pattern": KEY_PATTERN}


def _text(name: str, kind: Kind) -> Schema:
    whose = f"The {kind.noun}'s own {name}." if name == kind.identity else f"The {name} that it belongs to."
    return {"type": "string", "minLength": 1, "description": whose}


def _spec(kind: Kind) -> tuple[Schema, Schema]:
    """The schema of a spec, and what it refers to, under names that no other kind's have."""
    schema = kind.spec.model_json_schema(ref_template=f"#/$defs/{kind.name}.{{model}}")
    defs = {f"{kind.name}.{name}": _tidy(inner) for name, inner in schema.pop("$defs", {}).items()}
    return _tidy(schema), defs


# What holds schemas by names that authors chose, so that a member named `title` is none of JSON Schema's.
_BY_NAME = ("properties", "$defs", "patternProperties")


def _tidy(schema: Any) -> Any:
    """Without pydantic's made-up titles, null defaults, and the null that a field takes only to have them."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy: Schema = {}
    for name, value in schema.items():
        if name in _BY_NAME:
            tidy[name] = {inner: _tidy(below) for inner, below in value.items()}
        elif name != "title" and (name != "default" or value is not None):
            tidy[name] = _tidy(value)
    alternatives = [one for one in tidy.get("anyOf", ()) if one != {"type": "null"}]
    if len(alternatives) == 1:
        del tidy["anyOf"]
        return {**alternatives[0], **tidy}
    if alternatives:
        tidy["anyOf"] = alternatives
    return tidy
