"""The token and resolved secrets reach no exception, no event and no log, whatever the service says."""

import base64
import json
import logging
import socket
from urllib.parse import quote

import httpx
import pytest

from reconciler.live.client import connect
from reconciler.live.exchange import Request
from reconciler.model.errors import ReconcilerError

pytestmark = pytest.mark.anyio

PASSWORD = 'p4ss"w0rd\\ é/+&'
CERTIFICATE = "-----BEGIN-----\nbGluZTE5ecret\nbGluZTI5ecret\n-----END-----"
SECRETS = (PASSWORD, CERTIFICATE)
PARTS = ("5ecret", "p4ss", "w0rd", "bGluZ", base64.b64encode(PASSWORD.encode()).decode()[:12])


def leaks(error: BaseException) -> str:
    """All that can be seen of an exception and of what led to it."""
    seen, waiting, text = set(), [error], ""
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        text += f"{found} {found!r} {found.args!r} {vars(found)!r} "
        waiting += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]
        assert not isinstance(found, (httpx.HTTPError, httpx.InvalidURL))
    return text


def echoes(token: str) -> list[tuple]:
    """The secrets in every form of body: (body, headers)."""
    said = f"no {token} and {PASSWORD} and {CERTIFICATE}"
    as_json, html, text = (
        {"content-type": "application/json"},
        {"content-type": "text/html"},
        {"content-type": "text/plain"},
    )
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in said)
    return [
        ({"code": said, "message": said, "id": said}, None),
        ({"message": "x" * 280 + said}, None),  # cut through the middle of a secret
        ({"message": json.dumps(said)}, None),
        ({"message": quote(said)}, None),
        ({"message": " ".join(base64.b64encode(value.encode()).decode() for value in (token, *SECRETS))}, None),
        (json.dumps({"message": said}).encode(), as_json),
        (f'{{"message": "{escaped}"}}'.encode(), as_json),
        (f'{{"message": "{escaped}'.encode(), as_json),
        (f'{{"message": "{escaped}'.encode(), text),
        (json.dumps(said).encode(), as_json),
        (json.dumps([said, {"deep": said}]).encode(), as_json),
        (said.encode(), text),
        (said.encode(), {}),
        (f"<html>{said}</html>".encode(), html),
        (said.encode("utf-16"), text),
        (b"", {"location": f"https://{quote(token)}.example/?{quote(said)}"}),
        ({"message": "x"}, {"x-echo": token, "www-authenticate": token, "retry-after": token, "x-ratelimit-reset": token}),
    ]  # fmt: skip


@pytest.fixture
def log(caplog):
    """Everything that is logged, at the lowest level, the HTTP libraries' own loggers included."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
async def test_what_the_service_echoes_is_shown_to_nobody(
    *, status, service, opened, events, log, token
) -> None:
    for body, headers in echoes(token):
        service.answers((status, body, headers))
        async with opened(secrets=lambda: SECRETS) as connection:
            for call in (
                lambda: connection.reader.get("/x"),
                lambda: connection.writer.post("/x", {"config": {"password": PASSWORD}}),
                lambda: connection.writer.patch("/x", [{"op": "test", "path": "/x", "value": CERTIFICATE}]),
            ):
                try:
                    shown = repr(await call()) if status != 200 else ""
                except ReconcilerError as error:
                    shown = leaks(error)
                assert not [part for part in PARTS if part in shown], (body, shown)
            shown = f"{connection!r} {connection.reader!r} {connection.writer!r}"
            assert token not in shown
    assert not [part for part in PARTS if part in f"{events!r}"]
    assert not [part for part in PARTS if any(part in record.getMessage() for record in log.records)]


def test_neither_requests_nor_answers_show_what_they_carry() -> None:
    assert "5ecret" not in repr(Request("POST", "/x", body=b"5ecret"))


async def test_real_connections_log_no_headers(listening, moment, events, log, token) -> None:
    """httpcore logs the headers of answers at DEBUG: a server that echoes would put the token there."""

    def echo(connection: socket.socket) -> None:
        connection.recv(65536)
        said = token.encode()
        connection.sendall(
            b"HTTP/1.1 403 "
            + said
            + b"\r\nx-echo: "
            + said
            + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )

    with listening(echo) as host:
        async with connect(
            f"http://{host}", token, timing=moment.timing(), on_event=events.append
        ) as connection:
            with pytest.raises(ReconcilerError) as caught:
                await connection.reader.get("/x")
        assert "5ecret" not in leaks(caught.value)
        assert not [record for record in log.records if "5ecret" in record.getMessage()]
        assert not [record for record in log.records if record.name.startswith("http")]
        # The same libraries in other hands log as they always do.
        async with httpx.AsyncClient() as other:
            await other.get(f"http://{host}/")
        assert [record for record in log.records if record.name == "httpx"]
    assert "5ecret" not in f"{events!r}"


async def test_a_broken_connection_carries_no_request_with_it(listening, moment, log, token) -> None:
    """The exceptions of httpx hold the request, whose headers hold the token."""
    with listening(lambda connection: None) as host:
        async with connect(f"http://{host}", token, timing=moment.timing()) as connection:
            for call in (
                connection.reader.get("/x"),
                connection.writer.post("/x", {"password": PASSWORD}),
            ):
                with pytest.raises(ReconcilerError) as caught:
                    await call
                assert not [part for part in PARTS if part in leaks(caught.value)]
    assert not [record for record in log.records if "5ecret" in record.getMessage()]
