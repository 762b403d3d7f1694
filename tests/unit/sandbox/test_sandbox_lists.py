"""Pages, links, filters and sorting of projects and environments."""

import pytest

pytestmark = pytest.mark.anyio

ENVIRONMENTS = "/projects/checkout/environments"


@pytest.fixture
async def five(ld):
    """Five environments: e0 to e4."""
    tags = [["A", "b"], ["a"], ["b"], [], ["a", "b", "c"]]
    given = [
        {"key": f"e{n}", "name": name, "color": "000000", "tags": tags[n], "critical": n in (1, 3)}
        for n, name in enumerate(["Delta", "alpha", "Charlie", "Bravo", "Echo"])
    ]
    await ld.project(environments=given)
    return ld


async def keys(client, path):
    return [item["key"] for item in (await client.read(path))["items"]]


def hrefs(document):
    prefix = f"/api/v2{ENVIRONMENTS}"
    return {name: link["href"].removeprefix(prefix) for name, link in document["_links"].items()}


async def test_a_page_has_20_items_unless_another_limit_is_asked_for(ld):
    for n in range(45):
        await ld.project(f"p{n}")
    first = await ld.read("/projects")
    assert (len(first["items"]), first["totalCount"]) == (20, 45)
    assert await keys(ld, "/projects?offset=40") == [f"p{n}" for n in range(40, 45)]
    assert len((await ld.read("/projects?limit=1000"))["items"]) == 45
    assert {name: link["href"] for name, link in first["_links"].items()} == {
        "self": "/api/v2/projects",
        "parent": "/api/v2",
        "next": "/api/v2/projects?limit=20&offset=20",
        "last": "/api/v2/projects?limit=20&offset=40",
    }


async def test_links_of_the_first_page(five):
    page = await five.read(f"{ENVIRONMENTS}?limit=2")
    assert [item["key"] for item in page["items"]] == ["e0", "e1"]
    assert page["totalCount"] == 5
    assert hrefs(page) == {
        "self": "?limit=2",
        "next": "?limit=2&offset=2",
        "last": "?limit=2&offset=4",
        "parent": "/api/v2/projects/checkout",
    }
    assert all(link["type"] == "application/json" for link in page["_links"].values())


async def test_links_of_a_middle_page(five):
    page = await five.read(f"{ENVIRONMENTS}?offset=2&limit=2")
    assert [item["key"] for item in page["items"]] == ["e2", "e3"]
    assert hrefs(page) == {
        "self": "?offset=2&limit=2",
        "first": "?limit=2",
        "prev": "?limit=2",
        "next": "?limit=2&offset=4",
        "last": "?limit=2&offset=4",
        "parent": "/api/v2/projects/checkout",
    }


async def test_links_of_the_last_page(five):
    page = await five.read(f"{ENVIRONMENTS}?limit=2&offset=4")
    assert [item["key"] for item in page["items"]] == ["e4"]
    assert hrefs(page) == {
        "self": "?limit=2&offset=4",
        "first": "?limit=2",
        "prev": "?limit=2&offset=2",
        "parent": "/api/v2/projects/checkout",
    }


async def test_the_last_page_of_a_list_that_fills_its_pages_is_not_empty(five):
    await five.delete(f"{ENVIRONMENTS}/e4")
    assert hrefs(await five.read(f"{ENVIRONMENTS}?limit=2"))["last"] == "?limit=2&offset=2"
    assert "next" not in hrefs(await five.read(f"{ENVIRONMENTS}?limit=2&offset=2"))


@pytest.mark.parametrize("query", ["", "?limit=5", "?limit=1000"])
async def test_links_of_a_single_page(five, query):
    assert hrefs(await five.read(ENVIRONMENTS + query)) == {
        "self": query,
        "parent": "/api/v2/projects/checkout",
    }


async def test_following_next_reads_everything_once(five):
    path, seen = f"{ENVIRONMENTS}?limit=2&filter=query:e&sort=-name", []
    while path:
        page = await five.read(path.removeprefix("/api/v2"))
        seen += [item["key"] for item in page["items"]]
        path = page["_links"].get("next", {}).get("href")
    assert seen == ["e1", "e4", "e0", "e2", "e3"]


async def test_a_page_beyond_the_end_is_empty(five):
    page = await five.read(f"{ENVIRONMENTS}?limit=2&offset=99")
    assert (page["items"], page["totalCount"]) == ([], 5)
    assert set(page["_links"]) == {"self", "parent", "first", "prev"}


@pytest.mark.parametrize("path", ["/projects", ENVIRONMENTS])
@pytest.mark.parametrize(
    "query",
    [
        *("limit=x", "limit=-1", "limit=0", "limit=1001", "limit=1.0", "limit=", "limit=%2B5", "limit=1e1"),
        *("offset=x", "offset=-1", "offset=", "limit=٣", f"offset={'9' * 19}", f"limit={'9' * 5000}"),
        *("filter=x", "filter=name:x", "filter=query", "filter=tags:a,name:b"),
        *("sort=x", "sort=--name", "sort=name,x", "sort=-"),
    ],
)
async def test_what_a_list_does_not_understand_is_invalid(five, refused, path, query):
    refused(await five.get(f"{path}?{query}"), 400)


async def test_each_list_knows_its_own_fields(five, refused):
    refused(await five.get(f"{ENVIRONMENTS}?filter=keys:e1"), 400)
    refused(await five.get("/projects?sort=critical"), 400)
    assert await keys(five, f"{ENVIRONMENTS}?filter=&sort=&expand=&x=y") == ["e0", "e1", "e2", "e3", "e4"]


async def test_a_too_large_limit_can_be_clamped(five, sandbox):
    page = await sandbox(clamp_limit=True, page_limit=3).read(f"{ENVIRONMENTS}?limit=2000")
    assert len(page["items"]) == 3
    assert hrefs(page)["next"] == "?limit=3&offset=3"


async def test_the_usual_page_size_can_be_switched(five, sandbox):
    assert len((await sandbox(page_size=4).read(ENVIRONMENTS))["items"]) == 4


@pytest.mark.parametrize(
    ("filtered", "expected"),
    [
        ("query:E", ["e0", "e1", "e2", "e3", "e4"]),
        ("query:CHAR", ["e2"]),
        ("query:e3", ["e3"]),
        ("query:nope", []),
        ("tags:a", ["e0", "e1", "e4"]),
        ("tags:a%2BB", ["e0", "e4"]),
        ("tags:b%2Ba%2Bc", ["e4"]),
        ("tags:a+b", []),
        ("tags:a,query:e4", ["e4"]),
        ("tags:a,tags:b", ["e0", "e4"]),
        ("query:a:b", []),
    ],
)
async def test_filters(five, filtered, expected):
    assert await keys(five, f"{ENVIRONMENTS}?filter={filtered}") == expected


async def test_projects_can_be_filtered_by_keys_in_any_case(ld):
    for key in ("checkout", "search", "Search", "check"):
        await ld.project(key, tags=["t"] if key == "check" else [])
    assert await keys(ld, "/projects?filter=keys:checkout|SEARCH") == ["checkout", "search", "Search"]
    assert await keys(ld, "/projects?filter=keys:check") == ["check"]
    assert await keys(ld, "/projects?filter=keys:nope") == []
    page = await ld.read("/projects?filter=keys:check%7Csearch,tags:T")
    assert ([item["key"] for item in page["items"]], page["totalCount"]) == (["check"], 1)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("createdOn", ["e0", "e1", "e2", "e3", "e4"]),
        ("-createdOn", ["e4", "e3", "e2", "e1", "e0"]),
        ("name", ["e3", "e2", "e0", "e4", "e1"]),
        ("-name", ["e1", "e4", "e0", "e2", "e3"]),
        ("critical", ["e0", "e2", "e4", "e1", "e3"]),
        ("-critical,name", ["e3", "e1", "e2", "e0", "e4"]),
        ("critical,-createdOn", ["e4", "e2", "e0", "e3", "e1"]),
    ],
)
async def test_sorting(five, order, expected):
    assert await keys(five, f"{ENVIRONMENTS}?sort={order}") == expected


async def test_order_is_creation_order_and_a_patch_does_not_move_anything(five):
    await five.patch(f"{ENVIRONMENTS}/e1", ("replace", "/name", "zulu"))
    await five.delete(f"{ENVIRONMENTS}/e0")
    await five.make(ENVIRONMENTS, {"key": "e0", "name": "Again", "color": "000000"})
    assert await keys(five, ENVIRONMENTS) == ["e1", "e2", "e3", "e4", "e0"]
