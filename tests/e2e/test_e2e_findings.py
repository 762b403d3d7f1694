"""Mistakes in manifests: each one finding at its place, all of them in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from e2e.support import Cli, Service, Write, delivery, documents, environment, manifest, project

DELIVERY = """\
apiVersion: reconciler/v1
kind: IntegrationDeliveryConfiguration
metadata: {{project: p, environment: e, integration: fastly, name: {0}}}
spec:
  on: true
  config:
"""
ENVIRONMENT = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {{project: p, key: {0}}}
spec:
"""

BOMB = """\
a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
"""

BAD: Final = {
    "a-misspelt-field.yaml": (ENVIRONMENT.format("a") + "  colour: '417505'\n", (5, 3, "LDR203")),
    "b-wrong-type.yaml": (ENVIRONMENT.format("b") + "  name: B\n  critical: sure\n", (6, 13, "LDR205")),
    "c-color.yaml": (ENVIRONMENT.format("c") + "  color: 417505\n", (5, 10, "LDR207")),
    "d-kind.yaml": (ENVIRONMENT.format("d").replace("Env", "Enw") + "  name: D\n", (2, 7, "LDR202")),
    "e-duplicate-key.yaml": (ENVIRONMENT.format("e") + "  name: E\n  name: F\n", (6, 3, "LDR103")),
    "f-duplicate-address.yaml": (
        documents(environment("f", of="p"), environment("f", of="p")),
        (6, 1, "LDR210"),
    ),
    "g-missing-variable.yaml": (
        DELIVERY.format("g") + "    apiToken: {fromEnv: FASTLY}\n",
        (6, 3, "LDR303"),
    ),
    "h-both-modes.yaml": (
        ENVIRONMENT.format("h")
        + "  approvalSettings:\n    required: true\n    requiredApprovalTags: [payments]\n",
        (7, 5, "LDR211"),
    ),
    "i-literal-secret.yaml": (
        DELIVERY.format("i") + "    storeId: s\n    apiToken: dreadful-in-clear\n",
        (8, 15, "LDR304"),
    ),
    "j-mask.yaml": (DELIVERY.format("j") + "    storeId: s\n    apiToken: dre****ear\n", (8, 15, "LDR305")),
    "k-tag-with-spaces.yaml": (ENVIRONMENT.format("k") + "  tags: [fine, not so fine]\n", (5, 16, "LDR206")),
    "l-tab.yaml": (ENVIRONMENT.format("l") + "\tname: L\n", (5, 1, "LDR101")),
    "m-custom-tag.yaml": (ENVIRONMENT.format("m") + "  name: !vault M\n", (5, 9, "LDR102")),
    "n-alias-bomb.yaml": (
        BOMB,
        (3, 24, "LDR104"),
    ),
    "o-brackets.yaml": ("[" * 100_000, (1, 65, "LDR104")),
    "p-empty.yaml": ("", (1, 1, "LDR108")),
}
EXPECTED: Final = [
    *((f"bad/{name}", *place) for name, (_, place) in BAD.items()),
    ("nothing-here", None, None, "LDR108"),
]


@pytest.fixture
def bad(folder: Path) -> Path:
    """A folder with a file for each mistake, and one without manifests."""
    (folder / "bad").mkdir()
    for name, (text, _) in BAD.items():
        (folder / "bad" / name).write_text(text, encoding="utf-8")
    (folder / "nothing-here").mkdir()
    return folder / "bad"


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_every_mistake_is_one_finding_at_its_line(cli: Cli, bad: Path, command: str) -> None:
    arguments = ["bad", "nothing-here"]
    ran = cli(command, "--format", "json", *arguments)
    assert ran.code == 1
    document = ran.document["plan"] if command == "apply" else ran.document
    found = [(each["file"], each["line"], each["column"], each["code"]) for each in document["diagnostics"]]
    assert found == EXPECTED
    assert all(each["severity"] == "error" for each in document["diagnostics"])
    assert all(each["message"].endswith(".") and each["hint"] for each in document["diagnostics"])

    text = cli(command, *arguments)
    assert text.code == 1
    shown = text.out if command == "validate" else text.err
    for file, line, column, code in EXPECTED:
        place = file if line is None else f"{file}:{line}:{column}"
        assert sum(each.startswith(f"{place}: error {code}: ") for each in shown.splitlines()) == 1
    assert f"{len(EXPECTED)} errors" in text.all
    assert "dreadful-in-clear" not in text.all + ran.all


def test_each_mistake_alone_is_found_as_well(cli: Cli, bad: Path) -> None:
    for name, (_, place) in BAD.items():
        ran = cli("validate", "--format", "json", bad / name)
        assert (ran.code, ran.findings) == (1, [(f"bad/{name}", *place)])


def test_nothing_is_read_while_manifests_have_errors(cli: Cli, service: Service, bad: Path) -> None:
    assert cli("plan", bad).code == 1
    assert cli("apply", "--auto-approve", bad).code == 1
    assert service.log() == []


def test_no_token_is_wanted_while_manifests_have_errors(cli: Cli, bad: Path) -> None:
    ran = cli("plan", bad)
    assert "No access token" not in ran.err
    assert f"{len(BAD)} errors" in ran.err


def test_what_only_the_live_side_shows_is_found_in_one_plan(cli: Cli, service: Service, write: Write) -> None:
    service.post("/projects", {"key": "shop", "name": "Shop"})
    service.replace("/projects/shop/environments/test", "/approvalSettings/required", True)
    write(
        "live.yaml",
        documents(
            environment("e", "{name: E, color: '417505'}", of="nowhere"),
            project("brand-new", "{name: New}"),
            environment("test", "{approvalSettings: {requiredApprovalTags: [payments]}}"),
            environment("production", "{tags: [fine]}"),
        ),
    )
    assert cli("validate", "live.yaml").code == 0
    service.forget()
    ran = cli("plan", "--format", "json", "live.yaml")
    assert ran.code == 1
    text = Path("live.yaml").read_text(encoding="utf-8").splitlines()
    assert ran.findings == [
        ("live.yaml", 3, text[2].index("nowhere") + 1, "LDR403"),
        ("live.yaml", 6, 1, "LDR404"),
        ("live.yaml", 14, text[13].index("[payments") + 1, "LDR406"),
    ]
    assert ran.changes() == [("update", "Environment/shop/production")]  # what is certain is shown
    assert ran.document["live"] is True
    refused = cli("apply", "--auto-approve", "live.yaml")
    assert refused.code == 1
    assert service.writes() == []


def test_a_create_says_what_it_lacks(cli: Cli, service: Service, write: Write) -> None:
    service.post("/projects", {"key": "shop", "name": "Shop"})
    write("new.yaml", environment("fresh", "{tags: [a]}"))
    ran = cli("plan", "--format", "json", "new.yaml")
    assert ran.code == 1
    assert ran.findings == [("new.yaml", 4, 1, "LDR405")] * 2
    messages = " ".join(each["message"] for each in ran.document["diagnostics"])
    assert "spec.name" in messages
    assert "spec.color" in messages


def test_two_live_ones_of_a_name_are_an_error_that_names_both(
    cli: Cli, service: Service, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "some-token-value")
    service.post("/projects", {"key": "shop", "name": "Shop"})
    path = "/integration-capabilities/featureStore/shop/production/fastly"
    body = {"name": "Edge", "config": {"storeId": "s", "apiToken": "abc-def-ghi"}}
    identifiers = [service.post(path, body)["_id"] for _ in range(2)]
    spec = "{on: true, config: {storeId: s, apiToken: {fromEnv: TOKEN}}}"
    write("two.yaml", delivery("Edge", spec))
    ran = cli("plan", "--format", "json", "two.yaml")
    [found] = ran.document["diagnostics"]
    assert (ran.code, found["code"]) == (1, "LDR402")
    assert all(identifier in found["message"] for identifier in identifiers)

    pinned = delivery("Edge", spec).replace("name: Edge", f"name: Edge, id: {identifiers[1]}")
    write("two.yaml", pinned)
    ran = cli("plan", "--format", "json", "two.yaml")
    assert ran.code == 0
    [change] = ran.document["changes"]
    assert change["id"] == identifiers[1]


def test_other_documents_in_folders_are_passed_over_and_counted(cli: Cli, write: Write) -> None:
    write("k8s.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    write("ours.yaml", project("shop", "{name: Shop}"))
    ran = cli("validate")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Valid. 1 resource in 2 files, 1 document of others passed over.\n"
    named = cli("validate", "--format", "json", "k8s.yaml")
    assert (named.code, named.findings) == (1, [("k8s.yaml", 1, 1, "LDR109")])


def test_a_warning_is_no_error(cli: Cli, write: Write) -> None:
    write("e.yaml", manifest("IntegrationDeliveryConfiguration", PLACE, "{config: {a: {fromEnv: X}}}"))
    ran = cli("validate", "e.yaml")
    assert ran.code == 0
    assert "warning LDR301" in ran.out
    assert "(2 warnings)" in ran.out.splitlines()[-1]


PLACE = "project: shop, environment: test, integration: carrier-pigeon, name: Coo"
