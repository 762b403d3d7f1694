"""No part of a secret is in any output, exception, log, or file of ours, at any verbosity."""

from __future__ import annotations

import json
import logging
import random
import string
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from reconciler import api
from reconciler.cli.main import main
from reconciler.model.errors import SecretError
from reconciler.model.secrets import Secrets
from reconciler.planning.plan import Plan

PIECE = 5
"""So many characters in a row are part of a secret; masks show three."""

REFERENCED = ("FASTLY_KEY", "CLOUDFLARE_KEY", "SPLIT_KEY", "IMPORT_KEY", "UNKNOWN_KEY")


def random_secret(seed: str) -> str:
    """Letters that no word of ours has in this order, with what JSON, URLs and shells escape among them."""
    chance = random.Random(seed)
    letters = string.ascii_uppercase + string.digits
    return (
        "".join(chance.choice(letters) for _ in range(30))
        + '"\\/+ %é'
        + "".join(chance.choice(letters) for _ in range(12))
    )


SECRETS = {name: random_secret(name) for name in REFERENCED}
IN_A_FILE = random_secret("file")
TOKEN = "api-" + "".join(random.Random("token").choice(string.ascii_uppercase) for _ in range(32))
ALL = [*SECRETS.values(), IN_A_FILE, TOKEN]


def pieces(secret: str) -> set[str]:
    return {secret[start : start + PIECE] for start in range(len(secret) - PIECE + 1)}


PIECES = {piece for secret in ALL for piece in pieces(secret)}


def assert_nothing_of_a_secret(where: str, text: str) -> None:
    shown = [piece for piece in PIECES if piece in text]
    assert not shown, f"{where} shows {len(shown)} pieces of a secret"


def config(**values: Any) -> dict[str, Any]:
    return {name: {"fromEnv": value} if value in REFERENCED else value for name, value in values.items()}


def manifests(store: str = "kv-1") -> str:
    def delivery(integration: str, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        metadata = {"project": "p", "environment": "e", "integration": integration, "name": name}
        return {
            "kind": "IntegrationDeliveryConfiguration",
            "metadata": metadata,
            "spec": {"config": variables},
        }

    documents = [
        {"kind": "Project", "metadata": {"key": "p"}, "spec": {"name": "P"}},
        {
            "kind": "Environment",
            "metadata": {"project": "p", "key": "e"},
            "spec": {"name": "E", "color": "417505"},
        },
        delivery("fastly", "A", config(storeId=store, apiToken="FASTLY_KEY")),
        delivery("fastly", "B", {"storeId": store, "apiToken": {"fromFile": "secret.txt"}}),
        delivery("cloudflare", "C", config(accountId="a", namespaceId=store, apiToken="CLOUDFLARE_KEY")),
        delivery("unheard-of", "D", config(anything="UNKNOWN_KEY")),
        {
            "kind": "FlagImportConfiguration",
            "metadata": {"project": "p", "integration": "split", "name": "I"},
            "spec": {
                "config": config(
                    workspaceApiKey="SPLIT_KEY", workspaceId=store, environmentId="e", ldApiKey="IMPORT_KEY"
                )
            },
        },
    ]
    return "---\n".join(json.dumps({"apiVersion": "reconciler/v1", **each}) + "\n" for each in documents)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    (tmp_path / "secret.txt").write_text(IN_A_FILE + "\n")
    (tmp_path / "all.yaml").write_text(manifests())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    found = capfd.readouterr()
    return int(ended.value.code or 0), found.out + found.err


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "verbosity", [[], ["-v"], ["-vv"], ["-q"]], ids=lambda given: "".join(given) or "plain"
)
def test_no_command_shows_any_of_it(
    folder: Path,
    form: str,
    verbosity: list[str],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    options = ["--format", form, *verbosity, "all.yaml"]
    sandbox = ["--sandbox-state", "world.db"]
    for arguments in (
        ["validate", *options],
        ["plan", *sandbox, *options],
        ["apply", *sandbox, "--auto-approve", *options],
        ["plan", *sandbox, *options],
    ):
        code, said = ran(capfd, *arguments)
        assert code == 0, said
        assert_nothing_of_a_secret(arguments[0], said)
    (folder / "all.yaml").write_text(manifests("kv-2"))
    for command in (["plan"], ["apply", "--auto-approve"]):
        code, said = ran(capfd, *command, *sandbox, *options)
        assert code == 0, said
        assert "kv-2" in said or form == "text"
        assert_nothing_of_a_secret(command[0], said)
    assert_nothing_of_a_secret("the log", caplog.text)
    for path in folder.glob("world.db*"):
        content = path.read_bytes()
        assert b"kv-2" in content
        assert not [piece for piece in PIECES if piece.encode() in content], "the sandbox keeps a secret"


def test_what_fails_shows_none_of_it_either(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPLIT_KEY")
    assert ran(capfd, "plan", "--sandbox-state", "world.db", "all.yaml")[0] == 0
    code, said = ran(capfd, "apply", "--sandbox-state", "world.db", "--auto-approve", "-vv", "all.yaml")
    assert code == 1
    assert "SPLIT_KEY" in said
    assert_nothing_of_a_secret("a refusal", said)
    # Each secret once as a literal: it is an error, which does not repeat it.
    for name, value in SECRETS.items():
        text = manifests().replace(json.dumps({"fromEnv": name}), json.dumps(value))
        (folder / "all.yaml").write_text(text)
        for form in ("text", "json"):
            code, said = ran(capfd, "validate", "-vv", "--format", form, "all.yaml")
            assert code == 1
            assert "LDR304" in said
            assert_nothing_of_a_secret("a finding", said)


class Echo:
    """A service that says no to every configuration, and repeats in its answer whatever it was sent."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.repeated = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" or "integration-capabilities" not in scope["path"]:
            await self.app(scope, receive, send)
            return
        body = (await receive()).get("body", b"")
        self.repeated += 1
        said = {"code": "invalid_request", "message": f"refused: {json.loads(body)} {body.decode()}"}
        await send(
            {
                "type": "http.response.start",
                "status": 400,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})


def planned(target: api.Target) -> tuple[Plan, Secrets]:
    secrets = Secrets({**SECRETS})
    return api.plan(["all.yaml"], target, secrets=secrets), secrets


def test_no_object_of_the_library_shows_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with api.connect_sandbox(None) as target:
        echo = target.app = Echo(target.app)
        plan, secrets = planned(target)
        outcomes = api.apply(plan, target, secrets=secrets)
        assert echo.repeated == 5
        assert [each.status.value for each in outcomes].count("failed") == 5
        for thing in (plan, outcomes, target, secrets, *outcomes):
            assert_nothing_of_a_secret(type(thing).__name__, repr(thing) + str(thing))
        for form in ("text", "json"):
            assert_nothing_of_a_secret(form, api.render(plan, form))  # type: ignore[arg-type]
    assert_nothing_of_a_secret("the log", caplog.text)


def test_no_traceback_shows_it_not_even_with_its_variables(folder: Path) -> None:
    def burst(_: object) -> None:
        raise RuntimeError("a listener that fails in the middle")

    with api.connect_sandbox(None) as target:
        plan, secrets = planned(target)
        for options in ({"on_start": burst}, {"on_outcome": burst}):
            with pytest.raises(BaseException) as raised:  # noqa: PT011 - a group or the error itself
                api.apply(plan, target, secrets=secrets, **options)
            told = "".join(traceback.TracebackException.from_exception(raised.value).format())
            assert_nothing_of_a_secret("a traceback", told)
        with pytest.raises(SecretError) as refused:
            api.apply(plan, target, secrets=Secrets({"FASTLY_KEY": SECRETS["FASTLY_KEY"]}))
        assert_nothing_of_a_secret("an error", repr(refused.value) + str(refused.value))


def test_a_process_of_its_own_shows_none_of_it(folder: Path) -> None:
    """With everything that Python can be made to say: warnings, and the debug mode of asyncio."""
    command = [sys.executable, "-X", "dev", "-m", "reconciler", "apply", "-vv", "--auto-approve"]
    done = subprocess.run(
        [*command, "--sandbox-state", "own.db", "all.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Apply complete!" in done.stdout
    assert_nothing_of_a_secret("the process", done.stdout + done.stderr)


def test_a_piece_would_be_noticed() -> None:
    secret = SECRETS["FASTLY_KEY"]
    for leak in (secret, secret[:PIECE], secret[-PIECE:], f"xx{secret[7 : 7 + PIECE]}yy"):
        with pytest.raises(AssertionError):
            assert_nothing_of_a_secret("this", leak)
    assert_nothing_of_a_secret("a mask", f"{secret[:3]}****{secret[-3:]}")
