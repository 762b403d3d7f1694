"""Who is let in, under which version, by which method; what every answer carries."""

import pytest

pytestmark = pytest.mark.anyio

ROLES = {"w": "writer", "r": "reader", "n": "none"}
STORES = "/integration-capabilities/featureStore"
IMPORTS = "/integration-capabilities/flag-import"


@pytest.mark.parametrize("token", [None, "", " ", "Bearer x", "bearer x", "Bearer"])
async def test_no_token_or_a_bearer_is_unauthorized(sandbox, refused, token):
    answer = await sandbox(token=token).get("/projects")
    assert refused(answer, 401) == "Invalid access token"


async def test_any_other_token_is_let_in_unless_some_are_named(sandbox, refused):
    assert (await sandbox(token="whatever").get("/projects")).status_code == 200
    refused(await sandbox(token="whatever", tokens=ROLES).get("/projects"), 401)
    assert (await sandbox(token="w", tokens=ROLES).get("/projects")).status_code == 200


async def test_a_reader_reads_and_does_not_write(sandbox, refused):
    writer, reader = sandbox(token="w", tokens=ROLES), sandbox(token="r", tokens=ROLES)
    await writer.project()
    assert (await reader.get("/projects/checkout")).status_code == 200
    refused(await reader.post("/projects", {"key": "x", "name": "X"}), 403)
    refused(await reader.patch("/projects/checkout", ("replace", "/name", "X")), 403)
    refused(await reader.delete("/projects/checkout/environments/test"), 403)
    refused(await reader.post("/projects/checkout/environments/test/apiKey"), 403)
    override = {"X-HTTP-Method-Override": "DELETE"}
    refused(await reader.post("/projects/checkout/environments/test", headers=override), 403)
    assert (await reader.read("/projects/checkout"))["name"] == "Checkout"
    assert (await reader.read("/projects/checkout/environments"))["totalCount"] == 2


@pytest.mark.parametrize("path", ["/projects", "/caller-identity", "/nowhere", STORES])
async def test_a_token_without_rights_is_forbidden_everything(sandbox, refused, path):
    refused(await sandbox(token="n", tokens=ROLES).get(path), 403)


async def test_an_unknown_role_is_refused_without_naming_the_token(sandbox):
    with pytest.raises(ValueError, match="'admin'") as caught:
        sandbox(tokens={"secret-token": "admin"})
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("path", [STORES, IMPORTS, f"{STORES}/p/e", f"{STORES}/p/e/fastly/1"])
@pytest.mark.parametrize("version", ["20240415", "20220603", "nonsense", "20240415, beta", None])
async def test_beta_resources_want_the_beta_header(sandbox, path, version):
    client = sandbox()
    headers = {} if version is None else {"LD-API-Version": version}
    answer = await client.http.get(f"/api/v2{path}", headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {
        "message": "This API is in beta. To use it, your request must include the header `LD-API-Version: beta`."
    }


async def test_the_first_of_two_versions_counts(ld):
    first_beta = [("LD-API-Version", "beta"), ("LD-API-Version", "20240415")]
    path = f"/api/v2{STORES}"
    assert (await ld.http.get(path, headers=first_beta)).status_code == 200
    assert (await ld.http.get(path, headers=first_beta[::-1])).status_code == 403


async def test_stable_resources_take_any_version_or_none(ld):
    for headers in ({}, {"LD-API-Version": "beta"}, {"LD-API-Version": "20160426"}):
        answer = await ld.http.get("/api/v2/projects", headers=headers)
        assert answer.json()["totalCount"] == 0


@pytest.mark.parametrize(
    "path", ["/nowhere", "/projects/", "/projects/a/b", "/projects/a/environments/b/c", ""]
)
async def test_an_unknown_path_is_not_found(ld, refused, path):
    assert refused(await ld.get(path), 404) == "Invalid resource identifier"
    refused(await ld.http.get("/"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/projects", "GET, POST"),
        ("DELETE", "/projects/checkout/environments", "GET, POST"),
        ("GET", "/projects/checkout/environments/test/apiKey", "POST"),
        ("POST", "/caller-identity", "GET"),
        ("PATCH", STORES, "GET"),
        ("OPTIONS", "/projects/checkout", "DELETE, GET, PATCH"),
    ],
)
async def test_a_wrong_method_names_the_right_ones(ld, refused, method, path, allowed):
    answer = await ld.send(method, path)
    refused(answer, 405)
    assert answer.headers["allow"] == allowed


async def test_a_post_can_stand_for_another_method(ld, refused):
    await ld.project()
    path = "/projects/checkout"
    patch = [{"op": "replace", "path": "/name", "value": "Tills"}]
    answer = await ld.post(path, patch, headers={"X-HTTP-Method-Override": "patch"})
    assert answer.json()["name"] == "Tills"
    refused(await ld.post(path, headers={"X-HTTP-Method-Override": "PUT"}), 405)
    refused(await ld.post(path, headers={"X-HTTP-Method-Override": "GET"}), 405)
    gone = await ld.post(f"{path}/environments/test", headers={"X-HTTP-Method-Override": "DELETE"})
    assert gone.status_code == 204
    assert [entry["method"] for entry in (await ld.log())[1:]] == ["PATCH", "PUT", "POST", "DELETE"]


@pytest.mark.parametrize("path", ["/projects", "/nowhere", "/caller-identity"])
@pytest.mark.parametrize("token", ["t", None])
async def test_every_answer_has_cors_and_rate_limit_headers_and_is_json(sandbox, clock, path, token):
    answer = await sandbox(token=token).get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-max-age"] == "300"
    assert int(answer.headers["x-ratelimit-global-remaining"]) > 1000
    assert int(answer.headers["x-ratelimit-route-remaining"]) > 1000
    assert 0 < int(answer.headers["x-ratelimit-reset"]) - clock.now <= 10_000


async def test_the_origin_is_echoed(ld):
    answer = await ld.get("/projects", headers={"Origin": "https://example.com"})
    assert answer.headers["access-control-allow-origin"] == "https://example.com"


async def test_an_empty_answer_is_json_too(ld):
    await ld.project()
    answer = await ld.delete("/projects/checkout/environments/test")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-type"] == "application/json"


async def test_caller_identity_names_the_account_and_never_the_token(sandbox, store):
    writer = await sandbox(token="w", tokens=ROLES).read("/caller-identity")
    reader = await sandbox(token="r", tokens=ROLES).read("/caller-identity")
    assert writer == {
        "accountId": writer["accountId"],
        "authKind": "token",
        "tokenName": "Sandbox writer",
        "serviceToken": True,
    }
    assert len(writer["accountId"]) == 24
    assert reader == {**writer, "tokenName": "Sandbox reader"}
    store.reset()
    assert await sandbox(token="w", tokens=ROLES).read("/caller-identity") == writer


async def test_websockets_are_closed(ld):
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message["type"])

    await ld.app({"type": "websocket", "path": "/api/v2/projects", "headers": []}, receive, send)
    assert sent == ["websocket.close"]
