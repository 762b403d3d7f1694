"""Secrets: in no output, no exception, no log and no file; what masks prove; what has no value."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

import reconciler
from e2e.support import FASTLY, Cli, Service, Write, delivery, documents, environment, project

ADDRESS = "IntegrationDeliveryConfiguration/shop/production/fastly/Edge"
STORE = delivery("Edge", "{on: true, config: {storeId: kv-1, apiToken: {fromEnv: FASTLY_API_TOKEN}}}")
SHOP = documents(
    project("shop", "{name: Shop}"),
    environment("production", "{name: Production, color: '417505'}"),
    STORE,
)
PIECES = (FASTLY, FASTLY[4:], FASTLY[:-6], FASTLY[6:20])


@pytest.fixture(autouse=True)
def shop(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTLY_API_TOKEN", FASTLY)
    write("shop.yaml", SHOP)


def assert_hidden(*texts: str) -> None:
    for text in texts:
        assert not [piece for piece in PIECES if piece in text]


def echoing(app: Any) -> Any:
    """A service that repeats what was sent to it in its errors, as plain text and as JSON."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" or not scope["path"].startswith("/api/v2/integration-capabilities"):
            await app(scope, receive, send)
            return
        content = b""
        while True:
            message = await receive()
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        body = json.dumps({"code": "invalid_request", "message": content.decode()}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve


@pytest.mark.parametrize("verbosity", [[], ["-v"], ["-vv"], ["-q"]])
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_command_shows_it(
    cli: Cli, folder: Path, form: str, verbosity: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    options = ["--format", form, *verbosity, "shop.yaml"]
    target = ["--sandbox-state", "world.db"]
    for command in (
        ["validate", *options],
        ["plan", *target, *options],
        ["apply", *target, "--auto-approve", *options],
        ["plan", *target, *options],
    ):
        ran = cli(*command)
        assert ran.code == 0, ran.all
        assert_hidden(ran.all)
    assert_hidden(caplog.text)
    world = b"".join(path.read_bytes() for path in folder.glob("world.db*"))
    assert b"kv-1" in world
    assert not [piece for piece in PIECES if piece.encode() in world]


def test_the_request_log_and_the_world_hide_it(cli: Cli, service: Service) -> None:
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    [sent] = [item for item in service.log() if item["body"] and "config" in item["body"]]
    assert sent["body"]["config"] == {"storeId": "***", "apiToken": "***"}
    assert_hidden(json.dumps(service.log()), json.dumps(service.world()))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_service_that_repeats_it_does_not_make_us_repeat_it(
    cli: Cli, service: Service, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.answers(echoing(service.app))
    ran = cli("apply", "--auto-approve", "-vv", "--format", form, "shop.yaml")
    assert ran.code == 5
    assert "kv-1" in ran.all  # the echo was shown
    assert_hidden(ran.all, caplog.text)


def test_no_exception_of_the_library_holds_it(service: Service) -> None:
    service.answers(echoing(service.app))
    with reconciler.connect(service.url, "anything") as target:
        plan = reconciler.plan(["shop.yaml"], target)
        outcomes = reconciler.apply(plan, target)
        assert [outcome.status.value for outcome in outcomes].count("failed") == 1
        assert_hidden(repr(plan), repr(outcomes), repr(target), reconciler.render(plan, "json"))

        def burst(_: object) -> None:
            raise RuntimeError("a listener that fails in the middle")

        with pytest.raises(BaseException) as burst_out:  # noqa: PT011 - a group or the error itself
            reconciler.apply(reconciler.plan(["shop.yaml"], target), target, on_outcome=burst)
        assert_hidden("".join(traceback.format_exception(burst_out.value)))


def test_a_literal_is_an_error_at_its_line_and_is_not_repeated(cli: Cli, write: Write) -> None:
    write(
        "clear.yaml",
        f"""\
        apiVersion: reconciler/v1
        kind: IntegrationDeliveryConfiguration
        metadata: {{project: shop, environment: production, integration: fastly, name: Other}}
        spec:
          config:
            storeId: kv-1
            apiToken: {FASTLY}
        """,
    )
    for command in ("validate", "plan", "apply"):
        ran = cli(
            command, *(["--sandbox"] if command != "validate" else []), "--format", "json", "clear.yaml"
        )
        assert ran.code == 1
        found = ran.document["plan"] if command == "apply" else ran.document
        assert [(each["code"], each["line"], each["column"]) for each in found["diagnostics"]] == [
            ("LDR304", 7, 15)
        ]
        assert_hidden(ran.all)
        assert_hidden(
            cli(command, *(["--sandbox"] if command != "validate" else []), "-vv", "clear.yaml").all
        )


@pytest.mark.parametrize("rotated", [FASTLY[:-3] + "zzz", "zzz" + FASTLY[3:], "zzz-other-token-altogether"])
def test_a_rotated_token_is_one_change_and_an_unchanged_one_is_none(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch, rotated: str
) -> None:
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    assert cli("plan", "--format", "json", "shop.yaml").changes() == []
    monkeypatch.setenv("FASTLY_API_TOKEN", rotated)
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert ran.changes() == [("update", ADDRESS)]
    [change] = ran.document["changes"]
    reference = {"storeId": "kv-1", "apiToken": {"fromEnv": "FASTLY_API_TOKEN"}}
    assert change["patch"] == [{"op": "replace", "path": "/config", "value": reference}]
    hidden = {"storeId": "kv-1", "apiToken": "(secret)"}
    assert change["before"] == {"name": "Edge", "on": True, "config": hidden}
    assert change["after"] == {"name": "Edge", "on": True, "config": reference}
    assert change["source"]["line"] == STORE_LINE
    assert [place["pointer"] for place in change["fields"]] == ["/config/apiToken"]
    text = cli("plan", "shop.yaml")
    assert "changed" in text.out
    assert rotated not in text.all + ran.all
    assert_hidden(text.all, ran.all)
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    assert cli("plan", "--format", "json", "shop.yaml").changes() == []


STORE_LINE = SHOP[: SHOP.index("apiToken")].count("\n") + 1


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_a_variable_without_a_value(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("FASTLY_API_TOKEN")
    if value is not None:
        monkeypatch.setenv("FASTLY_API_TOKEN", value)
    for command in ("validate", "plan"):
        ran = cli(command, "--format", "json", "shop.yaml")
        assert ran.code == 0
        [found] = ran.document["diagnostics"]
        assert (found["code"], found["severity"], found["line"]) == ("LDR308", "warning", STORE_LINE)
        assert "FASTLY_API_TOKEN" in found["message"]
        assert ("needed by apply" in found["message"]) == (command == "plan")
        text = cli(command, "shop.yaml")
        assert "warning LDR308" in text.all
    service.forget()
    ran = cli("apply", "--auto-approve", "shop.yaml")
    assert ran.code == 1
    assert "FASTLY_API_TOKEN" in ran.err.splitlines()[-1]
    assert service.writes() == []


def test_apply_names_everything_that_its_writes_need_and_nothing_else(
    cli: Cli, service: Service, storefront: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["CLOUDFLARE_API_TOKEN", "FLAG_IMPORT_LD_API_KEY", "SPLIT_ADMIN_API_KEY"]
    for name in names:
        monkeypatch.delenv(name)
    ran = cli("apply", "--auto-approve", storefront)
    assert (ran.code, service.writes()) == (1, [])
    said = ran.err[ran.err.index("Error: Nothing was written") :]
    assert all(name in said for name in names)
    assert "FASTLY_API_TOKEN" not in said
    document = cli("apply", "--auto-approve", "--format", "json", storefront).document
    assert document["failureReason"] == "error"
    assert all(name in json.dumps(document) for name in names)


def test_a_write_that_sends_no_secret_needs_none(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    monkeypatch.delenv("FASTLY_API_TOKEN")
    write("shop.yaml", SHOP.replace("name: Production", "name: Renamed"))
    planned = cli("plan", "--format", "json", "shop.yaml")
    assert planned.changes() == [("update", "Environment/shop/production")]
    [warning] = planned.document["diagnostics"]
    assert "needed by apply" not in warning["message"]
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    mask = next(
        document["config"]["apiToken"] for document in service.world().values() if "config" in document
    )
    assert (mask[:3], mask[-3:]) == (FASTLY[:3], FASTLY[-3:])


def test_a_secret_from_a_file(cli: Cli, service: Service, write: Write, folder: Path) -> None:
    write("secrets/fastly", FASTLY + "\n")
    write("shop.yaml", SHOP.replace("fromEnv: FASTLY_API_TOKEN", "fromFile: secrets/fastly"))
    assert cli("apply", "--auto-approve", "shop.yaml").code == 0
    ran = cli("plan", "--format", "json", "shop.yaml")
    assert ran.changes() == []
    assert_hidden(ran.all)
    (folder / "secrets" / "fastly").unlink()
    assert cli("validate", "--format", "json", "shop.yaml").findings[0][3] == "LDR308"
