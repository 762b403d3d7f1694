"""The request log and the reset: what is kept of a request, and what of it is hidden."""

import pytest

from reconciler.sandbox import requestlog

pytestmark = pytest.mark.anyio

STORE = "/integration-capabilities/featureStore/checkout/test/fastly"


async def test_each_request_is_logged_in_its_order(ld, sandbox):
    await ld.project()
    await ld.get("/projects?limit=5&filter=query:a%2Bb")
    await ld.http.get("/api/v2/projects/nope", headers={"LD-API-Version": "beta, 20240415"})
    await sandbox(token=None).http.delete("/api/v2/projects/checkout")
    await ld.get("/nowhere/%C3%A9")
    assert await ld.log() == [
        {
            "method": "POST",
            "path": "/api/v2/projects",
            "status": 201,
            "apiVersion": "20240415",
            "body": {"key": "checkout", "name": "Checkout"},
        },
        {
            "method": "GET",
            "path": "/api/v2/projects?limit=5&filter=query:a%2Bb",
            "status": 200,
            "apiVersion": "20240415",
            "body": None,
        },
        {
            "method": "GET",
            "path": "/api/v2/projects/nope",
            "status": 404,
            "apiVersion": "beta",
            "body": None,
        },
        {
            "method": "DELETE",
            "path": "/api/v2/projects/checkout",
            "status": 401,
            "apiVersion": None,
            "body": None,
        },
        {
            "method": "GET",
            "path": "/api/v2/nowhere/%C3%A9",
            "status": 404,
            "apiVersion": "20240415",
            "body": None,
        },
    ]


async def test_configs_are_hidden_and_their_variables_named(ld):
    await ld.project()
    config = {"storeId": "kv", "apiToken": "t"}
    made = await ld.make(STORE, {"name": "Edge", "on": True, "tags": ["a"], "config": config})
    operations = [
        ("test", "/version", 1),
        ("replace", "/config", config),
        ("test", "/config", {"storeId": "kv"}),
        ("replace", "/config/apiToken", "t"),
        ("replace", "/name", "Edge 2"),
        ("remove", "/config/teamId"),
    ]
    await ld.patch(f"{STORE}/{made['_id']}", *operations)
    post, patch = [entry["body"] for entry in (await ld.log())[1:]]
    hidden = {"storeId": "***", "apiToken": "***"}
    assert post == {"name": "Edge", "on": True, "tags": ["a"], "config": hidden}
    assert patch == [
        {"op": "test", "path": "/version", "value": 1},
        {"op": "replace", "path": "/config", "value": hidden},
        {"op": "test", "path": "/config", "value": {"storeId": "***"}},
        {"op": "replace", "path": "/config/apiToken", "value": "***"},
        {"op": "replace", "path": "/name", "value": "Edge 2"},
        {"op": "remove", "path": "/config/teamId"},
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, None),
        ("text", "***"),
        (5, "***"),
        (["text", 5, None, ["x"]], ["***", "***", "***", "***"]),
        ({"config": "text"}, {"config": "***"}),
        ({"config": ["text"]}, {"config": "***"}),
        ({"config": {"a": {"b": "text"}}}, {"config": {"a": "***"}}),
        ({"apiToken": "text", "name": "N"}, {"apiToken": "***", "name": "N"}),
        ({"name": {"config": {"a": 1}}}, {"name": {"config": {"a": "***"}}}),
        ({"name": {"apiToken": "text"}}, {"name": {"apiToken": "***"}}),
        ({"tags": ["a", {"config": 1}, ["b"]]}, {"tags": ["a", {"config": "***"}, ["b"]]}),
        ({"environments": [{"key": "e", "x": 1}]}, {"environments": [{"key": "e", "x": "***"}]}),
        ({"source": {"key": "e", "version": 5}}, {"source": {"key": "e", "version": 5}}),
        (
            {"on": "text", "version": ["text"], "critical": True},
            {"on": "***", "version": ["***"], "critical": True},
        ),
        ({"comment": "why", "patch": "text"}, {"comment": "why", "patch": "***"}),
        (
            {"comment": "why", "patch": [{"op": "add", "path": "/config/a", "value": 1}]},
            {"comment": "why", "patch": [{"op": "add", "path": "/config/a", "value": "***"}]},
        ),
        (
            [{"op": "add", "path": "/config/a", "value": {"b": 1}}],
            [{"op": "add", "path": "/config/a", "value": "***"}],
        ),
        (
            [{"op": "add", "path": "/config", "value": "text"}],
            [{"op": "add", "path": "/config", "value": "***"}],
        ),
        ([{"path": "/name", "config": {"a": 1}}], [{"path": "/name", "config": "***"}]),
        ([{"op": "text", "path": "/name", "value": "N"}], [{"op": "***", "path": "/name", "value": "N"}]),
        ([{"op": 5, "path": 5, "value": "N"}], [{"op": "***", "path": "***", "value": "***"}]),
        ([{"op": "add", "path": "/on", "value": "N"}], [{"op": "add", "path": "/on", "value": "***"}]),
        ([{"op": "add", "path": "/0", "value": "N"}], [{"op": "add", "path": "***", "value": "***"}]),
        ([{"op": "add", "value": "N"}], [{"op": "add", "value": "***"}]),
        (
            [{"op": "add", "path": "/tags", "value": [{"config": {"a": 1}}]}],
            [{"op": "add", "path": "/tags", "value": [{"config": {"a": "***"}}]}],
        ),
        (
            [{"op": "move", "from": "/config/a", "path": "/name"}],
            [{"op": "move", "from": "***", "path": "/name"}],
        ),
    ],
)
def test_a_body_keeps_what_is_known_to_be_harmless(sent, kept):
    assert requestlog.body(sent) == kept


@pytest.mark.parametrize(
    "path",
    [
        "/tags",
        "/tags/0",
        "/tags/-",
        "/approvalSettings/requiredApprovalTags/0",
        "/approvalSettings/serviceConfig/template",
    ],
)
def test_harmless_paths_are_kept_with_their_values(path):
    operation = {"op": "add", "path": path, "value": "x"}
    assert requestlog.body([operation]) == [operation]


@pytest.mark.parametrize(
    "path",
    ["", "/", "config", "config/a", "/Config/a", "//config", "/x", "/name/x", "/config/a b", "/" * 20, "/é"],
)
def test_other_paths_are_hidden_with_their_values(path):
    operation = {"op": "add", "path": path, "value": "x"}
    assert requestlog.body([operation]) == [{"op": "add", "path": "***", "value": "***"}]


async def test_values_of_unknown_query_parameters_are_hidden(ld):
    await ld.get("/projects?access_token=abc&limit=5&x")
    assert (await ld.log())[0]["path"] == "/api/v2/projects?access_token=***&limit=5&x=***"


async def test_a_body_that_is_no_json_is_logged_as_none(ld):
    headers = {"Content-Type": "application/json"}
    await ld.post("/projects", content=b'{"config": {"apiToken": "text"', headers=headers)
    assert (await ld.log())[0]["body"] is None
    await ld.post("/projects", content=b"a=b", headers={"Content-Type": "text/plain"})
    assert (await ld.log())[1]["body"] is None


async def test_the_log_is_in_the_store_and_not_in_the_application(ld, sandbox):
    await ld.project()
    assert await sandbox().log() == await ld.log()


async def test_the_two_extra_paths_need_no_token_and_are_not_logged(sandbox):
    client = sandbox(token=None, tokens={"w": "writer"})
    assert (await client.http.get("/__sandbox__/requests")).json() == {"items": []}
    answer = await client.http.post("/__sandbox__/reset")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await client.log() == []


async def test_a_reset_empties_world_and_log(ld):
    await ld.project()
    assert (await ld.http.post("/__sandbox__/reset")).status_code == 204
    assert await ld.log() == []
    assert (await ld.read("/projects"))["totalCount"] == 0
    await ld.project()


@pytest.mark.parametrize(("method", "path"), [("POST", "requests"), ("GET", "reset"), ("DELETE", "requests")])
async def test_they_too_know_wrong_methods(ld, method, path):
    answer = await ld.http.request(method, f"/__sandbox__/{path}")
    assert answer.status_code == 405
    assert answer.json() == {"code": "method_not_allowed", "message": "Method not allowed"}
    assert answer.headers["allow"]
    assert (await ld.http.get(f"/__sandbox__/{path}/x")).status_code == 404
