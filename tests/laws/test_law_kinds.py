"""The laws, over valid manifests of the real kinds and whatever the service may show."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import jsonpatch
import pytest
from deepdiff import DeepDiff
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import law_resources as make
from laws.law_strategies import LAW, SECRETS, masked, plain, steps

from reconciler.kinds.registry import load_kinds
from reconciler.model.kind import ancestors
from reconciler.model.secrets import Resolution, as_reference
from reconciler.model.state import Live, Observed, Presence
from reconciler.planning.patch import documents
from reconciler.planning.plan import Action, Change, Plan
from reconciler.planning.planner import make_plan

# What LaunchDarkly is known to take, from its documentation and the calls of its own Terraform provider.
KNOWN_PATHS = {
    "Project": r"/(name|tags|includeInSnippetByDefault|defaultClientSideAvailability)",
    "Environment": r"/(name|color|defaultTtl|secureMode|defaultTrackEvents|requireComments|confirmChanges|critical|tags"
    r"|approvalSettings/(required|requiredApprovalTags|minNumApprovals|canReviewOwnRequest|canApplyDeclinedChanges"
    r"|autoApplyApprovedChanges|serviceKind|serviceConfig))",
    "IntegrationDeliveryConfiguration": r"/(name|on|config|tags)",
    "FlagImportConfiguration": r"/(name|config|tags)",
}
SETS = {"tags", "requiredApprovalTags"}
WRITTEN_WHOLE = {"config", "serviceConfig", "defaultClientSideAvailability"}

RESOURCES = {
    "Project": ({"key": "p"}, make.projects(whole=False)),
    "Environment": ({"project": "p", "key": "e"}, make.environments(whole=False)),
    **{
        f"IntegrationDeliveryConfiguration of {integration}": (
            {"project": "p", "environment": "e", "integration": integration, "name": "x"},
            make.deliveries(integration, whole=False),
        )
        for integration in ("fastly", "vercel", "akamai-edgeworkers", "vercel-native")
    },
    "FlagImportConfiguration of split": (
        {"project": "p", "integration": "split", "name": "x"},
        make.imports("split", whole=False),
    ),
}

FEW = settings(LAW, max_examples=max(10, LAW.max_examples // 3))


def planned(manifest: Mapping[str, Any], live: Mapping[str, Any]) -> Plan:
    """The plan for one manifest whose resource shows a document."""
    kinds = load_kinds()
    desired = make.loaded([manifest]).declared
    document = {"name": desired[0].address.keys[-1], **live, "_id": "id-1"}
    asked = {
        each.address: Observed(each.address, Presence.PRESENT, id="id-1", document=document)
        for each in desired
    }
    for address in ancestors(desired[0].address, kinds):
        asked[address] = Observed(address, Presence.PRESENT, document={"name": "above"})
    return make_plan(desired, Live(asked), kinds, lambda reference: Resolution(SECRETS.get(reference.name)))


@st.composite
def encounters(draw: st.DrawFn, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    metadata, specs = RESOURCES[name]
    spec = draw(specs)
    live = draw(make.live_like(spec))
    if "approvalSettings" in spec and not isinstance(live.get("approvalSettings"), dict):
        live["approvalSettings"] = {"required": False, "serviceConfig": {}}
    return make.manifest(name.split(maxsplit=1)[0], metadata, spec), live


@pytest.mark.parametrize("name", RESOURCES)
@FEW
@given(data=st.data())
def test_a_plan_has_one_known_operation_for_each_differing_field(name: str, data: st.DataObject) -> None:
    manifest, live = data.draw(encounters(name))
    plan = planned(manifest, live)
    if plan.has_errors:
        return
    assert len(plan.changes) + plan.unchanged == 1
    operations = plan.changes[0].patch if plan.changes else ()
    assert {operation.path for operation in operations} == set(_differing(manifest["spec"], live))
    assert len({operation.path for operation in operations}) == len(operations)
    for operation in operations:
        assert re.fullmatch(KNOWN_PATHS[manifest["kind"]], operation.path)
        assert operation.op in ("replace", "add")
        if operation.path.startswith("/approvalSettings/"):
            assert operation.op == "replace"
        elif operation.op == "add":
            assert operation.path[1:] not in live


def _differing(spec: Mapping[str, Any], live: Any, path: str = "") -> list[str]:
    """The fields that differ, told by deepdiff: the declared ones alone, sets as sets, masks by what they prove."""
    found = []
    for name, value in spec.items():
        here = f"{path}/{name}"
        if name in ("namingConvention", "source"):
            continue  # seen by nobody
        if name == "approvalSettings":
            found += _differing(value, live[name], here)
        elif name in WRITTEN_WHOLE:
            if name not in live or not _contains(live[name], value):
                found.append(here)
        elif name == "autoApplyApprovedChanges" and live.get(name) is None:
            found += [here] if value else []
        elif name not in live or DeepDiff(_comparable(name, live[name]), _comparable(name, value)):
            found.append(here)
    return found


def _contains(live: Any, wanted: Any) -> bool:
    """Whether live holds all that is wanted, and maybe more."""
    reference = as_reference(wanted)
    if reference is not None:
        return _may_be(live, SECRETS.get(reference.name))
    if isinstance(live, dict) and isinstance(wanted, dict):
        return all(name in live and _contains(live[name], value) for name, value in wanted.items())
    return not DeepDiff(_comparable("", live), _comparable("", wanted))


def _may_be(live: Any, secret: str | None) -> bool:
    """Whether a live value can be the secret, as far as a mask tells."""
    if not isinstance(live, str):
        return False
    if secret is None or set(live) == {"*"}:
        return True
    start, run, end = live.partition("****")
    return secret.startswith(start) and secret.endswith(end) if run else live == secret


def _comparable(name: str, value: Any) -> Any:
    if name in SETS and isinstance(value, list):
        return frozenset(map(plain, value))
    return plain(value)


@pytest.mark.parametrize("name", RESOURCES)
@FEW
@given(data=st.data())
def test_what_a_plan_leads_to_needs_no_other_plan(name: str, data: st.DataObject) -> None:
    manifest, live = data.draw(encounters(name))
    plan = planned(manifest, live)
    if plan.has_errors or not plan.changes or not _is_applicable(plan.changes[0]):
        return
    again = planned(manifest, _service_after(live, plan.changes[0]))
    assert again.changes == ()
    assert not again.has_errors


def _is_applicable(change: Change) -> bool:
    return all(SECRETS.get(reference.name) is not None for reference in change.needs)


def _service_after(live: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """What the service shows after a change: a fuller approvals object inside, masks outside."""
    held = copy.deepcopy({"name": change.address.keys[-1], **live})
    for operation in change.patch:
        parent, _, last = operation.path.rpartition("/")
        if parent == "/approvalSettings":
            held["approvalSettings"].setdefault(last, None)
    became = jsonpatch.JsonPatch(copy.deepcopy(documents(change.patch))).apply(held)
    if isinstance(became.get("config"), dict):
        became["config"] = {name: _shown(value) for name, value in became["config"].items()}
    return became


def _shown(value: Any) -> Any:
    reference = as_reference(value)
    secret = None if reference is None else SECRETS.get(reference.name)
    return value if secret is None else masked(secret)


@pytest.mark.parametrize("name", RESOURCES)
@FEW
@given(data=st.data())
def test_no_document_of_the_service_breaks_a_plan(name: str, data: st.DataObject) -> None:
    metadata, specs = RESOURCES[name]
    manifest = make.manifest(name.split(maxsplit=1)[0], metadata, data.draw(specs))
    live = data.draw(st.dictionaries(st.sampled_from([*manifest["spec"], "name", "on"]), make.JSON))
    plan = planned(manifest, live)
    assert all(change.action is Action.UPDATE for change in plan.changes)
    for change in plan.changes:
        assert all(steps(operation.path)[0] in {*manifest["spec"], "name"} for operation in change.patch)
