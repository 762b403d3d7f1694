"""What changed behind the manifests' back, what only looks changed, and what is nobody's business."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from e2e.support import Cli, Service, Write, delivery, documents, edited, environment, project

STAGING = "/projects/storefront/environments/staging"


@pytest.fixture
def applied(cli: Cli, service: Service, storefront: Path) -> Path:
    assert cli("apply", "--auto-approve", storefront).code == 0
    service.forget()
    return storefront


def planned(cli: Cli, *arguments: str | Path) -> Any:
    ran = cli("plan", "--format", "json", *arguments)
    assert ran.code == 0, ran.all
    return ran.document


def test_one_tag_is_one_operation_at_its_line(cli: Cli, service: Service, applied: Path) -> None:
    service.patch(STAGING, {"op": "add", "path": "/tags/-", "value": "by-hand"})
    document = planned(cli, "storefront")
    assert document["summary"] == {"create": 0, "update": 1, "delete": 0, "unchanged": 7}
    [change] = document["changes"]
    assert change["address"] == "Environment/storefront/staging"
    assert change["action"] == "update"
    assert change["patch"] == [
        {"op": "replace", "path": "/tags", "value": ["pre-prod", "team-storefront"]},
    ]
    lines = (applied / "environments" / "staging.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.strip().startswith("tags:"))
    assert change["source"] == {
        "file": "storefront/environments/staging.yaml",
        "line": line,
        "column": lines[line - 1].index("[") + 1,
    }
    assert change["fields"] == [{"pointer": "/tags", "line": line, "column": lines[line - 1].index("[") + 1}]

    assert cli("apply", "--auto-approve", "storefront").code == 0
    assert service.writes() == [f"PATCH /api/v2{STAGING}"] * 2  # ours after the one by hand
    assert set(service.get(STAGING)["tags"]) == {"pre-prod", "team-storefront"}


def test_the_order_of_tags_means_nothing(cli: Cli, service: Service, applied: Path) -> None:
    service.replace(STAGING, "/tags", ["team-storefront", "pre-prod"])
    service.replace("/projects/storefront", "/tags", ["tier-1", "team-storefront"])
    assert planned(cli, applied)["changes"] == []


def test_fields_that_nobody_knows_mean_nothing(cli: Cli, service: Service, applied: Path) -> None:
    def enrich(_: str, document: Any) -> Any:
        if isinstance(document, dict):
            return {**{name: enrich("", value) for name, value in document.items()}, "_new": {"x": [1]}}
        return [enrich("", item) for item in document] if isinstance(document, list) else document

    service.answers(edited(service.app, enrich))
    assert planned(cli, applied)["changes"] == []


def test_fields_that_no_manifest_names_mean_nothing(cli: Cli, service: Service, applied: Path) -> None:
    service.replace(STAGING, "/defaultTtl", 42)
    service.replace(STAGING, "/critical", True)
    assert planned(cli, applied)["changes"] == []


def test_45_environments_are_read_whole(cli: Cli, service: Service, write: Write) -> None:
    service.post(
        "/projects",
        {
            "key": "big",
            "name": "Big",
            "environments": [
                {"key": f"e{number:02}", "name": f"E {number}", "color": "417505", "tags": ["a", "b"]}
                for number in range(45)
            ],
        },
    )
    write("last.yaml", environment("e44", "{name: E 44, color: '417505', tags: [b, a]}", of="big"))
    document = planned(cli, "last.yaml")
    assert document["summary"] == {"create": 0, "update": 0, "delete": 0, "unchanged": 1}
    assert document["diagnostics"] == []

    write("all.yaml", documents(*(environment(f"e{n:02}", f"{{name: E {n}}}", of="big") for n in range(45))))
    assert planned(cli, "all.yaml")["summary"]["unchanged"] == 45

    write("next.yaml", environment("e45", "{name: E 45, color: '417505'}", of="big"))
    assert planned(cli, "next.yaml")["summary"]["create"] == 1


def test_130_projects_are_read_whole(cli: Cli, service: Service, write: Write) -> None:
    for number in range(130):
        service.post("/projects", {"key": f"p{number:03}", "name": f"P {number}", "tags": ["x"]})
    write("last.yaml", project("p129", "{name: P 129, tags: [x]}"))
    document = planned(cli, "last.yaml")
    assert document["summary"] == {"create": 0, "update": 0, "delete": 0, "unchanged": 1}

    write("all.yaml", documents(*(project(f"p{n:03}", f"{{name: P {n}}}") for n in range(130))))
    assert planned(cli, "all.yaml")["summary"] == {"create": 0, "update": 0, "delete": 0, "unchanged": 130}


PARTIAL = documents(
    project("checkout", "{tags: [payments]}"),
    environment("production", "{secureMode: true, tags: [prod, tier-1]}", of="checkout"),
    environment("staging", "{defaultTtl: 5}", of="checkout"),
    delivery("Edge store EU", "{on: false}", of="checkout/production"),
)


def test_what_is_not_declared_is_never_touched(cli: Cli, service: Service, write: Write) -> None:
    from reconciler.sandbox.seed import seed

    seed(service.store)
    before = service.world()
    assert len(before) > 15
    write("partial.yaml", PARTIAL)
    ran = cli("plan", "--format", "json", "partial.yaml")
    assert {address for _, address in ran.changes()} == {
        "Project/checkout",
        "Environment/checkout/production",
        "IntegrationDeliveryConfiguration/checkout/production/fastly/Edge store EU",
    }
    applied = cli("apply", "--auto-approve", "--format", "json", "partial.yaml")
    assert applied.code == 0, applied.all
    after = service.world()
    assert before.keys() == after.keys()
    different = {
        f"{place}: {name}"
        for place in before
        for name in before[place].keys() | after[place].keys()
        if before[place].get(name) != after[place].get(name)
    }
    own = {each.partition(": ")[2] for each in different}
    assert own - {"version", "_version", "lastModified", "_lastModified"} == {"tags", "secureMode", "on"}
    assert len({each.partition(": ")[0] for each in different}) == 3


def test_a_changed_resource_gets_one_patch_and_no_read_after_it(
    cli: Cli, service: Service, write: Write
) -> None:
    service.post("/projects", {"key": "shop", "name": "Shop"})
    write("e.yaml", environment("test", "{name: Renamed, tags: [x], defaultTtl: 7, secureMode: true}"))
    service.forget()
    assert cli("apply", "--auto-approve", "e.yaml").code == 0
    assert service.methods()[-1] == "PATCH"
    assert service.methods().count("PATCH") == 1
    operations = service.log()[-1]["body"]
    assert sorted(each["path"] for each in operations) == ["/defaultTtl", "/name", "/secureMode", "/tags"]


def test_from_one_approval_mode_to_the_other_in_one_patch(cli: Cli, service: Service, write: Write) -> None:
    service.post("/projects", {"key": "shop", "name": "Shop"})
    service.replace("/projects/shop/environments/test", "/approvalSettings/required", True)
    both = "{approvalSettings: {required: false, requiredApprovalTags: [payments]}}"
    write("e.yaml", environment("test", both))
    service.forget()
    assert cli("apply", "--auto-approve", "e.yaml").code == 0
    assert len(service.writes()) == 1
    settings = service.get("/projects/shop/environments/test")["approvalSettings"]
    assert (settings["required"], settings["requiredApprovalTags"]) == (False, ["payments"])
