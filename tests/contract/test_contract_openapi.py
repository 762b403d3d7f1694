"""The validator finds what it is there to find, in exchanges that are wrong in one way each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contract import openapi
from contract.conftest import Speaker
from contract.openapi import Exchange, Specification, json_schema

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def read(speaker: Speaker, specification: Specification) -> Exchange:
    """An environment as the sandbox shows it."""
    return await speaker.send(specification.operations["getEnvironment"])


@pytest.fixture
async def written(speaker: Speaker, specification: Specification) -> Exchange:
    """A delivery configuration that was created."""
    return await speaker.send(specification.operations["createIntegrationDeliveryConfiguration"])


def answered(exchange: Exchange, **changes: Any) -> Exchange:
    """The exchange with other members in its answer; `...` leaves one out."""
    return replace(exchange, answer=changed(exchange.answer, changes))


def requested(exchange: Exchange, **changes: Any) -> Exchange:
    """The exchange with other members in its request; `...` leaves one out."""
    return replace(exchange, body=changed(exchange.body, changes))


def changed(content: bytes, changes: dict[str, Any]) -> bytes:
    document = json.loads(content) | changes
    return json.dumps({name: value for name, value in document.items() if value is not ...}).encode()


def with_header(exchange: Exchange, name: str, *values: str) -> Exchange:
    kept = [header for header in exchange.sent if header[0] != name]
    return replace(exchange, sent=[*kept, *((name, value) for value in values)])


async def test_right_exchanges_pass(read: Exchange, written: Exchange, specification: Specification):
    assert specification.complaints(read) == []
    assert specification.complaints(written) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"key": ...}, 'the answer at its root: "key" is a required property'),
        ({"key": None}, 'the answer at /key: (value) is not of type "string"'),
        ({"color": 417505}, 'the answer at /color: (value) is not of type "string"'),
        ({"defaultTtl": "5"}, 'the answer at /defaultTtl: (value) is not of type "integer"'),
        ({"defaultTtl": 5.5}, 'the answer at /defaultTtl: (value) is not of type "integer"'),
        ({"critical": 0}, 'the answer at /critical: (value) is not of type "boolean"'),
        ({"tags": ["a", 1]}, 'the answer at /tags/1: (value) is not of type "string"'),
        ({"tags": "a"}, 'the answer at /tags: (value) is not of type "array"'),
        ({"_links": {"self": "/"}}, 'the answer at /_links/self: (value) is not of type "object"'),
        (
            {"owner": 1},
            "the answer at its root: Additional properties are not allowed ('owner' was unexpected)",
        ),
        ({"approvalSettings": None}, 'the answer at /approvalSettings: (value) is not of type "object"'),
    ],
)
async def test_a_wrong_answer(
    read: Exchange, specification: Specification, changes: dict[str, Any], complaint: str
):
    assert specification.complaints(answered(read, **changes)) == [complaint]


async def test_an_answer_that_is_wrong_as_a_whole(read: Exchange, specification: Specification):
    wrong = {
        "status 418 is not documented": replace(read, status=418),
        "status 500 is not documented": replace(read, status=500),
        "the answer is not JSON": replace(read, answer=b"{"),
        "the answer's Content-Type is 'text/html'": replace(read, received=[("content-type", "text/html")]),
        "an answer 204 has a body, where none is documented": replace(
            read, method="DELETE", status=204, answer=b"{}"
        ),
        'the answer at its root: "code" is a required property': replace(
            read, status=404, answer=b'{"message": "No."}'
        ),
    }
    for complaint, exchange in wrong.items():
        assert specification.complaints(exchange) == [complaint]


async def test_values_are_not_told(read: Exchange, specification: Specification):
    wrong = answered(read, apiKey=["sdk-secret"])
    assert "sdk-secret" not in "".join(specification.complaints(wrong))


async def test_an_answer_to_a_list_is_judged_item_by_item(speaker: Speaker, specification: Specification):
    listed = await speaker.send(specification.operations["getIntegrationDeliveryConfigurations"])
    items = json.loads(listed.answer)["items"]
    assert specification.complaints(listed) == []
    # What lists may lack, they may not have in another form.
    items[1]["config"] = "none"
    assert specification.complaints(answered(listed, items=items)) == [
        'the answer at /items/1/config: (value) is not of type "object"'
    ]
    del items[1]["config"], items[1]["version"]
    assert specification.complaints(answered(listed, items=items)) == [
        'the answer at /items/1: "version" is a required property'
    ]


async def test_what_may_be_absent_in_lists_may_not_be_absent_elsewhere(
    speaker: Speaker, specification: Specification
):
    one = await speaker.send(specification.operations["getIntegrationDeliveryConfigurationById"])
    assert specification.complaints(answered(one, config=...)) == [
        'the answer at its root: "config" is a required property'
    ]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"config": ...}, 'the request at its root: "config" is a required property'),
        ({"on": "yes"}, 'the request at /on: (value) is not of type "boolean"'),
        ({"tags": None}, 'the request at /tags: (value) is not of type "array"'),
        (
            {"nmae": "x"},
            "the request at its root: Additional properties are not allowed ('nmae' was unexpected)",
        ),
    ],
)
async def test_a_wrong_request(
    written: Exchange, specification: Specification, changes: dict[str, Any], complaint: str
):
    wrong = requested(written, **changes)
    assert specification.complaints(wrong) == [complaint]
    assert specification.complaints(wrong, request=False) == []


async def test_a_request_that_is_wrong_as_a_whole(
    read: Exchange, written: Exchange, specification: Specification
):
    wrong = {
        "the request is not JSON": replace(written, body=b"{"),
        "the request's Content-Type is ''": with_header(written, "content-type"),
        "the request's Content-Type is 'text/plain'": with_header(written, "content-type", "text/plain"),
        "a body is sent where none is documented": replace(read, body=b"{}"),
        "LD-API-Version stands 0 times in the request": with_header(read, "ld-api-version"),
        "LD-API-Version stands 2 times in the request": with_header(
            read, "ld-api-version", "20240415", "beta"
        ),
        "LD-API-Version is 'beta' where beta is not wanted": with_header(read, "ld-api-version", "beta"),
        "LD-API-Version is '20240415' where beta is wanted": with_header(
            written, "ld-api-version", "20240415"
        ),
        "the query's expand is not documented": replace(read, query="expand=environments"),
        "no such operation is documented": replace(read, path=read.path + "/keys"),
    }
    for complaint, exchange in wrong.items():
        assert specification.complaints(exchange) == [complaint]


async def test_the_query(speaker: Speaker, specification: Specification):
    listed = await speaker.send(specification.operations["getProjects"])
    asked = replace(listed, query="limit=5&offset=0&filter=keys%3Aa%7Cb&sort=-name&expand=environments")
    assert specification.complaints(asked) == []
    for query, complaint in {
        "limit=5&limt=6": "the query's limt is not documented",
        "limit=many": "the query's limit is not a whole number",
        "offset=": "the query's offset is not a whole number",
    }.items():
        assert specification.complaints(replace(listed, query=query)) == [complaint]


async def test_a_patch_knows_no_from(speaker: Speaker, specification: Specification):
    moved = [{"op": "move", "path": "/tags/0", "from": "/tags/1"}]
    patched = await speaker.send(specification.operations["patchProject"], body=moved)
    assert specification.complaints(patched) == [
        "the request at /0: Additional properties are not allowed ('from' was unexpected)"
    ]


def test_paths_lead_to_operations(specification: Specification):
    beta = "/api/v2/integration-capabilities"
    wanted = {
        ("GET", "/api/v2/projects"): "getProjects",
        ("GET", "/api/v2/projects/a%2Fb"): "getProject",
        ("POST", "/api/v2/projects/a/environments/b/apiKey"): "resetEnvironmentSDKKey",
        ("GET", f"{beta}/featureStore/a/b"): "getIntegrationDeliveryConfigurationByEnvironment",
        ("POST", f"{beta}/featureStore/a/b/c/d/validate"): "validateIntegrationDeliveryConfiguration",
        ("POST", f"{beta}/flag-import/a/split"): "createFlagImportConfiguration",
    }
    for (method, path), name in wanted.items():
        found = specification.find(method, path)
        assert found is not None
        assert found.id == name
    for method, path in (
        ("PUT", "/api/v2/projects/a"),
        ("GET", "/api/v2/projects/"),
        ("GET", "/api/v2/projects/a/"),
        ("GET", "/api/v3/projects"),
        ("POST", f"{beta}/featureStore/a/b"),
    ):
        assert specification.find(method, path) is None


def test_schemas_are_read_as_openapi_3_0_means_them():
    assert json_schema({"type": "string", "nullable": True, "example": "x"}) == {"type": ["string", "null"]}
    assert json_schema({"type": "string", "nullable": True, "enum": ["a"]}) == {
        "type": ["string", "null"],
        "enum": ["a", None],
    }
    assert json_schema({"$ref": "#/x", "nullable": True, "example": 1}) == {"$ref": "#/x"}
    assert json_schema({"type": "integer", "format": "int64"})["maximum"] == 2**63 - 1
    assert json_schema({"type": "string", "format": "string"}) == {"type": "string"}
    assert json_schema({"type": "object", "additionalProperties": {}}) == {
        "type": "object",
        "additionalProperties": {},
    }
    assert json_schema({"type": "object"}) == {"type": "object"}
    closed = {"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}}
    assert json_schema(closed) == closed | {"additionalProperties": False}


def test_every_schema_of_the_document_compiles(specification: Specification):
    schemas = specification.document["components"]["schemas"]
    checker = openapi.Schemas(schemas)
    for name in schemas:
        assert list(checker.complaints(b"null", {"$ref": f"#/components/schemas/{name}"}, "it")), name
