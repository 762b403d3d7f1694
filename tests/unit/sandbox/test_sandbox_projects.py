"""Projects: two shapes, default environments, one setting under two names, the last one."""

import pytest

pytestmark = pytest.mark.anyio

DEFAULT_ENVIRONMENT = {
    "defaultTtl": 0,
    "secureMode": False,
    "defaultTrackEvents": False,
    "requireComments": False,
    "confirmChanges": False,
    "critical": False,
    "tags": [],
}


def some(document, members):
    return {name: document[name] for name in members}


async def test_a_minimal_project_has_defaults_and_two_environments(ld):
    answer = await ld.post("/projects", {"key": "checkout", "name": "Checkout"})
    assert answer.status_code == 201
    project = answer.json()
    assert len(project.pop("_id")) == 24
    test, production = project.pop("environments")
    assert project == {
        "_links": {
            "self": {"href": "/api/v2/projects/checkout", "type": "application/json"},
            "environments": {"href": "/api/v2/projects/checkout/environments", "type": "application/json"},
            "flagDefaults": {"href": "/api/v2/projects/checkout/flag-defaults", "type": "application/json"},
        },
        "key": "checkout",
        "name": "Checkout",
        "tags": [],
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": {"usingEnvironmentId": False, "usingMobileKey": False},
        "requireViewAssociationForNewFlags": False,
        "requireViewAssociationForNewSegments": False,
    }
    expected = DEFAULT_ENVIRONMENT | {"key": "test", "name": "Test", "color": "F5A623"}
    assert some(test, expected) == expected
    expected = DEFAULT_ENVIRONMENT | {"key": "production", "name": "Production", "color": "417505"}
    expected |= {"requireComments": True, "confirmChanges": True}
    assert some(production, expected) == expected


async def test_an_empty_list_of_environments_is_none_at_all(ld):
    project = await ld.project(environments=[])
    assert [environment["key"] for environment in project["environments"]] == ["test", "production"]


async def test_exactly_the_environments_given_are_created_in_their_order(ld):
    given = [{"key": key, "name": key.title(), "color": "aAbB01", "tags": ["x"]} for key in ("b", "a", "c")]
    project = await ld.project(environments=given)
    assert [environment["key"] for environment in project["environments"]] == ["b", "a", "c"]
    assert project["environments"][0]["color"] == "aAbB01"
    assert project["environments"][0]["tags"] == ["x"]


async def test_defaults_that_nobody_knows_can_be_switched(sandbox):
    project = await sandbox(default_using_mobile_key=True, default_production_critical=True).project()
    assert project["defaultClientSideAvailability"] == {"usingEnvironmentId": False, "usingMobileKey": True}
    assert [environment["critical"] for environment in project["environments"]] == [False, True]


async def test_reading_gives_environments_only_when_asked_and_then_a_page_of_them(ld):
    given = [{"key": f"e{n}", "name": "E", "color": "000000"} for n in range(23)]
    created = await ld.project(environments=given)
    assert isinstance(created["environments"], list)
    assert len(created["environments"]) == 23
    assert "environments" not in await ld.read("/projects/checkout")
    assert "environments" not in (await ld.read("/projects"))["items"][0]
    assert "environments" not in await ld.read("/projects/checkout?expand=flags")
    for project in (
        await ld.read("/projects/checkout?expand=environments"),
        (await ld.read("/projects?expand=x,environments"))["items"][0],
    ):
        nested = project["environments"]
        assert nested["totalCount"] == 23
        assert [item["key"] for item in nested["items"]] == [f"e{n}" for n in range(20)]
        path = "/api/v2/projects/checkout/environments"
        assert {name: link["href"] for name, link in nested["_links"].items()} == {
            "self": path,
            "parent": "/api/v2/projects/checkout",
            "next": f"{path}?limit=20&offset=20",
            "last": f"{path}?limit=20&offset=20",
        }


async def test_a_patched_project_is_answered_with_an_array_of_environments(ld):
    await ld.project()
    answer = await ld.patch("/projects/checkout", ("replace", "/name", "Tills"))
    assert answer.status_code == 200
    assert [environment["key"] for environment in answer.json()["environments"]] == ["test", "production"]
    assert (await ld.read("/projects/checkout"))["name"] == "Tills"


async def test_tags_keep_order_and_repetitions(ld):
    project = await ld.project(tags=["b", "a", "b"])
    assert project["tags"] == ["b", "a", "b"]
    answer = await ld.patch("/projects/checkout", ("add", "/tags/0", "z"), ("add", "/tags/-", "y"))
    assert answer.json()["tags"] == ["z", "b", "a", "b", "y"]
    answer = await ld.patch("/projects/checkout", ("remove", "/tags/1"), ("replace", "/tags/0", "q"))
    assert answer.json()["tags"] == ["q", "a", "b", "y"]


async def test_the_snippet_setting_and_client_side_availability_are_one(ld):
    project = await ld.project(includeInSnippetByDefault=True)
    assert project["defaultClientSideAvailability"] == {"usingEnvironmentId": True, "usingMobileKey": False}
    both = {"usingEnvironmentId": True, "usingMobileKey": True}
    project = await ld.project("second", defaultClientSideAvailability=both)
    assert project["includeInSnippetByDefault"] is True

    async def patched(*operations):
        answer = await ld.patch("/projects/second", *operations)
        assert answer.status_code == 200, answer.text
        return some(answer.json(), ["includeInSnippetByDefault", "defaultClientSideAvailability"])

    neither = {"usingEnvironmentId": False, "usingMobileKey": True}
    assert await patched(("replace", "/includeInSnippetByDefault", False)) == {
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": neither,
    }
    assert await patched(("replace", "/defaultClientSideAvailability/usingEnvironmentId", True)) == {
        "includeInSnippetByDefault": True,
        "defaultClientSideAvailability": both,
    }
    assert await patched(
        ("replace", "/defaultClientSideAvailability", neither | {"usingMobileKey": False})
    ) == {
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": {"usingEnvironmentId": False, "usingMobileKey": False},
    }


async def test_the_two_names_of_one_setting_may_not_differ_on_create(ld, refused):
    both = {"usingEnvironmentId": True, "usingMobileKey": True}
    body = {
        "key": "a",
        "name": "A",
        "includeInSnippetByDefault": False,
        "defaultClientSideAvailability": both,
    }
    refused(await ld.post("/projects", body), 400)
    body["includeInSnippetByDefault"] = True
    assert (await ld.post("/projects", body)).status_code == 201


async def test_the_naming_convention_is_taken_and_never_shown(ld, refused):
    project = await ld.project(namingConvention={"case": "kebabCase", "prefix": "team-"})
    assert "namingConvention" not in project
    assert "namingConvention" not in await ld.read("/projects/checkout")
    path = ("replace", "/namingConvention", {"case": "kebabCase"})
    refused(await ld.patch("/projects/checkout", path), 400)
    refused(await ld.post("/projects", {"key": "a", "name": "A", "namingConvention": {"case": "other"}}), 400)
    refused(await ld.post("/projects", {"key": "a", "name": "A", "namingConvention": {"prefix": 1}}), 400)


@pytest.mark.parametrize(
    "name", ["requireViewAssociationForNewFlags", "requireViewAssociationForNewSegments"]
)
async def test_rules_on_views_can_be_set_where_the_account_has_views(sandbox, refused, name):
    with_views, without = sandbox(), sandbox(views=False)
    await with_views.project()
    answer = await with_views.patch("/projects/checkout", ("replace", f"/{name}", True))
    assert answer.json()[name] is True
    assert (await with_views.read("/projects/checkout"))[name] is True
    refused(await without.patch("/projects/checkout", ("replace", f"/{name}", False)), 400)
    refused(await with_views.patch("/projects/checkout", ("replace", f"/{name}", "yes")), 400)
    assert (await without.read("/projects/checkout"))[name] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"key": "a"},
        {"name": "A"},
        {"key": "a", "name": ""},
        {"key": "a", "name": None},
        {"key": "a", "name": 1},
        {"key": 1, "name": "A"},
        {"key": "", "name": "A"},
        {"key": "-a", "name": "A"},
        {"key": "a b", "name": "A"},
        {"key": "ä", "name": "A"},
        {"key": "a\n", "name": "A"},
        {"key": "a" * 101, "name": "A"},
        {"key": "a", "name": "A", "tags": "x"},
        {"key": "a", "name": "A", "tags": None},
        {"key": "a", "name": "A", "tags": [1]},
        {"key": "a", "name": "A", "tags": ["two words"]},
        {"key": "a", "name": "A", "tags": [""]},
        {"key": "a", "name": "A", "tags": ["x" * 65]},
        {"key": "a", "name": "A", "includeInSnippetByDefault": 1},
        {"key": "a", "name": "A", "defaultClientSideAvailability": {"usingMobileKey": True}},
        {"key": "a", "name": "A", "defaultClientSideAvailability": {"usingEnvironmentId": True}},
        {"key": "a", "name": "A", "defaultClientSideAvailability": True},
        {"key": "a", "name": "A", "environments": {}},
        {"key": "a", "name": "A", "environments": ["test"]},
        {"key": "a", "name": "A", "environments": [{"key": "e", "name": "E"}]},
        {"key": "a", "name": "A", "environments": [{"key": "e", "name": "E", "color": "red"}]},
    ],
)
async def test_a_wrong_body_creates_nothing(ld, refused, body):
    refused(await ld.post("/projects", body), 400)
    assert (await ld.read("/projects"))["totalCount"] == 0


async def test_a_key_may_have_100_characters_and_any_case(ld, refused):
    await ld.project("A" + "1" * 99)
    await ld.project("a" + "1" * 99)
    assert (await ld.read("/projects"))["totalCount"] == 2


async def test_a_taken_key_is_a_conflict(ld, refused):
    await ld.project()
    assert "already exists" in refused(await ld.post("/projects", {"key": "checkout", "name": "B"}), 409)
    assert (await ld.read("/projects/checkout"))["name"] == "Checkout"


async def test_a_project_with_an_environment_twice_is_a_conflict_and_is_not_created(ld, refused):
    twice = [{"key": "e", "name": "E", "color": "000000"}] * 2
    refused(await ld.post("/projects", {"key": "a", "name": "A", "environments": twice}), 409)
    assert (await ld.read("/projects"))["totalCount"] == 0
    assert (await ld.get("/projects/a/environments")).status_code == 404


async def test_unknown_members_are_ignored_unless_bodies_are_strict(sandbox, refused):
    body = {"key": "a", "name": "A", "flavour": "sweet"}
    message = refused(await sandbox(strict_bodies=True).post("/projects", body), 400)
    assert "flavour" not in message
    nested = {"key": "e", "name": "E", "color": "000000", "approvalSettings": {}}
    body_with_nested = {"key": "a", "name": "A", "environments": [nested]}
    refused(await sandbox(strict_bodies=True).post("/projects", body_with_nested), 400)
    assert "flavour" not in await sandbox().make("/projects", body)


@pytest.mark.parametrize("path", ["/projects/nope", "/projects/Checkout", "/projects/a%20b", "/projects/%00"])
async def test_a_missing_project_is_not_found(ld, refused, path):
    await ld.project()
    refused(await ld.get(path), 404)
    refused(await ld.patch(path), 404)
    refused(await ld.delete(path), 404)
    refused(await ld.get(f"{path}/environments"), 404)
    refused(await ld.post(f"{path}/environments", {"key": "e", "name": "E", "color": "000000"}), 404)


async def test_deleting_a_project_takes_all_below_it(ld, refused):
    await ld.project()
    await ld.project("other")
    config = {"config": {"storeId": "s", "apiToken": "t"}}
    await ld.make("/integration-capabilities/featureStore/checkout/test/fastly", config)
    await ld.make("/integration-capabilities/featureStore/other/test/fastly", config)
    split = {"workspaceApiKey": "k", "workspaceId": "w", "environmentId": "e", "ldApiKey": "k"}
    await ld.make("/integration-capabilities/flag-import/checkout/split", {"config": split})
    assert (await ld.delete("/projects/checkout")).status_code == 204
    refused(await ld.delete("/projects/checkout"), 404)
    refused(await ld.get("/projects/checkout/environments/test"), 404)
    stores = await ld.read("/integration-capabilities/featureStore")
    assert [item["projectKey"] for item in stores["items"]] == ["other"]
    assert (await ld.read("/integration-capabilities/flag-import"))["items"] == []
    await ld.project("checkout")
    assert (await ld.read("/integration-capabilities/featureStore/checkout/test"))["items"] == []


async def test_the_last_project_stays(ld, refused):
    await ld.project()
    refused(await ld.delete("/projects/checkout"), 400)
    assert (await ld.read("/projects"))["totalCount"] == 1


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/key", "other"),
        ("replace", "/_id", "x"),
        ("add", "/_links/self", {}),
        ("replace", "/environments", []),
        ("add", "/flavour", "sweet"),
        ("replace", "/defaultReleasePipelineKey", "x"),
        ("replace", "", {}),
        ("replace", "/name", None),
        ("replace", "/name", ""),
        ("replace", "/tags", "x"),
        ("replace", "/tags/0", "x"),
        ("remove", "/name"),
        ("replace", "/defaultClientSideAvailability", {"usingMobileKey": True}),
        ("replace", "/includeInSnippetByDefault", "true"),
    ],
)
async def test_a_patch_that_may_not_be_changes_nothing(ld, refused, operation):
    before = await ld.project()
    refused(await ld.patch("/projects/checkout", ("replace", "/name", "New"), operation), 400)
    after = await ld.read("/projects/checkout")
    assert after == {name: value for name, value in before.items() if name != "environments"}


async def test_removing_an_optional_member_brings_its_default_back(ld):
    await ld.project(tags=["a"], includeInSnippetByDefault=True)
    answer = await ld.patch(
        "/projects/checkout", ("remove", "/tags"), ("remove", "/includeInSnippetByDefault")
    )
    assert some(answer.json(), ["tags", "includeInSnippetByDefault"]) == {
        "tags": [],
        "includeInSnippetByDefault": False,
    }
