"""Faults as the tool's own client meets them, in process and in virtual time."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import httpx
import pytest

from reconciler.live.client import connect
from reconciler.live.exchange import Exchanged, Timing
from reconciler.model.document import MISSING
from reconciler.model.errors import Forbidden, NotFound, ServiceError, Unauthorized, Unreachable
from reconciler.sandbox.app import create_app
from reconciler.sandbox.fault import Fault, Hide
from reconciler.sandbox.faults import Faults, Fired, Rate
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import StoreError

pytestmark = pytest.mark.anyio

PROJECTS = "/api/v2/projects"
ENVIRONMENTS = "/api/v2/projects/checkout/environments"
CHECKOUT = {"key": "checkout", "name": "Checkout"}
STAGING = {"key": "staging", "name": "Staging", "color": "F5A623"}
STORES = "/api/v2/integration-capabilities/featureStore"
IMPORTS = "/api/v2/integration-capabilities/flag-import"
DELIVERY = {"name": "Edge", "config": {"storeId": "kv", "apiToken": "example-token"}}
IMPORT = {
    "config": {"workspaceApiKey": "a", "workspaceId": "b", "environmentId": "c", "ldApiKey": "d"},
    "name": "I",
}


class Scene:
    """A sandbox with faults, the tool's client on it, and one virtual time for both."""

    def __init__(self, store, clock, faults, *, rate=None, tokens=None, sleep=None, **options) -> None:
        self.clock = clock
        self.slept: list[float] = []
        self.faults = Faults(faults, rate=rate, sleep=sleep or self.sleep)
        self.app = create_app(store, options=Options(**options), tokens=tokens, faults=self.faults)
        self.events: list[object] = []
        self.started = clock.now

    async def sleep(self, seconds: float) -> None:
        """The faults' sleep, which counts."""
        self.slept.append(seconds)
        await self.wait(seconds)

    async def wait(self, seconds: float) -> None:
        """The client's, which does not."""
        self.clock.pass_seconds(seconds)
        await anyio.lowlevel.checkpoint()

    def client(self, token: str = "t", timeout: float = 30):
        timing = Timing(
            clock=lambda: self.clock.now / 1000,
            epoch=lambda: self.clock.now / 1000,
            sleep=self.wait,
            random=lambda: 0.0,
        )
        return connect(
            "http://sandbox",
            token,
            app=self.app,
            timing=timing,
            timeout=timeout,
            on_event=self.events.append,
        )

    def statuses(self) -> list[int]:
        """What the client saw, 0 for nothing."""
        return [event.status for event in self.events if isinstance(event, Exchanged)]

    async def bare(self, method: str = "GET", path: str = PROJECTS, **more) -> httpx.Response:
        """One request, never tried again."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            headers = {"Authorization": "t", "LD-API-Version": "beta", **more.pop("headers", {})}
            return await http.request(method, path, headers=headers, **more)

    async def log(self) -> list[tuple[object, ...]]:
        answer = await self.bare("GET", "/__sandbox__/requests")
        return [
            (item["method"], item["path"], item["status"], item["effect"]) for item in answer.json()["items"]
        ]


@pytest.fixture
def scene(store, clock):
    def made(*faults, **more) -> Scene:
        return Scene(store, clock, faults, **more)

    return made


async def exists(scene: Scene, key: str = "checkout") -> bool:
    return (await scene.bare("GET", f"{PROJECTS}/{key}")).status_code == 200


# Statuses


@pytest.mark.parametrize(("effect", "there"), [("before", False), ("after", True)])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_status_comes_before_the_effect_or_after_it(scene, effect, there, status):
    stage = scene(Fault(method="POST", path=PROJECTS, status=status, effect=effect))
    async with stage.client() as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.writer.post(PROJECTS, CHECKOUT)
    assert caught.value.status == status
    assert await exists(stage) is there
    assert stage.faults.fired == [Fired(0, "POST", PROJECTS)]
    assert (await stage.log())[0] == ("POST", PROJECTS, status, there)


async def test_a_read_gets_over_it(scene):
    stage = scene(Fault(method="GET", status=500, times=2))
    async with stage.client() as connection:
        assert (await connection.reader.get(PROJECTS))["items"] == []
    assert stage.statuses() == [500, 500, 200]
    assert await stage.log() == [
        ("GET", PROJECTS, 500, False),
        ("GET", PROJECTS, 500, False),
        ("GET", PROJECTS, 200, True),
    ]


async def test_a_lasting_one_lasts(scene):
    stage = scene(Fault(path="*/checkout", nth=2, times=0, status=500))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    patch = [{"op": "replace", "path": "/name", "value": "New"}]
    answers = [(await stage.bare("PATCH", f"{PROJECTS}/checkout", json=patch)).status_code for _ in range(4)]
    assert answers == [200, 500, 500, 500]
    assert [fired.index for fired in stage.faults.fired] == [0, 0, 0]


async def test_429_is_tried_again_and_has_no_effect(scene):
    stage = scene(Fault(method="POST", status=429, headers={"Retry-After": "3"}))
    async with stage.client() as connection:
        await connection.writer.post(PROJECTS, CHECKOUT)
    assert stage.statuses() == [429, 201]
    assert stage.clock.now - stage.started >= 3_000
    assert [line[2:] for line in await stage.log()] == [(429, False), (201, True)]


@pytest.mark.parametrize(
    ("given", "content", "media_type"),
    [
        (
            {},
            b'{"code": "service_unavailable", "message": "Service Unavailable"}',
            "application/json",
        ),
        ({"json": {"message": "down"}}, b'{"message": "down"}', "application/json"),
        ({"json": None}, b"null", "application/json"),
        ({"text": "down \u20ac"}, "down \u20ac".encode(), "text/plain; charset=utf-8"),
        ({"text": ""}, b"", "text/plain; charset=utf-8"),
        ({"html": "<h1>down</h1>"}, b"<h1>down</h1>", "text/html; charset=utf-8"),
        ({"empty": True}, b"", "application/json"),
        ({"empty": True, "headers": {"content-type": "text/x"}}, b"", "text/x"),
    ],
)
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_status_has_the_body_that_it_is_given(scene, given, content, media_type, effect):
    stage = scene(Fault(status=503, effect=effect, **given))
    answer = await stage.bare()
    assert (answer.status_code, answer.content) == (503, content)
    assert answer.headers.get_list("content-type") == [media_type]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (409, "optimistic_locking_error"),
        (418, "i'm_a_teapot"),
        (422, "patch_failed"),
        (429, "rate_limited"),
        (500, "internal_server_error"),
        (599, "status_599"),
    ],
)
async def test_the_usual_body_is_the_services_own(scene, status, code):
    answer = await scene(Fault(status=status)).bare()
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("status", "error"), [(401, Unauthorized), (403, Forbidden), (404, NotFound), (409, ServiceError)]
)
async def test_the_client_takes_a_refusal_for_one(scene, status, error):
    stage = scene(Fault(status=status))
    async with stage.client() as connection:
        with pytest.raises(error):
            await connection.reader.get(PROJECTS)


@pytest.mark.parametrize(("value", "seconds"), [("past", -5), ("+7.5", 7.5), ("-60", -60)])
@pytest.mark.parametrize("skew", [0, 3_600])
@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_reset_can_be_relative_to_the_services_clock(scene, value, seconds, skew, effect):
    stage = scene(Fault(status=429, headers={"x-ratelimit-reset": value}, effect=effect), clock_skew=skew)
    expected = str(stage.clock.now + round((skew + seconds) * 1000))
    assert (await stage.bare()).headers.get_list("x-ratelimit-reset") == [expected]


async def test_other_headers_are_sent_as_they_are(scene):
    headers = {
        "X-Ratelimit-Reset": "soon",
        "Retry-After": "+5",
        "X-A": "",
        "x-ratelimit-global-remaining": None,
    }
    stage = scene(Fault(status=429, headers=headers, effect="after"))
    answer = await stage.bare()
    assert answer.headers.get_list("x-ratelimit-reset") == ["soon"]
    assert answer.headers["retry-after"] == "+5"
    assert answer.headers["x-a"] == ""
    assert "x-ratelimit-global-remaining" not in answer.headers
    assert "x-ratelimit-route-remaining" in answer.headers


async def test_before_the_effect_there_are_no_rate_headers_and_no_token_is_looked_at(scene):
    stage = scene(Fault(status=429), rate=Rate(account=1), tokens={"other": "writer"})
    answer = await stage.bare()
    assert answer.status_code == 429
    assert not [name for name in answer.headers if "ratelimit" in name]
    answer = await stage.bare(headers={"Authorization": "other"})
    assert (answer.status_code, answer.headers["x-ratelimit-global-remaining"]) == (200, "0")


async def test_headers_alone_change_those_of_the_services_own_answer(scene):
    stage = scene(Fault(headers={"X-Ratelimit-Reset": "past", "X-Ratelimit-Route-Remaining": None}))
    answer = await stage.bare()
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert int(answer.headers["x-ratelimit-reset"]) < stage.clock.now
    assert "x-ratelimit-route-remaining" not in answer.headers
    assert stage.faults.fired == [Fired(0, "GET", PROJECTS)]
    assert await stage.log() == [("GET", PROJECTS, 200, True)]


# Broken connections


@pytest.mark.parametrize(("effect", "there"), [("before", False), ("after", True)])
async def test_a_lost_post_is_not_sent_again(scene, effect, there):
    stage = scene(Fault(method="POST", path=PROJECTS, reset=True, effect=effect))
    async with stage.client() as connection:
        with pytest.raises(Unreachable, match="broke off the connection") as caught:
            await connection.writer.post(PROJECTS, CHECKOUT)
    assert caught.value.sent
    assert stage.statuses() == [0]
    assert await exists(stage) is there
    assert (await stage.log())[0] == ("POST", PROJECTS, 0, there)
    assert stage.faults.fired == [Fired(0, "POST", PROJECTS)]


@pytest.mark.parametrize(("effect", "there"), [("before", False), ("after", True)])
async def test_what_can_be_sent_twice_is(scene, effect, there):
    stage = scene(Fault(method="DELETE", reset=True, effect=effect))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    async with stage.client() as connection:
        if there:
            with pytest.raises(NotFound):
                await connection.writer.delete(f"{ENVIRONMENTS}/test")
        else:
            await connection.writer.delete(f"{ENVIRONMENTS}/test")
    assert [line[2:] for line in (await stage.log())[1:]] == [
        (0, there),
        (404, False) if there else (204, True),
    ]


async def test_any_client_in_process_sees_a_reset(scene):
    stage = scene(Fault(reset=True))
    with pytest.raises(ConnectionResetError):
        await stage.bare()


async def test_a_refusal_can_be_lost_too(scene):
    stage = scene(
        Fault(method="POST", nth=2, reset=True, effect="after"),
        Fault(method="POST", nth=3, status=502, effect="after"),
    )
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    with pytest.raises(ConnectionResetError):
        await stage.bare("POST", PROJECTS, json=CHECKOUT)
    assert (await stage.bare("POST", PROJECTS, json=CHECKOUT)).status_code == 502
    assert [line[2:] for line in await stage.log()] == [(201, True), (0, False), (502, False)]


async def test_a_refused_effect_leaves_nothing_behind(scene):
    stage = scene(Fault(method="POST", reset=True, effect="after"))
    twins = {**CHECKOUT, "environments": [STAGING, STAGING]}
    with pytest.raises(ConnectionResetError):
        await stage.bare("POST", PROJECTS, json=twins)
    assert (await stage.bare()).json()["totalCount"] == 0
    assert (await stage.log())[0] == ("POST", PROJECTS, 0, False)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"headers": {"Authorization": ""}}, 401),
        ({"headers": {"Authorization": "none"}}, 403),
        ({"method": "POST", "headers": {"Authorization": "reader"}}, 403),
        ({"method": "DELETE"}, 405),
        ({"path": "/api/v2/nowhere"}, 404),
        ({"path": STORES, "headers": {"LD-API-Version": "20240415"}}, 403),
    ],
)
async def test_what_is_refused_at_the_door_has_no_effect_to_come_after(scene, request_, status):
    tokens = {"t": "writer", "reader": "reader", "none": "none"}
    stage = scene(Fault(reset=True, effect="after", times=0), tokens=tokens)
    answer = await stage.bare(**request_)
    assert answer.status_code == status
    assert stage.faults.fired == []
    assert [line[2:] for line in await stage.log()] == [(status, False)]


async def test_a_call_beyond_the_limit_has_none_either(scene):
    stage = scene(Fault(nth=2, status=500, effect="after"), rate=Rate(account=1))
    assert [(await stage.bare()).status_code for _ in range(2)] == [200, 429]


# Cut answers


async def test_a_cut_read_is_tried_again(scene):
    stage = scene(Fault(method="GET", truncate=True))
    async with stage.client() as connection:
        assert (await connection.reader.get(PROJECTS))["items"] == []
    assert stage.statuses() == [0, 200]
    assert [line[2:] for line in await stage.log()] == [(200, True), (200, True)]


async def test_a_cut_answer_says_the_length_of_the_whole(scene):
    stage = scene(Fault(nth=2, truncate=True))
    whole, cut = await stage.bare(), await stage.bare()
    assert cut.headers["content-length"] == whole.headers["content-length"]
    assert cut.content == whole.content[: len(whole.content) // 2]
    assert cut.status_code == 200


async def test_the_effect_of_a_cut_write_is_there(scene):
    stage = scene(Fault(method="POST", truncate=True))
    async with stage.client() as connection:
        answer = await connection.writer.post(PROJECTS, CHECKOUT)
    assert (answer.status, answer.document) == (201, MISSING)
    assert await exists(stage)


async def test_nothing_can_not_be_cut(scene):
    stage = scene(Fault(method="DELETE", truncate=True))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    answer = await stage.bare("DELETE", f"{ENVIRONMENTS}/test")
    assert (answer.status_code, answer.content) == (204, b"")
    assert stage.faults.fired == [Fired(0, "DELETE", f"{ENVIRONMENTS}/test")]


# Delays


@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_delay_takes_its_time(scene, effect):
    stage = scene(Fault(method="POST", delay=2.5, effect=effect))
    async with stage.client() as connection:
        assert (await connection.writer.post(PROJECTS, CHECKOUT)).status == 201
    assert stage.slept == [2.5]
    assert stage.faults.fired == [Fired(0, "POST", PROJECTS)]
    assert await stage.log() == [("POST", PROJECTS, 201, True)]


@pytest.mark.parametrize(
    ("effect", "line"), [("before", (0, False)), ("after", (201, True))], ids=["before", "after"]
)
async def test_a_client_that_gives_up_in_process_takes_its_request_along(scene, effect, line):
    stage = scene(Fault(method="POST", delay=60, effect=effect), sleep=anyio.sleep)
    async with stage.client(timeout=0.05) as connection:
        with pytest.raises(Unreachable, match="did not answer within"):
            await connection.writer.post(PROJECTS, CHECKOUT)
    assert (await stage.log())[0][2:] == line
    assert await exists(stage) is line[1]


async def test_a_delay_goes_with_anything(scene):
    stage = scene(
        Fault(method="POST", nth=1, delay=1, reset=True),
        Fault(method="POST", nth=2, delay=2, status=500, effect="after"),
        Fault(method="POST", nth=3, delay=3, truncate=True),
        Fault(method="POST", nth=3, delay=4, effect="after"),
        Fault(method="POST", nth=3, delay=5),
    )
    with pytest.raises(ConnectionResetError):
        await stage.bare("POST", PROJECTS, json=CHECKOUT)
    assert (await stage.bare("POST", PROJECTS, json=CHECKOUT)).status_code == 500
    assert (await stage.bare("POST", PROJECTS, json={"key": "b", "name": "B"})).status_code == 201
    assert stage.slept == [1, 2, 8, 4]
    assert [fired.index for fired in stage.faults.fired] == [0, 1, 2, 4, 3]


async def test_of_those_that_answer_the_first_counts(scene):
    stage = scene(
        Fault(method="POST", status=500, effect="after"),
        Fault(method="POST", truncate=True),
        Fault(method="POST", status=502),
        Fault(method="POST", reset=True),
        Fault(method="POST", nth=2, truncate=True),
        Fault(method="POST", nth=2, status=503, effect="after"),
        Fault(method="POST", nth=2, status=504, effect="after"),
    )
    answers = [await stage.bare("POST", PROJECTS, json=CHECKOUT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 503, 409]
    assert [fired.index for fired in stage.faults.fired] == [2, 5]


async def test_faults_are_counted_across_requests_at_once(scene):
    stage = scene(
        Fault(method="POST", nth=7, status=503), Fault(method="POST", nth=1, delay=5), Fault(times=0, delay=1)
    )
    statuses: list[int] = []

    async def create(number: int) -> None:
        answer = await stage.bare("POST", PROJECTS, json={"key": f"p{number}", "name": "P"})
        statuses.append(answer.status_code)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(create, number)
    assert sorted(statuses) == [201] * 19 + [503]
    assert [line[2:] for line in await stage.log()].count((503, False)) == 1
    assert [fired.index for fired in stage.faults.fired].count(0) == 1


async def test_an_overridden_method_counts(scene):
    stage = scene(Fault(method="DELETE", status=500))
    assert (await stage.bare("POST", headers={"X-HTTP-Method-Override": "DELETE"})).status_code == 500
    assert (await stage.log())[0][:3] == ("DELETE", PROJECTS, 500)


# What was created and does not show


async def listed(stage: Scene, path: str = PROJECTS, **more) -> list[str]:
    document = (await stage.bare("GET", path, **more)).json()
    return [item.get("key") or item["name"] for item in document["items"]]


@pytest.mark.parametrize("reads", ["lists", "all"])
async def test_a_project_shows_after_its_time(scene, reads):
    stage = scene(Fault(method="POST", nth=2, hide=Hide(30, reads)))
    await stage.bare("POST", PROJECTS, json={"key": "other", "name": "O"})
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    stage.clock.pass_seconds(29.9)
    page = (await stage.bare("GET", f"{PROJECTS}?limit=1")).json()
    assert (page["totalCount"], "next" in page["_links"]) == (1, False)
    assert await listed(stage) == ["other"]
    assert await exists(stage) is (reads == "lists")
    status = (await stage.bare("GET", ENVIRONMENTS)).status_code
    assert status == (200 if reads == "lists" else 404)
    assert (await stage.bare("POST", PROJECTS, json=CHECKOUT)).status_code == 409
    stage.clock.pass_seconds(0.1)
    assert await listed(stage) == ["other", "checkout"]
    assert await exists(stage)
    assert stage.faults.fired == [Fired(0, "POST", PROJECTS)]


@pytest.mark.parametrize("reads", ["lists", "all"])
async def test_an_environment_is_missing_wherever_it_is_listed(scene, reads):
    stage = scene(Fault(path=ENVIRONMENTS, hide=Hide(5, reads)))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    await stage.bare("POST", ENVIRONMENTS, json=STAGING)
    for path in (PROJECTS, f"{PROJECTS}/checkout"):
        document = (await stage.bare("GET", f"{path}?expand=environments")).json()
        nested = document.get("items", [document])[0]["environments"]
        assert (nested["totalCount"], len(nested["items"])) == (2, 2)
    assert await listed(stage, ENVIRONMENTS) == ["test", "production"]
    status = (await stage.bare("GET", f"{ENVIRONMENTS}/staging")).status_code
    assert status == (200 if reads == "lists" else 404)
    patch = [{"op": "replace", "path": "/name", "value": "New"}]
    answer = await stage.bare("PATCH", f"{ENVIRONMENTS}/staging", json=patch)
    assert (answer.status_code, answer.json()["name"]) == (200, "New")
    stage.clock.pass_seconds(5)
    assert await listed(stage, ENVIRONMENTS) == ["test", "production", "staging"]


@pytest.mark.parametrize("reads", ["lists", "all"])
@pytest.mark.parametrize(
    ("lists", "create", "body"),
    [
        ([STORES, f"{STORES}/checkout/test"], f"{STORES}/checkout/test/fastly", DELIVERY),
        ([IMPORTS], f"{IMPORTS}/checkout/split", IMPORT),
    ],
    ids=["delivery", "import"],
)
async def test_a_configuration_is_hidden_by_its_id(scene, reads, lists, create, body):
    stage = scene(Fault(method="POST", path=create, nth=2, hide=Hide(30, reads)))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    ids = [(await stage.bare("POST", create, json={**body, "name": name})).json()["_id"] for name in "ab"]

    async def seen() -> list[int]:
        return [(await stage.bare("GET", f"{create}/{key}")).status_code for key in ids]

    assert [await listed(stage, path) for path in lists] == [["a"]] * len(lists)
    assert await seen() == [200, 200 if reads == "lists" else 404]
    assert (await stage.bare("DELETE", f"{create}/{ids[0]}")).status_code == 204
    assert [await listed(stage, path) for path in lists] == [[]] * len(lists)
    stage.clock.pass_seconds(30)
    assert [await listed(stage, path) for path in lists] == [["b"]] * len(lists)
    assert await seen() == [404, 200]


async def test_a_lost_create_can_show_late(scene):
    create = f"{STORES}/checkout/test/fastly"
    stage = scene(Fault(method="POST", path=create, reset=True, effect="after", hide=Hide(30, "all")))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    async with stage.client() as connection:
        with pytest.raises(Unreachable):
            await connection.writer.post(create, DELIVERY, beta=True)
        assert (await connection.reader.get(STORES, beta=True))["items"] == []
        stage.clock.pass_seconds(30)
        assert len((await connection.reader.get(STORES, beta=True))["items"]) == 1
    assert stage.faults.fired == [Fired(0, "POST", create)]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", PROJECTS, 409), ("POST", f"{ENVIRONMENTS}/test/apiKey", 200), ("GET", PROJECTS, 200)],
    ids=["failed", "imperative", "read"],
)
async def test_only_what_is_created_is_hidden(scene, method, path, status):
    stage = scene(Fault(nth=2, hide=Hide(30, "all")))
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    assert (await stage.bare(method, path, json=CHECKOUT)).status_code == status
    assert await listed(stage) == ["checkout"]
    assert await listed(stage, ENVIRONMENTS) == ["test", "production"]
    assert stage.faults.fired == []


# Rate limits


def budget(answer: httpx.Response) -> tuple[str | None, ...]:
    names = ("global-remaining", "route-remaining", "reset")
    return tuple(answer.headers.get(f"x-ratelimit-{name}") for name in names)


async def test_windows_are_data_too(scene):
    stage = scene(rate=Rate(account=3, route=2, window=2))
    assert [(await stage.bare()).status_code for _ in range(3)] == [200, 200, 429]
    assert (await stage.bare("GET", "/api/v2/caller-identity")).status_code == 200
    assert (await stage.bare("GET", "/api/v2/caller-identity")).status_code == 429
    stage.clock.pass_seconds(2)
    answer = await stage.bare()
    assert budget(answer) == ("2", "1", str(stage.clock.now + 2_000))
    assert [line[2:] for line in await stage.log()].count((429, False)) == 2


@pytest.mark.parametrize(
    ("form", "ok", "limited"),
    [
        ("all", ("1", "1", "+10"), ("0", "0", "+10")),
        ("none", (None, None, None), (None, None, None)),
        ("retry-after", (None, None, None), (None, None, None)),
        ("past", ("1", "1", "-5"), ("0", "0", "-5")),
        ("unparsable", ("unknown",) * 3, ("unknown",) * 3),
        ("constant", ("2", "2", "+10"), ("2", "2", "+10")),
    ],
)
async def test_the_limits_are_told_in_many_ways(scene, form, ok, limited):
    stage = scene(rate=Rate(account=2, route=2, headers=form), clock_skew=100)
    first, _, third = [await stage.bare() for _ in range(3)]

    def expected(form):
        reset = (
            form[2] if form[2] in (None, "unknown") else str(stage.clock.now + 100_000 + int(form[2]) * 1_000)
        )
        return (*form[:2], reset)

    assert (first.status_code, third.status_code) == (200, 429)
    assert budget(first) == expected(ok)
    assert budget(third) == expected(limited)
    assert first.headers.get("retry-after") is None
    assert third.headers.get("retry-after") == ("10" if form == "retry-after" else None)


async def test_constant_without_limits_is_plenty(scene):
    assert budget(await scene(rate=Rate(headers="constant")).bare())[:2] == ("10000", "10000")


@pytest.mark.parametrize("form", ["all", "none", "retry-after", "past", "unparsable", "constant"])
async def test_the_client_finishes_whatever_it_is_told(scene, form):
    stage = scene(rate=Rate(account=5, headers=form))
    async with stage.client() as connection:
        for _ in range(12):
            await connection.reader.get(PROJECTS)
    assert [line[2] for line in await stage.log()].count(200) == 12


# The log and the rest


async def test_the_log_keeps_its_form(scene, store):
    stage = scene(
        Fault(method="POST", nth=2, status=500), Fault(method="POST", nth=3, reset=True, effect="after")
    )
    secret = {"name": "N", "config": {"apiToken": "example-token"}}
    create = f"{STORES}/checkout/test/fastly?x=example-token&limit=5"
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    await stage.bare("POST", create, json=secret)
    with pytest.raises(ConnectionResetError):
        await stage.bare("POST", create, content=b"{", headers={"Content-Type": "application/json"})
    answer = await stage.bare("GET", "/__sandbox__/requests")
    first, kept_away, malformed = answer.json()["items"]
    assert set(first) == {"method", "path", "status", "apiVersion", "body", "effect"}
    assert kept_away == {
        "method": "POST",
        "path": f"{STORES}/checkout/test/fastly?x=***&limit=5",
        "status": 500,
        "apiVersion": "beta",
        "body": {"name": "N", "config": {"apiToken": "***"}},
        "effect": False,
    }
    assert (malformed["status"], malformed["body"], malformed["effect"]) == (0, None, False)
    assert "example-token" not in answer.text


async def test_bodies_that_can_not_be_read_are_kept_away_all_the_same(scene):
    stage = scene(Fault(status=500, times=0))
    assert (await stage.bare("POST", content=b"{")).status_code == 500
    assert (await stage.bare("POST", content=b" " * (5 << 20))).status_code == 500
    assert [line[2:] for line in await stage.log()] == [(500, False)] * 2


async def test_the_log_tells_twins_apart_and_says_what_it_can_not_know(scene, store):
    earlier = scene(
        Fault(method="POST", reset=True, effect="after"),
        Fault(method="POST", nth=2, status=500),
        Fault(method="POST", nth=3, status=404),
    )
    with pytest.raises(ConnectionResetError):
        await earlier.bare("POST", PROJECTS, json=CHECKOUT)
    for _ in range(3):
        await earlier.bare("POST", PROJECTS, json=CHECKOUT)
    stage = scene(
        Fault(method="POST", status=409, effect="after"),
        Fault(method="POST", nth=3, status=409, effect="after"),
    )
    await stage.bare("POST", PROJECTS, json={"key": "b", "name": "B"})
    await stage.bare("POST", PROJECTS, json=CHECKOUT)
    await stage.bare("POST", PROJECTS, json={"key": "c", "name": "C"})
    assert [line[2:] for line in await earlier.log()][:4] == [
        (0, True),
        (500, False),
        (404, False),
        (409, False),
    ]
    assert [line[2:] for line in await stage.log()] == [
        (0, None),
        (500, None),
        (404, False),
        (409, False),
        (409, True),
        (409, False),
        (409, True),
    ]


async def test_a_reset_of_the_sandbox_begins_anew(scene):
    stage = scene(Fault(method="POST", nth=2, status=500), Fault(method="POST", hide=Hide(1_000)))
    for _ in range(2):
        answers = [
            (await stage.bare("POST", PROJECTS, json={"key": key, "name": "P"})).status_code for key in "ab"
        ]
        assert answers == [201, 500]
        assert await listed(stage) == []
        assert [fired.index for fired in stage.faults.fired] == [1, 0]
        await stage.bare("POST", "/__sandbox__/reset")
        assert (stage.faults.fired, await stage.log()) == ([], [])


async def test_the_sandboxs_own_paths_have_no_faults(scene):
    stage = scene(Fault(status=500, times=0))
    assert (await stage.bare("POST", "/__sandbox__/reset")).status_code == 204
    assert await stage.log() == []


async def test_an_empty_set_of_faults_changes_nothing(scene, store, ld):
    stage = scene()
    assert (await stage.bare("POST", PROJECTS, json=CHECKOUT)).status_code == 201
    assert await stage.log() == [("POST", PROJECTS, 201, True)]
    assert "effect" not in (await ld.log())[0]


async def test_a_broken_store_is_still_a_failure_of_the_sandbox(scene, store):
    stage = scene(Fault(nth=2, reset=True))
    store.close()
    with pytest.raises(StoreError):
        await stage.bare()
