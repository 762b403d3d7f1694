"""No answer, in words: real sockets that misbehave, and what can't be had from one."""

import errno
import socket
import ssl
import struct
import time

import httpx
import pytest

from reconciler.live import client as module
from reconciler.live.client import connect
from reconciler.live.host import base_url
from reconciler.live.trouble import trouble
from reconciler.model.errors import ServiceError, Unreachable

pytestmark = pytest.mark.anyio


async def message(url: str, moment, *, post: bool = False, **options) -> tuple[str, bool]:
    """What a call says that gets no answer, and whether it may have had an effect."""
    async with connect(url, "api-5ecret", timing=moment.timing(), **options) as connection:
        with pytest.raises(Unreachable) as caught:
            await (connection.writer.post("/x", {}) if post else connection.reader.get("/x"))
    text = str(caught.value)
    assert text.isprintable()
    assert "5ecret" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return text, caught.value.sent


def read_request(connection: socket.socket) -> None:
    while b"\r\n\r\n" not in connection.recv(65536):
        pass


async def test_a_refused_connection(moment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
    text, sent = await message(f"http://{host}", moment)
    assert text == (
        f"{host} can't be reached: the connection is refused; "
        "check the host and its port, and that it is running (tried 5 times)"
    )
    assert not sent


async def test_a_host_that_takes_the_connection_and_says_nothing(listening, moment) -> None:
    def silent(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)  # until the client goes away

    with listening(silent) as host:
        start = time.monotonic()
        text, sent = await message(f"http://{host}", moment, timeout=0.1)
        assert time.monotonic() - start < 1
    assert text == f"{host} did not answer within 0.1 s; check --host and the network, or try again later"
    assert sent


async def test_a_host_that_drips(listening, moment) -> None:
    """httpx's own timeouts are for each read: a byte now and then would hold us for ever."""

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(100):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            time.sleep(0.02)

    with listening(drip) as host:
        text, _ = await message(f"http://{host}", moment, timeout=0.1)
    assert "did not answer within 0.1 s" in text


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_connections_that_break(listening, moment) -> None:
    def before_the_answer(connection: socket.socket) -> None:
        read_request(connection)
        reset(connection)

    def without_an_answer(connection: socket.socket) -> None:
        read_request(connection)

    def in_the_body(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"items": [')

    def in_a_chunk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\n{")
        reset(connection)

    for behave in (before_the_answer, without_an_answer, in_the_body, in_a_chunk):
        with listening(behave) as host:
            text, sent = await message(f"http://{host}", moment)
            assert text == f"{host} broke off the connection in the middle; try again (tried 5 times)", behave
            text, sent = await message(f"http://{host}", moment, post=True)
            assert text == f"{host} broke off the connection in the middle; try again", behave
            assert sent


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n5ecret\x00: x\r\n\r\n",
    ],
)
async def test_garbage_is_no_http(garbage: bytes, listening, moment) -> None:
    def speak(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(garbage)

    with listening(speak) as host:
        text, _ = await message(f"http://{host}", moment, post=True)
    assert text == f"{host} sent something that is not HTTP; check --host and its port"


async def test_https_to_a_port_that_does_not_speak_it(listening, moment) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(plain) as host:
        text, sent = await message(base_url(host), moment)
    assert text.startswith(f"{host} can't be reached: the TLS handshake failed; check that")
    assert not sent


async def test_a_real_server_is_read(listening, moment) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 12\r\n\r\n{"items":[]}')

    with listening(answer) as host:
        async with connect(f"http://{host}", "api-5ecret") as connection:
            assert await connection.reader.get("/x") == {"items": []}


async def test_the_words_of_http_libraries_never_reach_the_user(service, moment, monkeypatch) -> None:
    """Each of these quotes, in a way of its own, what it was given."""
    make = httpx.AsyncClient
    unknown, refused = socket.gaierror(-2, "5ecret"), OSError(errno.ENETUNREACH, "Network is unreachable")
    untrusted = ssl.SSLCertVerificationError(1, "5ecret")
    untrusted.verify_message = "self-signed certificate"
    cases = [
        (chained(httpx.ConnectError("5ecret"), unknown), "its name is unknown to DNS", False),
        (chained(httpx.ConnectError("5ecret"), ExceptionGroup("5ecret", [refused, refused])), "network is unreachable", False),
        (chained(httpx.ConnectError("5ecret"), untrusted), "TLS certificate is refused (self-signed certificate)", False),
        (httpx.ConnectError("5ecret"), "there is no connection", False),
        (httpx.ConnectTimeout("5ecret"), "did not take a connection within 10 s", False),
        (httpx.ProxyError("407 5ecret"), "the proxy refuses", False),
        (httpx.LocalProtocolError("Illegal header value b'5ecret'"), "not a valid one", False),
        (httpx.UnsupportedProtocol("5ecret"), "not a valid one", False),
        (httpx.InvalidURL("5ecret"), "not a valid one", False),
        (UnicodeError("5ecret"), "unknown to DNS", False),
        (httpx.ReadError("5ecret"), "in the middle", True),
        (httpx.WriteError("5ecret"), "in the middle", True),
        (httpx.ReadTimeout("5ecret"), "in the middle", True),
        (httpx.RemoteProtocolError("Server disconnected 5ecret"), "in the middle", True),
        (httpx.RemoteProtocolError("illegal 5ecret"), "not HTTP", True),
        (httpx.DecodingError("5ecret"), "compressed body", True),
        (httpx.StreamClosed(), "in the middle", True),
        (OSError("5ecret"), "in the middle", True),
    ]  # fmt: skip
    for error, says, expected in cases:

        def fail(request: httpx.Request, error: Exception = error) -> httpx.Response:
            raise error

        monkeypatch.setattr(
            module.httpx,
            "AsyncClient",
            lambda fail=fail, **options: make(**options | {"transport": httpx.MockTransport(fail)}),
        )
        text, sent = await message("https://app.launchdarkly.com", moment, post=True)
        assert says in text, error
        assert text.startswith("app.launchdarkly.com "), error
        assert sent is expected, error


def chained(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def test_a_proxy_in_the_environment_is_named_where_no_connection_is_made() -> None:
    found = trouble(chained(OSError(), ConnectionRefusedError()), "connect", "host", proxied=True)
    assert found.sentence.endswith("check the proxy in the environment, --host and the network")


def test_causes_that_go_in_circles_end() -> None:
    first, second = OSError("a"), OSError("b")
    first.__context__, second.__context__ = second, first
    assert "no connection" in trouble(first, "connect", "host").sentence


async def test_a_server_error_is_no_trouble_of_the_wire(listening, moment) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")

    with listening(answer) as host:
        async with connect(f"http://{host}", "api-5ecret", timing=moment.timing()) as connection:
            with pytest.raises(ServiceError, match=r"answered 502 \(Bad Gateway\)|tried 5 times"):
                await connection.reader.get("/x")
