"""Integration delivery configurations (featureStore)."""

import re

import pytest

from reconciler.catalog.integrations import Variable

pytestmark = pytest.mark.anyio

ALL = "/integration-capabilities/featureStore"
BASE = f"{ALL}/checkout/test"
FASTLY = {"storeId": "kv-1", "apiToken": "fastly-token-9"}
MASKED = {"storeId": "kv-1", "apiToken": "fas********n-9"}


@pytest.fixture
async def world(ld):
    await ld.project()
    return ld


@pytest.fixture
async def made(world):
    return await world.make(f"{BASE}/fastly", {"name": "Edge", "config": FASTLY})


def at(configuration):
    return f"{BASE}/{configuration['integrationKey']}/{configuration['_id']}"


async def test_a_minimal_configuration_has_defaults(world):
    answer = await world.post(f"{BASE}/akamai-edgeworkers", {"config": AKAMAI})
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch("[0-9a-f]{24}", made["_id"])
    path = f"/api/v2{BASE}"
    assert made == {
        "_links": {
            "self": {"href": f"{path}/akamai-edgeworkers/{made['_id']}", "type": "application/json"},
            "parent": {"href": path, "type": "application/json"},
            "project": {"href": "/api/v2/projects/checkout", "type": "application/json"},
            "environment": {
                "href": "/api/v2/projects/checkout/environments/test",
                "type": "application/json",
            },
        },
        "_id": made["_id"],
        "integrationKey": "akamai-edgeworkers",
        "projectKey": "checkout",
        "environmentKey": "test",
        "config": AKAMAI | {"clientSecret": "****", "clientToken": "****", "accessToken": "****"},
        "on": False,
        "tags": [],
        "name": "Akamai edgeworkers",
        "version": 1,
    }
    assert await world.read(at(made)) == made


AKAMAI = {
    "hostname": "h",
    "network": "staging",
    "namespaceId": "n",
    "groupId": "g",
    "clientSecret": "a",
    "clientToken": "b",
    "accessToken": "c",
}


async def test_all_fields_can_be_given(world):
    given = {"name": "Edge", "on": True, "tags": ["b", "a"], "config": FASTLY}
    made = await world.make(f"{BASE}/fastly", given)
    assert {name: made[name] for name in given} == given | {"config": MASKED}


async def test_lists_give_all_but_the_config(world, sandbox, made):
    await world.make(f"{ALL}/checkout/production/fastly", {"name": "Other", "config": FASTLY})
    everything, here = await world.read(ALL), await world.read(BASE)
    assert everything["_links"] == {"self": {"href": f"/api/v2{ALL}", "type": "application/json"}}
    assert {name: link["href"] for name, link in here["_links"].items()} == {
        "self": f"/api/v2{BASE}",
        "parent": f"/api/v2{ALL}",
    }
    assert [item["name"] for item in everything["items"]] == ["Edge", "Other"]
    assert here["items"] == [made | {"config": {}}]
    assert set(here) == {"_links", "items"}
    absent = await sandbox(lists_config="absent").read(BASE)
    assert absent["items"] == [{name: value for name, value in made.items() if name != "config"}]


@pytest.mark.parametrize(("form", "shown"), [("empty", {}), ("absent", None), ("full", MASKED)])
async def test_the_config_in_answers_to_writes_can_be_switched(world, sandbox, form, shown):
    client = sandbox(write_config=form)
    made = await client.make(f"{BASE}/fastly", {"config": FASTLY})
    patched = (await client.patch(at(made), ("replace", "/on", True))).json()
    assert made.get("config") == patched.get("config") == shown
    assert (await client.read(at(made)))["config"] == MASKED


async def test_several_configurations_of_one_integration_may_have_one_name(world, made):
    again = await world.make(f"{BASE}/fastly", {"name": "Edge", "config": FASTLY})
    assert again["_id"] != made["_id"]
    assert len((await world.read(BASE))["items"]) == 2


@pytest.mark.parametrize(
    ("member", "value"), [("on", True), ("name", "New"), ("name", ""), ("tags", ["b", "a"]), ("tags", [])]
)
async def test_each_field_can_be_patched_alone(world, made, member, value):
    await world.patch(at(made), ("replace", "/tags", ["x"]))
    before = await world.read(at(made))
    answer = await world.patch(at(made), ("replace", f"/{member}", value))
    assert answer.status_code == 200
    assert answer.json() == before | {member: value, "version": before["version"] + 1}
    assert await world.read(at(made)) == answer.json()


async def test_the_whole_config_can_be_replaced(world, made):
    new = {"storeId": "kv-2", "apiToken": "other-token-77"}
    answer = await world.patch(at(made), ("replace", "/config", new))
    assert answer.json()["config"] == {"storeId": "kv-2", "apiToken": "oth********-77"}
    assert answer.json()["version"] == 2


async def test_a_single_variable_can_be_replaced_unless_switched_off(world, sandbox, refused, made):
    answer = await world.patch(at(made), ("replace", "/config/storeId", "kv-2"))
    assert answer.json()["config"] == MASKED | {"storeId": "kv-2"}
    answer = await world.patch(at(made), ("add", "/config/apiToken", "another-token-5"))
    assert answer.json()["config"]["apiToken"] == "ano*********n-5"
    strict = sandbox(config_subpaths=False)
    refused(await strict.patch(at(made), ("replace", "/config/storeId", "kv-3")), 400)
    assert (await strict.patch(at(made), ("replace", "/config", FASTLY))).status_code == 200
    assert (await strict.patch(at(made), ("test", "/config/storeId", "kv-1"))).status_code == 200


async def test_the_version_stays_where_nothing_changes(world, made):
    for operations in (
        [],
        [("replace", "/name", "Edge")],
        [("replace", "/on", True), ("replace", "/on", False)],
        [("replace", "/config", FASTLY)],
        [("test", "/version", 1)],
    ):
        answer = await world.patch(at(made), *operations)
        assert answer.status_code == 200
        assert answer.json() == made


async def test_a_mask_that_is_sent_back_is_stored_as_it_came(world, made):
    new = {"storeId": "kv-1", "apiToken": "abc****xyz"}
    await world.patch(at(made), ("replace", "/config", new))
    assert (await world.read(at(made)))["config"] == new


async def test_a_secret_can_only_be_tested_by_its_mask(world, refused, made):
    assert (await world.patch(at(made), ("test", "/config/apiToken", MASKED["apiToken"]))).status_code == 200
    assert (await world.patch(at(made), ("test", "/config", MASKED))).status_code == 200
    refused(await world.patch(at(made), ("test", "/config/apiToken", FASTLY["apiToken"])), 422)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"config": None},
        {"config": "x"},
        {"config": []},
        {"config": {}},
        {"config": {"storeId": "kv"}},
        {"config": {"apiToken": "t"}},
        {"config": FASTLY | {"storeId": 5}},
        {"config": FASTLY | {"storeId": None}},
        {"config": FASTLY | {"apiToken": {"value": "t"}}},
        {"config": FASTLY, "on": "true"},
        {"config": FASTLY, "name": 5},
        {"config": FASTLY, "name": None},
        {"config": FASTLY, "tags": ["a b"]},
    ],
)
async def test_a_wrong_body_creates_nothing(world, refused, body):
    refused(await world.post(f"{BASE}/fastly", body), 400)
    assert (await world.read(BASE))["items"] == []


@pytest.mark.parametrize(
    ("integration", "config", "ok"),
    [
        ("akamai-edgeworkers", AKAMAI | {"network": "production"}, True),
        ("akamai-edgeworkers", AKAMAI | {"network": "moon"}, False),
        ("akamai-edgeworkers", {key: AKAMAI[key] for key in AKAMAI if key != "network"}, False),
        ("convex", {"deploymentPayloadUrl": "https://x.example/y", "componentApiToken": "t"}, True),
        ("convex", {"deploymentPayloadUrl": "no address", "componentApiToken": "t"}, False),
        ("vercel", {"edgeConfigId": "e", "apiToken": "t", "configurationId": "c"}, True),
        ("vercel", {"edgeConfigId": "e", "apiToken": "t", "configurationId": "c", "teamId": 5}, False),
    ],
)
async def test_variables_are_held_to_their_catalog(world, integration, config, ok):
    answer = await world.post(f"{BASE}/{integration}", {"config": config})
    assert answer.status_code == (201 if ok else 400)


async def test_booleans_are_held_to_their_type_too(world, monkeypatch):
    known = {"tls": Variable("tls", type="boolean", required=False, default=False)}
    monkeypatch.setattr("reconciler.sandbox.configs.variables", lambda *_: known)
    for value, status in ((True, 201), (False, 201), ("true", 400), (1, 400), (None, 400)):
        answer = await world.post(f"{BASE}/any", {"config": {"tls": value}})
        assert answer.status_code == status
    assert (await world.make(f"{BASE}/any", {"config": {}}))["config"] == {"tls": False}


async def test_unknown_variables_are_dropped_and_unknown_members_ignored(world, sandbox, refused):
    body = {"config": FASTLY | {"apiTokn": "oops"}, "colour": "red"}
    made = await world.make(f"{BASE}/fastly", body)
    assert made["config"] == MASKED
    assert "colour" not in made
    refused(await sandbox(strict_bodies=True).post(f"{BASE}/fastly", body), 400)


@pytest.mark.parametrize("integration", ["vercel-native", "brand-new"])
async def test_of_an_unknown_integration_everything_is_taken_and_each_string_is_masked(world, integration):
    config = {"a": "secret-of-a", "b": {"c": ["secret-of-c", 5, None]}, "d": True, "e": ""}
    made = await world.make(f"{BASE}/{integration}", {"config": config})
    masked = "sec*****f-a"
    assert made["config"] == {"a": masked, "b": {"c": [masked[:-1] + "c", 5, None]}, "d": True, "e": ""}
    assert made["integrationKey"] == integration


@pytest.mark.parametrize("integration", ["a%20b", "%2e", "x" * 101])
async def test_an_integration_that_can_be_none_is_refused(world, refused, integration):
    refused(await world.post(f"{BASE}/{integration}", {"config": FASTLY}), 400)


@pytest.mark.parametrize(
    "path",
    [
        f"{ALL}/nope/test/fastly/{{id}}",
        f"{ALL}/checkout/nope/fastly/{{id}}",
        f"{ALL}/checkout/production/fastly/{{id}}",
        f"{BASE}/cloudflare/{{id}}",
        f"{BASE}/fastly/000000000000000000000000",
        f"{BASE}/fastly/fake-id",
        f"{BASE}/fastly/a%20b",
    ],
)
async def test_what_is_not_there_is_not_found(world, refused, made, path):
    path = path.format(id=made["_id"])
    refused(await world.get(path), 404)
    refused(await world.patch(path), 404)
    refused(await world.delete(path), 404)
    refused(await world.post(f"{path}/validate"), 404)


async def test_lists_and_creates_below_what_is_missing_are_not_found(world, refused):
    for scope in ("nope/test", "checkout/nope"):
        refused(await world.get(f"{ALL}/{scope}"), 404)
        refused(await world.post(f"{ALL}/{scope}/fastly", {"config": FASTLY}), 404)


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/version", 5),
        ("replace", "/_id", "x"),
        ("replace", "/integrationKey", "x"),
        ("add", "/environmentKey", "x"),
        ("add", "/unknown", 1),
        ("replace", "", {}),
        ("replace", "/config/nope", "x"),
        ("remove", "/tags/5"),
        ("move", "/name", "x"),
        ("replace", "name", "x"),
        ("add", "/tags/-1", "x"),
    ],
)
async def test_a_patch_that_can_not_be_applied_is_unprocessable(world, refused, made, operation):
    refused(await world.patch(at(made), ("replace", "/on", True), operation), 422)
    assert await world.read(at(made)) == made


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/on", "yes"),
        ("replace", "/name", 5),
        ("replace", "/tags", "x"),
        ("replace", "/config", {"storeId": "kv"}),
        ("replace", "/config", "x"),
        ("remove", "/config"),
        ("remove", "/config/apiToken"),
        ("replace", "/config/apiToken", 5),
    ],
)
async def test_a_patch_with_a_wrong_result_is_invalid(world, refused, made, operation):
    refused(await world.patch(at(made), ("replace", "/on", True), operation), 400)
    assert await world.read(at(made)) == made


async def test_removing_an_optional_member_brings_its_default_back(world, made):
    await world.patch(at(made), ("replace", "/on", True), ("replace", "/tags", ["x"]))
    answer = await world.patch(at(made), ("remove", "/on"), ("remove", "/tags"), ("remove", "/name"))
    assert answer.json() == made | {"name": "Fastly", "version": 3}


async def test_a_deleted_configuration_is_gone(world, refused, made):
    answer = await world.delete(at(made))
    assert (answer.status_code, answer.content) == (204, b"")
    refused(await world.delete(at(made)), 404)
    assert (await world.read(ALL))["items"] == []


async def test_validation_answers_200_whatever_the_provider_said(world, sandbox, clock):
    config = {"accountId": "a", "namespaceId": "n", "apiToken": "t"}
    made = await world.make(f"{BASE}/cloudflare", {"config": config})
    answer = await world.post(f"{at(made)}/validate")
    assert answer.status_code == 200
    assert answer.json() == {"statusCode": 200, "timestamp": clock.now}
    answer = await sandbox(validation_status=403, clock_skew=60).post(f"{at(made)}/validate")
    assert answer.status_code == 200
    assert answer.json() == {
        "statusCode": 403,
        "timestamp": clock.now + 60_000,
        "error": "the provider refused the request",
    }


async def test_validation_needs_a_validation_request(world, refused, made):
    refused(await world.post(f"{at(made)}/validate"), 400)


@pytest.mark.parametrize(
    ("form", "shown"),
    [("first3_last3", "fas********n-9"), ("fixed4", "fas****n-9"), ("full", "****")],
)
async def test_masks_can_be_switched(world, sandbox, form, shown):
    made = await sandbox(masks=form).make(f"{BASE}/fastly", {"config": FASTLY})
    assert made["config"] == FASTLY | {"apiToken": shown}
