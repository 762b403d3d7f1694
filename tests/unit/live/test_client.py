"""What is sent, and what becomes of an answer."""

import gzip
import json
import ssl
from collections.abc import Mapping
from types import MappingProxyType

import anyio
import httpx
import pytest

from reconciler.live import client as module
from reconciler.live.client import Reader, connect
from reconciler.model.document import MISSING
from reconciler.model.errors import (
    Forbidden,
    NotFound,
    ServiceError,
    Unauthorized,
    Unreachable,
    UsageError,
)

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


async def test_a_request_carries_what_the_service_asks_for(service, opened, token) -> None:
    async with opened() as connection:
        await connection.reader.get("/api/v2/projects")
        await connection.reader.get("/api/v2/integration-capabilities/featureStore", beta=True)
        await connection.writer.post("/api/v2/projects", {"name": "Käse", "key": "k"})
        await connection.writer.patch(
            "/api/v2/projects/k", [{"op": "replace", "path": "/name", "value": "x"}]
        )
        await connection.writer.delete("/api/v2/projects/k", beta=True)
    assert [(r.method, r.path) for r in service.received] == [
        ("GET", "/api/v2/projects"),
        ("GET", "/api/v2/integration-capabilities/featureStore"),
        ("POST", "/api/v2/projects"),
        ("PATCH", "/api/v2/projects/k"),
        ("DELETE", "/api/v2/projects/k"),
    ]
    for request, version in zip(
        service.received, ["20240415", "beta", "20240415", "20240415", "beta"], strict=True
    ):
        assert request.header("ld-api-version") == [version]
        assert request.header("authorization") == [token]
        assert request.header("user-agent")[0].startswith("launchdarkly-reconciler/")
        assert request.header("content-type") == (["application/json"] if request.body else [])
        assert request.header("cookie") == []
    assert service.received[2].body == '{"name":"Käse","key":"k"}'.encode()


async def test_a_query_leaves_no_doubt_about_spaces_and_pluses(service, opened) -> None:
    async with opened() as connection:
        await connection.reader.get("/api/v2/projects", {"filter": "tags:a+b,keys:x|y z&", "expand": "é"})
    assert service.received[0].query == "filter=tags%3Aa%2Bb%2Ckeys%3Ax%7Cy%20z%26&expand=%C3%A9"


async def test_percent_encoded_parts_of_a_path_stay_as_they_are(service, opened) -> None:
    async with opened() as connection:
        await connection.reader.get("/api/v2/projects/a%2Fb%20c%3F")
    assert service.received[0].path == "/api/v2/projects/a%2Fb%20c%3F"


@pytest.mark.parametrize(
    "path",
    ["", "api/v2", "//evil.example/x", "@evil.example/", "http://evil.example", "/a?b", "/a#b", "/a b", "/a\nb",
     "/a/../b", "/a/..", "/a/./b", "/a/%2e%2E/b", "/é", "/a\\b"],
)  # fmt: skip
async def test_no_path_leads_elsewhere(path: str, service, opened) -> None:
    async with opened() as connection:
        for call in (
            connection.reader.get(path),
            connection.writer.post(path, {}),
            connection.writer.patch(path, []),
            connection.writer.delete(path),
        ):
            with pytest.raises(UsageError, match="no path"):
                await call
    assert service.received == []


async def test_an_answer_is_a_status_a_document_an_id_and_headers(service, opened) -> None:
    service.answers((201, {"key": "k", "id": "of the thing"}, {"X-Thing": "1"}), (204, None), (200, b"\x00"))
    async with opened() as connection:
        answer = await connection.writer.post("/x", {})
        assert (answer.status, answer.document) == (201, {"key": "k", "id": "of the thing"})
        assert answer.request_id == ""
        assert answer.headers["x-thing"] == "1"
        assert "of the thing" not in repr(answer)
        assert (await connection.writer.delete("/x")).document is MISSING
        assert (await connection.writer.patch("/x", [])).document is MISSING


async def test_a_reader_has_no_way_to_write(service, opened) -> None:
    async with opened() as connection:
        reader = connection.reader
        assert [name for name in dir(reader) if not name.startswith("_")] == ["get"]
        # Whatever it is called with, and on its way down to the wire, it is a GET.
        with pytest.raises(TypeError):
            await reader.get("/x", method="POST")
        await reader.get("/x", {"method": "POST", "X-HTTP-Method-Override": "DELETE"})
        await reader._fetch("/x", {"_method": "PATCH"}, False)
        assert not hasattr(reader, "__dict__")
    assert {request.method for request in service.received} == {"GET"}
    assert all(request.header("x-http-method-override") == [] for request in service.received)
    assert all(request.body == b"" for request in service.received)


async def test_a_reader_can_be_had_without_http() -> None:
    async def fetch(path: str, params: Mapping[str, str], beta: bool) -> dict[str, str]:
        return {"path": path, "beta": str(beta)} | dict(params)

    assert await Reader(fetch).get("/x", {"a": "1"}, beta=True) == {"path": "/x", "beta": "True", "a": "1"}


async def test_bodies_are_json_whatever_mapping_they_are(service, opened) -> None:
    async with opened() as connection:
        await connection.writer.post("/x", MappingProxyType({"a": MappingProxyType({"b": (1, 2.5, None)})}))
        assert service.received[0].body == b'{"a":{"b":[1,2.5,null]}}'
        for broken in (float("nan"), float("inf"), {"token": "5ecret \ud800"}):
            with pytest.raises(UsageError) as caught:
                await connection.writer.post("/x", {"value": broken})
            assert "5ecret" not in repr(caught.value)
            assert caught.value.__context__ is None
    assert len(service.received) == 1


async def test_an_empty_token_is_not_sent(service) -> None:
    async with connect("http://sandbox", "", app=service) as connection:
        await connection.reader.get("/x")
    assert service.received[0].header("authorization") == []


async def test_a_token_that_is_none_is_refused_before_anything_is_sent(service) -> None:
    with pytest.raises(UsageError, match="bare token"):
        async with connect("http://sandbox", "Bearer x", app=service):
            pass


async def test_cookies_are_not_kept(service, opened) -> None:
    service.answers((200, {}, {"set-cookie": "session=1; Path=/"}), (200, {}))
    async with opened() as connection:
        await connection.reader.get("/x")
        await connection.reader.get("/x")
    assert service.received[1].header("cookie") == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Unauthorized), (403, Forbidden), (404, NotFound), (400, ServiceError), (409, ServiceError),
     (422, ServiceError), (405, ServiceError), (501, ServiceError), (304, ServiceError)],
)  # fmt: skip
async def test_a_refusal_has_its_class_and_its_members(status: int, error: type, service, opened) -> None:
    service.answers((status, {"code": "some_code", "message": "No, that.", "id": "7e57"}))
    async with opened() as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.writer.patch("/api/v2/projects/k", [])
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.request == "PATCH /api/v2/projects/k"
    if status != 304:
        assert (caught.value.code, caught.value.message, caught.value.request_id) == (
            "some_code",
            "No, that.",
            "7e57",
        )


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b"", {}, "was answered 400 (Bad Request)"),
        ({"message": "This API is in beta. Use `LD-API-Version: beta`."}, None, "`LD-API-Version: beta`"),
        ({"code": "c"}, None, "was answered 400 (Bad Request)"),
        ({"code": 3, "message": ["x"], "id": None}, None, "was answered 400 (Bad Request)"),
        ({"message": "one\r\n\ttwo\x1b[31m \u202ethree\u2028four\u200b"}, None, "one two\\x1b[31m \\u202ethree four\\u200b"),
        ({"message": "x" * 5000}, None, "x" * 299 + "…"),
        ("a text", None, "400: a text"),
        (["a", {"b": 1}], None, '400: ["a", {"b": 1}]'),
        (7, None, "400: 7"),
        (b"<html><body>Blocked</body></html>", {"content-type": "text/html; charset=utf-8"}, "an HTML page"),
        (b"  <!DOCTYPE html>", {}, "an HTML page"),
        (b'{"message": "cut in the mid', JSON, "a body that is not JSON"),
        (b'{"message": "cut in the mid', {}, "a body that is not JSON"),
        (b"upstream connect error", {"content-type": "text/plain"}, "400: upstream connect error"),
        (b"\xff\xfe\x00", {"content-type": "text/plain"}, "a body that is not text"),
        (b"[" * 200_000, JSON, "a body that is not JSON"),
        (b'{"message": "\\ud800 half"}', JSON, "? half"),
        (b'{"message": NaN}', JSON, "a body that is not JSON"),
        (b"\xef\xbb\xbf" + b'{"message": "with a mark"}', JSON, "with a mark"),
        (b"x" * 2_000_000, {}, "was answered 400 (Bad Request)"),
    ],
)  # fmt: skip
async def test_every_form_of_error_body_is_one_printable_sentence(
    body, headers, says, service, opened
) -> None:
    service.answers((400, body, headers))
    async with opened() as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.reader.get("/api/v2/projects")
    text = str(caught.value)
    assert text.startswith("GET /api/v2/projects was answered 400")
    assert says in text
    assert text.isprintable()
    assert len(text) < 400


async def test_a_refused_token_says_where_to_look(service, opened) -> None:
    service.answers((401, b""))
    async with opened() as connection:
        with pytest.raises(Unauthorized) as caught:
            await connection.reader.get("/api/v2/projects")
    assert str(caught.value) == (
        "LaunchDarkly refused the access token (401): check LAUNCHDARKLY_ACCESS_TOKEN or --token-file"
    )


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("https://login.example.com/sso?token=5ecret", "a redirect to login.example.com, which"),
        ("https://user:5ecret@login.example.com/", "a redirect to login.example.com, which"),
        ("/elsewhere?5ecret", "a redirect, which"),
        ("http://[5ecret", "a redirect, which"),
        (None, "a redirect, which"),
    ],
)
async def test_a_redirect_is_not_followed(location, says, service, opened) -> None:
    service.answers((302, b"", {"location": location} if location else {}), (200, {}))
    async with opened() as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.reader.get("/api/v2/projects")
    assert says in str(caught.value)
    assert "5ecret" not in str(caught.value)
    assert len(service.received) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"NaN",
        b"plain",
        b'{"n": NaN}',
        b'{"n": 1e400}',
        b'{"n": -Infinity}',
    ],
)
async def test_a_success_that_is_not_the_services_own_names_the_host(body: bytes, service, opened) -> None:
    service.answers((200, body))
    async with opened() as connection:
        with pytest.raises(Unreachable, match=r"sandbox answered 200 to GET /x .* is --host right"):
            await connection.reader.get("/x")
    assert len(service.received) == 1


async def test_an_answer_cut_in_the_middle_is_read_again(service, opened, waits) -> None:
    service.answers((200, b'{"items": [{"ke', JSON), (200, {"items": []}))
    async with opened() as connection:
        assert await connection.reader.get("/x") == {"items": []}
    assert waits() == [0.25]


async def test_a_written_changes_answer_cut_in_the_middle_is_a_success(service, opened) -> None:
    service.answers((200, b'{"key": "x', JSON))
    async with opened() as connection:
        answer = await connection.writer.patch("/x", [{"op": "replace", "path": "/on", "value": True}])
    assert (answer.status, answer.document) == (200, MISSING)
    assert len(service.received) == 1


async def test_documents_can_always_be_printed_and_sent(service, opened) -> None:
    service.answers((200, b'{"name": "\\ud800 \\ud83d\\ude00 \\uDC00", "n": 1.5}', JSON))
    async with opened() as connection:
        document = await connection.reader.get("/x")
    assert document["name"] == "? \U0001f600 ?"


async def test_a_body_without_end_is_cut_off(service, opened, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY", 3 * 1024 * 1024)
    bomb = gzip.compress(b" " * 4 * 1024 * 1024)
    service.answers((200, bomb, {"content-encoding": "gzip"}))
    async with opened() as connection:
        with pytest.raises(Unreachable, match="more than 3 MiB"):
            await connection.reader.get("/x")
    assert len(service.received) == 1


async def test_a_body_that_can_not_be_decompressed_is_no_answer(service, opened) -> None:
    service.answers((200, b"no gzip", {"content-encoding": "gzip"}))
    async with opened() as connection:
        with pytest.raises(Unreachable, match="compressed body can't be read"):
            await connection.writer.post("/x", {})


async def test_the_deadline_holds_for_an_app_that_knows_none(service, opened) -> None:
    async def hang(scope, receive, send) -> None:
        await anyio.sleep(60)

    service.answers(hang)
    async with opened(timeout=0.05) as connection:
        with pytest.raises(Unreachable, match=r"sandbox did not answer within 0\.05 s"):
            await connection.reader.get("/x")
    assert len(service.received) == 1


async def test_an_app_that_fails_is_a_server_that_fails(service, opened, statuses) -> None:
    async def half(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ValueError("5ecret")

    async def nothing(scope, receive, send) -> None:
        pass

    for fault, status in ((KeyError("5ecret"), 500), (ConnectionResetError(), 0), (half, 0), (nothing, 0)):
        service.answers(fault)
        async with opened() as connection:
            with pytest.raises((ServiceError, Unreachable)) as caught:
                await connection.writer.post("/x", {})
        assert "5ecret" not in str(caught.value)
        assert statuses()[-1] == status


async def test_at_most_so_many_requests_run_at_once(service, opened) -> None:
    running, most = 0, 0

    async def slow(scope, receive, send) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0.05)
        running -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    service.answers(slow)
    for concurrency, expected in ((3, 3), (100, 16), (0, 1)):
        most = 0
        async with opened(concurrency=concurrency) as connection, anyio.create_task_group() as group:
            for _ in range(50 if concurrency else 3):
                group.start_soon(connection.reader.get, "/x")
        assert most == expected


async def test_cancelling_is_no_error_of_the_wire(service, opened, events) -> None:
    async def hang(scope, receive, send) -> None:
        await anyio.sleep(60)

    service.answers(hang)
    async with opened() as connection:
        with anyio.move_on_after(0.02) as scope:
            await connection.reader.get("/x")
        assert scope.cancelled_caught
        service.answers((200, {}))
        await connection.reader.get("/x")  # its place was given back


class Environment:
    """What httpx would be made with."""

    def client(self, url: str, app=None) -> httpx.AsyncClient:
        return module._client(url, "token", app, 30)


@pytest.fixture
def proxied(monkeypatch) -> Environment:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pa55@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://user:pa55@proxy.example:3128")
    return Environment()


async def test_proxies_are_honoured_but_never_for_this_machine(proxied, service) -> None:
    far = proxied.client("https://app.launchdarkly.com")
    assert far.trust_env
    assert any(far._mounts.values())
    for url, app in (
        ("http://127.0.0.1:8901", None),
        ("http://[::1]:8901", None),
        ("http://localhost", None),
        ("https://localhost", None),
        ("http://sandbox", service),
    ):
        near = proxied.client(url, app)
        assert not near.trust_env
        assert not near._mounts


async def test_a_proxy_that_can_not_be_used_is_one_sentence(proxied, monkeypatch) -> None:
    for broken in ("gopher://user:pa55@x", "http://x:pa55", "socks5://user:pa55@x"):
        monkeypatch.setenv("HTTPS_PROXY", broken)
        with pytest.raises(UsageError, match="proxy") as caught:
            proxied.client("https://app.launchdarkly.com")
        assert "pa55" not in str(caught.value)
        assert caught.value.__context__ is None


async def test_certificates_are_always_checked_and_loaded_once(monkeypatch, proxied) -> None:
    module._certificates.cache_clear()
    made = []
    create = httpx.create_ssl_context
    monkeypatch.setattr(httpx, "create_ssl_context", lambda *args: made.append(args) or create(*args))
    for _ in range(3):
        proxied.client("https://app.launchdarkly.com")
    assert len(made) == 1
    context = module._certificates()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    proxied.client("http://127.0.0.1")
    assert len(made) == 1


async def test_certificates_that_can_not_be_read_are_one_sentence(monkeypatch, tmp_path, proxied) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for path in (broken, tmp_path / "missing.pem"):
        module._certificates.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(UsageError, match="SSL_CERT_FILE"):
            proxied.client("https://app.launchdarkly.com")
    module._certificates.cache_clear()


def test_the_body_of_a_patch_is_what_json_says(service) -> None:
    from reconciler.live.exchange import encoded

    assert json.loads(encoded([{"op": "add", "path": "/a", "value": "\u2028"}]))[0]["value"] == "\u2028"
