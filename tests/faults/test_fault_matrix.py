"""The crash matrix: each fault at each request of three applies, and then a run without faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from faults import judge
from faults.bench import (
    Bench,
    Ran,
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
from reconciler.model.settings import PatchForms, Settings
from reconciler.planning.plan import Action, Status
from reconciler.sandbox.faults import Fault
from reconciler.sandbox.store import Store

FAULTS: Final[dict[str, dict[str, Any]]] = {
    "reset before": {"reset": True},
    "reset after": {"reset": True, "effect": "after"},
    "500 before": {"status": 500},
    "500 after": {"status": 500, "effect": "after"},
    "502 html after": {"status": 502, "html": "<html>Bad Gateway</html>", "effect": "after"},
    "503": {"status": 503, "empty": True},
    "504 after": {"status": 504, "empty": True, "effect": "after"},
    "429": {"status": 429, "headers": {"X-Ratelimit-Reset": "+3", "X-Ratelimit-Route-Remaining": "0"}},
    "429 retry-after": {"status": 429, "headers": {"Retry-After": "2"}},
    "429 bare": {"status": 429, "empty": True},
    "truncated": {"truncate": True},
    "timeout before": {"delay": 3600},
    "timeout after": {"delay": 3600, "effect": "after"},
    "two resets after": {"reset": True, "effect": "after", "times": 2},
    "gone from here on": {"reset": True, "times": 0},
    "500 from here on": {"status": 500, "times": 0},
    "effects and no answers from here on": {"status": 500, "effect": "after", "times": 0},
}


APPLIES: Final = ("create all", "change all", "change all finely", "delete")
FINE: Final = Settings(preconditions="test", patch=PatchForms(lists="elements", config="members"))


@dataclass(frozen=True)
class Scenario:
    """An apply: what is there, and what is wanted."""

    text: str
    store: Store = field(repr=False)
    requests: int
    """How many the plan and the apply take without faults."""
    actions: set[Action]
    fine: bool = False
    """Whether patches are as fine and as guarded as settings can make them."""

    def bench(self, store: Store) -> Bench:
        """The world of one case."""
        return Bench(store, settings=FINE, comment="commit 77") if self.fine else Bench(store)


def _environments(first: str = "417505") -> list[str]:
    return [
        environment(
            "production",
            color=first,
            critical=True,
            tags=["tier-1", "eu"],
            requireComments=True,
            approvalSettings={"required": True, "minNumApprovals": 2},
        ),
        environment(
            "staging",
            color=first,
            approvalSettings={"requiredApprovalTags": ["payments"], "minNumApprovals": 1},
        ),
        environment("development", color=first, defaultTtl=5),
        environment("loadtest", color=first, source={"key": "staging"}),
    ]


def _stores() -> list[str]:
    return [
        delivery("Edge EU", tags=["edge"]),
        delivery(
            "Workers",
            "shop/staging",
            "cloudflare",
            config={"accountId": "a-1", "namespaceId": "n-1", "apiToken": {"fromEnv": "CLOUDFLARE"}},
        ),
        delivery(
            "Sites", "shop/loadtest", "netlify", config={"siteId": "s-1", "syncToken": {"fromEnv": "NETLIFY"}}
        ),
    ]


def _everything() -> str:
    return documents(project(tags=["a", "b"]), *_environments(), *_stores(), flag_import())


def _changed() -> str:
    return documents(
        project(
            tags=["b", "c"],
            defaultClientSideAvailability={"usingEnvironmentId": True, "usingMobileKey": True},
        ),
        environment(
            "production",
            color="AA0000",
            critical=True,
            tags=["tier-0"],
            requireComments=True,
            confirmChanges=True,
            approvalSettings={"required": True, "minNumApprovals": 3, "canReviewOwnRequest": False},
        ),
        environment(
            "staging",
            color="BB0000",
            approvalSettings={"required": True, "requiredApprovalTags": [], "minNumApprovals": 2},
        ),
        environment("development", color="CC0000", defaultTtl=7),
        environment("loadtest", color="DD0000", approvalSettings={"required": True}),
        delivery(
            "Edge EU", tags=["edge", "hot"], config={"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY_NEW"}}
        ),
        delivery(
            "Workers",
            "shop/staging",
            "cloudflare",
            on=False,
            config={"accountId": "a-2", "namespaceId": "n-1", "apiToken": {"fromEnv": "CLOUDFLARE"}},
        ),
        delivery(
            "Sites",
            "shop/loadtest",
            "netlify",
            tags=["x"],
            config={"siteId": "s-1", "syncToken": {"fromEnv": "NETLIFY"}},
        ),
        flag_import(tags=["migration", "again"], workspaceId="w-2"),
    )


def _deleted(store: Store) -> str:
    world = world_of(store)
    loadtest = world["environments", "shop", "", "loadtest"]["_id"]
    return documents(
        project(tags=["a", "b"]),
        *_environments()[:3],
        tombstone("Environment", project="shop", key="loadtest", id=loadtest),
        tombstone(
            "IntegrationDeliveryConfiguration",
            project="shop",
            environment="loadtest",
            integration="netlify",
            name="Sites",
        ),
        tombstone(
            "IntegrationDeliveryConfiguration",
            project="shop",
            environment="production",
            integration="fastly",
            name="Edge EU",
        ),
        tombstone("FlagImportConfiguration", project="shop", integration="split", name="Split"),
        _stores()[1],
    )


def _scenario(store: Store, text: str, *, fine: bool) -> Scenario:
    first = Scenario(text, store, 0, set(), fine)
    bench = first.bench(copied(store))
    ran = bench.go(text)
    assert ran.ended() == {Status.APPLIED}, ran
    assert ran.plan is not None
    return replace(
        first,
        requests=len(requests_of(bench.store)),
        actions={each.action for each in ran.plan.changes},
    )


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Callable[[], Scenario]]:
    made: dict[str, Scenario] = {}

    def scenario(name: str) -> Scenario:
        if name not in made:
            full = new_store()
            if name != "create all":
                assert Bench(full).go(_everything()).ended() == {Status.APPLIED}
                forget(full)
            text = (
                _deleted(full) if name == "delete" else _everything() if name == "create all" else _changed()
            )
            made[name] = _scenario(full, text, fine="finely" in name)
        return made[name]

    return {name: lambda name=name: scenario(name) for name in APPLIES}  # type: ignore[misc]


def _converges(scenario: Scenario, nth: int, fault: dict[str, Any]) -> Ran:
    """One case of the matrix."""
    manifests = loaded(scenario.text)
    store = copied(scenario.store)
    before = world_of(store)
    bench = scenario.bench(store)
    first = bench.go(scenario.text, [Fault(nth=nth, **fault)])
    after = world_of(store)
    judge.check_posts(store, after)
    judge.check_secrets(repr(first))
    if first.outcomes:
        judge.check_ledger(first, manifests, before, after)
    else:
        assert (
            first.error is not None or first.plan is None or first.plan.has_errors or first.plan.changes == ()
        )
        assert before == after, "nothing was reported, and written all the same"
    if fault.get("times", 1) == 1:
        assert first.seconds < 120, "a single fault held it up for too long"
    forget(store)
    second = bench.go(scenario.text)
    assert second.error is None
    assert second.plan is not None
    assert not second.plan.has_errors, second.plan.diagnostics
    assert second.ended() <= {Status.APPLIED}, second.outcomes
    judge.check_posts(store, after)
    judge.check_converged(world_of(store), manifests)
    third = bench.plan(scenario.text)
    assert third.changes == ()
    assert not third.has_errors
    return first


@pytest.mark.parametrize("name", APPLIES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_request(name: str, fault: str, scenarios: Any, cases: Callable[[int], None]) -> None:
    scenario = scenarios[name]()
    for nth in range(1, scenario.requests + 1):
        try:
            _converges(scenario, nth, FAULTS[fault])
        except BaseException as error:
            error.add_note(f"with the fault at request {nth} of {scenario.requests}")
            raise
    cases(scenario.requests)


def test_the_applies_do_what_they_are_called(scenarios: Any) -> None:
    assert scenarios["create all"]().actions == {Action.CREATE}
    assert scenarios["change all"]().actions == {Action.UPDATE}
    assert scenarios["delete"]().actions == {Action.DELETE}
    assert len(Bench(copied(scenarios["change all"]().store)).plan(_changed()).changes) == 9
