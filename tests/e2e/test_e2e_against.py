"""`plan --against`, `apply --against` and `drift`, in a git repository as a team has one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.support import Cli, Service

Git = Callable[..., str]


@pytest.fixture
def git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in the working directory, with nothing of the developer's own configuration."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch", "main")
    return run


@pytest.fixture
def branch(git: Git, storefront: Path, service: Service, cli: Cli) -> Path:
    """The storefront, applied and committed on main, and a branch that changes production's tags."""
    git("add", ".")
    git("commit", "--quiet", "--message", "storefront")
    assert cli("apply", "storefront", "--auto-approve", "-q").code == 0
    git("switch", "--quiet", "--create", "change")
    edit(storefront / "environments" / "production.yaml", "tags: [prod, tier-1]", "tags: [prod, tier-1, new]")
    git("commit", "--quiet", "--all", "--message", "a tag")
    service.forget()
    return storefront


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


STAGING = "/projects/storefront/environments/staging"
PRODUCTION = "/projects/storefront/environments/production"


def test_only_what_the_branch_changes_is_planned_and_drift_stands_beside(
    branch: Path, service: Service, cli: Cli
) -> None:
    service.replace(STAGING, "/confirmChanges", False)
    service.replace(PRODUCTION, "/name", "Renamed")
    ran = cli("plan", branch, "--against", "main", "--format", "json")
    assert ran.code == 0
    document = ran.document
    [change] = document["changes"]
    assert change["patch"] == [{"op": "replace", "path": "/tags", "value": ["prod", "tier-1", "new"]}]
    assert [(each["address"], [one["path"] for one in each["patch"]]) for each in document["drift"]] == [
        ("Environment/storefront/production", ["/name"]),
        ("Environment/storefront/staging", ["/confirmChanges"]),
    ]
    assert document["summary"] == {"create": 0, "update": 1, "delete": 0, "unchanged": 6}
    text = cli("plan", branch, "--against", "main").out
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in text
    assert 'name: declared "Production", live "Renamed"' in text


def test_apply_writes_only_what_the_branch_changes(branch: Path, service: Service, cli: Cli) -> None:
    service.replace(PRODUCTION, "/name", "Renamed")
    service.forget()
    ran = cli("apply", branch, "--against", "main", "--auto-approve")
    assert ran.code == 0
    assert service.writes() == [f"PATCH /api/v2{PRODUCTION}"]
    live = service.get(PRODUCTION)
    assert live["name"] == "Renamed"
    assert live["tags"] == ["prod", "tier-1", "new"]
    assert "Renamed" in ran.out


def test_a_saved_plan_holds_what_the_branch_causes(branch: Path, service: Service, cli: Cli) -> None:
    service.replace(PRODUCTION, "/name", "Renamed")
    assert cli("plan", branch, "--against", "main", "--out", "p.json").code == 0
    assert cli("apply", "p.json").code == 0
    assert service.get(PRODUCTION)["name"] == "Renamed"
    assert service.get(PRODUCTION)["tags"] == ["prod", "tier-1", "new"]


def test_what_the_branch_no_longer_declares_is_released(branch: Path, cli: Cli) -> None:
    (branch / "environments" / "development.yaml").unlink()
    edit(branch / "environments" / "production.yaml", "  requireComments: true\n", "")
    document = cli("plan", branch, "--against", "main", "--format", "json").document
    assert {each["address"]: (each["fields"], each["loosens"]) for each in document["released"]} == {
        "Environment/storefront/development": ([], False),
        "Environment/storefront/production": (["/requireComments"], True),
    }
    assert document["summary"]["delete"] == 0


def test_a_folder_wins_over_a_ref(branch: Path, git: Git, cli: Cli, folder: Path) -> None:
    old = folder / "old"
    git("worktree", "add", "--quiet", "--detach", str(folder / "tree"), "main")
    (folder / "tree" / "storefront").rename(old)
    git("branch", "old")  # of the same name as the folder, and the same as the branch
    document = cli("plan", branch, "--against", "old", "--format", "json").document
    assert document["against"] == "old"
    assert document["summary"]["update"] == 1


def test_without_a_token_the_manifests_are_compared_with_each_other(
    branch: Path, cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", "")
    ran = cli("plan", branch, "--against", "main", "--format", "json")
    assert ran.code == 0
    document = ran.document
    assert document["live"] is False
    assert [change["patch"] for change in document["changes"]] == [
        [{"op": "replace", "path": "/tags", "value": ["prod", "tier-1", "new"]}]
    ]
    assert [each["code"] for each in document["diagnostics"]] == ["LDR312"]
    assert service.log() == []
    assert cli("plan", branch).code == 1
    assert cli("apply", branch, "--against", "main", "--auto-approve").code == 1
    assert cli("plan", branch, "--against", "main", "--out", "p.json").code == 0
    refused = cli("apply", "p.json", "--sandbox")
    assert refused.code == 1
    assert "without reading LaunchDarkly" in refused.err


@pytest.mark.parametrize("ref", ["nowhere", "--upload-pack=x", "refs/heads/none"])
def test_a_ref_that_is_not_there_is_one_sentence(branch: Path, cli: Cli, ref: str) -> None:
    ran = cli("plan", branch, f"--against={ref}")
    assert ran.code == 1
    assert ref in ran.err


def test_a_shallow_checkout_gets_the_hint(
    branch: Path, git: Git, cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("clone", "--quiet", "--depth", "1", "--branch", "change", f"file://{folder}", str(folder / "shallow"))
    monkeypatch.chdir(folder / "shallow")
    ran = cli("plan", "storefront", "--against", "origin/main")
    assert ran.code == 1
    assert "fetch-depth" in ran.err


def test_outside_of_a_repository_a_ref_says_nothing(storefront: Path, service: Service, cli: Cli) -> None:
    ran = cli("plan", storefront, "--against", "main")
    assert ran.code == 1
    assert "git" in ran.err


def test_mistakes_in_the_earlier_manifests_are_a_warning(branch: Path, git: Git, cli: Cli) -> None:
    git("switch", "--quiet", "main")
    edit(branch / "environments" / "staging.yaml", "color:", "colour:")
    git("commit", "--quiet", "--all", "--message", "a mistake")
    git("switch", "--quiet", "--create", "mend")
    edit(branch / "environments" / "staging.yaml", "colour:", "color:")
    git("commit", "--quiet", "--all", "--message", "mended")
    ran = cli("plan", branch, "--against", "main", "--format", "json")
    assert ran.code == 0
    assert "LDR311" in [each["code"] for each in ran.document["diagnostics"]]


def test_drift_reads_only_and_exits_2(branch: Path, service: Service, cli: Cli) -> None:
    assert cli("apply", branch, "--auto-approve", "-q").code == 0
    service.forget()
    calm = cli("drift", branch)
    assert calm.code == 0
    assert "No drift. 8 resources as declared." in calm.out
    service.replace(STAGING, "/confirmChanges", False)
    service.send("DELETE", "/projects/storefront/environments/loadtest")
    service.forget()
    ran = cli("drift", branch)
    assert ran.code == 2
    assert "Environment/storefront/loadtest is missing" in ran.out
    assert "confirmChanges: declared true, live false" in ran.out
    assert "Drift: 1 different, 1 missing; 6 as declared." in ran.out
    assert set(service.methods()) == {"GET"}
    as_json = cli("drift", branch, "--format", "json")
    assert (as_json.code, as_json.document["changes"]) == (2, [])
    assert len(as_json.document["drift"]) == 2
    as_markdown = cli("drift", branch, "--format", "markdown")
    assert as_markdown.code == 2
    assert as_markdown.out.startswith("**Drift: 2 resources differ**")


def test_markdown_of_a_plan_keeps_to_its_bytes(branch: Path, cli: Cli) -> None:
    ran = cli("plan", branch, "--against", "main", "--format", "markdown", "--max-bytes", "1000")
    assert ran.code == 0
    assert len(ran.out.encode()) <= 1000
    assert ran.out.startswith("**Plan: 0 to add, 1 to change, 0 to destroy.**")
