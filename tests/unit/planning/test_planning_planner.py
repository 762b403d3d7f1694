"""Plans over several resources: what travels, in which order, what is needed, and where it stands."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler import api
from reconciler.kinds.registry import load_kinds
from reconciler.model.address import Address
from reconciler.model.diagnostic import Position
from reconciler.model.secrets import Secrets
from reconciler.model.state import Declared, Live, Observed, Presence
from reconciler.planning.plan import Action, Plan
from reconciler.planning.planner import make_plan

PROJECT = Address("Project", ("p",))
EDGE = Address("IntegrationDeliveryConfiguration", ("p", "e", "fastly", "Edge"))
CONFIG = {"storeId": "s", "apiToken": {"fromEnv": "TOKEN"}}


def absent(*texts: str) -> dict[Address, Observed]:
    return {address: Observed(address, Presence.ABSENT) for address in map(Address.parse, texts)}


def present(address: Address, document: Mapping[str, Any], id_: str = "id") -> dict[Address, Observed]:
    return {address: Observed(address, Presence.PRESENT, id=id_, document=document)}


def environment(key: str, **more: Any) -> Declared:
    return Declared(Address("Environment", ("p", key)), {"name": key, "color": "000000", **more})


def planned(desired: Sequence[Declared], live: Live, environ: Mapping[str, str] | None = None) -> Plan:
    return make_plan(desired, live, load_kinds(), Secrets(environ or {}))


def test_of_many_children_as_many_travel_as_the_parent_can_carry() -> None:
    children = [environment(f"e{number:02}") for number in range(23)]
    clone = environment("a", source={"key": "e22"})
    desired = [Declared(PROJECT, {"name": "P"}), clone, *children]
    plan = planned(desired, Live(absent(*(str(each.address) for each in desired))))
    travelling = {change.address.keys[-1] for change in plan.changes if change.via == PROJECT}
    assert travelling == {f"e{number:02}" for number in range(20)}
    assert len(plan.changes) == 25


def test_nothing_travels_with_a_parent_that_is_there() -> None:
    live = Live(absent("Environment/p/e") | present(PROJECT, {"name": "P"}))
    plan = planned([Declared(PROJECT, {"name": "Q"}), environment("e")], live)
    assert [(change.action, change.via) for change in plan.changes] == [
        (Action.UPDATE, None),
        (Action.CREATE, None),
    ]


def test_the_order_of_manifests_means_nothing() -> None:
    desired = [
        Declared(PROJECT, {"name": "Q"}),
        environment("e", critical=False),
        environment("f"),
        Declared(EDGE, {"config": CONFIG}),
    ]
    live = Live(
        present(PROJECT, {"name": "P"})
        | present(Address("Environment", ("p", "e")), {"name": "e", "color": "000000", "critical": True})
        | absent("Environment/p/f", str(EDGE))
    )
    plans = [planned(order, live) for order in itertools.permutations(desired)]
    assert all(plan == plans[0] for plan in plans)
    assert [change.address.kind for change in plans[0].changes] == [
        "Environment",
        "Project",
        "Environment",
        "IntegrationDeliveryConfiguration",
    ]


def test_a_plan_holds_no_live_value_that_nobody_declares() -> None:
    document = {
        "name": "e",
        "color": "1",
        "apiKey": "sdk-1",
        "approvalSettings": {"required": True, "token": "t-1"},
    }
    live = Live(present(Address("Environment", ("p", "e")), document))
    plan = planned([environment("e", approvalSettings={"required": False})], live)
    assert "sdk-1" not in repr(plan)
    assert "t-1" not in repr(plan)


def test_a_plan_holds_no_secret() -> None:
    live = Live(present(EDGE, {"name": "Edge", "config": {"storeId": "r", "apiToken": "abc****xyz"}}))
    plan = planned([Declared(EDGE, {"config": CONFIG})], live, {"TOKEN": "abc-very-secret-xyz"})
    assert len(plan.changes) == 1
    assert "very-secret" not in repr(plan)
    assert "****" not in repr(plan)


TEXT = """\
apiVersion: reconciler/v1
kind: IntegrationDeliveryConfiguration
metadata: {project: p, environment: e, integration: fastly, name: Edge, id: id}
spec:
  tags: [a]
  on: true
  config:
    storeId: s
    apiToken: {fromEnv: TOKEN}
"""


def located(live: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Plan:
    loaded = api.load(["-"], stdin=TEXT.encode)
    return planned(loaded.declared, Live(present(EDGE, live)), environ)


def test_an_update_stands_at_its_first_differing_field_in_the_file() -> None:
    config = {"storeId": "r", "apiToken": "abc****xyz"}
    [change] = located({"name": "Old", "on": False, "tags": ["a"], "config": config}).changes
    assert change.position == Position("-", 3, 67)
    assert [(place.pointer, place.position.line) for place in change.fields] == [
        ("/name", 3),
        ("/on", 6),
        ("/config/storeId", 8),
    ]


def test_a_secret_is_a_differing_field_only_where_it_is_surely_another() -> None:
    config = {"storeId": "s", "apiToken": "abc****xyz"}
    live = {"name": "Edge", "on": True, "tags": ["a"], "config": config}
    [change] = located(live, {"TOKEN": "another-token"}).changes
    assert [place.pointer for place in change.fields] == ["/config/apiToken"]
    assert change.position == Position("-", 9, 15)
    assert located(live, {"TOKEN": "abc-token-xyz"}).changes == ()
    assert located(live).changes == ()


def test_what_has_no_value_is_warned_of_with_what_comes_of_it() -> None:
    live = {"name": "Edge", "on": True, "tags": ["a"], "config": {"storeId": "s", "apiToken": "abc****xyz"}}
    [warning] = located(live).diagnostics
    assert (warning.code.text, warning.position) == ("LDR308", Position("-", 9, 15))
    assert "does not write it" in warning.message
    live["config"] = {"storeId": "r", "apiToken": "abc****xyz"}
    [warning] = located(live).diagnostics
    assert "needed by apply, which updates" in warning.message
    assert warning.address == EDGE
    assert located(live, {"TOKEN": "x"}).diagnostics == ()


def test_findings_come_in_the_order_of_their_places_and_each_once() -> None:
    documents = [
        {"kind": "Project", "metadata": {"key": "a"}, "spec": {"name": "A"}},
        {
            "kind": "Environment",
            "metadata": {"project": "b", "key": "e"},
            "spec": {"name": "E", "color": "000000"},
        },
    ]
    text = "---\n".join(json.dumps({"apiVersion": "reconciler/v1", **each}) + "\n" for each in documents)
    loaded = api.load(["-"], stdin=text.encode)
    live = Live(absent("Project/a", "Project/b", "Environment/b/e"))
    plan = planned([*loaded.declared], live)
    assert [(each.code.text, each.position and each.position.line) for each in plan.diagnostics] == [
        ("LDR404", 1),
        ("LDR403", 3),
    ]
    again = make_plan(loaded.declared, live, load_kinds(), Secrets({}), plan.diagnostics)
    assert again.diagnostics == plan.diagnostics


def test_an_address_that_was_not_read_is_unknown() -> None:
    plan = planned([environment("e")], Live())
    assert plan.changes == ()
    assert [each.code.text for each in plan.diagnostics] == ["LDR401"]
    assert plan.has_errors
