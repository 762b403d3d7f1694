"""Flag import configurations: UUIDs, 200 for a create, a version that moves by itself."""

import re

import pytest

pytestmark = pytest.mark.anyio

ALL = "/integration-capabilities/flag-import"
BASE = f"{ALL}/checkout"
SPLIT = {
    "workspaceApiKey": "adm-key-0777",
    "workspaceId": "ws-11",
    "environmentId": "e",
    "ldApiKey": "api-123-0af",
}
FILLED = {"splitTag": "", "ldTag": "imported-from-split", "ldMaintainer": ""}
MASKED = SPLIT | FILLED | {"workspaceApiKey": "adm******777", "ldApiKey": "api*****0af"}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UNKNOWN = "5b0f7f0e-8c1d-4e0a-9f55-3a2b1c0d9e8f"


@pytest.fixture
async def world(ld):
    await ld.project()
    return ld


@pytest.fixture
async def made(world):
    return await world.make(f"{BASE}/split", {"name": "Migration", "config": SPLIT})


def at(configuration):
    return f"{BASE}/{configuration['integrationKey']}/{configuration['_id']}"


async def test_a_create_is_answered_200_with_defaults_filled_in(world):
    answer = await world.post(f"{BASE}/split", {"config": SPLIT})
    assert answer.status_code == 200
    made = answer.json()
    assert re.fullmatch(UUID, made["_id"])
    assert made == {
        "_links": {
            "self": {"href": f"/api/v2{BASE}/split/{made['_id']}", "type": "application/json"},
            "parent": {"href": f"/api/v2{ALL}", "type": "application/json"},
            "project": {"href": "/api/v2/projects/checkout", "type": "application/json"},
        },
        "_id": made["_id"],
        "integrationKey": "split",
        "projectKey": "checkout",
        "config": MASKED,
        "tags": [],
        "name": "Split",
        "version": 1,
        "_status": {"status": "pending", "errors": []},
    }
    assert await world.read(at(made)) == made


async def test_the_import_job_moves_version_and_status_by_itself_once(world, clock, made):
    clock.pass_seconds(1.9)
    assert (await world.read(at(made)))["version"] == 1
    clock.pass_seconds(0.1)
    done = {"version": 2, "_status": {"status": "complete", "lastImport": clock.now, "errors": []}}
    assert await world.read(at(made)) == made | done
    clock.pass_seconds(3600)
    assert await world.read(at(made)) == made | done
    assert (await world.read(ALL))["items"] == [made | done | {"config": {}}]


async def test_a_patch_moves_the_version_by_one_before_and_after_the_job(world, clock, made):
    assert (await world.patch(at(made), ("replace", "/name", "A"))).json()["version"] == 2
    clock.pass_seconds(10)
    assert (await world.read(at(made)))["version"] == 3
    assert (await world.patch(at(made), ("replace", "/name", "A"))).json()["version"] == 3
    assert (await world.patch(at(made), ("replace", "/name", "B"))).json()["version"] == 4
    assert (await world.read(at(made)))["version"] == 4


async def test_the_delay_can_be_switched(world, sandbox, clock):
    slow, fast = sandbox(import_delay=60), sandbox(import_delay=0)
    late = await slow.make(f"{BASE}/split", {"config": SPLIT})
    soon = await fast.make(f"{BASE}/split", {"config": SPLIT})
    assert (await world.read(at(soon)))["version"] == 2
    clock.pass_seconds(59)
    assert (await world.read(at(late)))["version"] == 1
    clock.pass_seconds(1)
    assert (await world.read(at(late)))["version"] == 2


async def test_a_trigger_is_answered_201_without_a_body_and_starts_the_job_again(world, clock, made):
    clock.pass_seconds(5)
    answer = await world.post(f"{at(made)}/trigger")
    assert (answer.status_code, answer.content) == (201, b"")
    pending = await world.read(at(made))
    assert pending["version"] == 2
    assert pending["_status"]["status"] == "pending"
    clock.pass_seconds(1)
    await world.post(f"{at(made)}/trigger")
    clock.pass_seconds(1)
    again = await world.read(at(made))
    assert again["version"] == 3
    assert again["_status"]["status"] == "complete"
    clock.pass_seconds(60)
    assert await world.read(at(made)) == again


async def test_a_test_of_the_version_conflicts_once_the_job_has_run(world, refused, clock, made):
    assert (await world.patch(at(made), ("test", "/version", 1))).status_code == 200
    clock.pass_seconds(5)
    answer = await world.patch(at(made), ("test", "/version", 1), ("replace", "/name", "A"))
    refused(answer, 409, "optimistic_locking_error")


@pytest.mark.parametrize(
    ("member", "value"), [("name", "New"), ("tags", ["b", "a"]), ("config", SPLIT | {"ldTag": "mine"})]
)
async def test_each_field_can_be_patched_alone(world, made, member, value):
    answer = await world.patch(at(made), ("replace", f"/{member}", value))
    shown = MASKED | {"ldTag": "mine"} if member == "config" else value
    assert answer.json() == made | {member: shown, "version": 2}


async def test_removing_an_optional_variable_brings_its_default_back(world, made):
    await world.patch(at(made), ("replace", "/config/ldTag", "mine"))
    answer = await world.patch(at(made), ("remove", "/config/ldTag"))
    assert answer.json()["config"] == MASKED


@pytest.mark.parametrize("key", ["fake", "66a1f0c2d4b5e60f7a8b9c01", UNKNOWN[:-1], f"x{UNKNOWN[1:]}", "%20"])
async def test_an_id_that_is_no_uuid_is_malformed(world, refused, key):
    path = f"{BASE}/split/{key}"
    assert refused(await world.get(path), 400) == "malformed integration id"
    assert refused(await world.patch(path), 400) == "malformed integration id"
    assert refused(await world.delete(path), 400) == "malformed integration id"
    assert refused(await world.post(f"{path}/trigger"), 400) == "malformed integration id"


async def test_an_unknown_uuid_is_not_found(world, refused, made):
    for path in (
        f"{BASE}/split/{UNKNOWN}",
        f"{BASE}/unleash/{made['_id']}",
        f"{ALL}/nope/split/{made['_id']}",
    ):
        refused(await world.get(path), 404)
        refused(await world.patch(path), 404)
        refused(await world.delete(path), 404)
        refused(await world.post(f"{path}/trigger"), 404)


@pytest.mark.parametrize("integration", ["fastly", "Split", "other"])
async def test_there_are_only_split_and_unleash(world, refused, integration):
    refused(await world.post(f"{BASE}/{integration}", {"config": SPLIT}), 400)


async def test_unleash_has_variables_of_its_own(world):
    config = {"sourceBaseUrl": "u", "sourceApiKey": "k", "sourceProjectId": "p", "sourceEnvironmentId": "e"}
    made = await world.make(f"{BASE}/unleash", {"config": config | {"ldApiKey": "l"}})
    assert made["config"] == config | {
        "sourceApiKey": "****",
        "ldApiKey": "****",
        "sourceTag": "",
        "ldTag": "imported-from-unleash",
        "ldMaintainer": "",
    }


@pytest.mark.parametrize(
    "operation",
    [
        ("add", "/on", True),
        ("replace", "/version", 9),
        ("replace", "/_status/status", "complete"),
        ("add", "/importDue", 1),
        ("replace", "/config", {}),
        ("replace", "/tags/0", "x"),
    ],
)
async def test_a_bad_patch_is_400_here(world, refused, made, operation):
    refused(await world.patch(at(made), operation), 400)
    assert await world.read(at(made)) == made


async def test_there_is_no_list_for_a_project_and_a_deleted_one_is_gone(world, refused, made):
    refused(await world.get(BASE), 404)
    refused(await world.post(f"{ALL}/nope/split", {"config": SPLIT}), 404)
    listed = await world.read(ALL)
    assert listed["_links"] == {"self": {"href": f"/api/v2{ALL}", "type": "application/json"}}
    assert listed["items"] == [made | {"config": {}}]
    assert (await world.delete(at(made))).status_code == 204
    refused(await world.delete(at(made)), 404)
    assert (await world.read(ALL))["items"] == []
