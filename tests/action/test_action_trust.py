"""Forks and Dependabot, tokens that are there or not, and the check right before an apply's first write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from e2e.support import Service, Switch, serving

from action.conftest import World, git
from action.hub import Fault
from reconciler.cli.github import event

TOKEN = "api-anything"


@pytest.fixture(scope="module")
def _served() -> Iterator[tuple[str, Switch]]:
    switch = Switch()
    for url in serving(switch):
        yield url, switch


@pytest.fixture
def service(_served: tuple[str, Switch], world: World) -> Iterator[Service]:
    """A LaunchDarkly on a port that the Action is sent to; the token is not there."""
    url, switch = _served
    opened = Service(url, switch)
    world.environment["LAUNCHDARKLY_API_HOST"] = url
    yield opened
    opened.close()


def test_a_fork_without_tokens_is_green_with_the_offline_difference(world: World, service: Service) -> None:
    world.on_pull_request(fork=True)
    ran = world.act(sandbox="false", against="main")
    assert (ran.code, ran.reason, ran.outputs["changes"]) == (0, "", "true"), ran.log
    assert (ran.outputs["create"], ran.outputs["update"]) == ("1", "1")
    assert ran.outputs["plan-file"] == ""
    assert "1 to add, 1 to change" in ran.summary
    assert "Made without reading LaunchDarkly" in ran.summary
    assert "There is no comment: this pull request comes from a fork" in ran.summary
    assert not [each for each in ran.issued("warning") if "comment" in each.message]
    assert not ran.issued("error")
    assert service.methods() == []


def test_a_token_is_not_used_for_a_fork(world: World, service: Service) -> None:
    """Whoever opened it could else read, in the plan, whatever they declare."""
    world.environment["LAUNCHDARKLY_ACCESS_TOKEN"] = TOKEN
    world.on_pull_request(fork=True)
    ran = world.act(sandbox="false", against="main")
    assert ran.code == 0
    assert "token is not used" in ran.summary
    assert service.methods() == []


def test_dependabot_is_treated_as_a_fork(world: World, service: Service) -> None:
    world.environment["LAUNCHDARKLY_ACCESS_TOKEN"] = TOKEN
    world.on_pull_request(user={"login": "dependabot[bot]"})
    world.hub.read_only = True
    ran = world.act(sandbox="false", against="main")
    assert ran.code == 0
    assert "comes from Dependabot, and GitHub gives its runs no token that may write" in ran.summary
    assert service.methods() == []


@pytest.mark.parametrize("command", ["apply", "drift"])
def test_what_needs_access_is_refused_to_a_fork(world: World, command: str) -> None:
    world.environment["LAUNCHDARKLY_ACCESS_TOKEN"] = TOKEN
    world.on_pull_request(fork=True)
    ran = world.act(command, sandbox="false")
    assert (ran.code, ran.reason) == (1, "error")
    assert "not trusted" in ran.issued("error")[0].message


def test_validate_resolves_no_secret_of_a_fork(world: World) -> None:
    world.manifest.write_text(
        world.manifest.read_text()
        + "---\napiVersion: reconciler/v1\nkind: IntegrationDeliveryConfiguration\n"
        "metadata: {project: shop, environment: production, integration: fastly, name: Edge}\n"
        "spec: {on: true, config: {storeId: a, apiToken: {fromEnv: FASTLY_API_TOKEN}}}\n"
    )
    world.on_pull_request()
    assert "FASTLY_API_TOKEN" in world.act("validate", sandbox="false").log
    world.on_pull_request(fork=True)
    ran = world.act("validate", sandbox="false")
    assert (ran.code, "FASTLY_API_TOKEN" in ran.log) == (0, False)


@pytest.mark.parametrize("against", ["", "main"])
@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_outside_of_pull_requests_a_plan_needs_a_token(world: World, name: str, against: str) -> None:
    world.on(name, {}, GITHUB_REF="refs/heads/main", GITHUB_SHA=world.merge, LAUNCHDARKLY_ACCESS_TOKEN="")
    ran = world.act(sandbox="false", against=against)
    assert (ran.code, ran.reason) == (1, "error")
    assert "no LaunchDarkly token" in ran.issued("error")[0].message
    assert "No plan (error)." in ran.summary


def test_on_a_pull_request_a_plan_without_token_needs_against(world: World) -> None:
    world.on_pull_request()
    ran = world.act(sandbox="false")
    assert (ran.code, ran.reason) == (1, "error")
    assert "set the input against" in ran.issued("error")[0].message
    assert world.act(sandbox="false", against="main").code == 0


def test_a_trusted_pull_request_needs_the_token_alone(world: World, service: Service) -> None:
    world.environment["LAUNCHDARKLY_ACCESS_TOKEN"] = TOKEN
    world.on_pull_request()
    ran = world.act(sandbox="false", against="main")
    assert (ran.code, ran.outputs["changes"]) == (0, "true"), ran.log
    assert set(service.methods()) == {"GET"}
    assert TOKEN not in ran.log + ran.summary + "".join(world.hub.bodies())


def test_a_workflow_run_for_a_fork_finds_its_pull_request_by_itself(world: World) -> None:
    """The run has a token that may write; the artifact of the untrusted run has no say in where it goes."""
    world.on_pull_request(fork=True)
    world.hub.read_only = False
    run = {
        "event": "pull_request",
        "head_sha": world.head,
        "head_branch": "topic",
        "head_repository": {"full_name": "stranger/flags", "owner": {"login": "stranger"}},
    }
    git(world.workspace, "checkout", "--quiet", "--detach", "topic")
    world.on("workflow_run", {"workflow_run": run}, GITHUB_REF="refs/heads/main", GITHUB_SHA=world.base)
    ran = world.act(sandbox="false", against="main")
    assert (ran.code, len(world.hub.bodies(7))) == (0, 1), ran.log


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"pull_request": None},
        {"pull_request": {"number": 7}},
        {"pull_request": {"number": True, "head": {"repo": None}}},
        {"pull_request": {"number": "7", "head": [], "user": "x"}},
    ],
)
def test_a_pull_request_that_says_too_little_is_not_trusted(world: World, payload: dict[str, Any]) -> None:
    world.on("pull_request", payload)
    assert event.read(world.environment).untrusted == "fork"


# Right before the first write


def applied(world: World) -> bool:
    """Whether the sandbox holds what the change wants."""
    return world.act("plan", comment="false").outputs["changes"] == "false"


def test_the_head_of_the_branch_is_applied(world: World) -> None:
    world.on_push()
    ran = world.act("apply")
    assert (ran.code, ran.reason) == (0, ""), ran.log
    assert applied(world)


def test_a_commit_that_is_no_longer_the_head_is_not_applied(world: World) -> None:
    world.on_push()
    world.hub.refs["heads/main"] = "d" * 40
    ran = world.act("apply")
    assert (ran.code, ran.reason) == (4, "stale")
    assert "no longer the head of main" in ran.issued("error")[0].message
    assert not applied(world)


def test_what_is_checked_out_is_what_counts(world: World) -> None:
    world.on_push()
    git(world.workspace, "checkout", "--quiet", "--detach", "topic")
    assert world.act("apply").code == 4


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_where_the_head_can_not_be_told_nothing_is_written(world: World, status: int) -> None:
    world.on_push()
    headers = {"Retry-After": "999"} if status == 429 else {}
    world.hub.faults = [Fault("GET", "/commits/heads/main$", status, headers=headers)]
    ran = world.act("apply")
    assert (ran.code, ran.reason) == (4, "stale")
    assert "can't be told" in ran.issued("error")[0].message
    world.hub.faults.clear()
    assert not applied(world)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"GITHUB_TOKEN": ""}, "no github-token"),
        ({"GITHUB_REF": ""}, "belongs to no branch"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "can't be reached"),
        ({"GITHUB_API_URL": "nonsense"}, "can't be reached"),
    ],
)
def test_where_nobody_can_be_asked_nothing_is_written(world: World, change: dict[str, str], why: str) -> None:
    world.on_push()
    world.environment |= change
    ran = world.act("apply")
    assert (ran.code, ran.reason) == (4, "stale")
    assert why in ran.issued("error")[0].message


@pytest.mark.parametrize(("state", "code"), [("open", 0), ("closed", 4)])
def test_on_a_pull_request_its_own_head_counts(world: World, state: str, code: int) -> None:
    world.on_pull_request()
    world.hub.pulls[7]["state"] = state
    assert world.act("apply").code == code


def test_a_pull_request_that_has_moved_is_not_applied(world: World) -> None:
    world.on_pull_request()
    world.hub.pulls[7]["head"]["sha"] = "d" * 40
    ran = world.act("apply")
    assert (ran.code, ran.reason) == (4, "stale")


def test_nothing_to_do_asks_nobody(world: World) -> None:
    world.on_push()
    assert world.act("apply").code == 0
    world.hub.refs["heads/main"] = "d" * 40
    assert world.act("apply").code == 0
