"""Rate limits: windows of the wall clock, the account's budget and the routes'."""

import pytest

pytestmark = pytest.mark.anyio


def budget(answer):
    return (
        int(answer.headers["x-ratelimit-global-remaining"]),
        int(answer.headers["x-ratelimit-route-remaining"]),
    )


async def test_a_route_has_a_budget_for_each_window(sandbox, refused, clock):
    client = sandbox(route_limit=3)
    seen = [budget(await client.get("/projects"))[1] for _ in range(3)]
    assert seen == [2, 1, 0]
    answer = await client.get("/projects")
    refused(answer, 429)
    assert budget(answer)[1] == 0
    assert int(answer.headers["x-ratelimit-reset"]) == clock.now + 10_000
    clock.pass_seconds(9.999)
    refused(await client.get("/projects"), 429)
    clock.pass_seconds(0.001)
    assert (await client.get("/projects")).status_code == 200


async def test_a_route_is_verb_and_pattern(sandbox):
    client = sandbox(route_limit=2)
    await client.get("/projects/a")
    await client.get("/projects/b")
    assert (await client.get("/projects/c")).status_code == 429
    assert (await client.delete("/projects/c")).status_code == 404
    assert (await client.get("/projects")).status_code == 200


async def test_the_account_has_a_budget_over_all_routes_and_tokens(sandbox):
    client = sandbox(global_limit=3, route_limit=100)
    assert budget(await client.get("/projects")) == (2, 99)
    assert budget(await client.get("/caller-identity")) == (1, 99)
    assert budget(await client.get("/nowhere")) == (0, 100)
    answer = await client.http.get("/api/v2/projects", headers={"Authorization": "another"})
    assert answer.status_code == 429
    assert budget(answer) == (0, 99)


async def test_a_limited_call_has_no_effect(sandbox, ld):
    client = sandbox(global_limit=1)
    await client.project("a")
    assert (await client.post("/projects", {"key": "b", "name": "B"})).status_code == 429
    assert (await ld.read("/projects"))["totalCount"] == 1


async def test_unauthorized_calls_are_not_counted_and_the_sandboxs_own_paths_neither(sandbox):
    client = sandbox(global_limit=1)
    answer = await client.http.get("/api/v2/projects", headers={"Authorization": ""})
    assert (answer.status_code, budget(answer)[0]) == (401, 1)
    await client.log()
    assert (await client.get("/projects")).status_code == 200


async def test_windows_start_at_whole_multiples_of_their_length(sandbox, clock):
    client = sandbox(global_limit=1, window_seconds=2.5)
    clock.pass_seconds(2)
    await client.get("/projects")
    assert (await client.get("/projects")).status_code == 429
    clock.pass_seconds(0.5)
    answer = await client.get("/projects")
    assert answer.status_code == 200
    assert int(answer.headers["x-ratelimit-reset"]) == clock.now + 2500


@pytest.mark.parametrize("skew", [-3600, 3600])
async def test_the_services_clock_may_differ_from_ours(sandbox, clock, skew):
    answer = await sandbox(clock_skew=skew).get("/projects")
    assert int(answer.headers["x-ratelimit-reset"]) == clock.now + skew * 1000 + 10_000


async def test_without_limits_nothing_runs_out(ld):
    answers = [await ld.get("/projects") for _ in range(50)]
    assert {budget(answer) for answer in answers} == {(10_000, 10_000)}
