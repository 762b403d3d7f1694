"""Saved plans and guards, with the commands as a user runs them, and with faults at every request."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from e2e.support import TOKEN, Cli, Service

from faults import judge
from faults.bench import (
    KINDS,
    VALUES,
    Bench,
    copied,
    delivery,
    documents,
    environment,
    flag_import,
    forget,
    loaded,
    new_store,
    project,
    requests_of,
    tombstone,
    world_of,
)
from reconciler.planning.plan import Plan, Status
from reconciler.planning.saved import read_saved, saved
from reconciler.sandbox.faults import Fault

BASE = (
    project(tags=["a"]),
    environment("production", approvalSettings={"required": True}),
    environment("dev"),
)


@pytest.fixture(autouse=True)
def _values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)


def written(*texts: str, name: str = "m/all.yaml") -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(documents(*texts))
    return path


def applied(cli: Cli, *texts: str) -> None:
    ran = cli("apply", written(*texts), "--auto-approve")
    assert ran.code == 0, ran.all


def planned(cli: Cli, *texts: str) -> Any:
    """Saves a plan to p.json, and takes the manifests away."""
    path = written(*texts)
    ran = cli("plan", path, "--out", "p.json")
    path.unlink()
    assert ran.code in (0, 1), ran.all
    return json.loads(Path("p.json").read_text())


EDGE = "IntegrationDeliveryConfiguration/shop/production/fastly/Edge"
ENVIRONMENT = "/projects/shop/environments/production"


def test_a_saved_plan_is_applied_without_manifests(cli: Cli, service: Service) -> None:
    planned(cli, *BASE, delivery("Edge"), flag_import())
    text = Path("p.json").read_text()
    judge.check_secrets(text, values=[*VALUES.values(), TOKEN, "sdk-", "mob-", "http:", "https:"])
    assert Path("p.json").stat().st_mode & 0o777 == 0o600
    ran = cli("apply", "p.json")
    assert ran.code == 0, ran.all
    assert cli("plan", written(*BASE, delivery("Edge"), flag_import()), "--detailed-exitcode").code == 0
    service.forget()
    again = cli("apply", "p.json")
    assert again.code == 0, again.all
    assert service.writes() == []


def test_a_moved_field_makes_it_stale_and_another_one_does_not(cli: Cli, service: Service) -> None:
    applied(cli, *BASE)
    changed = environment("production", color="AA0000", approvalSettings={"required": True})
    planned(cli, BASE[0], changed)
    service.replace(ENVIRONMENT, "/color", "00FF00")
    service.forget()
    ran = cli("apply", "p.json")
    assert ran.code == 4
    for word in ("Environment/shop/production", "/color", "417505", "00FF00"):
        assert word in ran.err
    assert service.writes() == []
    service.replace(ENVIRONMENT, "/color", "417505")
    service.replace(ENVIRONMENT, "/defaultTtl", 13)
    service.replace("/projects/shop", "/name", "Other")
    assert cli("apply", "p.json").code == 0
    assert service.get(ENVIRONMENT)["color"] == "AA0000"
    assert service.get("/projects/shop")["name"] == "Other"


def test_the_version_counts_where_secrets_are_written(cli: Cli, service: Service) -> None:
    applied(cli, *BASE, delivery("Edge"))
    planned(cli, BASE[0], delivery("Edge", config={"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY_NEW"}}))
    listed = service.get("/integration-capabilities/featureStore/shop/production")["items"][0]
    service.replace(
        f"/integration-capabilities/featureStore/shop/production/fastly/{listed['_id']}", "/tags", ["x"]
    )
    ran = cli("apply", "p.json")
    assert ran.code == 4
    assert "version" in ran.err


def test_a_switch_is_not_held_up_by_the_version(cli: Cli, service: Service) -> None:
    applied(cli, *BASE, delivery("Edge"))
    planned(cli, BASE[0], delivery("Edge", on=False))
    listed = service.get("/integration-capabilities/featureStore/shop/production")["items"][0]
    service.replace(
        f"/integration-capabilities/featureStore/shop/production/fastly/{listed['_id']}", "/tags", ["x"]
    )
    assert cli("apply", "p.json").code == 0


def test_an_altered_file_is_refused(cli: Cli, service: Service) -> None:
    planned(cli, *BASE)
    text = Path("p.json").read_text()
    letters = [at for at, letter in enumerate(text) if letter.isalnum()]
    service.forget()
    for at in random.Random(7).sample(letters, 60):
        other = "x" if text[at] != "x" else "y"
        if text[at].isdigit():
            other = "7" if text[at] != "7" else "8"
        Path("q.json").write_text(text[:at] + other + text[at + 1 :])
        ran = cli("apply", "q.json", "--auto-approve")
        assert ran.code == 1, (at, text[at - 20 : at + 20], ran.all)
    for length in (0, 1, len(text) // 2, len(text) - 3):
        Path("q.json").write_text(text[:length])
        assert cli("apply", "q.json").code == 1
    assert service.log() == []


def test_another_host_and_another_account(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(cli, *BASE)
    service.forget()
    ran = cli("apply", "p.json", "--sandbox")
    assert ran.code == 1
    assert "host" in ran.err
    service.store._connection.execute("UPDATE account SET id = ?", ("f" * 24,))
    ran = cli("apply", "p.json")
    assert ran.code == 3, ran.all
    assert [each["path"] for each in service.log()] == ["/api/v2/caller-identity"]


def test_plans_that_are_never_applied(cli: Cli, service: Service) -> None:
    found = planned(cli, environment("nowhere", of="missing"))
    assert any(each["severity"] == "error" for each in found["diagnostics"])
    service.forget()
    ran = cli("apply", "p.json", "--auto-approve")
    assert ran.code == 1
    assert "errors" in ran.err
    written("kind: [", name="broken.yaml")
    assert cli("plan", "broken.yaml", "--out", "p.json").code == 1
    ran = cli("apply", "p.json", "--auto-approve")
    assert ran.code == 1
    assert "errors" in ran.err
    Path("p.json").write_text(saved(Plan(live=False)))
    ran = cli("apply", "p.json", "--auto-approve")
    assert ran.code == 1
    assert "without reading" in ran.err
    assert service.log() == []


def test_a_newer_patch_release_applies_it(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(cli, *BASE)
    from reconciler.live import client

    monkeypatch.setattr(client, "_version", lambda: "99.9.9")
    assert cli("apply", "p.json").code == 0
    assert service.get("/projects/shop")["name"] == "Shop"


def test_expect(cli: Cli, service: Service) -> None:
    fingerprint = planned(cli, *BASE)["fingerprint"]
    service.forget()
    assert cli("apply", "p.json", "--expect", "sha256:" + "0" * 64).code == 4
    path = written(*BASE)
    assert cli("apply", path, "--auto-approve", "--expect", "sha256:" + "0" * 64).code == 4
    assert service.writes() == []
    assert cli("apply", path, "--auto-approve", "--expect", fingerprint).code == 0


def test_the_fingerprint_is_over_what_is_done(cli: Cli, service: Service) -> None:
    def found(*texts: str, name: str = "m/all.yaml") -> str:
        for old in Path("m").glob("*") if Path("m").exists() else ():
            old.unlink()
        written(*texts, name=name)
        return str(cli("plan", "m", "--format", "json").document["fingerprint"])

    applied(cli, *BASE)
    one = environment("production", color="AA0000", tags=["x", "y"])
    two = environment("dev", name="Devel")
    first = found(BASE[0], one, two)
    assert found(BASE[0], one, two, name="m/other.yaml") == first
    assert found(two, one, BASE[0]) == first
    turned = json.loads(one)
    turned["spec"] = dict(reversed(turned["spec"].items())) | {"tags": ["y", "x"]}
    assert found(BASE[0], json.dumps(dict(reversed(turned.items()))) + "\n", two) == first
    service.replace(ENVIRONMENT, "/defaultTtl", 7)
    service.replace("/projects/shop/environments/dev", "/color", "417505")
    assert found(BASE[0], one, two) == first
    assert found(BASE[0], environment("production", color="AA0001", tags=["x", "y"]), two) != first
    service.replace(ENVIRONMENT, "/color", "AA0000")
    assert found(BASE[0], one, two) != first


# Cut short


CUTS: dict[str, dict[str, Any]] = {
    "gone": {"reset": True, "times": 0},
    "gone after": {"reset": True, "effect": "after", "times": 0},
    "500 after": {"status": 500, "effect": "after"},
    "refused": {"status": 403, "times": 0},
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_plan_that_was_cut_short_is_applied_to_its_end(cut: str) -> None:
    before = documents(*BASE, delivery("Edge"), delivery("Old"))
    start = new_store()
    assert Bench(start).go(before).ended() == {Status.APPLIED}
    wanted = documents(
        project(tags=["b"]),
        environment("production", color="AA0000", approvalSettings={"required": True, "minNumApprovals": 3}),
        environment("qa", approvalSettings={"required": True}),
        delivery("Edge", config={"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY_NEW"}}),
        delivery("New", "shop/qa"),
        tombstone(
            "IntegrationDeliveryConfiguration",
            project="shop",
            environment="production",
            integration="fastly",
            name="Old",
        ),
        project("second"),
        environment("only", of="second"),
        flag_import(of="second"),
    )
    plan = read_saved(saved(Bench(start).plan(wanted)).encode(), "p.json", KINDS)
    whole = Bench(copied(start))
    assert whole.go(None, saved=plan).ended() == {Status.APPLIED}
    for nth in range(1, len(requests_of(whole.store)) + 1):
        bench = Bench(copied(start))
        bench.go(None, [Fault(nth=nth, **CUTS[cut])], saved=plan)
        judge.check_posts(bench.store, {})
        forget(bench.store)
        again = bench.go(None, saved=plan)
        assert again.error is None, (nth, again.error)
        assert again.ended() <= {Status.APPLIED}, (nth, again.outcomes)
        judge.check_converged(world_of(bench.store), loaded(wanted))
        assert bench.plan(wanted).changes == (), nth


# Guards


def many(number: int) -> list[str]:
    return [delivery(f"Edge {index:02}") for index in range(number)]


def gone(index: int) -> str:
    return tombstone(
        "IntegrationDeliveryConfiguration",
        project="shop",
        environment="production",
        integration="fastly",
        name=f"Edge {index:02}",
    )


def test_many_deletes_want_to_be_meant(cli: Cli, service: Service) -> None:
    applied(cli, *BASE, *many(20))
    path = written(*BASE, *map(gone, range(12)), *many(20)[12:])
    ran = cli("plan", path)
    assert ran.code == 0
    assert "12 to destroy" in ran.out
    assert "--allow LDR502" in ran.all
    service.forget()
    ran = cli("apply", path, "--auto-approve")
    assert ran.code == 3
    assert "LDR502" in ran.err
    assert service.writes() == []
    assert cli("apply", path, "--auto-approve", "--allow", "LDR502").code == 0
    assert len(service.get("/integration-capabilities/featureStore")["items"]) == 8


@pytest.mark.parametrize(
    ("deletes", "named", "blocked"),
    [(10, 33, True), (9, 20, False), (10, 34, False), (30, 100, False), (31, 100, True)],
)
def test_the_share_of_deletes(cli: Cli, service: Service, deletes: int, named: int, blocked: bool) -> None:
    store = service.store
    assert Bench(store).go(documents(*BASE, *many(named))).ended() == {Status.APPLIED}
    plan = Bench(store).plan(documents(*BASE, *map(gone, range(deletes)), *many(named)[deletes:]))
    assert [guard.code.text for guard in plan.guards] == (["LDR502"] if blocked else [])


def test_a_deleted_environment_wants_its_address(cli: Cli, service: Service) -> None:
    applied(cli, *BASE)
    own = service.get(ENVIRONMENT)["_id"]
    path = written(BASE[0], BASE[2], tombstone("Environment", project="shop", key="production", id=own))
    for allow in ((), ("--allow", "LDR501"), ("--allow", "LDR501@Environment/shop/dev")):
        ran = cli("apply", path, "--auto-approve", *allow)
        assert ran.code == 3
        assert "--allow LDR501@Environment/shop/production" in ran.err
    assert cli("apply", path, "--auto-approve", "--allow", "LDR501@Environment/shop/production").code == 0


def test_approvals_off_on_a_critical_environment(cli: Cli, service: Service) -> None:
    settings = {"required": True}
    applied(cli, project(), environment("production", critical=True, approvalSettings=settings))
    path = written(project(), environment("production", critical=True, approvalSettings={"required": False}))
    ran = cli("apply", path, "--auto-approve")
    assert ran.code == 3
    assert "--allow LDR504@Environment/shop/production" in ran.err
    assert cli("apply", path, "--auto-approve", "--allow", "LDR504@Environment/shop/production").code == 0


def test_forty_creates_in_an_empty_account(cli: Cli, service: Service) -> None:
    path = written(*BASE, *many(37))
    ran = cli("apply", path, "--auto-approve")
    assert ran.code == 3
    assert "LDR503" in ran.err
    assert service.writes() == []
    with service.store.transaction() as world:
        account = world.account
    Path("m/reconciler.yaml").write_text(f"account: '{account}'\n")
    assert cli("apply", "m", "--auto-approve").code == 0


def test_protected_addresses(cli: Cli, service: Service) -> None:
    Path("reconciler.yaml").write_text("protected: ['Environment/shop/prod*']\n")
    applied(cli, *BASE)
    path = written(BASE[0], environment("production", color="AA0000"))
    ran = cli("apply", path, "--auto-approve")
    assert ran.code == 3
    assert "--allow LDR505@Environment/shop/production" in ran.err
    assert cli("apply", path, "--auto-approve", "--allow", "LDR505@Environment/shop/production").code == 0


def test_another_account_than_the_pinned_one(cli: Cli, service: Service) -> None:
    path = written(*BASE)
    Path("reconciler.yaml").write_text("account: someone-else\n")
    for command in (["plan"], ["apply", "--auto-approve"]):
        service.forget()
        ran = cli(*command, path)
        assert ran.code == 3
        assert [(each["method"], each["path"]) for each in service.log()] == [
            ("GET", "/api/v2/caller-identity")
        ]
