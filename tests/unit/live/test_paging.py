"""Lists: read whole, or said not to be."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reconciler.live.connection import Reader
from reconciler.live.paging import MAX_PAGES, Pages, by, one_page, read_all, read_pages
from reconciler.model.errors import Forbidden, ServiceError

pytestmark = pytest.mark.anyio

Serve = Callable[[int, int], dict[str, Any]]


class Lists:
    """A reader over a function of offset and limit, and what it was asked for."""

    def __init__(self, serve: Serve) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.serve = serve
        self.reader = Reader(self.fetch)

    async def fetch(self, path: str, params: Mapping[str, str], beta: bool) -> dict[str, Any]:
        self.asked.append((path, dict(params)))
        return self.serve(int(params.get("offset", 0)), int(params.get("limit", 20)))


def items(*keys: object) -> list[dict[str, object]]:
    return [{"key": str(key)} for key in keys]


def keys(pages: Pages) -> list[str]:
    return [str(item["key"]) for item in pages.items]


def serving(count: int, *, total: bool = True, links: bool = True, cap: int = 1000) -> Serve:
    """A list as the service gives it: `cap` is the longest page it makes, whatever the limit."""

    def serve(offset: int, limit: int) -> dict[str, Any]:
        page = items(*range(count))[offset : offset + min(limit, cap)]
        document: dict[str, Any] = {"items": page}
        if total:
            document["totalCount"] = count
        if links:
            more = offset + len(page) < count
            document["_links"] = {"self": {"href": "/"}} | (
                {"next": {"href": "http://evil.example"}} if more else {}
            )
        return document

    return serve


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 130, 200, 250])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("links", [True, False])
async def test_a_list_is_read_to_its_end(count: int, total: bool, links: bool) -> None:
    lists = Lists(serving(count, total=total, links=links))
    pages = await read_pages(lists.reader, "/api/v2/projects", {"filter": "x"})
    assert keys(pages) == [str(number) for number in range(count)]
    assert pages.whole
    assert pages.total == (count if total else None)
    # One more request finds out that a full page was the last, where nothing else says so.
    needed = max(1, -(-count // 100)) + (not total and count > 0 and count % 100 == 0)
    assert len(lists.asked) == needed
    assert lists.asked[0] == ("/api/v2/projects", {"filter": "x", "limit": "100"})
    assert all(params["offset"] == str(index * 100) for index, (_, params) in enumerate(lists.asked) if index)


@pytest.mark.parametrize(("total", "links"), [(True, True), (True, False), (False, True)])
async def test_a_server_may_make_shorter_pages_than_asked_for(total: bool, links: bool) -> None:
    lists = Lists(serving(45, total=total, links=links, cap=20))
    pages = await read_pages(lists.reader, "/x")
    assert (len(pages.items), pages.whole) == (45, True)
    assert [params.get("offset") for _, params in lists.asked] == [None, "20", "40"]


async def test_a_limit_that_is_refused_is_lowered_once() -> None:
    def serve(offset: int, limit: int) -> dict[str, Any]:
        if limit > 20:
            raise ServiceError(400, message="limit is too large")
        return serving(45)(offset, limit)

    lists = Lists(serve)
    pages = await read_pages(lists.reader, "/x")
    assert (len(pages.items), pages.whole) == (45, True)
    assert [params["limit"] for _, params in lists.asked] == ["100", "20", "20", "20"]


@pytest.mark.parametrize("error", [ServiceError(400), Forbidden(403), ServiceError(500)])
async def test_other_refusals_are_the_callers(error: ServiceError) -> None:
    def serve(offset: int, limit: int) -> dict[str, Any]:
        raise error

    lists = Lists(serve)
    with pytest.raises(type(error)):
        await read_pages(lists.reader, "/x")
    assert len(lists.asked) == (2 if error.status == 400 else 1)


async def test_a_list_that_grows_while_it_is_read_is_read_again() -> None:
    """What is created in front of an offset moves an item we have to the next page."""
    world = [str(number) for number in range(150)]

    def serve(offset: int, limit: int) -> dict[str, Any]:
        document = {"items": items(*world[offset : offset + limit]), "totalCount": len(world)}
        if offset == 0 and len(world) == 150:
            world.insert(0, "new")
        return document

    lists = Lists(serve)
    pages = await read_pages(lists.reader, "/x")
    assert keys(pages) == world
    assert (pages.whole, pages.total) == (True, 151)
    assert len(lists.asked) == 4


async def test_a_list_that_shrinks_and_grows_by_as_many_is_seen_by_its_repeats() -> None:
    world = [str(number) for number in range(150)]
    moves = [True]

    def serve(offset: int, limit: int) -> dict[str, Any]:
        document = {"items": items(*world[offset : offset + limit]), "totalCount": len(world)}
        if moves:
            moves.pop()
            world.remove("149")
            world.insert(0, "new")
        return document

    pages = await read_pages(Lists(serve).reader, "/x")
    assert keys(pages) == world
    assert pages.whole


async def test_a_list_that_never_stands_still_is_not_whole() -> None:
    world = [str(number) for number in range(150)]

    def serve(offset: int, limit: int) -> dict[str, Any]:
        document = {"items": items(*world[offset : offset + limit]), "totalCount": len(world)}
        world.append(str(len(world)))
        return document

    lists = Lists(serve)
    pages = await read_pages(lists.reader, "/x")
    assert not pages.whole
    assert len(pages.items) >= 150  # what was seen is there all the same
    assert len(set(keys(pages))) == len(pages.items)
    assert len(lists.asked) == 6


async def test_a_server_that_knows_no_offset_does_not_hold_us_for_ever() -> None:
    for document in (
        {"items": items(*range(100)), "totalCount": 250},
        {"items": items(*range(100))},
        {"items": items(*range(3)), "_links": {"next": {"href": "/x"}}},
    ):
        lists = Lists(lambda offset, limit, document=document: document)
        pages = await read_pages(lists.reader, "/x")
        assert not pages.whole
        assert len(pages.items) in (3, 100)
        assert len(lists.asked) == 6


async def test_a_list_without_end_ends() -> None:
    lists = Lists(lambda offset, limit: {"items": items(*range(offset, offset + limit))})
    pages = await read_pages(lists.reader, "/x", limit=2)
    assert not pages.whole
    assert len(lists.asked) == MAX_PAGES


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"items": "x"},
        {"items": {}},
        {"items": [], "totalCount": 1},
        {"items": None, "totalCount": 1},
        {"items": [], "_links": {"next": {}}},
        {"items": [7]},
        {"items": [{"key": "a"}, None], "totalCount": 2},
        {"items": [{"key": "a"}], "totalCount": 2},
        {"totalCount": 0},
    ],
)
async def test_what_may_have_been_cut_is_not_whole(document: dict[str, Any]) -> None:
    assert not one_page(document).whole
    lists = Lists(lambda offset, limit: document)
    assert not (await read_all(lists.reader, "/x")).whole
    assert not (await read_pages(lists.reader, "/x")).whole


@pytest.mark.parametrize(
    ("document", "total"),
    [
        ({"items": []}, None),
        ({"items": None}, None),
        ({"items": [], "_links": {}}, None),
        ({"items": [], "_links": None}, None),
        ({"items": [], "_links": {"next": None}}, None),
        ({"items": [{"key": "a"}], "totalCount": "1"}, None),
        ({"items": [{"key": "a"}], "totalCount": True}, None),
        ({"items": [{"key": "a"}], "totalCount": -1}, None),
        ({"items": [{"key": "a"}], "totalCount": 1}, 1),
        ({"items": [{"no": "key"}, {"no": "key"}], "totalCount": 2}, 2),
        ({"items": [{"key": "a"}, {"key": "b"}], "totalCount": 1}, 1),
    ],
)
async def test_what_was_not_cut_is_whole(document: dict[str, Any], total: int | None) -> None:
    lists = Lists(lambda offset, limit: document)
    for pages in (
        one_page(document),
        await read_all(lists.reader, "/x"),
        await read_pages(lists.reader, "/x"),
    ):
        assert (pages.whole, pages.total, len(pages.items)) == (True, total, len(document["items"] or []))
    assert len(lists.asked) == 2


def test_a_full_nested_page_without_a_count_may_have_been_cut() -> None:
    assert one_page({"items": items(1)}, full=20).whole
    assert not one_page({"items": items(*range(20))}, full=20).whole
    assert one_page({"items": items(*range(20)), "totalCount": 20}, full=20).whole


def test_items_are_told_apart_by_the_first_member_that_they_have() -> None:
    key = by("_id", "id")
    assert key({"_id": "a", "id": "b"}) == "a"
    assert key({"_id": 7, "id": "b"}) == "b"
    assert key({}) is None


async def test_a_beta_list_is_asked_for_as_one() -> None:
    asked = []

    async def fetch(path: str, params: Mapping[str, str], beta: bool) -> dict[str, Any]:
        asked.append(beta)
        return {"items": []}

    await read_all(Reader(fetch), "/x", beta=True)
    await read_pages(Reader(fetch), "/x", beta=True)
    assert asked == [True, True]
