"""Observing: which requests are made, and what their answers prove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from kinds.fake_account import DELIVERIES, IMPORTS, PROJECTS, WAYS_TO_HIDE, FakeAccount

from reconciler.kinds.registry import load_kinds
from reconciler.live.connection import Reader
from reconciler.live.observe import observe
from reconciler.model.address import Address
from reconciler.model.errors import Forbidden, ServiceError, Unauthorized, Unreachable
from reconciler.model.state import Declared, Live, Presence

pytestmark = pytest.mark.anyio


def project(key: str, **more: Any) -> dict[str, Any]:
    return {"_id": f"id-{key}", "key": key, "name": key, **more}


def delivery(name: str, id_: str, **more: Any) -> dict[str, Any]:
    scope = {"projectKey": "p", "environmentKey": "e", "integrationKey": "fastly"}
    return {"_id": id_, "name": name, **scope, "config": {"storeId": "s"}, "version": 4, **more}


def declared(text: str, spec: Mapping[str, Any] | None = None, **more: Any) -> Declared:
    return Declared(Address.parse(text), spec or {}, **more)


async def seen(account: FakeAccount, *desired: Declared) -> Live:
    return await observe(desired, load_kinds(), account.reader)


EDGE = "IntegrationDeliveryConfiguration/p/e/fastly/Edge"


async def test_projects_come_by_their_keys_with_their_environments_in_one_request() -> None:
    account = FakeAccount([project("p"), project("q"), project("other")], {"p": [project("e")], "q": []})
    live = await seen(account, declared("Project/p"), declared("Project/q"), declared("Environment/p/e"))
    [(path, params)] = account.asked
    assert path == PROJECTS
    assert params["filter"] == "keys:p|q"
    assert params["expand"] == "environments"
    assert live[Address.parse("Environment/p/e")].id == "id-e"
    assert live[Address.parse("Project/q")].present


async def test_what_stands_above_is_read_though_nobody_declares_it() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")])
    live = await seen(account, declared(EDGE))
    assert {str(address) for address in live.asked} == {"Project/p", "Environment/p/e", EDGE}


async def test_many_projects_are_asked_for_in_portions_that_a_url_can_hold() -> None:
    keys = [f"project-{number:03}" for number in range(130)]
    account = FakeAccount([project(key) for key in keys])
    live = await seen(account, *(declared(f"Project/{key}") for key in keys))
    assert all(observed.present for observed in live.asked.values())
    assert len(account.asked) == 3
    long = ["x" * 99 + str(number) for number in range(10)] + ["y" * 100]
    account = FakeAccount([project(key) for key in long])
    await seen(account, *(declared(f"Project/{key}") for key in long))
    assert all(len(params["filter"]) < 2000 for _, params in account.asked)


@pytest.mark.parametrize("number", [20, 21, 45, 100, 101, 250])
async def test_more_environments_than_come_along_are_read_page_by_page(number: int) -> None:
    held = [project(f"e-{index}") for index in range(number)]
    account = FakeAccount([project("p")], {"p": held})
    live = await seen(account, declared(f"Environment/p/e-{number - 1}"), declared("Environment/p/none"))
    assert live[Address.parse(f"Environment/p/e-{number - 1}")].id == f"id-e-{number - 1}"
    assert live[Address.parse("Environment/p/none")].presence is Presence.ABSENT
    assert len(live.others) == number - 1
    pages = [path for path in account.paths if path.endswith("/environments")]
    assert len(pages) == (0 if number == 20 else -(-number // 100))


async def test_a_full_first_page_without_a_count_proves_nothing() -> None:
    held = [project(f"e-{index}") for index in range(25)]
    account = FakeAccount([project("p")], {"p": held})
    account.faults = {"expand": lambda nested: {"items": nested["items"]}}
    live = await seen(account, declared("Environment/p/e-24"))
    assert live[Address.parse("Environment/p/e-24")].present


async def test_keys_are_told_apart_by_case_though_the_filter_does_not() -> None:
    account = FakeAccount([project("P")], {"P": [project("e")]})
    live = await seen(account, declared("Project/p"), declared("Environment/p/e"))
    assert live[Address.parse("Project/p")].presence is Presence.ABSENT
    assert live[Address.parse("Environment/p/e")].presence is Presence.ABSENT
    assert account.paths == [PROJECTS]


async def test_configurations_come_in_one_list_and_details_only_where_config_is_declared() -> None:
    others = [delivery("Edge", f"f-{index}", environmentKey=f"f-{index}") for index in range(5)]
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1"), *others])
    live = await seen(account, declared(EDGE, {"on": True}))
    assert account.paths.count(DELIVERIES) == 1
    assert len(account.asked) == 2
    assert {
        other.id for other in live.others if other.address.kind == "IntegrationDeliveryConfiguration"
    } == {other["_id"] for other in others}
    account.asked.clear()
    live = await seen(account, declared(EDGE, {"config": {}}))
    assert f"{DELIVERIES}/p/e/fastly/1" in account.paths
    assert len(account.asked) == 3
    assert live[Address.parse(EDGE)].document["config"] == {"storeId": "s"}
    assert live[Address.parse(EDGE)].version == 4


async def test_no_list_is_read_that_nothing_declared_needs() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")])
    await seen(account, declared("Environment/p/e"))
    assert account.paths == [PROJECTS]


async def test_of_a_tombstone_all_lists_below_are_read() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")])
    live = await seen(account, declared("Project/p", absent=True, id="id-p"))
    assert {PROJECTS, DELIVERIES, IMPORTS} == set(account.paths)
    assert {str(other.address) for other in live.others} == {"Environment/p/e", EDGE}


async def test_a_forbidden_list_of_projects_is_replaced_by_single_ones() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, faults={PROJECTS: 403})
    live = await seen(account, declared("Project/p"), declared("Project/q"), declared("Environment/p/e"))
    assert live[Address.parse("Project/p")].present
    assert live[Address.parse("Environment/p/e")].present
    assert live[Address.parse("Project/q")].presence is Presence.ABSENT, "a direct 404 is a proof"


async def test_a_forbidden_list_of_the_account_is_replaced_by_that_of_the_environment() -> None:
    account = FakeAccount(
        [project("p")], {"p": [project("e")]}, [delivery("Edge", "1")], faults={DELIVERIES: 403}
    )
    live = await seen(account, declared(EDGE), declared(EDGE[:-4] + "None"))
    assert live[Address.parse(EDGE)].id == "1"
    assert live[Address.parse(EDGE[:-4] + "None")].presence is Presence.ABSENT
    assert live.unlisted == {}


async def test_of_a_tombstone_the_narrower_list_is_not_enough() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, faults={DELIVERIES: 403})
    live = await seen(account, declared("Environment/p/e", absent=True, id="id-e"))
    assert "IntegrationDeliveryConfiguration" in live.unlisted


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        (PROJECTS, {"Project/p", "Environment/p/e-24"}),
        (f"{PROJECTS}/p/environments", {"Environment/p/e-24"}),
        (DELIVERIES, {EDGE}),
        (f"{DELIVERIES}/p/e-0/fastly/1", {"IntegrationDeliveryConfiguration/p/e-0/fastly/Detail"}),
        (IMPORTS, {"FlagImportConfiguration/p/split/None"}),
    ],
)
async def test_what_one_request_can_not_tell_is_unknown_and_the_rest_is_known(
    status: int, path: str, unknown: set[str]
) -> None:
    desired = [
        declared("Project/p"),
        declared("Environment/p/e-24"),
        declared(EDGE),
        declared("IntegrationDeliveryConfiguration/p/e-0/fastly/Detail", {"config": {}}),
        declared("FlagImportConfiguration/p/split/None"),
    ]
    held = [project(f"e-{index}") for index in range(25)] + [project("e")]
    detail = delivery("Detail", "1", environmentKey="e-0")
    account = FakeAccount([project("p")], {"p": held}, [detail, delivery("Edge", "2")], faults={path: status})
    account.faults = {path: status, f"{PROJECTS}/p": status, f"{DELIVERIES}/p/e": status}
    if path == PROJECTS:
        account.faults |= {f"{PROJECTS}/p/environments": status}
    live = await seen(account, *desired)
    found = {str(each.address) for each in desired if live[each.address].presence is Presence.UNKNOWN}
    if path == DELIVERIES and status != 403:
        unknown = {*unknown, "IntegrationDeliveryConfiguration/p/e-0/fastly/Detail"}
    assert found == unknown
    assert all(live[Address.parse(text)].reason.endswith(".") for text in unknown)
    assert all(live[Address.parse(text)].document == {} for text in unknown)


async def test_a_configuration_that_went_between_list_and_detail_is_gone() -> None:
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")])
    account.faults = {f"{DELIVERIES}/p/e/fastly/1": 404}
    live = await seen(account, declared(EDGE, {"config": {}}))
    assert live[Address.parse(EDGE)].presence is Presence.ABSENT


async def test_without_its_environment_a_configuration_is_absent() -> None:
    account = FakeAccount([project("p")], {"p": []}, faults={DELIVERIES: 403})
    live = await seen(account, declared(EDGE))
    assert live[Address.parse(EDGE)].presence is Presence.ABSENT


@pytest.mark.parametrize("hidden", ["projectKey", "environmentKey", "integrationKey", "name", "_id"])
async def test_an_item_that_can_not_be_told_may_be_any(hidden: str) -> None:
    item = {name: value for name, value in delivery("Edge", "1").items() if name != hidden}
    account = FakeAccount([project("p")], {"p": [project("e")]})
    account.faults = {DELIVERIES: lambda _: {"items": [item]}}
    live = await seen(account, declared(EDGE))
    assert live[Address.parse(EDGE)].presence is Presence.UNKNOWN


@pytest.mark.parametrize("way", WAYS_TO_HIDE, ids=lambda way: way.__name__)
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (PROJECTS, "Project/p"),
        ("expand", "Environment/p/e"),
        (DELIVERIES, EDGE),
        (f"{DELIVERIES}/p/e", EDGE),
        (IMPORTS, "FlagImportConfiguration/p/split/Import"),
    ],
)
async def test_what_a_list_left_out_is_unknown(path: str, text: str, way: Any) -> None:
    imported = {"_id": "i", "projectKey": "p", "integrationKey": "split", "name": "Import"}
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")], [imported])
    account.faults = {path: way}
    if path == "expand":
        account.faults[f"{PROJECTS}/p/environments"] = way
    if path == f"{DELIVERIES}/p/e":
        account.faults[DELIVERIES] = 403
    live = await seen(account, declared(text))
    found = live[Address.parse(text)].presence
    assert found is not Presence.ABSENT
    assert found is Presence.UNKNOWN or way.__name__ in ("total_too_high", "cut_with_a_next_link")
    if path != PROJECTS:  # which is filtered, so that there is nothing to leave out
        gone = Address.parse(text[:-1] + "?")
        live = await seen(account, declared(str(gone)))
        assert live[gone].presence is Presence.UNKNOWN


async def test_several_of_one_name_are_ambiguous_until_an_id_tells_them_apart() -> None:
    twins = [delivery("Edge", "1"), delivery("Edge", "2")]
    account = FakeAccount([project("p")], {"p": [project("e")]}, twins)
    live = await seen(account, declared(EDGE))
    assert live[Address.parse(EDGE)].presence is Presence.AMBIGUOUS
    assert live[Address.parse(EDGE)].ids == ("1", "2")
    live = await seen(account, declared(EDGE, id="2"))
    assert live[Address.parse(EDGE)].id == "2"
    assert [other.id for other in live.others if other.id in ("1", "2")] == ["1"]


async def test_a_pinned_one_is_found_under_another_name_but_not_in_another_scope() -> None:
    account = FakeAccount(
        [project("p")], {"p": [project("e")]}, [delivery("Old", "1"), delivery("Edge", "2")]
    )
    live = await seen(account, declared(EDGE, id="1"))
    assert live[Address.parse(EDGE)].document["name"] == "Old"
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1", environmentKey="f")])
    live = await seen(account, declared(EDGE, id="1"))
    assert live[Address.parse(EDGE)].presence is Presence.ABSENT


async def test_configurations_are_asked_for_with_the_beta_header_and_the_rest_without() -> None:
    asked: list[tuple[str, bool]] = []
    account = FakeAccount([project("p")], {"p": [project("e")]}, [delivery("Edge", "1")])

    async def fetch(path: str, params: Mapping[str, str], beta: bool) -> Any:
        asked.append((path, beta))
        return await account._fetch(path, params, beta)

    await observe([declared(EDGE, {"config": {}})], load_kinds(), Reader(fetch))
    assert len(asked) == 3
    assert all(beta == ("/integration-capabilities/" in path) for path, beta in asked)


def everywhere(status: int) -> dict[str, int]:
    return dict.fromkeys(
        (PROJECTS, f"{PROJECTS}/p", f"{PROJECTS}/p/environments", DELIVERIES, f"{DELIVERIES}/p/e"), status
    )


async def test_a_token_that_is_refused_ends_it_all() -> None:
    with pytest.raises(Unauthorized):
        await seen(FakeAccount(faults=everywhere(401)), declared(EDGE), declared("Project/p"))


async def test_a_token_without_any_right_ends_it_all() -> None:
    with pytest.raises(Forbidden, match="no right to read"):
        await seen(FakeAccount(faults=everywhere(403)), declared(EDGE), declared("Project/p"))


async def test_a_token_with_some_rights_leaves_the_rest_unknown() -> None:
    account = FakeAccount(
        [project("p")], {"p": [project("e")]}, faults={DELIVERIES: 403, f"{DELIVERIES}/p/e": 403}
    )
    live = await seen(account, declared(EDGE))
    assert live[Address.parse(EDGE)].presence is Presence.UNKNOWN
    assert live[Address.parse("Project/p")].present


async def test_a_host_that_has_no_projects_at_all_is_not_launchdarkly() -> None:
    with pytest.raises(ServiceError, match="is --host right"):
        await seen(FakeAccount(faults={PROJECTS: 404}), declared("Project/p"))


async def test_no_answer_ends_it_all_with_our_own_error() -> None:
    async def fetch(path: str, params: Mapping[str, str], beta: bool) -> Any:
        raise Unreachable("no")

    with pytest.raises(Unreachable):
        await observe([declared(EDGE), declared("Project/p")], load_kinds(), Reader(fetch))


async def test_nothing_declared_asks_for_nothing() -> None:
    account = FakeAccount([project("p")])
    assert (await seen(account)).asked == {}
    assert account.asked == []


def test_what_reads_has_no_way_to_write() -> None:
    assert {name for name in dir(Reader) if not name.startswith("_")} == {"get"}
    assert Reader.__slots__ == ("_fetch",)
