"""What the service takes for a JSON Patch, and the status of one whose `test` fails."""

import pytest

pytestmark = pytest.mark.anyio

PROJECT = "/projects/checkout"
ENVIRONMENT = f"{PROJECT}/environments/test"
STORE = "/integration-capabilities/featureStore/checkout/test/fastly"
IMPORT = "/integration-capabilities/flag-import/checkout/split"
SPLIT = {"workspaceApiKey": "k", "workspaceId": "w", "environmentId": "e", "ldApiKey": "k"}


@pytest.fixture
async def paths(ld):
    """A path of each of the four kinds."""
    await ld.project(tags=["a", "b"])
    store = await ld.make(STORE, {"config": {"storeId": "s", "apiToken": "t"}})
    flags = await ld.make(IMPORT, {"config": SPLIT})
    return {
        "project": PROJECT,
        "environment": ENVIRONMENT,
        "featureStore": f"{STORE}/{store['_id']}",
        "flagImport": f"{IMPORT}/{flags['_id']}",
    }


INVALID = (400, "invalid_request")
LOCKED = (409, "optimistic_locking_error")
FAILED = (422, "patch_failed")
KINDS = pytest.mark.parametrize("kind", ["project", "environment", "featureStore", "flagImport"])


@KINDS
async def test_an_empty_patch_changes_nothing(ld, paths, kind):
    before = await ld.read(paths[kind])
    assert (await ld.patch(paths[kind])).status_code == 200
    assert await ld.read(paths[kind]) == before


@KINDS
async def test_a_patch_may_come_with_a_comment(ld, paths, kind):
    operations = [{"op": "replace", "path": "/name", "value": "New"}]
    answer = await ld.send("PATCH", paths[kind], {"comment": "why", "patch": operations})
    assert answer.json()["name"] == "New"
    answer = await ld.send("PATCH", paths[kind], {"patch": []})
    assert answer.status_code == 200


@KINDS
async def test_the_commented_form_can_be_switched_off(sandbox, refused, paths, kind):
    client = sandbox(commented_patches=False)
    refused(await client.send("PATCH", paths[kind], {"comment": "why", "patch": []}), 400)
    assert (await client.patch(paths[kind])).status_code == 200


@KINDS
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"comment": "x"},
        {"comment": 5, "patch": []},
        {"patch": {}},
        {"comment": "x", "merge": {"name": "New"}},
        {"name": "New"},
        "replace",
        5,
        True,
        [None],
        ["replace"],
        [[]],
        [{}],
        [{"op": "remove"}],
        [{"path": "/name"}],
        [{"op": 5, "path": "/name", "value": "x"}],
        [{"op": "replace", "path": 5, "value": "x"}],
        [{"op": "replace", "path": None, "value": "x"}],
        [{"op": "replace", "path": ["name"], "value": "x"}],
        [{"op": "replace", "path": "/name"}],
        [{"op": "test", "path": "/name"}],
        [{"op": "add", "path": "/name"}],
    ],
)
async def test_what_is_no_patch_is_invalid(ld, refused, paths, kind, body):
    before = await ld.read(paths[kind])
    refused(await ld.send("PATCH", paths[kind], body), 400)
    assert await ld.read(paths[kind]) == before


@KINDS
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "from": "/name", "path": "/tags/0"},
        {"op": "copy", "from": "/name", "path": "/tags/0"},
        {"op": "append", "path": "/name", "value": "x"},
        {"op": "REPLACE", "path": "/name", "value": "x"},
        {"op": "", "path": "/name", "value": "x"},
        {"op": "replace", "path": "name", "value": "x"},
        {"op": "replace", "path": "/name~2", "value": "x"},
        {"op": "replace", "path": "/", "value": "x"},
        {"op": "add", "path": "/tags/01", "value": "x"},
        {"op": "add", "path": "/tags/+1", "value": "x"},
        {"op": "add", "path": "/tags/" + "9" * 5000, "value": "x"},
        {"op": "replace", "path": "/tags/-", "value": "x"},
        {"op": "remove", "path": "/tags/-"},
        {"op": "remove", "path": "/tags/-/x"},
        {"op": "add", "path": "/name/0", "value": "x"},
        {"op": "test", "path": "/name~", "value": "x"},
    ],
)
async def test_what_can_not_be_applied_is_refused(ld, refused, paths, kind, operation):
    before = await ld.read(paths[kind])
    answer = await ld.send("PATCH", paths[kind], [operation])
    refused(answer, 422 if kind == "featureStore" else 400)
    assert await ld.read(paths[kind]) == before


@KINDS
async def test_a_member_that_only_looks_like_an_editable_one_is_unknown(ld, refused, paths, kind):
    status = 422 if kind == "featureStore" else 400
    for path in ("/names", "/nam", "/NAME", "/name ", "//name", "/tags~1x"):
        refused(await ld.patch(paths[kind], ("add", path, "x")), status)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (("project", "/name"), INVALID),
        (("environment", "/name"), INVALID),
        (("environment", "/version"), LOCKED),
        (("flagImport", "/name"), INVALID),
        (("flagImport", "/version"), LOCKED),
        (("featureStore", "/name"), FAILED),
        (("featureStore", "/version"), FAILED),
        (("featureStore", "/nowhere/at/all"), FAILED),
    ],
)
async def test_a_failed_test_has_its_kinds_status_and_changes_nothing(ld, refused, paths, target, expected):
    kind, path = target
    before = await ld.read(paths[kind])
    answer = await ld.patch(paths[kind], ("replace", "/name", "New"), ("test", path, "other"))
    refused(answer, *expected)
    assert await ld.read(paths[kind]) == before


@KINDS
@pytest.mark.parametrize("expected", [INVALID, LOCKED, FAILED])
async def test_that_status_can_be_switched_for_all(sandbox, refused, paths, kind, expected):
    client = sandbox(failed_test=expected[0])
    refused(await client.patch(paths[kind], ("test", "/name", "other")), *expected)
    refused(await client.patch(paths[kind], ("test", "/version", 77)), *expected)


async def test_tests_that_hold_let_the_rest_through(ld, paths):
    answer = await ld.patch(
        PROJECT,
        ("test", "/tags", ["a", "b"]),
        ("test", "/key", "checkout"),
        ("test", "/defaultClientSideAvailability/usingMobileKey", False),
        ("replace", "/tags/1", "c"),
        ("test", "/tags/1", "c"),
    )
    assert answer.json()["tags"] == ["a", "c"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/tags", ["b", "a"]),
        ("/defaultClientSideAvailability/usingMobileKey", 0),
        ("/includeInSnippetByDefault", None),
        ("/name", ["Checkout"]),
    ],
)
async def test_tests_compare_as_json(ld, refused, paths, path, value):
    refused(await ld.patch(PROJECT, ("test", path, value)), 400)


async def test_pointers_are_unescaped(sandbox):
    client = sandbox()
    await client.project()
    made = await client.make(
        "/integration-capabilities/featureStore/checkout/test/brand-new", {"config": {"a/b": 1, "m~n": 2}}
    )
    path = f"/integration-capabilities/featureStore/checkout/test/brand-new/{made['_id']}"
    answer = await client.patch(path, ("replace", "/config/a~1b", 5), ("remove", "/config/m~0n"))
    assert answer.json()["config"] == {"a/b": 5}


async def test_a_written_value_is_never_shared_with_the_patch(ld, paths):
    answer = await ld.patch(
        PROJECT, ("replace", "/tags", ["x"]), ("add", "/tags/-", "y"), ("test", "/tags", ["x", "y"])
    )
    assert answer.json()["tags"] == ["x", "y"]
