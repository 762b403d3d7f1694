"""The forms for machines: `reconciler.plan/1`, `reconciler.validate/1` and `reconciler.apply/1`."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from reconciler import api
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.secrets import SecretReference, Verdict
from reconciler.planning.form import plan_schema
from reconciler.planning.patch import Operation
from reconciler.planning.plan import Action, Change, FieldPlace, Outcome, Plan, Status
from reconciler.planning.written import plan_document
from reconciler.rendering import json as rendering

E = Address("Environment", ("p", "a/b"))
TOKEN = {"fromEnv": "TOKEN"}
UPDATE = Change(
    Action.UPDATE,
    E,
    id="id-1",
    before={"config": {"token": "(secret)"}},
    after={"config": {"token": TOKEN}},
    patch=(
        Operation("replace", "/config", {"token": TOKEN}),
        Operation("remove", "/a"),
        Operation("add", "/n", None),
    ),
    position=Position("env/e.yaml", 7, 3),
    fields=(
        FieldPlace("/config/token", Position("env/e.yaml", 7, 3)),
        FieldPlace("/n", Position("env/e.yaml")),
    ),
    needs=(SecretReference("fromEnv", "TOKEN"), SecretReference("fromFile", "a/b")),
    verdicts={"/config/token": Verdict.UNKNOWN},
    loosens=("/x",),
)
PLAN = Plan(
    (
        Change(Action.DELETE, Address("Project", ("p",)), id="id-2", before={}, cascade=(E,)),
        UPDATE,
        Change(Action.CREATE, Address("Project", ("q",)), after={"name": "Q"}),
        Change(Action.CREATE, Address("Environment", ("q", "e")), after={}, via=Address("Project", ("q",))),
    ),
    unchanged=4,
    diagnostics=(
        Diagnostic(codes.TWIN, "message", Position("-", 1, 2), "hint", E),
        Diagnostic(codes.NO_MANIFESTS, "no manifests", Position("folder")),
        Diagnostic(codes.USAGE, "nowhere"),
    ),
)


def document(plan: Plan) -> Any:
    return json.loads(rendering.text(plan_document(plan)))


def test_a_plan_is_a_document_of_its_schema() -> None:
    validator = jsonschema_rs.validator_for(plan_schema())
    validator.validate(document(PLAN))
    validator.validate(document(Plan()))
    assert not validator.is_valid({**document(PLAN), "format": "reconciler.plan/2"})
    assert not validator.is_valid({**document(PLAN), "changes": [{}]})


def test_the_head_says_what_and_how_many() -> None:
    found = document(PLAN)
    assert found["format"] == "reconciler.plan/1"
    assert found["live"] is True
    assert found["summary"] == {"create": 2, "update": 1, "delete": 1, "unchanged": 4}
    assert document(Plan(live=False))["live"] is False


def test_an_update_has_its_patch_and_both_sides() -> None:
    found = document(PLAN)["changes"][1]
    assert found["address"] == "Environment/p/a%2Fb"
    assert found["id"] == "id-1"
    assert found["action"] == "update"
    assert found["patch"] == [
        {"op": "replace", "path": "/config", "value": {"token": TOKEN}},
        {"op": "remove", "path": "/a"},
        {"op": "add", "path": "/n", "value": None},
    ]
    assert found["before"] == {"config": {"token": "(secret)"}}
    assert found["after"] == {"config": {"token": TOKEN}}
    assert found["via"] is None
    assert found["source"] == {"file": "env/e.yaml", "line": 7, "column": 3}
    assert found["fields"] == [
        {"pointer": "/config/token", "line": 7, "column": 3},
        {"pointer": "/n", "line": None, "column": None},
    ]
    assert found["needs"] == [{"fromEnv": "TOKEN"}, {"fromFile": "a/b"}]
    assert found["secrets"] == {"/config/token": "can't tell"}
    assert found["loosens"] == ["/x"]
    assert found["worst"] == "loosens"


def test_a_create_has_no_before_and_a_delete_no_after() -> None:
    delete, _, create, passenger = document(PLAN)["changes"]
    assert (create["patch"], create["before"], create["after"], create["id"]) == (
        [],
        None,
        {"name": "Q"},
        None,
    )
    assert (delete["patch"], delete["after"], delete["id"]) == ([], None, "id-2")
    assert delete["cascade"] == ["Environment/p/a%2Fb"]
    assert passenger["via"] == "Project/q"
    assert create["source"] == {"file": None, "line": None, "column": None}


@pytest.mark.parametrize(
    ("change", "worst"),
    [
        (Change(Action.DELETE, E, loosens=("/x",)), "destroy"),
        (Change(Action.UPDATE, E, loosens=("/x",), needs=UPDATE.needs), "loosens"),
        (Change(Action.CREATE, E, needs=UPDATE.needs), "create"),
        (Change(Action.UPDATE, E, needs=UPDATE.needs), "secret"),
        (Change(Action.UPDATE, E), "routine"),
    ],
)
def test_the_worst_of_a_change_is_named(change: Change, worst: str) -> None:
    assert document(Plan((change,)))["changes"][0]["worst"] == worst


def test_findings_have_null_where_there_is_no_place() -> None:
    assert document(PLAN)["diagnostics"] == [
        {
            "code": "LDR411",
            "severity": "warning",
            "message": "message",
            "file": "-",
            "line": 1,
            "column": 2,
            "hint": "hint",
            "address": "Environment/p/a%2Fb",
        },
        {
            "code": "LDR108",
            "severity": "error",
            "message": "no manifests",
            "file": "folder",
            "line": None,
            "column": None,
            "hint": "",
            "address": None,
        },
        {
            "code": "LDR001",
            "severity": "error",
            "message": "nowhere",
            "file": None,
            "line": None,
            "column": None,
            "hint": "",
            "address": None,
        },
    ]


def test_what_validate_found() -> None:
    found = rendering.validation(PLAN.diagnostics[:1], files=3, resources=9)
    assert found["format"] == "reconciler.validate/1"
    assert (found["files"], found["resources"]) == (3, 9)
    assert found["diagnostics"] == document(PLAN)["diagnostics"][:1]


def test_what_apply_did() -> None:
    outcomes = [
        Outcome(UPDATE, Status.FAILED, error="no", unprotected=True, attempts=2, request_id="req-1"),
        Outcome(PLAN.changes[2], Status.APPLIED, attempts=1),
    ]
    found = json.loads(rendering.text(rendering.applied(PLAN, outcomes, "partial")))
    assert found["format"] == "reconciler.apply/1"
    assert found["failureReason"] == "partial"
    assert found["summary"] == {"applied": 1, "failed": 1, "skipped": 0, "conflict": 0, "unknown": 0}
    failed, done = found["outcomes"]
    assert {
        name: failed[name]
        for name in ("address", "action", "status", "error", "unprotected", "attempts", "requestId")
    } == {
        "address": "Environment/p/a%2Fb",
        "action": "update",
        "status": "failed",
        "error": "no",
        "unprotected": True,
        "attempts": 2,
        "requestId": "req-1",
    }
    assert (done["error"], done["requestId"]) == (None, None)
    assert found["plan"] == document(PLAN)


def test_text_in_it_is_text_whatever_it_holds() -> None:
    change = Change(Action.CREATE, E, after={"name": '\x1b\u2028"\\\n\U0001f6a6'})
    printed = api.render(Plan((change,)), "json")
    assert printed.endswith("}\n")
    assert "\x1b" not in printed
    assert json.loads(printed)["changes"][0]["after"]["name"] == '\x1b\u2028"\\\n\U0001f6a6'
