"""Data to look at."""

import pytest

from reconciler.sandbox.seed import seed

pytestmark = pytest.mark.anyio

STORES = "/integration-capabilities/featureStore"


async def test_it_counts_what_it_added_and_the_world_has_it(ld, store):
    added = seed(store)
    assert added == {"projects": 3, "environments": 9, "featureStore": 3, "flagImport": 1}
    assert (await ld.read("/projects"))["totalCount"] == 3
    assert (await ld.read("/projects/checkout/environments"))["totalCount"] == 3
    assert len((await ld.read(STORES))["items"]) == 3
    assert len((await ld.read("/integration-capabilities/flag-import"))["items"]) == 1
    production = await ld.read("/projects/search/environments/production")
    assert production["critical"] is True
    assert production["approvalSettings"]["minNumApprovals"] == 2


async def test_what_exists_is_left_alone(ld, store):
    await ld.project("checkout", name="Mine")
    assert seed(store) == {"projects": 2, "environments": 6, "featureStore": 2, "flagImport": 1}
    before = [await ld.read("/projects"), await ld.read(STORES)]
    assert seed(store) == {"projects": 0, "environments": 0, "featureStore": 0, "flagImport": 0}
    assert [await ld.read("/projects"), await ld.read(STORES)] == before
    assert (await ld.read("/projects/checkout"))["name"] == "Mine"


async def test_what_was_deleted_comes_back(ld, store):
    seed(store)
    item = (await ld.read(STORES))["items"][0]
    await ld.delete(item["_links"]["self"]["href"].removeprefix("/api/v2"))
    await ld.delete("/projects/search")
    assert seed(store) == {"projects": 1, "environments": 3, "featureStore": 2, "flagImport": 0}


async def test_it_logs_nothing(ld, store):
    seed(store)
    assert await ld.log() == []
