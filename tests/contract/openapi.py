"""A small validator: was an exchange as LaunchDarkly's OpenAPI document (3.0.3) says?

The document is read as it stands, with what `defects` knows to be wrong in it put right. A schema is taken
strictly: a member that it does not name is a complaint, in an answer since nobody has seen the service send
it, in a request since the service would drop it without a word.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import jsonschema_rs

from contract.defects import DEFECTS, Defect, amended

VARIABLE: Final = "RECONCILER_SHARED"
API_VERSION: Final = "ld-api-version"
UNANSWERED: Final = 0
"""The status of an exchange that had no answer, or none of the sandbox's."""
_METHODS: Final = ("get", "post", "patch", "put", "delete")
_INT64: Final = {"minimum": -(2**63), "maximum": 2**63 - 1}
_KEPT: Final = ("type", "enum", "required", "pattern", "minimum", "maximum", "minLength", "maxLength")
_PARAMETER: Final = re.compile(r"\{[^{}]+\}")


def path() -> Path:
    """Where the OpenAPI document is expected."""
    folder = os.environ.get(VARIABLE)
    shared = Path(folder) if folder else Path(__file__).resolve().parents[2].parent / "shared"
    return shared / "api" / "openapi-subset.json"


def missing() -> str | None:
    """What to say where the document is not there; `None` where it is."""
    if path().is_file():
        return None
    return (
        "LaunchDarkly's OpenAPI document is not here, so nothing is compared with it: "
        f"no ../shared/api/{path().name} beside the repository, no {VARIABLE} that names another ../shared"
    )


@cache
def document() -> dict[str, Any]:
    """The document as it was published. Not to be changed."""
    loaded: dict[str, Any] = json.loads(path().read_text(encoding="utf-8"))
    return loaded


@cache
def specification() -> Specification:
    """The document with its known defects put right."""
    return Specification(document())


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as they went over the wire."""

    method: str
    path: str
    """Percent-encoded, without the query."""
    status: int
    query: str = ""
    sent: Sequence[tuple[str, str]] = ()
    """The request's headers, names in lower case."""
    body: bytes = b""
    received: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
    """The answer's headers, names in lower case."""
    answer: bytes = b""

    def header(self, name: str) -> str:
        """A header of the request, or nothing."""
        return next((value for header, value in self.sent if header == name), "")

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' if self.query else ''}{self.query} -> {self.status}"


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    template: str
    raw: Mapping[str, Any]
    schemas: Schemas = field(repr=False)

    @property
    def beta(self) -> bool:
        """Whether its section is marked as beta, so that it wants the header."""
        return any("(beta)" in tag for tag in self.raw["tags"])

    @property
    def statuses(self) -> Mapping[int, Mapping[str, Any]]:
        """What it may answer."""
        return {int(status): response for status, response in self.raw["responses"].items()}

    @property
    def successes(self) -> frozenset[int]:
        """The statuses that say that it was done."""
        return frozenset(status for status in self.statuses if status < 300)

    @cached_property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The query's parameters."""
        return {item["name"]: item for item in self.raw.get("parameters", ()) if item["in"] == "query"}

    def request_complaints(self, exchange: Exchange) -> Iterator[str]:
        """What is wrong with a request."""
        versions = [value for name, value in exchange.sent if name == API_VERSION]
        if len(versions) != 1:
            yield f"LD-API-Version stands {len(versions)} times in the request"
        elif (versions[0] == "beta") != self.beta:
            yield f"LD-API-Version is {versions[0]!r} where beta is {'' if self.beta else 'not '}wanted"
        for name, value in parse_qsl(exchange.query, keep_blank_values=True):
            if name not in self.parameters:
                yield f"the query's {name} is not documented"
            elif self.parameters[name]["schema"]["type"] == "integer" and not re.fullmatch("-?[0-9]+", value):
                yield f"the query's {name} is not a whole number"
        yield from self._body_complaints(exchange)

    def _body_complaints(self, exchange: Exchange) -> Iterator[str]:
        content = self.raw.get("requestBody", {}).get("content")
        if content is None:
            if exchange.body:
                yield "a body is sent where none is documented"
            return
        media_type = exchange.header("content-type").partition(";")[0]
        if media_type not in content:
            yield f"the request's Content-Type is {media_type!r}"
        else:
            yield from self.schemas.complaints(exchange.body, content[media_type]["schema"], "the request")

    def answer_complaints(self, exchange: Exchange) -> Iterator[str]:
        """What is wrong with an answer, if there is one."""
        if exchange.status == UNANSWERED:
            return
        documented = self.statuses.get(exchange.status)
        if documented is None:
            yield f"status {exchange.status} is not documented"
            return
        content = documented.get("content")
        if not content:
            if exchange.answer:
                yield f"an answer {exchange.status} has a body, where none is documented"
            return
        media_type = dict(exchange.received).get("content-type", "").partition(";")[0]
        if media_type not in content:
            yield f"the answer's Content-Type is {media_type!r}"
        else:
            yield from self.schemas.complaints(exchange.answer, content[media_type]["schema"], "the answer")


class Schemas:
    """The document's schemas as JSON Schema validators, each compiled when it is first wanted."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = components
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @cached_property
    def _converted(self) -> dict[str, Any]:
        return {"schemas": {name: json_schema(schema) for name, schema in self._components.items()}}

    def complaints(self, content: bytes, schema: Mapping[str, Any], what: str) -> Iterator[str]:
        """What is wrong with a document by a schema. Values are not told: they may be secrets."""
        try:
            document = json.loads(content)
        except ValueError:
            yield f"{what} is not JSON"
            return
        for error in self._validator(schema).iter_errors(document):
            place = "".join(f"/{step}" for step in error.instance_path)
            yield f"{what} at {place or 'its root'}: {error.message}"

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                {**json_schema(schema), "components": self._converted}, mask="(value)"
            )
        return self._validators[key]


class Specification:
    """The document, with some of its defects put right: its operations, and what they make of an exchange."""

    def __init__(self, published: Mapping[str, Any], defects: Iterable[Defect] = DEFECTS) -> None:
        self.document = amended(copy.deepcopy(dict(published)), defects)
        self._schemas = Schemas(self.document["components"]["schemas"])
        self.operations: Mapping[str, Operation] = {
            item[method]["operationId"]: Operation(
                item[method]["operationId"], method.upper(), template, item[method], self._schemas
            )
            for template, item in self.document["paths"].items()
            for method in _METHODS
            if method in item
        }
        self._by_form: dict[tuple[str, int], list[tuple[re.Pattern[str], Operation]]] = {}
        for operation in self.operations.values():
            pattern = re.compile(
                "/".join(
                    "[^/]+" if _PARAMETER.fullmatch(part) else re.escape(part)
                    for part in operation.template.split("/")
                )
            )
            form = (operation.method, operation.template.count("/"))
            self._by_form.setdefault(form, []).append((pattern, operation))

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request is for."""
        for pattern, operation in self._by_form.get((method, path.count("/")), ()):
            if pattern.fullmatch(path):
                return operation
        return None

    def complaints(self, exchange: Exchange, *, request: bool = True) -> list[str]:
        """What is wrong with an exchange: `request` is whether its request was meant to be right."""
        operation = self.find(exchange.method, exchange.path)
        if operation is None:
            return ["no such operation is documented"] if request else []
        of_request = operation.request_complaints(exchange) if request else ()
        return [*of_request, *operation.answer_complaints(exchange)]


def json_schema(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as a JSON Schema (2020-12) that takes no members but those that it names.

    In OpenAPI 3.0 what stands beside `$ref` does not count, `nullable` does only beside a `type`, and all
    that a `format` says here is how long a whole number may be.
    """
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    converted = {name: copy.deepcopy(schema[name]) for name in _KEPT if name in schema}
    if schema.get("format") == "int64":
        converted |= _INT64
    if "properties" in schema:
        converted["properties"] = {name: json_schema(part) for name, part in schema["properties"].items()}
        converted["additionalProperties"] = False
    if "additionalProperties" in schema:
        others = schema["additionalProperties"]
        converted["additionalProperties"] = others if isinstance(others, bool) else json_schema(others)
    if "items" in schema:
        converted["items"] = json_schema(schema["items"])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            converted[name] = [json_schema(part) for part in schema[name]]
    if schema.get("nullable") and "type" in schema:
        converted["type"] = [schema["type"], "null"]
        if "enum" in converted:
            converted["enum"].append(None)
    return converted
