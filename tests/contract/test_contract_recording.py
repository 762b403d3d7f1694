"""What listens throughout the suite hears everything, and fails the test in which something was wrong."""

from __future__ import annotations

import json
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import reconciler.sandbox.app
from contract import openapi
from contract.openapi import Exchange, Specification
from contract.recording import OWN_AGENT, Listening, Recorder
from contract.samples import WRITER
from reconciler.live.client import connect
from reconciler.sandbox import projects
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.store import Store

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.anyio

OWN = [("user-agent", f"{OWN_AGENT}1.0"), ("ld-api-version", "20240415")]
RIGHT = Exchange("GET", "/api/v2/caller-identity", 200, sent=OWN, answer=b"{}")
WRONG = Exchange("GET", "/api/v2/caller-identity", 200, sent=OWN, answer=b"[]")


@pytest.fixture
def other(specification: Specification) -> Recorder:
    """A recorder of this test's own, whose complaints fail nothing."""
    return Recorder(specification)


class Item:
    """As much of a test as the plugin looks at."""

    def __init__(self, path: Any, *markers: str) -> None:
        self.path = path
        self.markers = markers
        self.sections: list[tuple[str, str, str]] = []

    def get_closest_marker(self, name: str) -> object:
        return name if name in self.markers else None

    def add_report_section(self, *section: str) -> None:
        self.sections.append(section)  # type: ignore[arg-type]


@pytest.fixture
def item(tmp_path: Any) -> Item:
    return Item(tmp_path / "test_it.py")


def finish(phase: Generator[None, object, object]) -> object:
    with pytest.raises(StopIteration) as stopped:
        phase.send("result")
    return stopped.value.value


def set_up(recorder: Recorder, item: Any) -> None:
    phase = recorder.pytest_runtest_setup(item)
    next(phase)
    finish(phase)


def test_a_test_passes_where_all_was_right(other: Recorder, item: Any):
    set_up(other, item)
    phase = other.pytest_runtest_call(item)
    next(phase)
    other.heard(RIGHT)
    assert finish(phase) == "result"
    assert other.answered() == {"getCallerIdentity"}


def test_a_test_fails_for_what_was_heard_in_it(other: Recorder, item: Any):
    set_up(other, item)
    phase = other.pytest_runtest_call(item)
    next(phase)
    other.heard(WRONG)
    other.heard(WRONG)
    with pytest.raises(pytest.fail.Exception) as failed:
        phase.send(None)
    assert str(failed.value).count("GET /api/v2/caller-identity -> 200: the answer at its root") == 1
    # The next one does not.
    set_up(other, item)


def test_a_test_that_fails_anyway_tells_it_too(other: Recorder, item: Any):
    set_up(other, item)
    phase = other.pytest_runtest_call(item)
    next(phase)
    other.heard(WRONG)
    with pytest.raises(KeyError):
        phase.throw(KeyError("x"))
    ((when, title, text),) = item.sections
    assert (when, title) == ("call", "LaunchDarkly's OpenAPI document")
    assert "is not of type" in text


@pytest.mark.parametrize(
    ("bad", "markers", "complains"),
    [
        (Exchange("GET", "/api/v2/nowhere", 404, sent=OWN), (), True),
        (Exchange("GET", "/api/v2/nowhere", 404, sent=OWN), ("bad_requests",), False),
        (Exchange("GET", "/api/v2/nowhere", 404), (), False),
        (Exchange("GET", "/api/v2/projects", 503, sent=OWN), (), True),
        (Exchange("GET", "/api/v2/projects", 503, sent=OWN), ("bad_requests",), False),
        (Exchange("GET", "/api/v2/projects", 503), (), False),
        (Exchange("GET", "/api/v2/projects", 400, query="limit=x", sent=OWN, answer=b"{}"), (), True),
        (Exchange("GET", "/api/v2/projects", 400, sent=OWN, answer=b"{}"), ("bad_requests",), True),
        (Exchange("GET", "/api/v2/projects", 400, answer=b"{}"), (), True),
        (
            Exchange("GET", "/api/v2/projects", 400, "x=1", answer=b'{"code": "a", "message": "b"}'),
            (),
            False,
        ),
        (
            Exchange("GET", "/api/v2/projects", 400, "x=1", OWN, answer=b'{"code": "a", "message": "b"}'),
            (),
            True,
        ),
        (
            Exchange("GET", "/api/v2/projects", 400, "x=1", OWN, answer=b'{"code": "a", "message": "b"}'),
            ("bad_requests",),
            False,
        ),
    ],
)
def test_whose_requests_are_compared(
    other: Recorder, tmp_path: Any, bad: Exchange, markers: tuple[str, ...], complains: bool
):
    set_up(other, Item(tmp_path, *markers))
    other.heard(bad)
    assert bool(other._taken()) is complains


@pytest.mark.bad_requests
def test_the_marker_is_heard(recorder: Recorder):
    recorder.heard(Exchange("GET", "/api/v2/nowhere", 404, sent=OWN))


async def test_what_the_tool_sends_is_heard(world: Store, recorder: Recorder):
    app = reconciler.sandbox.app.create_app(world)
    async with connect("http://sandbox", WRITER, app=app) as connection:
        await connection.reader.get("/api/v2/projects", {"limit": "1"})
        await connection.writer.patch(
            "/api/v2/projects/checkout", [{"op": "replace", "path": "/name", "value": "Till"}]
        )
    asked, changed = recorder.exchanges
    assert (asked.method, asked.path, asked.query, asked.status) == (
        "GET",
        "/api/v2/projects",
        "limit=1",
        200,
    )
    assert json.loads(changed.body) == [{"op": "replace", "path": "/name", "value": "Till"}]
    assert json.loads(changed.answer)["name"] == "Till"
    assert asked.header("user-agent").startswith(OWN_AGENT)


async def listened(recorder: Recorder, app: Any, path: str, agent: str = f"{OWN_AGENT}1.0") -> httpx.Response:
    transport = httpx.ASGITransport(Listening(app, recorder.heard), raise_app_exceptions=False)
    headers = {"Authorization": WRITER, "LD-API-Version": "20240415", "User-Agent": agent}
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=headers) as client:
        return await client.get(path)


async def test_a_sandbox_that_answers_wrongly_is_found_out(
    world: Store, other: Recorder, monkeypatch: pytest.MonkeyPatch
):
    app = reconciler.sandbox.app.create_app.__wrapped__(world)  # type: ignore[attr-defined]
    assert (await listened(other, app, "/api/v2/projects/checkout")).status_code == 200
    assert other._taken() == []
    shown = projects.shown
    monkeypatch.setattr(projects, "shown", lambda record: {**shown(record), "tags": "team-payments"})
    for agent in (f"{OWN_AGENT}1.0", "python-httpx"):
        await listened(other, app, "/api/v2/projects/checkout", agent)
        assert other._taken() == [
            'GET /api/v2/projects/checkout -> 200: the answer at /tags: (value) is not of type "array"'
        ]


async def test_a_sandbox_that_breaks_under_the_tool_is_found_out(other: Recorder):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    await listened(other, broken, "/api/v2/projects")
    assert other._taken() == ["GET /api/v2/projects -> 500: status 500 is not documented"]


async def test_what_a_fault_says_is_not_compared_but_what_the_tool_sent_is(world: Store, other: Recorder):
    answers = [{"status": 503, "html": "<html>"}, {"reset": True}, {"truncate": True}, {"status": 409}]
    faults = Faults.from_json(
        {"faults": [{"path": "*/projects", "nth": nth, **one} for nth, one in enumerate(answers, 1)]}
    )
    app = reconciler.sandbox.app.create_app.__wrapped__(world, faults=faults)  # type: ignore[attr-defined]
    app.add_middleware(Listening, heard=other.heard)
    headers = {"Authorization": WRITER, "User-Agent": f"{OWN_AGENT}1.0"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://sandbox", headers=headers
    ) as client:
        for wanted in (503, None, 200, 409, 200):
            if wanted is None:
                with pytest.raises(ConnectionResetError):
                    await client.get("/api/v2/projects")
            else:
                assert (await client.get("/api/v2/projects")).status_code == wanted
    assert [exchange.status for exchange in other.exchanges] == [0, 0, 0, 0, 200]
    said = {complaint.partition(": ")[2] for complaint in other._taken()}
    assert said == {"LD-API-Version stands 0 times in the request"}


async def test_a_connection_that_breaks_is_nothing_to_complain_of(other: Recorder):
    async def reset(scope: Any, receive: Any, send: Any) -> None:
        raise ConnectionResetError

    await listened(other, reset, "/api/v2/projects")
    assert (other._taken(), other.exchanges) == ([], [])


class Terminal:
    """What is written at the end of a session."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(f"= {title}")

    write_line = section


def test_the_summary_counts_and_names_what_is_not_covered(other: Recorder, specification: Specification):
    silent = Terminal()
    other.pytest_terminal_summary(silent)
    assert silent.lines == []
    # As told by the processes of pytest-xdist, of which one may have died without a word.
    output: dict[str, Any] = {}
    for names in (["getProject", "postProject"], ["getProject", "getCallerIdentity"]):
        process = Recorder(specification)
        process.counts.update(own=2, other=3)
        process.driven.update(names)
        process.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workeroutput=output)))  # type: ignore[arg-type]
        other.pytest_testnodedown(SimpleNamespace(workeroutput=json.loads(json.dumps(output))))
    other.pytest_testnodedown(SimpleNamespace())
    terminal = Terminal()
    other.pytest_terminal_summary(terminal)
    text = "\n".join(terminal.lines)
    assert "10 exchanges" in text
    assert "4 of them the tool's own" in text
    assert f"drove 3 of {len(specification.operations)} operations" in text
    assert "  Projects: getProjects, patchProject, deleteProject" in text
    assert "getCallerIdentity" not in text
