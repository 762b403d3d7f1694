"""LaunchDarkly over HTTP: the one module that knows httpx, so that a successor is one file away.

Every request carries the bare token and exactly one `LD-API-Version`, goes to one origin
only, follows no redirect, keeps no cookie, and ends within its deadline.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from math import inf
from typing import Final
from urllib.parse import quote, urlencode
from urllib.request import getproxies

import anyio
import httpx

from reconciler.live.connection import Connection, Reader, Writer, reading
from reconciler.live.exchange import Answer, OnEvent, Request, Timing, Trouble, WireEvent, parsed
from reconciler.live.host import checked_token, is_loopback, shown_host
from reconciler.live.in_process import App, served
from reconciler.live.pacing import FairPacer, Pacer
from reconciler.live.quiet import quiet
from reconciler.live.retry import Sender
from reconciler.live.trouble import Phase, late, trouble
from reconciler.model.document import MISSING
from reconciler.model.errors import UsageError

__all__ = ["Answer", "Connection", "Reader", "Writer", "connect"]

API_VERSION: Final = "20240415"
MAX_CONNECTIONS: Final = 16
MAX_CONNECT_SECONDS: Final = 10.0
MAX_BODY: Final = 64 * 1024 * 1024
MAX_ERROR_BODY: Final = 1024 * 1024

_PHASES: tuple[tuple[type[Exception], Phase], ...] = (
    (httpx.ProxyError, "proxy"),
    (httpx.ConnectError, "connect"),
    (httpx.InvalidURL, "request"),
    (httpx.UnsupportedProtocol, "request"),
    (httpx.LocalProtocolError, "request"),
    (httpx.DecodingError, "decoding"),
    (UnicodeError, "connect"),  # from a host name that the resolver can't encode
)
_BROKEN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    UnicodeError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)


@asynccontextmanager
async def connect(
    url: str,
    token: str,
    *,
    app: App | None = None,
    secrets: Callable[[], Iterable[str]] = tuple,
    concurrency: int = 8,
    timeout: float = 30.0,  # noqa: ASYNC109 - for each request, not for this call
    deadline: float | None = None,
    pacer: Pacer | None = None,
    timing: Timing | None = None,
    on_event: OnEvent | None = None,
) -> AsyncIterator[Connection]:
    """Opens the way to the service at `url` (see `base_url`), or to `app` in this process.

    `secrets` names the values that may never show up in an error; they and the token are redacted from
    what the service says. `concurrency` is the number of requests at once, at most 16; `timeout` is in
    seconds, for each try of a request. `deadline` is in seconds from now: what would have to wait beyond
    it is not sent, and raises `OutOfTime`; what is under way by then may end. `on_event` hears of every
    try and every wait. An empty token sends none. Raises `UsageError` for a token, a proxy or certificates that can't be used.
    """
    token = checked_token(token, "The access token") if token else ""
    timing = timing or Timing()
    hear = on_event or _unheard

    def known() -> list[str]:
        return [*secrets(), *([token] if token else [])]

    async with _client(url, token, app, timeout) as client:
        at_once = max(1, min(concurrency, MAX_CONNECTIONS))
        until = inf if deadline is None else timing.clock() + deadline
        send = Sender(
            _Wire(client, url, timeout).attempt,
            pacer=pacer or FairPacer(timing, hear, concurrency=at_once, until=until),
            concurrency=at_once,
            timing=timing,
            secrets=known,
            on_event=hear,
            until=until,
        )
        yield Connection(Reader(reading(send, shown_host(url))), Writer(send))


class _Wire:
    """One try of a request over httpx, within its deadline."""

    def __init__(self, client: httpx.AsyncClient, url: str, seconds: float) -> None:
        self._client = client
        self._url = url
        self._seconds = seconds
        self._host = shown_host(url)

    async def attempt(self, request: Request) -> Answer | Trouble:
        """The answer, whatever its status, or why there is none. Never raises for what the wire does."""
        # Our own deadline: an app in this process obeys none of httpx's, and those are for each read.
        with quiet(), anyio.move_on_after(self._seconds):
            return await self._exchange(request)
        return late(self._host, self._seconds)

    async def _exchange(self, request: Request) -> Answer | Trouble:
        # What is raised here is turned into a value, so that no exception of ours has one of httpx's,
        # whose request holds the token, as its context.
        try:
            async with self._client.stream(
                request.method, _address(self._url, request), content=request.body, headers=_headers(request)
            ) as response:
                success = response.is_success
                limit = MAX_BODY if success else MAX_ERROR_BODY
                body = await _body(response, limit)
        except httpx.ConnectTimeout:
            return late(self._host, min(self._seconds, MAX_CONNECT_SECONDS), connecting=True)
        except _BROKEN as error:
            phase = next((phase for kind, phase in _PHASES if isinstance(error, kind)), None)
            if phase is None:
                garbage = isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error)
                phase = "protocol" if garbage and "peer closed" not in str(error) else "exchange"
            return trouble(error, phase, self._host, proxied=self._client.trust_env and bool(getproxies()))
        if body is None and success:
            return Trouble(
                f"{self._host} sent an answer of more than {MAX_BODY >> 20} MiB; is --host right?",
                lasting=True,
            )
        headers = {name.lower(): value for name, value in response.headers.items()}
        document = parsed(body or b"")
        if success and document is MISSING and body and request.method == "GET" and _says_json(headers):
            return Trouble(f"{self._host} broke off its answer in the middle; try again")
        identifier = document.get("id") if isinstance(document, Mapping) and not success else None
        request_id = identifier if isinstance(identifier, str) else ""
        return Answer(response.status_code, document, request_id, headers, b"" if success else body or b"")


async def _body(response: httpx.Response, limit: int) -> bytes | None:
    """The body, decompressed; None where it is longer than the limit."""
    chunks, length = [], 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        length += len(chunk)
        if length > limit:
            return None
    return b"".join(chunks)


def _says_json(headers: Mapping[str, str]) -> bool:
    return "json" in headers.get("content-type", "").lower()


def _address(url: str, request: Request) -> str:
    # "%20" and "%2B": a "+" is a space to one server and a plus to another.
    query = urlencode(request.query, quote_via=quote)
    return f"{url}{request.path}?{query}" if query else f"{url}{request.path}"


def _headers(request: Request) -> dict[str, str]:
    headers = {"LD-API-Version": "beta" if request.beta else API_VERSION}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _client(url: str, token: str, app: App | None, seconds: float) -> httpx.AsyncClient:
    local = app is not None or is_loopback(httpx.URL(url).host)
    headers = {"Accept": "application/json", "User-Agent": f"launchdarkly-reconciler/{_version()}"}
    if token:
        headers["Authorization"] = token
    problem = "The proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names can't be used: check them"
    try:
        client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=httpx.Timeout(None, connect=min(seconds, MAX_CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            verify=_certificates() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            follow_redirects=False,
            trust_env=not local,  # proxies, but never for this machine
            transport=None if app is None else httpx.ASGITransport(served(app)),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        client = None
    if client is None:  # outside of the except: the proxy's address can hold a password
        raise UsageError(problem)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


@cache
def _certificates() -> ssl.SSLContext:
    """The authorities that are trusted. Made once: it takes longer than anything else here."""
    try:
        return httpx.create_ssl_context()
    except OSError:
        pass
    raise UsageError("The certificates that SSL_CERT_FILE or SSL_CERT_DIR name can't be read: check them")


@cache
def _version() -> str:
    try:
        return version("launchdarkly-reconciler")
    except PackageNotFoundError:  # run from a folder, never installed
        return "0"


def _unheard(event: WireEvent) -> None:
    """Where nobody listens."""
