"""Compares what goes over the wire with LaunchDarkly's OpenAPI document, throughout the suite.

Every sandbox that a test makes in its process is listened to. A test fails if an answer of the sandbox is
not as documented, or a request of the tool's own client is not. What faults say in the sandbox's place is
not compared. `@pytest.mark.bad_requests` is for tests that mean to send bad requests through the tool's
client: it takes requests, and answers of 5xx, out of the comparison.
"""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Generator, MutableMapping
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette

import reconciler.sandbox.app
from contract import openapi
from contract.openapi import UNANSWERED, Exchange, Specification

OWN_AGENT: Final = "launchdarkly-reconciler/"
MARKER: Final = "bad_requests: the test sends bad requests on purpose, so that only answers are compared with the API's documentation"
_HERE: Final = Path(__file__).parent
_KEY: Final = "contract"

Message = MutableMapping[str, Any]


class Listening:
    """ASGI middleware that tells of every exchange before its answer is complete at the client's."""

    def __init__(self, app: Any, heard: Callable[[Exchange], None]) -> None:
        self._app = app
        self._heard = heard

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ear = _Ear(scope, receive, send, self._heard)
        try:
            await self._app(scope, ear.receive, ear.send)
        except OSError:  # the connection broke, which a client has to live with
            raise
        except Exception:
            ear.end(500)
            raise
        if ear.request_is_whole:
            ear.end(UNANSWERED)  # a fault answers beside us, or nothing does


class _Ear:
    """Hears one exchange, between the application and its server."""

    def __init__(self, scope: Any, receive: Any, send: Any, heard: Callable[[Exchange], None]) -> None:
        self._scope, self._receive, self._send, self._heard = scope, receive, send, heard
        self._request, self._answer = bytearray(), bytearray()
        self.request_is_whole = False
        self._start: Message | None = None

    async def receive(self) -> Message:
        message: Message = await self._receive()
        if message["type"] == "http.request":
            self._request += message.get("body", b"")
            self.request_is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif self._start is not None:
            self._answer += message.get("body", b"")
            if not message.get("more_body", False):
                self._tell(self._start["status"], self._start["headers"])
        await self._send(message)

    def end(self, status: int) -> None:
        """The application is done; the status stands for its answer, if it gave none."""
        if self._start is None:
            self._tell(status, [])

    def _tell(self, status: int, headers: Any) -> None:
        scope = self._scope
        exchange = Exchange(
            method=scope["method"],
            path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
            status=status,
            query=scope["query_string"].decode("latin-1"),
            sent=_headers(scope["headers"]),
            body=bytes(self._request),
            received=_headers(headers),
            answer=bytes(self._answer),
        )
        self._heard(exchange)


def _headers(raw: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]


class Recorder:
    """The pytest plugin."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._lock = threading.Lock()
        self._complaints: list[str] = []
        self._bad_requests = False
        self._in_contract = False
        self.exchanges: list[Exchange] = []
        """Those of the running test."""
        self.counts: Counter[str] = Counter()
        """Exchanges by whose client sent them: `own` or `other`."""
        self.driven: set[str] = set()
        """The operations that a contract test was answered with success."""

    def install(self) -> None:
        """Listen to each sandbox that is made from now on."""
        create_app = reconciler.sandbox.app.create_app

        @functools.wraps(create_app)
        def listened(*arguments: Any, **options: Any) -> Starlette:
            app = create_app(*arguments, **options)
            app.add_middleware(Listening, heard=self.heard)
            return app

        reconciler.sandbox.app.create_app = listened

    def heard(self, exchange: Exchange) -> None:
        """Compare an exchange with the document."""
        operation = self._specification.find(exchange.method, exchange.path)
        own = exchange.header("user-agent").startswith(OWN_AGENT)
        of_no_concern = exchange.status >= 500 or exchange.status == UNANSWERED or operation is None
        if of_no_concern and (self._bad_requests or not own):
            return
        complaints = self._specification.complaints(exchange, request=own and not self._bad_requests)
        with self._lock:
            self.counts["own" if own else "other"] += 1
            self.exchanges.append(exchange)
            self._complaints += [f"{exchange}: {complaint}" for complaint in complaints]
            if self._in_contract and operation is not None and exchange.status in operation.successes:
                self.driven.add(operation.id)

    def answered(self) -> set[str]:
        """The operations that were answered with success in the running test."""
        with self._lock:
            return {
                operation.id
                for exchange in self.exchanges
                if (operation := self._specification.find(exchange.method, exchange.path)) is not None
                and exchange.status in operation.successes
            }

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        self._bad_requests = item.get_closest_marker("bad_requests") is not None
        self._in_contract = item.path.is_relative_to(_HERE)
        self.exchanges = []
        return (yield from self._compared(item, "setup"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._compared(item, "call"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._compared(item, "teardown"))

    def _compared(self, item: pytest.Item, phase: str) -> Generator[None, object, object]:
        """The phase of a test, which fails for what was said in it, if for nothing else."""
        try:
            result = yield
        except BaseException:
            complaints = self._taken()
            if complaints:
                item.add_report_section(phase, "LaunchDarkly's OpenAPI document", "\n".join(complaints))
            raise
        complaints = self._taken()
        if complaints:
            pytest.fail("not as LaunchDarkly documents it:\n" + "\n".join(complaints), pytrace=False)
        return result

    def _taken(self) -> list[str]:
        with self._lock:
            complaints, self._complaints = self._complaints, []
        return list(dict.fromkeys(complaints))

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if (
            output is not None
        ):  # a process of pytest-xdist's: what it heard is told by the one that started it
            output[_KEY] = {"counts": dict(self.counts), "driven": sorted(self.driven)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get(_KEY, {"counts": {}, "driven": []})
        self.counts.update(told["counts"])
        self.driven.update(told["driven"])

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.counts:
            return
        terminalreporter.section("LaunchDarkly's OpenAPI document")
        terminalreporter.write_line(
            f"{self.counts.total()} exchanges were as documented or reported above, "
            f"{self.counts['own']} of them the tool's own."
        )
        if self.driven:
            operations = self._specification.operations
            left = [name for name in operations if name not in self.driven]
            terminalreporter.write_line(
                f"The contract tests drove {len(self.driven)} of {len(operations)} operations. Not driven:"
            )
            for tag, names in _by_tag(self._specification, left).items():
                terminalreporter.write_line(f"  {tag}: {', '.join(names)}")


def _by_tag(specification: Specification, names: list[str]) -> dict[str, list[str]]:
    tagged: dict[str, list[str]] = {}
    for name in names:
        tagged.setdefault(specification.operations[name].raw["tags"][0], []).append(name)
    return tagged


class Absent:
    """The plugin where there is no document: it says so, once."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("LaunchDarkly's OpenAPI document")
        terminalreporter.write_line(self._reason)


def start(config: pytest.Config) -> None:
    """Begin to listen, for the whole session."""
    config.addinivalue_line("markers", MARKER)
    reason = openapi.missing()
    if reason is not None:
        config.pluginmanager.register(Absent(reason), "contract-recorder")
        return
    recorder = Recorder(openapi.specification())
    config.pluginmanager.register(recorder, "contract-recorder")
    recorder.install()
