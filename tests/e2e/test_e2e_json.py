"""The machine-readable plan: its members, its schema, and that stdout is one document whatever happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from e2e.support import ROOT, TOKEN, Cli, Service, Write, delivery, documents, environment, project

SCHEMA = json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))

TEXT = documents(
    project("shop", "{name: Shop, tags: [b, a]}"),  # as it is live
    environment("doomed", more=", state: absent, id: DOOMED").replace("spec: {}\n", ""),
    """\
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: production}
spec:
  name: Production
  color: "AAAAAA"
  critical: true
  approvalSettings: {required: true, minNumApprovals: 3}
""",
    delivery("Edge", "{on: true, config: {storeId: kv-2, apiToken: {fromEnv: FASTLY_API_TOKEN}}}"),
    project("fresh", "{name: Fresh}"),
    environment("first", "{name: First, color: '417505'}", of="fresh"),
    environment("copy", "{name: Copy, color: '417505', source: {key: first}}", of="fresh"),
    delivery("New", "{config: {storeId: s, apiToken: {fromFile: token.txt}}}", of="fresh/first"),
)


@pytest.fixture
def shop(service: Service, write: Write, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A live side that differs in every way."""
    monkeypatch.setenv("FASTLY_API_TOKEN", "abc-the-new-one")
    write("manifests/token.txt", "a-token-in-a-file\n")
    environments = [
        {"key": "production", "name": "Production", "color": "417505", "critical": True},
        {"key": "doomed", "name": "Doomed", "color": "417505"},
        {"key": "other", "name": "Nobody's", "color": "417505"},
    ]
    service.post(
        "/projects", {"key": "shop", "name": "Shop", "tags": ["a", "b"], "environments": environments}
    )
    service.post(
        "/integration-capabilities/featureStore/shop/production/fastly",
        {"name": "Edge", "on": True, "config": {"storeId": "kv-1", "apiToken": "xyz-the-old-one"}},
    )
    doomed = service.get("/projects/shop/environments/doomed")["_id"]
    write("manifests/all.yaml", TEXT.replace("DOOMED", doomed))
    return service


def line_of(text: str) -> int:
    lines = Path("manifests/all.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_plan_has_the_members_that_it_promises(cli: Cli, shop: Service) -> None:
    ran = cli("plan", "--format", "json", "manifests")
    assert ran.code == 0, ran.all
    document = ran.document
    jsonschema_rs.validate(SCHEMA, document)
    assert document["format"] == "reconciler.plan/1"
    assert document["live"] is True
    assert document["summary"] == {"create": 4, "update": 2, "delete": 1, "unchanged": 1}
    changes = {change["address"]: change for change in document["changes"]}
    assert len(changes) == len(document["changes"]) == 7
    for change in changes.values():
        if change["action"] != "update":
            assert change["patch"] == []
        assert (change["before"] is None) == (change["action"] == "create")
        assert (change["after"] is None) == (change["action"] == "delete")
        assert set(change["source"]) == {"file", "line", "column"}
        assert change["source"]["file"] == "manifests/all.yaml"

    created = changes["Environment/fresh/first"]
    assert created["via"] == "Project/fresh"
    assert created["id"] is None
    assert (created["source"]["line"], created["source"]["column"]) == (line_of("key: first}") - 2, 1)
    assert changes["Project/fresh"]["via"] is None
    assert changes["Environment/fresh/copy"]["via"] is None

    updated = changes["Environment/shop/production"]
    assert updated["id"]
    assert updated["patch"] == [
        {"op": "replace", "path": "/approvalSettings/minNumApprovals", "value": 3},
        {"op": "replace", "path": "/approvalSettings/required", "value": True},
        {"op": "replace", "path": "/color", "value": "AAAAAA"},
    ]
    assert updated["before"]["color"] == "417505"
    assert updated["after"]["approvalSettings"] == {"required": True, "minNumApprovals": 3}
    assert updated["before"].keys() == {"name", "color", "critical", "approvalSettings"}
    assert updated["source"]["line"] == line_of('color: "AAAAAA"')  # the first value that differs
    assert {place["pointer"]: place["line"] for place in updated["fields"]} == {
        "/color": line_of('color: "AAAAAA"'),
        "/approvalSettings/required": line_of("minNumApprovals"),
        "/approvalSettings/minNumApprovals": line_of("minNumApprovals"),
    }

    rotated = changes["IntegrationDeliveryConfiguration/shop/production/fastly/Edge"]
    reference = {"fromEnv": "FASTLY_API_TOKEN"}
    assert rotated["patch"] == [
        {"op": "replace", "path": "/config", "value": {"storeId": "kv-2", "apiToken": reference}}
    ]
    assert rotated["before"]["config"] == {"storeId": "kv-1", "apiToken": "(secret)"}
    assert rotated["after"]["config"]["apiToken"] == reference
    new = changes["IntegrationDeliveryConfiguration/fresh/first/fastly/New"]
    assert new["after"]["config"]["apiToken"] == {"fromFile": "manifests/token.txt"}

    assert changes["Environment/shop/doomed"]["action"] == "delete"
    assert document["changes"][0]["address"] == "Environment/shop/doomed"
    assert all(
        set(each) >= {"code", "severity", "message", "file", "line", "column", "hint"}
        for each in document["diagnostics"]
    )


def test_live_keys_are_not_in_it(cli: Cli, shop: Service) -> None:
    text = cli("plan", "--format", "json", "manifests").out + cli("plan", "-vv", "manifests").all
    environments = shop.get("/projects/shop?expand=environments")["environments"]["items"]
    for each in environments:
        assert each["apiKey"] not in text
        assert each["mobileKey"] not in text


def test_its_schema_refuses_what_is_none(cli: Cli, shop: Service) -> None:
    document = cli("plan", "--format", "json", "manifests").document
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert validator.is_valid({**document, "added": 1})  # members may be added
    for wrong in (
        {},
        {**document, "format": "reconciler.plan/2"},
        {**document, "summary": {}},
        {**document, "changes": [{**document["changes"][0], "action": "replace"}]},
        {**document, "changes": [{**document["changes"][0], "source": None}]},
    ):
        assert not validator.is_valid(wrong)


def test_it_is_the_same_each_time(cli: Cli, shop: Service) -> None:
    assert (
        cli("plan", "--format", "json", "manifests").out == cli("plan", "--format", "json", "manifests").out
    )


def test_paths_are_relative_to_the_working_directory(
    cli: Cli, shop: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "manifests")
    here = cli("plan", "--format", "json").document
    assert {change["source"]["file"] for change in here["changes"]} == {"all.yaml"}
    absolute = cli("plan", "--format", "json", folder / "manifests").document
    assert {change["source"]["file"] for change in absolute["changes"]} == {"all.yaml"}
    monkeypatch.chdir(folder / ".reconciler" if (folder / ".reconciler").exists() else "/")
    (other := folder / "other").mkdir()
    monkeypatch.chdir(other)
    beside = cli("plan", "--format", "json", "../manifests").document
    assert {change["source"]["file"] for change in beside["changes"]} == {"../manifests/all.yaml"}


def test_standard_input_is_called_by_its_dash(cli: Cli, service: Service) -> None:
    text = documents(
        project("fresh", "{name: F}"), environment("e", "{name: E, color: '417505'}", of="fresh")
    )
    ran = cli("plan", "--format", "json", "-", stdin=text.encode())
    assert ran.code == 0
    assert {change["source"]["file"] for change in ran.document["changes"]} == {"-"}


# Whatever happens, stdout is one document.


@pytest.fixture
def good_and_bad(write: Write) -> None:
    write("good.yaml", project("shop", "{tags: [x]}"))
    write("broken.yaml", "kind: [")
    write("orphan.yaml", delivery("A", "{config: {storeId: s, apiToken: {fromEnv: X}}}"))


def failing(*arguments: str, **more: str) -> Any:
    return pytest.param(arguments, more, id=" ".join(arguments))


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        failing("no-such-folder"),
        failing("broken.yaml"),
        failing("good.yaml"),  # no token
        failing("--token-file", "none", "good.yaml"),
        failing("--sandbox", "--host", "x", "good.yaml"),
        failing("--host", "http://example.com", "good.yaml", LAUNCHDARKLY_ACCESS_TOKEN=TOKEN),
        failing("--sandbox-state", "good.yaml", "good.yaml"),  # no world
        failing("--sandbox-state", "good.yaml/world.db", "good.yaml"),
        failing("--sandbox", "orphan.yaml"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_stdout_is_one_document_at_exit_1(
    cli: Cli,
    good_and_bad: None,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    *,
    arguments: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ran = cli(command, "--format", "json", *arguments)
    assert ran.code == 1
    document = ran.document
    if command == "apply":
        assert (document["format"], document["failureReason"]) == ("reconciler.apply/1", "error")
        document = document["plan"]
    jsonschema_rs.validate(SCHEMA, document)
    assert "error" in {found["severity"] for found in document["diagnostics"]}
    assert all(found["message"] for found in document["diagnostics"])


def test_apply_tells_what_it_planned_and_what_became_of_it(cli: Cli, shop: Service) -> None:
    address = "Environment/shop/doomed"
    ran = cli("apply", "--format", "json", "--auto-approve", "--allow", f"LDR501@{address}", "manifests")
    assert ran.code == 0, ran.all
    document = ran.document
    jsonschema_rs.validate(SCHEMA, document["plan"])
    assert document["failureReason"] == ""
    assert document["summary"]["applied"] == len(document["outcomes"]) == 7
    assert {outcome["address"] for outcome in document["outcomes"]} == {
        change["address"] for change in document["plan"]["changes"]
    }
    assert {outcome["status"] for outcome in document["outcomes"]} == {"applied"}
    assert cli("plan", "--format", "json", "manifests").changes() == []


def test_apply_without_approval_tells_so_in_a_document(cli: Cli, shop: Service) -> None:
    ran = cli("apply", "--format", "json", "--allow", "LDR501@Environment/shop/doomed", "manifests")
    assert ran.code == 1
    assert ran.document["failureReason"] == "error"
    assert "--auto-approve" in json.dumps(ran.document)
    assert shop.writes() == [each for each in shop.writes() if each.startswith("POST")]  # the fixture's own


def test_validate_as_json(cli: Cli, shop: Service, write: Write) -> None:
    ran = cli("validate", "--format", "json", "manifests")
    assert ran.code == 0
    assert ran.document == {
        "format": "reconciler.validate/1",
        "files": 1,
        "resources": 8,
        "diagnostics": [],
    }
    write("broken.yaml", "kind: [")
    ran = cli("validate", "--format", "json", "broken.yaml")
    assert (ran.code, ran.err) == (1, "")
    assert len(ran.document["diagnostics"]) == 1
