"""Law 9: a create is planned only where absence is proven, whatever the service leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds.fake_account import DELIVERIES, IMPORTS, PROJECTS, WAYS_TO_HIDE, FakeAccount, Fault
from laws import law_resources as make
from laws.law_strategies import LAW

from reconciler.kinds.registry import load_kinds
from reconciler.live.observe import observe
from reconciler.model.address import Address
from reconciler.model.errors import ReconcilerError
from reconciler.model.secrets import Resolution
from reconciler.model.state import Live, Presence
from reconciler.planning.plan import Action
from reconciler.planning.planner import make_plan

MANY = settings(LAW, max_examples=LAW.max_examples * 2)

LIST_FAULTS: Sequence[Fault] = (403, 500, *WAYS_TO_HIDE)
ITEM_FAULTS: Sequence[Fault] = (403, 500)


@st.composite
def accounts(draw: st.DrawFn) -> FakeAccount:
    """Some of the resources that the manifests below name, and some that they don't."""
    account = FakeAccount()
    for project in draw(st.lists(st.sampled_from(["p", "P", "q"]), unique=True)):
        account.projects.append({"_id": f"id-{project}", "key": project, "name": project})
        keys = draw(st.lists(st.sampled_from(["e", "E", "f"]), unique=True))
        account.environments[project] = [
            {"_id": f"id-{project}-{key}", "key": key, "name": key, "color": "417505"} for key in keys
        ]
        for number in range(draw(st.sampled_from([0, 0, 0, 19, 20, 120]))):
            account.environments[project].insert(
                0,
                {
                    "_id": f"id-{project}-{number}",
                    "key": f"other-{number}",
                    "name": "Other",
                    "color": "000000",
                },
            )
        for key in keys:
            for name in draw(st.lists(st.sampled_from(["x", "y"]), max_size=2)):
                account.deliveries.append(
                    {
                        "_id": f"d-{len(account.deliveries)}",
                        "projectKey": project,
                        "environmentKey": key,
                        "integrationKey": "fastly",
                        "name": name,
                        "config": {"storeId": "s", "apiToken": "tok****end"},
                    }
                )
        for name in draw(st.lists(st.sampled_from(["x", "y"]), max_size=2)):
            account.imports.append(
                {
                    "_id": f"i-{len(account.imports)}",
                    "projectKey": project,
                    "integrationKey": "split",
                    "name": name,
                    "config": {"workspaceId": "w"},
                }
            )
    return account


@st.composite
def faults(draw: st.DrawFn, account: FakeAccount) -> Mapping[str, Fault]:
    lists = [PROJECTS, DELIVERIES, IMPORTS, f"{DELIVERIES}/p/e", "expand"]
    lists += [f"{PROJECTS}/{project['key']}/environments" for project in account.projects]
    items = [f"{PROJECTS}/{project['key']}" for project in account.projects]
    items += [f"{DELIVERIES}/{_keys(each)}" for each in account.deliveries]
    items += [f"{IMPORTS}/{_keys(each)}" for each in account.imports]
    chosen = draw(st.lists(st.sampled_from(lists), max_size=3, unique=True))
    if draw(st.booleans()):  # what comes along, and what is read instead of it
        chosen += ["expand", f"{PROJECTS}/p/environments"]
    found: dict[str, Fault] = {path: draw(st.sampled_from(LIST_FAULTS)) for path in chosen}
    for path in draw(st.lists(st.sampled_from(items), max_size=2, unique=True)) if items else ():
        found[path] = draw(st.sampled_from(ITEM_FAULTS))
    return found


def _keys(document: Mapping[str, Any]) -> str:
    names = ("projectKey", "environmentKey", "integrationKey", "_id")
    return "/".join(document[name] for name in names if name in document)


MANIFESTS = [
    make.manifest("Project", {"key": "p"}, {"name": "P"}),
    make.manifest("Project", {"key": "q"}, {"name": "Q"}),
    make.manifest("Environment", {"project": "p", "key": "e"}, {"name": "E", "color": "417505"}),
    make.manifest("Environment", {"project": "q", "key": "e"}, {"name": "E", "color": "417505"}),
    make.manifest(
        "IntegrationDeliveryConfiguration",
        {"project": "p", "environment": "e", "integration": "fastly", "name": "x"},
        {"config": {"storeId": "s", "apiToken": {"fromEnv": "TOKEN"}}},
    ),
    make.manifest(
        "IntegrationDeliveryConfiguration",
        {"project": "p", "environment": "e", "integration": "fastly", "name": "z"},
        {"on": False},
    ),
    make.manifest(
        "FlagImportConfiguration", {"project": "p", "integration": "split", "name": "x"}, {"tags": []}
    ),
]
DESIRED = make.loaded(MANIFESTS).declared


def seen_in(account: FakeAccount) -> Live | None:
    """What is observed; None where the command would end with an error instead."""

    async def read() -> Live:
        return await observe(DESIRED, load_kinds(), account.reader)

    try:
        return anyio.run(read)
    except ReconcilerError:
        return None


def held_by(account: FakeAccount) -> dict[Address, list[str]]:
    """The ids of what is truly there, by address."""
    found: dict[Address, list[str]] = {}

    def add(kind: str, document: Mapping[str, Any], *keys: str) -> None:
        found.setdefault(Address(kind, keys), []).append(document["_id"])

    for project in account.projects:
        add("Project", project, project["key"])
        for environment in account.environments[project["key"]]:
            add("Environment", environment, project["key"], environment["key"])
    for each in account.deliveries:
        keys = (each["projectKey"], each["environmentKey"], "fastly", each["name"])
        add("IntegrationDeliveryConfiguration", each, *keys)
    for each in account.imports:
        add("FlagImportConfiguration", each, each["projectKey"], "split", each["name"])
    return found


@MANY
@given(st.data())
def test_what_is_there_is_never_taken_for_absent(data: st.DataObject) -> None:
    account = data.draw(accounts())
    account.faults = data.draw(faults(account))
    live, truth = seen_in(account), held_by(account)
    if live is None:
        return
    for address, observed in live.asked.items():
        ids = truth.get(address, [])
        match observed.presence:
            case Presence.ABSENT:
                assert ids == []
            case Presence.PRESENT:
                assert observed.id in ids
            case Presence.AMBIGUOUS:
                assert sorted(observed.ids) == sorted(ids)
    for other in live.others:
        assert other.id in truth[other.address]
    plan = make_plan(DESIRED, live, load_kinds(), lambda _: Resolution("secret-value"))
    assert all(change.address not in truth for change in plan.changes if change.action is Action.CREATE)
    assert len({change.address for change in plan.changes}) == len(plan.changes)


@LAW
@given(accounts())
def test_an_account_that_hides_nothing_is_known_exactly(account: FakeAccount) -> None:
    live, truth = seen_in(account), held_by(account)
    assert live is not None
    assert live.unlisted == {}
    for declared in DESIRED:
        ids = truth.get(declared.address, [])
        expected = {0: Presence.ABSENT, 1: Presence.PRESENT}.get(len(ids), Presence.AMBIGUOUS)
        assert live[declared.address].presence is expected


@LAW
@given(st.data())
def test_what_stays_unknown_keeps_a_plan_from_being_applied(data: st.DataObject) -> None:
    account = data.draw(accounts())
    account.faults = data.draw(faults(account))
    live = seen_in(account)
    if live is None:
        return
    plan = make_plan(DESIRED, live, load_kinds(), lambda _: Resolution("secret-value"))
    unknown = {each.address for each in DESIRED if live[each.address].presence is Presence.UNKNOWN}
    assert {each.address for each in plan.diagnostics if each.code.text == "LDR401"} >= unknown
    assert plan.has_errors or not unknown
    assert not unknown & {change.address for change in plan.changes}
