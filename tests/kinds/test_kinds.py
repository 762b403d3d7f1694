"""What is planned for each kind: one YAML file for each case, in the folder of its kind.

A case holds

- `what`: the rule that it shows, as a sentence;
- `manifests` (text, where lines matter) or `declared` (a list of `kind`, `metadata`, `spec`);
- `live`: `projects`, `environments` (by project), `deliveries`, `imports`. Each document is laid over what
  the service shows of a plain one; `without` takes members away. `refused` maps paths to statuses;
- `secrets`: what the environment holds;
- `changes`: each with `create`, `update` or `delete` and the address, and any members of the change in
  `reconciler.plan/1`, compared exactly. An update without a `patch` has none;
- `findings`: codes, each with ` at LINE` where the line matters;
- `unchanged`: how many resources are as declared;
- `flawed`: why the case is known not to hold yet.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import jsonschema_rs
import pytest
from kinds.fake_account import DELIVERIES, IMPORTS, PROJECTS, FakeAccount
from ruamel.yaml import YAML

from reconciler import api
from reconciler.kinds.registry import load_kinds
from reconciler.live.observe import observe
from reconciler.manifest.load import Loaded
from reconciler.model.diagnostic import Diagnostic, in_order
from reconciler.model.secrets import Secrets
from reconciler.planning.form import plan_schema
from reconciler.planning.plan import Plan
from reconciler.planning.planner import make_plan
from reconciler.planning.written import plan_document

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.yaml"))
MEMBERS = {"what", "manifests", "declared", "live", "secrets", "changes", "findings", "unchanged", "flawed"}
SCHEMA = jsonschema_rs.validator_for(plan_schema())

APPROVALS = {
    "required": False,
    "bypassApprovalsForPendingChanges": False,
    "minNumApprovals": 1,
    "canReviewOwnRequest": False,
    "canApplyDeclinedChanges": True,
    "serviceKind": "launchdarkly",
    "serviceConfig": {},
    "requiredApprovalTags": [],
}
PROJECT = {
    "_id": "id-of-project",
    "_links": {"self": {"href": "/api/v2/projects/p", "type": "application/json"}},
    "name": "Storefront",
    "tags": [],
    "includeInSnippetByDefault": False,
    "defaultClientSideAvailability": {"usingEnvironmentId": False, "usingMobileKey": True},
    "requireViewAssociationForNewFlags": False,
}
ENVIRONMENT = {
    "_id": "id-of-environment",
    "_links": {"self": {"href": "/api/v2/projects/p/environments/e", "type": "application/json"}},
    "_pubnub": {"channel": "c", "cipherKey": "k"},
    "_access": None,
    "name": "Production",
    "apiKey": "sdk-3f0c2b1a-6d5e-4f70-8a91-b2c3d4e5f607",
    "mobileKey": "mob-9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d",
    "color": "417505",
    "defaultTtl": 0,
    "secureMode": False,
    "defaultTrackEvents": False,
    "requireComments": False,
    "confirmChanges": False,
    "critical": False,
    "tags": [],
    "approvalSettings": APPROVALS,
    "resourceApprovalSettings": {"segment": APPROVALS},
}
DELIVERY = {
    "_id": "id-of-delivery",
    "_links": {"self": {"href": "/api/v2/somewhere", "type": "application/json"}},
    "projectKey": "p",
    "environmentKey": "e",
    "integrationKey": "fastly",
    "name": "Edge",
    "on": False,
    "tags": [],
    "version": 3,
    "config": {"storeId": "kv-1", "apiToken": "fst****K3y"},
}
IMPORT = {
    "_id": "5b0f7f0e-8c1d-4e0a-9f55-3a2b1c0d9e8f",
    "_links": {"self": {"href": "/api/v2/elsewhere", "type": "application/json"}},
    "projectKey": "p",
    "integrationKey": "split",
    "name": "Import",
    "tags": [],
    "version": 7,
    "_status": {"status": "complete", "lastImport": "1700000000000", "errors": []},
    "config": {
        "workspaceApiKey": "adm****777",
        "workspaceId": "ws-1",
        "environmentId": "env-1",
        "splitTag": "",
        "ldApiKey": "api****0af",
        "ldTag": "imported-from-split",
        "ldMaintainer": "",
    },
}
SECRETS = {
    "FASTLY_API_TOKEN": "fst-4Zx9Qp7w-K3y",
    "SPLIT_API_KEY": "adm-8Yh2Lk5v-777",
    "LD_IMPORT_KEY": "api-1Wq6Nb3j-0af",
}


def case_of(path: Path) -> dict[str, Any]:
    case = YAML(typ="safe", pure=True).load(path)
    assert set(case) <= MEMBERS, f"{path.name} has unknown members: {set(case) - MEMBERS}"
    return dict(case)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_what_is_planned(path: Path, request: pytest.FixtureRequest) -> None:
    case = case_of(path)
    if "flawed" in case:
        request.applymarker(pytest.mark.xfail(reason=case["flawed"], strict=True))
    secrets = Secrets({**SECRETS, **case.get("secrets", {})})
    manifests = loaded(case)
    plan = planned(manifests, account(case.get("live") or {}), secrets)
    document = json.loads(json.dumps(plan_document(plan)))
    wanted = case.get("changes") or []
    assert [f"{each['action']} {each['address']}" for each in document["changes"]] == [
        f"{action_of(each)} {each[action_of(each)]}" for each in wanted
    ]
    for found, expected in zip(document["changes"], wanted, strict=True):
        members = {"patch": [], **expected}
        members.pop(action_of(expected))
        for name, value in members.items():
            assert exactly(comparable(name, found)) == exactly(value), name
    assert sorted(code_of(each, case) for each in plan.diagnostics) == sorted(case.get("findings") or [])
    assert case.get("unchanged", plan.unchanged) == plan.unchanged
    SCHEMA.validate(document)
    texts = exactly(document) + api.render(plan)
    assert not [value for value in secrets.values() if value[3:-3] in texts]
    assert not [held for held in ("sdk-3f0c", "mob-9a8b", "****") if held in texts]


def test_every_kind_has_cases_and_every_case_is_of_a_kind() -> None:
    assert {path.parent.name for path in CASES} == set(load_kinds())


def action_of(change: Mapping[str, Any]) -> str:
    [action] = {"create", "update", "delete"} & set(change)
    return action


def comparable(name: str, change: Mapping[str, Any]) -> Any:
    """A member of a change; of the written fields their pointers, of the source its line."""
    if name == "fields":
        return [place["pointer"] for place in change["fields"]]
    return change["source"]["line"] if name == "line" else change[name]


def code_of(found: Diagnostic, case: Mapping[str, Any]) -> str:
    """A finding as the case names it: by its code, with its line where the case has one."""
    line = found.position.line if found.position is not None else 0
    with_line = f"{found.code} at {line}"
    return with_line if with_line in (case.get("findings") or []) else found.code.text


def exactly(document: Any) -> str:
    return json.dumps(document, sort_keys=True, indent=1)


def loaded(case: Mapping[str, Any]) -> Loaded:
    text = case.get("manifests")
    if text is None:
        text = "---\n".join(
            json.dumps({"apiVersion": "reconciler/v1", **each}) + "\n" for each in case["declared"]
        )
    return api.load(["-"], stdin=text.encode)


def planned(manifests: Loaded, held: FakeAccount, secrets: Secrets) -> Plan:
    """As `api.plan` does it, but for the connection."""
    mistakes = [each for each in manifests.diagnostics if each.severity == "error"]
    if mistakes:
        return Plan(diagnostics=in_order(manifests.diagnostics), live=False)
    kinds = load_kinds()

    async def read() -> Plan:
        live = await observe(manifests.declared, kinds, held.reader)
        return make_plan(manifests.declared, live, kinds, secrets, manifests.diagnostics)

    return anyio.run(read)


def account(live: Mapping[str, Any]) -> FakeAccount:
    """The account that a case describes; `p` and its environment `e` are there unless it says otherwise."""
    projects = live.get("projects", [{"key": "p"}])
    environments = live.get("environments", {"p": [{"key": "e"}]})
    refused = {
        path.replace("PROJECTS", PROJECTS)
        .replace("DELIVERIES", DELIVERIES)
        .replace("IMPORTS", IMPORTS): status
        for path, status in live.get("refused", {}).items()
    }
    return FakeAccount(
        projects=[over(PROJECT, each) for each in projects],
        environments={key: [over(ENVIRONMENT, each) for each in held] for key, held in environments.items()},
        deliveries=[over(DELIVERY, each) for each in live.get("deliveries", [])],
        imports=[over(IMPORT, each) for each in live.get("imports", [])],
        faults=refused,
    )


def over(plain: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What the service shows of a plain resource, with what a case tells of it laid over."""
    document = copy.deepcopy(dict(plain))
    for name, value in told.items():
        held = document.get(name)
        if name == "approvalSettings" and isinstance(value, dict) and isinstance(held, dict):
            document[name] = over(held, value)
        elif name != "without":
            document[name] = value
    for name in told.get("without", []):
        del document[name]
    return document


@pytest.mark.parametrize("kind", load_kinds().values(), ids=lambda kind: kind.name)
def test_every_declarable_field_has_a_case_that_changes_it(kind: Any) -> None:
    """Fields that an update can't set have one that says so."""
    cases = [case_of(path) for path in CASES if path.parent.name == kind.name]
    changes = [change for case in cases for change in case.get("changes") or [] if "update" in change]
    changed = {operation["path"] for change in changes for operation in change.get("patch", [])}
    said = {code for case in cases for code in case.get("findings") or []}
    for name, shape in kind.own_shape.members.items():
        if shape.create_only:
            assert "LDR410" in said
        elif shape.stored:
            assert {f"/{name}/{member}" for member in shape.members} <= changed
        else:
            assert f"/{name}" in changed
