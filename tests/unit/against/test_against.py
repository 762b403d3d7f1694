"""Three ways: base x live, attributed field by field; what is released; and plans without access."""

from __future__ import annotations

import pytest

from reconciler.kinds.registry import load_kinds
from reconciler.model.address import Address
from reconciler.model.document import Json
from reconciler.model.secrets import Resolution
from reconciler.model.settings import DEFAULTS, Settings
from reconciler.model.state import Declared, Live, Observed, Presence
from reconciler.planning.plan import Action, Plan
from reconciler.planning.planner import make_plan, plan_offline

KINDS = load_kinds()
PROJECT = Address("Project", ("shop",))
ENVIRONMENT = Address("Environment", ("shop", "prod"))
DELIVERY = Address("IntegrationDeliveryConfiguration", ("shop", "prod", "fastly", "Edge"))


def declared(address: Address = ENVIRONMENT, /, **document: Json) -> Declared:
    return Declared(address, document)


def present(address: Address, **document: Json) -> Observed:
    return Observed(address, Presence.PRESENT, id="66a1f0c2d4b5e60f7a8b9c01", document=document)


def compared(
    base: list[Declared], head: list[Declared], *live: Observed, settings: Settings = DEFAULTS
) -> Plan:
    asked = {PROJECT: present(PROJECT), ENVIRONMENT: Observed(ENVIRONMENT, Presence.ABSENT)}
    asked.update({observed.address: observed for observed in live})
    return make_plan(
        head, Live(asked), KINDS, lambda _: Resolution("abcdefghij-secret"), base=base, settings=settings
    )


# What live holds of the field `name`, which head declares as "head".
LIVE = {"as base": "base", "as head": "head", "neither": "other"}
CASES = {
    # base, live: (is it planned, is it both's, is it drift)
    ("absent", "as base"): (True, False, False),
    ("absent", "as head"): (False, False, False),
    ("absent", "neither"): (True, False, False),
    ("same as head", "as base"): (False, False, False),
    ("same as head", "as head"): (False, False, False),
    ("same as head", "neither"): (False, False, True),
    ("other", "as base"): (True, False, False),
    ("other", "as head"): (False, False, False),
    ("other", "neither"): (True, True, False),
}


@pytest.mark.parametrize(("case", "expected"), CASES.items(), ids=[" and live ".join(case) for case in CASES])
def test_the_nine_cases(case: tuple[str, str], expected: tuple[bool, bool, bool]) -> None:
    in_base, in_live = case
    base_value = {"absent": None, "same as head": "head", "other": "base"}[in_base]
    live_value = LIVE[in_live] if (in_base, in_live) != ("same as head", "as base") else "head"
    live = present(ENVIRONMENT, name=live_value, tags=["a"])
    if (in_base, in_live) == ("absent", "as base"):
        live = present(ENVIRONMENT, tags=["a"])
    base = declared(tags=["a"]) if base_value is None else declared(tags=["a"], name=base_value)
    found = compared([base], [declared(tags=["a"], name="head")], live)
    planned = [operation.path for change in found.changes for operation in change.patch]
    both = [path for change in found.changes for path in change.both]
    drift = [operation.path for change in found.drift for operation in change.patch]
    assert (planned == ["/name"], both == ["/name"], drift == ["/name"]) == expected
    assert not found.has_errors


def test_a_change_and_drift_of_one_resource_stand_apart() -> None:
    found = compared(
        [declared(name="Prod", tags=["a"], critical=True)],
        [declared(name="Prod", tags=["a", "b"], critical=True)],
        present(ENVIRONMENT, name="Renamed", tags=["a"], critical=True),
    )
    [change], [drift] = found.changes, found.drift
    assert [operation.document() for operation in change.patch] == [
        {"op": "replace", "path": "/tags", "value": ["a", "b"]}
    ]
    assert [operation.path for operation in drift.patch] == ["/name"]
    assert found.unchanged == 0


def test_what_is_gone_and_not_touched_is_drift_and_is_not_created() -> None:
    same = declared(name="Prod", color="417505")
    found = compared([same], [same])
    assert found.changes == ()
    assert [change.action for change in found.drift] == [Action.CREATE]


def test_what_is_gone_and_touched_is_created_whole() -> None:
    found = compared(
        [declared(name="Prod", color="417505")], [declared(name="Prod", color="417505", critical=True)]
    )
    [change] = found.changes
    assert change.action is Action.CREATE
    assert change.after == {"name": "Prod", "color": "417505", "critical": True}
    assert found.drift == ()


def test_a_child_of_what_is_gone_is_an_error_where_the_change_does_not_bring_it_back() -> None:
    gone = declared(name="Prod", color="417505")
    child = declared(DELIVERY, config={"storeId": "kv", "apiToken": {"fromEnv": "T"}})
    found = compared([gone], [gone, child], Observed(DELIVERY, Presence.ABSENT))
    assert [each.code.text for each in found.diagnostics] == ["LDR403"]


def test_a_tombstone_that_stood_before_is_not_carried_out() -> None:
    tombstone = Declared(ENVIRONMENT, {}, absent=True, id="66a1f0c2d4b5e60f7a8b9c01")
    live = present(ENVIRONMENT, name="Prod")
    other = Address("Environment", ("shop", "other"))
    assert compared([tombstone], [tombstone], live, present(other)).changes == ()
    [change] = compared([declared(name="Prod")], [tombstone], live, present(other)).changes
    assert change.action is Action.DELETE


def test_a_config_that_the_change_touches_keeps_what_drifted_and_sends_its_secrets() -> None:
    secret: Json = {"fromEnv": "FASTLY"}
    base = declared(DELIVERY, config={"accountId": "a", "namespaceId": "n", "apiToken": secret})
    cloudflare = Address("IntegrationDeliveryConfiguration", ("shop", "prod", "cloudflare", "Edge"))
    head = Declared(cloudflare, {"config": {"accountId": "a", "namespaceId": "new", "apiToken": secret}})
    live = present(
        cloudflare, name="Edge", config={"accountId": "drifted", "namespaceId": "n", "apiToken": "abc****ret"}
    )
    found = compared([Declared(cloudflare, base.document)], [head], live)
    [change] = found.changes
    [operation] = change.patch
    assert operation.document() == {
        "op": "replace",
        "path": "/config",
        "value": {"accountId": "drifted", "namespaceId": "new", "apiToken": secret},
    }
    [drift] = found.drift
    assert [place.pointer for place in drift.fields] == ["/config/accountId"]


def test_what_head_no_longer_declares_is_released_and_never_a_delete() -> None:
    other = Address("Environment", ("shop", "other"))
    found = compared(
        [declared(name="Prod", critical=True, tags=["a"]), Declared(other, {"name": "Other"})],
        [declared(name="Prod")],
        present(ENVIRONMENT, name="Prod", critical=True, tags=["a"]),
        present(other, name="Other"),
    )
    assert found.changes == ()
    released = {each.address: each for each in found.released}
    assert set(released[ENVIRONMENT].fields) == {"/critical", "/tags"}
    assert released[ENVIRONMENT].loosens
    assert released[other].fields == ()
    assert not released[other].loosens


def test_a_released_switch_on_its_weak_side_loosens_nothing() -> None:
    base = declared(
        name="Prod", critical=False, approvalSettings={"canReviewOwnRequest": True, "required": False}
    )
    found = compared([base], [declared(name="Prod")], present(ENVIRONMENT, name="Prod"))
    assert [each.loosens for each in found.released] == [False]


def test_drift_can_be_refused_or_overwritten_by_setting() -> None:
    base, head = declared(name="Prod", tags=["a"]), declared(name="Prod", tags=["b"])
    live = present(ENVIRONMENT, name="Renamed", tags=["a"])
    refused = compared([base], [head], live, settings=Settings(drift="refuse"))
    assert [guard.code.text for guard in refused.guards] == ["LDR507"]
    overwritten = compared([base], [head], live, settings=Settings(drift="overwrite"))
    assert sorted(operation.path for operation in overwritten.changes[0].patch) == ["/name", "/tags"]
    assert overwritten.drift == ()


def test_the_fingerprint_leaves_drift_out() -> None:
    base, head = declared(name="Prod", tags=["a"]), declared(name="Prod", tags=["b"])
    calm = compared([base], [head], present(ENVIRONMENT, name="Prod", tags=["a"]))
    drifted = compared([base], [head], present(ENVIRONMENT, name="Renamed", tags=["a"]))
    assert calm.fingerprint == drifted.fingerprint
    other = compared(
        [base], [declared(name="Prod", tags=["c"])], present(ENVIRONMENT, name="Prod", tags=["a"])
    )
    assert other.fingerprint != calm.fingerprint


def test_without_access_the_difference_of_the_manifests_is_planned() -> None:
    secret: Json = {"fromEnv": "FASTLY"}
    rotated: Json = {"fromEnv": "FASTLY_2"}
    new = Address("Environment", ("shop", "new"))
    found = plan_offline(
        [
            declared(name="Prod", tags=["a"], critical=True),
            declared(DELIVERY, config={"storeId": "k", "apiToken": secret}),
        ],
        [
            declared(name="Prod", tags=["b"], critical=False),
            declared(DELIVERY, config={"storeId": "k", "apiToken": rotated}),
            Declared(new, {"name": "New", "color": "417505"}),
        ],
        KINDS,
    )
    assert not found.live
    by_address = {change.address: change for change in found.changes}
    assert [operation.path for operation in by_address[ENVIRONMENT].patch] == ["/critical", "/tags"]
    assert by_address[ENVIRONMENT].loosens == ("/critical",)
    assert by_address[new].action is Action.CREATE
    assert by_address[DELIVERY].needs
    assert not found.has_errors


def test_without_access_nothing_new_is_no_change() -> None:
    same = [
        declared(name="Prod", approvalSettings={"required": True}),
        declared(DELIVERY, config={"storeId": "k", "apiToken": {"fromEnv": "F"}}),
    ]
    found = plan_offline(same, same, KINDS)
    assert found.changes == ()
    assert found.unchanged == 2
