"""Hosts that are not there, tokens that do not do, and lists that are forbidden."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from e2e.support import (
    TOKEN,
    Cli,
    Ran,
    Service,
    Write,
    delivery,
    documents,
    edited,
    environment,
    project,
    refusing,
)
from reconciler.live.exchange import Timing

MANIFESTS = documents(
    project("shop", "{name: Shop}"),
    environment("production", "{name: Production, color: '417505'}"),
    delivery("Edge", "{config: {storeId: s, apiToken: {fromEnv: FASTLY_API_TOKEN}}}"),
)
TARGETS = ["plan", "apply"]


@pytest.fixture(autouse=True)
def manifests(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("shop.yaml", MANIFESTS)
    monkeypatch.setenv("FASTLY_API_TOKEN", "a-value-for-fastly")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries no time passes."""

    async def at_once(_: float) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr("reconciler.live.client.Timing", lambda: Timing(sleep=at_once))


def one_sentence(ran: Ran, *words: str) -> str:
    """The one thing that was said, which ended the command."""
    assert (ran.code, ran.out) == (1, ""), ran.all
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[-1].startswith("Error: ")
    assert all(word in lines[-1] for word in words), lines[-1]
    assert TOKEN not in ran.all
    return lines[-1]


def as_json(ran: Ran, code: str) -> None:
    """The same as a document."""
    assert ran.code == 1
    document = ran.document.get("plan", ran.document)
    assert (document["live"], document["changes"]) == (False, [])
    assert [(found["code"], found["severity"]) for found in document["diagnostics"]] == [(code, "error")]
    assert TOKEN not in ran.all


@contextmanager
def listening() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def closed() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("command", TARGETS)
def test_no_token(cli: Cli, command: str) -> None:
    one_sentence(cli(command, "shop.yaml"), "LAUNCHDARKLY_ACCESS_TOKEN", "--token-file", "--sandbox")
    as_json(cli(command, "--format", "json", "shop.yaml"), "LDR001")


@pytest.mark.parametrize("command", TARGETS)
def test_a_wrong_token(cli: Cli, service: Service, command: str) -> None:
    service.knows({"another-token": "writer"})
    one_sentence(cli(command, "shop.yaml"), "401", "LAUNCHDARKLY_ACCESS_TOKEN")
    as_json(cli(command, "--format", "json", "shop.yaml"), "LDR003")
    assert service.writes() == []


@pytest.mark.parametrize("command", TARGETS)
def test_a_token_without_rights(cli: Cli, service: Service, command: str) -> None:
    service.knows({TOKEN: "none"})
    one_sentence(cli(command, "shop.yaml"), "403", "access token")
    as_json(cli(command, "--format", "json", "shop.yaml"), "LDR004")
    assert service.writes() == []


def test_a_reader_may_plan_and_may_not_apply(cli: Cli, service: Service) -> None:
    service.knows({TOKEN: "reader"})
    assert cli("plan", "--detailed-exitcode", "shop.yaml").code == 2
    ran = cli("apply", "--auto-approve", "shop.yaml")
    assert ran.code == 1
    assert "403" in ran.all
    assert {item["status"] for item in service.log() if item["method"] != "GET"} == {403}
    document = cli("apply", "--auto-approve", "--format", "json", "shop.yaml").document
    assert document["failureReason"] == "error"
    assert {outcome["status"] for outcome in document["outcomes"]} == {"failed", "skipped"}


@pytest.mark.parametrize("command", TARGETS)
def test_http_to_another_machine(cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)

    def unwanted(*_: Any, **__: Any) -> None:
        pytest.fail("something was sent")

    monkeypatch.setattr(socket, "getaddrinfo", unwanted)
    arguments = ["--host", "http://app.launchdarkly.com", "shop.yaml"]
    one_sentence(cli(command, *arguments), "unencrypted", "https://app.launchdarkly.com")
    as_json(cli(command, "--format", "json", *arguments), "LDR001")


@pytest.mark.parametrize("host", ["http://", "a b", "ftp://x", "https://x/api/v2", "u:p4ss@x", "x:0", "-x-"])
def test_a_host_that_is_none(cli: Cli, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    assert "p4ss" not in one_sentence(cli("plan", "--host", host, "shop.yaml"), "host")


def test_a_host_where_nothing_listens(cli: Cli, monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    where = closed()
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    ran = cli("plan", "--host", where, "shop.yaml")
    one_sentence(ran, where.removeprefix("http://"), "refused")


def test_a_name_that_nobody_knows(cli: Cli, monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    ran = cli("plan", "--host", "lunchdarkly.example", "shop.yaml")
    one_sentence(ran, "lunchdarkly.example", "DNS", "--host")


@pytest.mark.parametrize("command", TARGETS)
def test_a_host_that_does_not_answer(cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    with listening() as where:
        arguments = ["--host", where, "--request-timeout", "0.3", "shop.yaml"]
        one_sentence(cli(command, *arguments), "did not answer within 0.3 s")
        as_json(cli(command, "--format", "json", *arguments), "LDR002")


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b"<html>Welcome</html>", b"text/html"),
        (404, b"<html>No such page</html>", b"text/html"),
        (302, b"", b"text/plain"),
        (200, b"[]", b"application/json"),
    ],
)
def test_a_host_that_is_somebody_else(
    cli: Cli, service: Service, status: int, content: bytes, kind: bytes
) -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind), (b"location", b"https://login.example/?token=x")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    service.answers(other)
    ran = cli("plan", "shop.yaml")
    assert ran.code == 1
    assert "host" in ran.err
    assert "will be created" not in ran.out
    assert ran.out == ""


# A forbidden list never becomes a plan to create.

PROJECTS = "/api/v2/projects"
DELIVERIES = "/api/v2/integration-capabilities/featureStore"


def forbidden(path: str) -> bool:
    return path in (PROJECTS, DELIVERIES) or path.endswith(("/environments", "/projects/shop"))


@pytest.fixture
def live(service: Service) -> Service:
    """Everything that the manifests declare is live already."""
    service.post(
        "/projects",
        {
            "key": "shop",
            "name": "Shop",
            "environments": [{"key": "production", "name": "Production", "color": "417505"}],
        },
    )
    body = {"name": "Edge", "config": {"storeId": "s", "apiToken": "a-value-for-fastly"}}
    service.post("/integration-capabilities/featureStore/shop/production/fastly", body)
    service.forget()
    return service


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "paths", [[PROJECTS, f"{PROJECTS}/shop"], [DELIVERIES, f"{DELIVERIES}/shop/production"]]
)
def test_what_may_not_be_listed_is_never_created(
    cli: Cli, request: pytest.FixtureRequest, exists: bool, status: int, paths: list[str]
) -> None:
    service: Service = request.getfixturevalue("live" if exists else "service")
    service.answers(refusing(service.app, lambda method, path: status if path in paths else 0))
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert ran.code == 1
    concerned = "Project/" if PROJECTS in paths else "IntegrationDeliveryConfiguration/"
    assert not [address for action, address in ran.changes() if address.startswith(concerned)]
    assert "error" in {found["severity"] for found in ran.document["diagnostics"]}
    applied = cli("apply", "--auto-approve", "shop.yaml")
    assert applied.code == 1
    assert service.writes() == []


def test_forbidden_environments_are_not_created_either(cli: Cli, service: Service, write: Write) -> None:
    names = [f"e{number:02}" for number in range(25)]  # more than come with their project
    body = [{"key": name, "name": name, "color": "417505"} for name in names]
    service.post("/projects", {"key": "shop", "name": "Shop", "environments": body})
    write(
        "shop.yaml", documents(*(environment(name, f"{{name: {name}, color: '417505'}}") for name in names))
    )
    service.answers(refusing(service.app, lambda _, path: 403 if path.endswith("/environments") else 0))
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert (ran.code, ran.changes()) == (1, [])
    assert {code for *_, code in ran.findings} == {"LDR401"}


def test_a_single_project_is_read_where_the_list_is_forbidden(cli: Cli, live: Service) -> None:
    live.answers(refusing(live.app, lambda _, path: 403 if path in (PROJECTS, DELIVERIES) else 0))
    ran = cli("plan", "--detailed-exitcode", "--format", "json", "shop.yaml")
    assert (ran.code, ran.changes()) == (0, [])
    assert ran.document["summary"]["unchanged"] == 3


def test_a_list_that_is_cut_is_no_proof_either(cli: Cli, service: Service) -> None:
    """A service that says that there are more than it shows."""

    def cut(path: str, document: Any) -> Any:
        return {**document, "totalCount": 7} if path == PROJECTS else document

    service.answers(edited(service.app, cut))
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert ran.code == 1
    assert ("create", "Project/shop") not in ran.changes()
    assert ("LDR401", "Project/shop") in [
        (each["code"], each["address"]) for each in ran.document["diagnostics"]
    ]


# The token


@pytest.mark.parametrize("content", ["from-a-file", "  from-a-file\n", "from-a-file\r\n"])
def test_a_token_from_a_file(cli: Cli, service: Service, write: Write, content: str) -> None:
    service.knows({"from-a-file": "writer"})
    write("token", "")
    Path("token").write_bytes(content.encode())
    assert cli("plan", "--token-file", "token", "shop.yaml").code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("Bearer api-1", "Bearer"),
        ("'api-1'", "quotes"),
        ("api 1", "white space"),
        ("sdk-7c1e", "SDK key"),
        ("mob-7c1e", "mobile key"),
        ("x" * 5000, "too long"),
        ("x" * 20_000, "too large"),
    ],
)
def test_a_token_that_is_none(cli: Cli, monkeypatch: pytest.MonkeyPatch, content: str, words: str) -> None:
    Path("token").write_text(content, encoding="utf-8")
    line = one_sentence(cli("plan", "--token-file", "token", "shop.yaml"), words, "token")
    assert not content.strip() or content.strip() not in line
    if len(content) < 5000:
        monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", content)
        one_sentence(cli("plan", "shop.yaml"), words if content else "No access token")


def test_a_token_file_that_is_not_there(cli: Cli) -> None:
    one_sentence(cli("plan", "--token-file", "no-such-file", "shop.yaml"), "no-such-file", "can't be read")
    one_sentence(cli("plan", "--token-file", ".", "shop.yaml"), "can't be read")


def test_the_sandbox_wants_neither_host_nor_token(cli: Cli) -> None:
    one_sentence(cli("plan", "--sandbox", "--host", "x", "shop.yaml"), "--sandbox", "--host")
    one_sentence(cli("plan", "--sandbox", "--token-file", "x", "shop.yaml"), "--sandbox", "--token-file")
    ran = cli("plan", "--sandbox", "shop.yaml")
    assert ran.code == 0
    assert ran.err.startswith("This is the sandbox in ")


def test_the_flag_counts_more_than_the_variable(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHDARKLY_API_HOST", "http://127.0.0.1:1")
    assert cli("plan", "--host", service.url, "shop.yaml").code == 0


def test_no_file_under_review_names_the_host_or_the_token(cli: Cli, service: Service, write: Write) -> None:
    """A `.env` beside the manifests is not read."""
    write(".env", "LAUNCHDARKLY_API_HOST=http://127.0.0.1:1\nLAUNCHDARKLY_ACCESS_TOKEN=stolen\n")
    service.knows({TOKEN: "reader"})
    assert cli("plan", "shop.yaml").code == 0


def test_json_where_everything_is_forbidden_says_so_once(cli: Cli, service: Service) -> None:
    service.knows({TOKEN: "none"})
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert len(json.loads(ran.out)["diagnostics"]) == 1
