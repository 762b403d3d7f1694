"""Approval settings: sub-paths, defaults, exclusions, accounts without the feature."""

import pytest

pytestmark = pytest.mark.anyio

PATH = "/projects/checkout/environments/test"
DEFAULTS = {
    "required": False,
    "bypassApprovalsForPendingChanges": False,
    "minNumApprovals": 1,
    "canReviewOwnRequest": False,
    "canApplyDeclinedChanges": True,
    "serviceKind": "launchdarkly",
    "serviceConfig": {},
    "requiredApprovalTags": [],
}


@pytest.fixture
async def world(ld):
    await ld.project()
    return ld


async def settings(client):
    return (await client.read(PATH))["approvalSettings"]


def op(name, path, *value):
    return (name, f"/approvalSettings/{path}", *value)


async def test_never_set_up_they_are_the_defaults(world):
    environment = await world.read(PATH)
    assert environment["approvalSettings"] == DEFAULTS
    assert environment["resourceApprovalSettings"] == {"segment": DEFAULTS}


@pytest.mark.parametrize("verb", ["replace", "add"])
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("required", True),
        ("minNumApprovals", 5),
        ("canReviewOwnRequest", True),
        ("canApplyDeclinedChanges", False),
        ("requiredApprovalTags", ["b", "a"]),
        ("serviceKind", "launchdarkly"),
        ("serviceConfig", {"template": "x", "detail_column": "y"}),
        ("autoApplyApprovedChanges", True),
        ("autoApplyApprovedChanges", False),
    ],
)
async def test_each_editable_member_can_be_set_alone(world, verb, member, value):
    answer = await world.patch(PATH, op(verb, member, value))
    assert answer.status_code == 200, answer.text
    assert answer.json()["approvalSettings"] == DEFAULTS | {member: value}
    assert await settings(world) == DEFAULTS | {member: value}


async def test_members_inside_of_a_member_can_be_set(world):
    await world.patch(
        PATH, op("add", "serviceConfig/template", "t"), op("add", "requiredApprovalTags/-", "x")
    )
    assert await settings(world) == DEFAULTS | {
        "serviceConfig": {"template": "t"},
        "requiredApprovalTags": ["x"],
    }


async def test_remove_brings_the_default_back_and_the_member_is_still_shown(world):
    await world.patch(PATH, op("replace", "required", True), op("replace", "minNumApprovals", 3))
    answer = await world.patch(
        PATH,
        op("remove", "required"),
        op("remove", "requiredApprovalTags"),
        op("remove", "minNumApprovals"),
        op("remove", "autoApplyApprovedChanges"),
    )
    assert answer.status_code == 200
    assert await settings(world) == DEFAULTS


async def test_a_member_can_be_removed_and_replaced_in_one_patch(world):
    await world.patch(PATH, op("remove", "minNumApprovals"), op("replace", "minNumApprovals", 4))
    assert (await settings(world))["minNumApprovals"] == 4


async def test_auto_apply_is_shown_only_once_it_was_set(world):
    assert "autoApplyApprovedChanges" not in await settings(world)
    await world.patch(PATH, op("replace", "autoApplyApprovedChanges", True))
    assert (await settings(world))["autoApplyApprovedChanges"] is True
    await world.patch(PATH, op("replace", "autoApplyApprovedChanges", None))
    assert "autoApplyApprovedChanges" not in await settings(world)


async def test_the_two_modes_exclude_each_other_in_the_result(world, refused):
    await world.patch(PATH, op("replace", "required", True))
    refused(await world.patch(PATH, op("replace", "requiredApprovalTags", ["x"])), 400)
    both = [op("replace", "required", True), op("replace", "requiredApprovalTags", ["x"])]
    refused(await world.patch(PATH, *both), 400)
    assert (await settings(world))["requiredApprovalTags"] == []

    # Order does not matter, only what comes of it.
    answer = await world.patch(
        PATH, op("replace", "requiredApprovalTags", ["x"]), op("replace", "required", False)
    )
    assert answer.status_code == 200
    refused(await world.patch(PATH, op("replace", "required", True)), 400)
    answer = await world.patch(
        PATH, op("replace", "required", True), op("replace", "requiredApprovalTags", [])
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/approvalSettings", DEFAULTS),
        ("add", "/approvalSettings", {"required": True}),
        ("remove", "/approvalSettings"),
        op("replace", "bypassApprovalsForPendingChanges", True),
        op("remove", "bypassApprovalsForPendingChanges"),
        op("replace", "serviceKindConfigurationId", "x"),
        op("add", "resourceKind", "flag"),
        op("add", "unknown", 1),
        op("replace", "", 1),
        op("replace", "minNumApprovals", 0),
        op("replace", "minNumApprovals", 6),
        op("replace", "minNumApprovals", True),
        op("replace", "minNumApprovals", None),
        op("replace", "required", "true"),
        op("replace", "requiredApprovalTags", None),
        op("replace", "requiredApprovalTags", ["a b"]),
        op("replace", "serviceConfig", []),
        op("replace", "serviceKind", 5),
        op("replace", "serviceKind", "jira"),
        op("replace", "serviceKind", "servicenow"),
        op("replace", "autoApplyApprovedChanges", 1),
    ],
)
async def test_what_can_not_be_set_is_refused_and_changes_nothing(world, refused, operation):
    refused(await world.patch(PATH, ("replace", "/name", "New"), operation), 400)
    assert await settings(world) == DEFAULTS
    assert (await world.read(PATH))["name"] == "Test"


async def test_another_service_has_to_be_set_up_and_wants_its_template(world, sandbox, refused):
    kind = op("replace", "serviceKind", "servicenow")
    template = op("replace", "serviceConfig", {"template": "sys-id"})
    refused(await world.patch(PATH, kind), 400)
    refused(await sandbox(approval_services=()).patch(PATH, kind, template), 400)
    assert (await world.patch(PATH, kind, template)).status_code == 200
    assert (await settings(world))["serviceKind"] == "servicenow"


async def test_an_empty_service_reads_back_as_launchdarkly(world):
    assert (await world.patch(PATH, op("replace", "serviceKind", ""))).status_code == 200
    assert await settings(world) == DEFAULTS


async def test_without_the_feature_they_are_not_there_and_can_not_be_set(world, sandbox, refused):
    without = sandbox(approvals=False)
    environment = await without.read(PATH)
    assert "approvalSettings" not in environment
    assert "resourceApprovalSettings" not in environment
    refused(await without.patch(PATH, op("replace", "required", True)), 400)
    refused(await without.patch(PATH, op("remove", "required")), 400)
    assert (await without.patch(PATH, ("replace", "/name", "New"))).status_code == 200
    assert await settings(world) == DEFAULTS


async def test_they_can_be_tested(world, refused):
    assert (await world.patch(PATH, op("test", "required", False))).status_code == 200
    refused(await world.patch(PATH, op("test", "required", True)), 400)
    assert (await world.patch(PATH, ("test", "/approvalSettings/minNumApprovals", 1.0))).status_code == 200
    refused(await world.patch(PATH, op("test", "minNumApprovals", True)), 400)
