"""Environments: fields, cloning, keys, the last one."""

import re

import pytest

pytestmark = pytest.mark.anyio

BASE = "/projects/checkout/environments"
STAGING = {"key": "staging", "name": "Staging", "color": "DADBEE"}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
async def world(ld):
    await ld.project()
    return ld


async def test_a_minimal_environment_has_defaults(world):
    answer = await world.post(BASE, STAGING)
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch("[0-9a-f]{24}", made.pop("_id"))
    assert re.fullmatch(f"sdk-{UUID}", made.pop("apiKey"))
    assert re.fullmatch(f"mob-{UUID}", made.pop("mobileKey"))
    assert {name: link["href"] for name, link in made.pop("_links").items()} == {
        "self": f"/api/v2{BASE}/staging",
        "apiKey": f"/api/v2{BASE}/staging/apiKey",
        "mobileKey": f"/api/v2{BASE}/staging/mobileKey",
    }
    assert set(made.pop("resourceApprovalSettings")) == {"segment"}
    assert made.pop("approvalSettings")["required"] is False
    assert made == STAGING | {
        "defaultTtl": 0,
        "secureMode": False,
        "defaultTrackEvents": False,
        "requireComments": False,
        "confirmChanges": False,
        "critical": False,
        "tags": [],
    }


async def test_all_fields_can_be_given_and_are_read_back_everywhere(world):
    given = STAGING | {
        "defaultTtl": 60,
        "secureMode": True,
        "defaultTrackEvents": True,
        "requireComments": True,
        "confirmChanges": True,
        "critical": True,
        "tags": ["z", "a"],
    }
    made = await world.make(BASE, given)
    assert given.items() <= made.items()
    assert await world.read(f"{BASE}/staging") == made
    assert (await world.read(BASE))["items"][-1] == made


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "Stage 2"),
        ("color", "abcDEF"),
        ("defaultTtl", 5),
        ("secureMode", True),
        ("defaultTrackEvents", True),
        ("requireComments", True),
        ("confirmChanges", True),
        ("critical", True),
        ("tags", ["b", "a"]),
    ],
)
async def test_each_field_can_be_patched_alone(world, member, value):
    made = await world.make(BASE, STAGING)
    answer = await world.patch(f"{BASE}/staging", ("replace", f"/{member}", value))
    assert answer.status_code == 200
    assert answer.json() == made | {member: value}
    assert await world.read(f"{BASE}/staging") == made | {member: value}


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "a/b"},
        {"key": "x" * 101},
        {"key": None},
        {"name": ""},
        {"name": 5},
        {"color": "#DADBEE"},
        {"color": "DADBE"},
        {"color": "DADBEG"},
        {"color": 417505},
        {"defaultTtl": 61},
        {"defaultTtl": -1},
        {"defaultTtl": 1.5},
        {"defaultTtl": "5"},
        {"defaultTtl": True},
        {"defaultTtl": 10**30},
        {"secureMode": "true"},
        {"critical": None},
        {"tags": {}},
        {"tags": ["a b"]},
        {"source": "test"},
        {"source": {}},
        {"source": {"key": "nope"}},
        {"source": {"key": 5}},
        {"source": {"key": "test", "version": "1"}},
    ],
)
async def test_a_wrong_body_creates_nothing(world, refused, wrong):
    refused(await world.post(BASE, STAGING | wrong), 400)
    assert (await world.read(BASE))["totalCount"] == 2


@pytest.mark.parametrize("missing", ["key", "name", "color"])
async def test_what_a_create_needs(world, refused, missing):
    body = {name: value for name, value in STAGING.items() if name != missing}
    assert refused(await world.post(BASE, body), 400) == f"{missing} is required"


async def test_a_whole_float_is_a_whole_number(world):
    made = await world.make(BASE, STAGING | {"defaultTtl": 5.0})
    assert repr(made["defaultTtl"]) == "5"


async def test_a_taken_key_is_a_conflict(world, refused):
    assert "already exists" in refused(await world.post(BASE, STAGING | {"key": "test"}), 409)
    await world.project("other")
    await world.make("/projects/other/environments", STAGING)
    await world.make(BASE, STAGING)


async def test_approval_settings_and_read_only_members_on_create_are_ignored(world, sandbox, refused):
    more = STAGING | {"approvalSettings": {"required": True}, "_id": "x", "apiKey": "sdk-x"}
    made = await world.make(BASE, more)
    assert made["approvalSettings"]["required"] is False
    assert made["_id"] != "x"
    assert made["apiKey"] != "sdk-x"
    refused(await sandbox(strict_bodies=True).post(BASE, more | {"key": "other"}), 400)


async def test_cloning_checks_the_internal_version_of_its_source(world, refused):
    made = await world.make(BASE, STAGING | {"source": {"key": "test", "version": 1}})
    assert "source" not in made
    await world.patch(f"{BASE}/test", ("replace", "/name", "Test 2"))
    await world.patch(f"{BASE}/test", ("replace", "/name", "Test 2"))
    clone = STAGING | {"key": "clone"}
    stale = await world.post(BASE, clone | {"source": {"key": "test", "version": 1}})
    refused(stale, 409, "optimistic_locking_error")
    await world.make(BASE, clone | {"source": {"key": "test", "version": 2}})
    await world.make(BASE, STAGING | {"key": "unversioned", "source": {"key": "test"}})
    refused(await world.patch(f"{BASE}/clone", ("add", "/source", {"key": "test"})), 400)


async def test_a_project_can_be_created_with_clones_of_its_earlier_environments(ld, refused):
    clone = STAGING | {"key": "clone", "source": {"key": "staging"}}
    refused(await ld.post("/projects", {"key": "a", "name": "A", "environments": [clone, STAGING]}), 400)
    assert (await ld.get("/projects/a")).status_code == 404
    project = await ld.project(environments=[STAGING, clone])
    assert [environment["key"] for environment in project["environments"]] == ["staging", "clone"]


async def test_the_representation_shows_no_version(world, refused):
    assert "version" not in await world.read(f"{BASE}/test")
    answer = await world.patch(f"{BASE}/test", ("test", "/version", 1))
    refused(answer, 409, "optimistic_locking_error")


@pytest.mark.parametrize(
    "path", [f"{BASE}/nope", f"{BASE}/Test", f"{BASE}/a%20b", "/projects/nope/environments/test"]
)
async def test_a_missing_environment_is_not_found(world, refused, path):
    refused(await world.get(path), 404)
    refused(await world.patch(path), 404)
    refused(await world.delete(path), 404)
    refused(await world.post(f"{path}/apiKey"), 404)
    refused(await world.post(f"{path}/mobileKey"), 404)


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/key", "x"),
        ("replace", "/_id", "x"),
        ("replace", "/apiKey", "x"),
        ("remove", "/mobileKey"),
        ("add", "/_links", {}),
        ("replace", "/source", {}),
        ("add", "/version", 5),
        ("add", "/unknown", 1),
        ("remove", "/name"),
        ("remove", "/color"),
        ("remove", "/tags/0"),
        ("add", "/tags/1", "x"),
        ("add", "/tags/x", "x"),
        ("add", "/name/x", "x"),
        ("replace", "/color", "red"),
        ("replace", "/defaultTtl", 61),
        ("replace", "/critical", "yes"),
        ("replace", "/resourceApprovalSettings/segment/required", True),
    ],
)
async def test_a_patch_that_may_not_be_changes_nothing(world, refused, operation):
    before = await world.read(f"{BASE}/test")
    refused(await world.patch(f"{BASE}/test", ("replace", "/name", "New"), operation), 400)
    assert await world.read(f"{BASE}/test") == before


async def test_deleting_an_environment_takes_its_configurations(world, refused):
    config = {"config": {"storeId": "s", "apiToken": "t"}}
    stores = "/integration-capabilities/featureStore"
    await world.make(f"{stores}/checkout/test/fastly", config)
    kept = await world.make(f"{stores}/checkout/production/fastly", config)
    assert (await world.delete(f"{BASE}/test")).status_code == 204
    refused(await world.delete(f"{BASE}/test"), 404)
    assert [item["_id"] for item in (await world.read(stores))["items"]] == [kept["_id"]]
    assert [item["key"] for item in (await world.read(BASE))["items"]] == ["production"]


async def test_the_last_environment_of_a_project_stays(world, refused):
    await world.project("other")
    await world.delete(f"{BASE}/test")
    refused(await world.delete(f"{BASE}/production"), 400)
    assert (await world.read(BASE))["totalCount"] == 1


@pytest.mark.parametrize(("call", "member"), [("apiKey", "apiKey"), ("mobileKey", "mobileKey")])
async def test_a_reset_changes_one_key_and_nothing_else(world, call, member):
    before = await world.read(f"{BASE}/test")
    answer = await world.post(f"{BASE}/test/{call}")
    assert answer.status_code == 200
    after = answer.json()
    assert after[member] != before[member]
    assert after == before | {member: after[member]}
    assert await world.read(f"{BASE}/test") == after


@pytest.mark.parametrize("expiry", ["1767225600000", "1", "-5", "0"])
async def test_an_expiry_is_a_time_in_milliseconds_past_or_future(world, expiry):
    assert (await world.post(f"{BASE}/test/apiKey?expiry={expiry}")).status_code == 200


@pytest.mark.parametrize("expiry", ["", "soon", "1.5", "1e3", "2026-01-01", "9" * 40])
async def test_any_other_expiry_is_refused_for_sdk_keys_and_ignored_for_mobile_keys(world, refused, expiry):
    before = await world.read(f"{BASE}/test")
    refused(await world.post(f"{BASE}/test/apiKey?expiry={expiry}"), 400)
    assert await world.read(f"{BASE}/test") == before
    assert (await world.post(f"{BASE}/test/mobileKey?expiry={expiry}")).status_code == 200


async def test_keys_can_be_hidden(world, sandbox):
    hidden = await sandbox(keys_hidden=True).read(f"{BASE}/test")
    assert (hidden["apiKey"], hidden["mobileKey"]) == ("***", "***")
    await sandbox(keys_hidden=True).patch(f"{BASE}/test", ("replace", "/name", "T"))
    assert (await world.read(f"{BASE}/test"))["apiKey"].startswith("sdk-")
