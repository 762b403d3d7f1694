"""No secret that a client sends is kept: not in the file, not in an answer, not in the log."""

import json
import sqlite3

import httpx
import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.seed import seed
from reconciler.sandbox.store import Store

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t-value-that-must-never-be-kept"
LONG = SECRET + "x" * 20_000
API = "/api/v2"
BETA = {"LD-API-Version": "beta"}
STORES = f"{API}/integration-capabilities/featureStore/checkout/test"
FASTLY = {"storeId": "kv", "apiToken": SECRET}
SPLIT = {"workspaceApiKey": SECRET, "workspaceId": "w", "environmentId": "e", "ldApiKey": SECRET}

POSTED = [
    {"config": FASTLY},
    {"config": FASTLY | {"storeId": 5}},
    {"config": FASTLY | {"other": SECRET}},
    {"config": {"apiToken": SECRET}},
    {"config": {"storeId": "kv", "apiToken": {"value": SECRET}}},
    {"config": {"storeId": "kv", "apiToken": [SECRET]}},
    {"config": {"storeId": "kv", "apiToken": LONG}},
    {"config": SECRET},
    {"config": [SECRET]},
    {"apiToken": SECRET},
    {"config": FASTLY, "apiToken": SECRET},
    {"config": FASTLY, "on": SECRET + " "},
    {"config": FASTLY, "nested": {"deep": [{"config": {"a": SECRET}}]}},
    {"config": FASTLY, "tags": [{"apiToken": SECRET}]},
    {"config": FASTLY, "name": {"apiToken": SECRET}},
    [{"config": FASTLY}],
    [SECRET],
    SECRET,
]
PATCHED = [
    [{"op": op, "path": path, "value": value}]
    for op in ("replace", "add", "test", "remove", "copy", "bogus", SECRET)
    for path, value in [
        ("/config", FASTLY),
        ("/config", SECRET),
        ("/config/apiToken", SECRET),
        ("/config/apiToken/x", SECRET),
        ("/config/nope", SECRET),
        ("config/apiToken", SECRET),
        ("/CONFIG/apiToken", SECRET),
        ("//config", FASTLY),
        ("", {"config": FASTLY}),
        ("/", FASTLY),
        ("/unknown", SECRET),
        ("/tags", [{"apiToken": SECRET}]),
        (f"/{SECRET}", SECRET),
        (f"/name/{SECRET}", SECRET),
        (SECRET, SECRET),
        (5, SECRET),
        (None, FASTLY),
        ({"config": FASTLY}, FASTLY),
    ]
] + [
    [{"op": "replace", "path": "/config"}, {"value": SECRET}],
    [{"op": "move", "from": SECRET, "path": "/name"}],
    [{"op": "replace", "path": "/name", "value": "n", "apiToken": SECRET}],
    {"comment": "why", "patch": [{"op": "replace", "path": "/config", "value": FASTLY}]},
    {"comment": "why", "patch": SECRET},
    {"comment": {"config": FASTLY}, "patch": []},
    {"config": FASTLY},
    {"merge": {"config": FASTLY}},
]
MALFORMED = [
    json.dumps({"config": FASTLY}).encode()[:-1],
    json.dumps({"config": FASTLY}).encode("utf-16"),
    b'{"config": {"apiToken": "' + SECRET.encode() + b'\\ud800"}}',
    b'{"config": {"apiToken": "' + SECRET.encode() + b'", "n": 1e999}}',
    b"[" * 70 + b'"' + SECRET.encode() + b'"' + b"]" * 70,
    b"apiToken=" + SECRET.encode(),
]


class Watched:
    """A sandbox in a file that looks for the secret wherever it could be, after each request."""

    def __init__(self, path):
        self.path = path
        self.store = Store(path)
        transport = httpx.ASGITransport(app=create_app(self.store))
        headers = {"Authorization": SECRET, **BETA}
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers)
        self.answers = 0

    async def send(self, method, path, **more):
        answer = await self.http.request(method, path, **more)
        assert answer.status_code < 500
        assert SECRET not in answer.text
        assert SECRET not in str(answer.headers)
        self.check_files()
        self.answers += 1
        return answer

    def check_files(self):
        for file in self.path.parent.iterdir():
            assert SECRET.encode() not in file.read_bytes(), file


@pytest.fixture
async def watched(tmp_path):
    """A world with a project, a delivery of a known and of an unknown integration, and an import."""
    sandbox = Watched(tmp_path / "state" / "sandbox.db")
    await sandbox.send("POST", f"{API}/projects", json={"key": "checkout", "name": "Checkout"})
    yield sandbox
    sandbox.store.close()


async def test_no_way_of_creating_keeps_a_secret(watched):
    for integration in ("fastly", "cloudflare", "brand-new", "vercel-native"):
        for body in POSTED:
            await watched.send("POST", f"{STORES}/{integration}", json=body)
    for body in ({"config": SPLIT}, {"config": SPLIT, "x": SECRET}, {"config": SECRET}):
        await watched.send("POST", f"{API}/integration-capabilities/flag-import/checkout/split", json=body)
    for body in POSTED:
        await watched.send("POST", f"{API}/projects", json=body)
        await watched.send("POST", f"{API}/projects/checkout/environments", json=body)
    log = await watched.send("GET", "/__sandbox__/requests")
    assert len(log.json()["items"]) == watched.answers - 1


async def test_no_way_of_patching_keeps_a_secret(watched):
    known = await watched.send("POST", f"{STORES}/fastly", json={"config": FASTLY})
    other = await watched.send("POST", f"{STORES}/other", json={"config": FASTLY})
    paths = [
        f"{STORES}/fastly/{known.json()['_id']}",
        f"{STORES}/other/{other.json()['_id']}",
        f"{API}/projects/checkout",
        f"{API}/projects/checkout/environments/test",
        f"{API}/nowhere",
    ]
    for path in paths:
        for body in PATCHED:
            await watched.send("PATCH", path, json=body)
        await watched.send("GET", path)
    log = await watched.send("GET", "/__sandbox__/requests")
    assert len(log.json()["items"]) == watched.answers - 1


async def test_no_malformed_body_is_kept(watched):
    for content in MALFORMED:
        for content_type in ("application/json", "text/plain"):
            headers = {"Content-Type": content_type}
            for method in ("POST", "PATCH", "DELETE", "PUT"):
                await watched.send(method, f"{STORES}/fastly", content=content, headers=headers)
    assert all(
        entry["body"] is None
        for entry in (await watched.send("GET", "/__sandbox__/requests")).json()["items"][1:]
    )


async def test_nothing_of_it_is_left_after_deletes_and_a_reset(watched):
    made = await watched.send("POST", f"{STORES}/fastly", json={"config": FASTLY})
    await watched.send("PATCH", f"{STORES}/fastly/{made.json()['_id']}", json=PATCHED[0])
    await watched.send("DELETE", f"{STORES}/fastly/{made.json()['_id']}")
    await watched.send("DELETE", f"{API}/projects/checkout/environments/test")
    await watched.send("POST", "/__sandbox__/reset")
    watched.store.close()
    watched.check_files()


async def test_what_is_deleted_is_overwritten_in_the_file(watched):
    marker = "a-name-that-goes-away"
    body = {"key": "gone", "name": marker}
    await watched.send("POST", f"{API}/projects", json=body)
    assert marker.encode() in watched.path.read_bytes()
    await watched.send("POST", "/__sandbox__/reset")
    assert marker.encode() not in watched.path.read_bytes()


async def test_failures_of_the_sandbox_itself_tell_nothing(watched, monkeypatch):
    def broken(*_, **__):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("reconciler.sandbox.world.World.add", broken)
    with pytest.raises(Exception, match="disk I/O error") as caught:
        await watched.http.post(f"{STORES}/fastly", json={"config": FASTLY})
    assert SECRET not in repr(caught.value)
    assert SECRET not in str(caught.value)
    watched.check_files()


async def test_the_seeds_placeholders_are_masked_too(tmp_path):
    with Store(tmp_path / "sandbox.db") as store:
        seed(store)
    content = (tmp_path / "sandbox.db").read_bytes()
    assert b"exa****" in content
    for placeholder in (b"example-fastly", b"example-split", b"example-access", b"example-cloudflare"):
        assert placeholder not in content
