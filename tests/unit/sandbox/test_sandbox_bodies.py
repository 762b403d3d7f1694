"""Bodies of every kind: what is not understood is 400, and nothing breaks."""

import json

import pytest

from reconciler.sandbox.bodies import MAX_BYTES, Malformed, parse

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
NOT_JSON = [
    b"{",
    b"nope",
    b"\xff\xfe",
    b'{"key": "a", "name": "\xff"}',
    b"\xef\xbb\xbf{}",
    '{"key": "a"}'.encode("utf-16"),
    b'{"key": "a", "name": NaN}',
    b"[Infinity]",
    b"[-Infinity]",
    b"[1e999]",
    b"[" + b"9" * 5000 + b"]",
    b"[" * 100_000,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 65 + b"1" + b"}" * 65,
    b'{"name": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"name": "\\uD83D\\u0041"}',
    b'{"a": 1,}',
    b"{'a': 1}",
    b"{} {}",
    b'"\x00"',
]
ODD = [
    b"",
    b"null",
    b"true",
    b"0",
    b'""',
    b"[]",
    b'[{"key": "a"}]',
    b'{"": {"": [null]}}',
    b'{"key": "a", "key": 5, "name": "A"}',
    json.dumps({"key": "a", "name": 10**400, "tags": [0.1]}).encode(),
    json.dumps({"key": "\x00", "name": "\x00"}).encode(),
]
TARGETS = [
    ("POST", "/projects"),
    ("PATCH", "/projects/checkout"),
    ("POST", "/projects/checkout/environments"),
    ("PATCH", "/projects/checkout/environments/test"),
    ("POST", "/integration-capabilities/featureStore/checkout/test/fastly"),
    ("POST", "/integration-capabilities/flag-import/checkout/split"),
]


@pytest.mark.parametrize(("method", "path"), TARGETS)
@pytest.mark.parametrize("content", NOT_JSON + ODD)
async def test_no_body_breaks_anything(ld, refused, method, path, content):
    await ld.project()
    before = await ld.read("/projects/checkout?expand=environments")
    answer = await ld.send(method, path, content=content, headers=JSON)
    if (method, content) != ("PATCH", b"[]"):
        refused(answer, 400)
    assert await ld.read("/projects/checkout?expand=environments") == before


@pytest.mark.parametrize("content", NOT_JSON)
def test_what_is_no_json_has_a_reason_that_quotes_nothing(content):
    found = parse(content)
    assert isinstance(found, Malformed)
    assert found.reason.startswith("the body is n") or found.reason == "the body has half of a surrogate pair"


@pytest.mark.parametrize(
    "text", ['"\\ud83d\\ude00"', '"\\\\ud800"', '"é\\u0000"', "[1.5, -0, 1e3]", "[" * 63 + "1" + "]" * 63]
)
def test_what_is_json_is_read(text):
    assert parse(text.encode()) == json.loads(text)


async def test_odd_text_survives(ld):
    name = "\x00 \u2028 😀 \x7f \u202e \" \\ '; DROP TABLE documents"
    await ld.project("a", name=name)
    assert (await ld.read("/projects/a"))["name"] == name
    assert (await ld.read("/projects?filter=query:DROP"))["totalCount"] == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; domain-model=launchdarkly.semanticpatch",
        "",
        "application/jsonp",
        "multipart/form-data; boundary=x",
        "é",
    ],
)
async def test_a_body_has_to_be_declared_as_json(ld, refused, content_type):
    body = b'{"key": "a", "name": "A"}'
    answer = await ld.post("/projects", content=body, headers={"Content-Type": content_type.encode()})
    assert "Content-Type" in refused(answer, 400)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", None])
async def test_json_may_have_a_charset_or_be_taken_for_granted(ld, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = b'{"key": "a", "name": "A"}'
    assert (await ld.post("/projects", content=body, headers=headers)).status_code == 201


async def test_a_huge_body_is_refused(ld, refused):
    name = "x" * (MAX_BYTES - 100)
    assert (await ld.post("/projects", {"key": "a", "name": name})).status_code == 201
    refused(await ld.post("/projects", {"key": "b", "name": name + "x" * 200}), 400)


async def test_calls_without_a_body_ignore_one(ld):
    await ld.project()
    path = "/projects/checkout/environments/test"
    assert (await ld.post(f"{path}/apiKey", content=b"{", headers=JSON)).status_code == 200
    assert (await ld.send("GET", path, content=b"{", headers=JSON)).status_code == 200
    assert (await ld.delete(path, content=b"{", headers=JSON)).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        *("/projects/%00", "/projects/%ff", "/projects/%ED%A0%80", "/projects/..%2f..", "/projects/%2e%2e"),
        *("/projects/" + "x" * 5000, "/projects/checkout/environments/%F0%9F%98%80", "/projects/'%22"),
        *("/projects?limit=%00", "/projects?%ff=%ff", "/projects?filter=%ff", "/projects?sort=%00"),
        *("/projects?expand=%ED%A0%80&expand=environments", "/projects?&&=&;", "/projects?filter=query:%00"),
        "/projects?filter=" + "query:a," * 300,
    ],
)
async def test_no_path_or_query_breaks_anything(ld, path):
    await ld.project()
    answer = await ld.get(path)
    assert answer.status_code in {200, 400, 404}
    assert (await ld.log())[-1]["status"] == answer.status_code


async def test_odd_headers_break_nothing(ld):
    for headers in (
        {"LD-API-Version": b"\xff"},
        {"Origin": b"\xff\x80"},
        {"X-HTTP-Method-Override": b"\xff"},
        {"Content-Type": b"\xff"},
    ):
        assert (await ld.get("/projects", headers=headers)).status_code == 200
    assert (await ld.get("/projects", headers={"Authorization": b"\xff"})).status_code == 200


async def test_half_a_request_has_no_effect(ld):
    messages = [
        {"type": "http.request", "body": b'{"key": "a", "name": "A"}', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v2/projects", "query_string": b""}
    headers = [(b"authorization", b"t"), (b"content-type", b"application/json")]
    await ld.app({**scope, "raw_path": None, "headers": headers}, receive, send)
    assert sent == []
    assert (await ld.read("/projects"))["totalCount"] == 0
