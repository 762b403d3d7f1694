"""What is tried again, when, and how often: in virtual time, against a service that follows a script."""

import anyio
import pytest

from reconciler.live.exchange import Waiting
from reconciler.live.retry import repeatable
from reconciler.model.errors import NotFound, ServiceError, Unreachable

pytestmark = pytest.mark.anyio

REPLACE = [{"op": "replace", "path": "/name", "value": "x"}]
TEST = [{"op": "test", "path": "/name", "value": "y"}, *REPLACE]
LIMITED = (429, {"code": "rate_limited", "message": "You've exceeded the API rate limit. Try again later."})
BROKEN = ConnectionResetError("by peer")


def calls(connection) -> dict:
    """One call of every sort."""
    reader, writer = connection.reader, connection.writer
    return {
        "get": lambda: reader.get("/x"),
        "post": lambda: writer.post("/x", {}),
        "patch": lambda: writer.patch("/x", REPLACE),
        "tested patch": lambda: writer.patch("/x", TEST),
        "delete": lambda: writer.delete("/x"),
    }


@pytest.mark.parametrize("call", ["get", "post", "patch", "tested patch", "delete"])
async def test_a_rate_limited_call_is_always_made_again(
    *, call, service, opened, moment, waits, events
) -> None:
    service.answers((*LIMITED, {"Retry-After": "3"}), LIMITED, (200, {}))
    async with opened() as connection:
        await calls(connection)[call]()
    assert waits() == [3, 1.0]
    assert moment.slept == [3, 1.0]
    assert "rate limit" in next(event.reason for event in events if isinstance(event, Waiting))
    assert len({(r.method, r.body) for r in service.received}) == 1


async def test_a_pause_is_for_everyone(service, opened, moment) -> None:
    service.answers((*LIMITED, {"Retry-After": "7"}), (200, {}))
    async with opened() as connection:
        before = moment.now
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(connection.reader.get, "/x")
    assert moment.now - before == 7
    assert len(service.received) == 21


async def test_everyone_starts_again_at_another_moment(service, opened, moment) -> None:
    service.answers((*LIMITED, {"Retry-After": "10"}), (200, {}))
    moment.chance = 0.5
    async with opened() as connection:
        await connection.reader.get("/x")
    assert moment.slept == [11]


async def test_a_lasting_rate_limit_ends_after_twelve_tries(service, opened, waits) -> None:
    service.answers(LIMITED)
    async with opened() as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.reader.get("/x")
    assert caught.value.status == 429
    assert "tried 12 times" in str(caught.value)
    assert len(service.received) == 12
    assert waits() == [0.5, 1, 2, 4, 8, 10, 10, 10, 10, 10, 10, 10]


async def test_a_lasting_rate_limit_ends_after_five_minutes(service, opened, moment) -> None:
    service.answers((*LIMITED, {"Retry-After": "3600"}))
    start = moment.now
    async with opened() as connection:
        with pytest.raises(ServiceError):
            await connection.reader.get("/x")
    assert 300 <= moment.now - start <= 360
    assert len(service.received) == 6


async def test_resets_in_the_past_do_not_use_up_the_tries_at_once(service, opened, moment) -> None:
    """A window is ten seconds: whoever tries twelve times in two seconds never sees the next one."""
    service.answers((*LIMITED, {"X-Ratelimit-Reset": str(int((moment.epoch - 5) * 1000))}))
    start = moment.now
    async with opened() as connection:
        with pytest.raises(ServiceError):
            await connection.reader.get("/x")
    assert moment.slept[0] == 0.2
    assert moment.now - start > 20


@pytest.mark.parametrize("fault", [500, 502, 503, 504, (500, b"<html>"), BROKEN])
@pytest.mark.parametrize("call", ["get", "patch", "delete"])
async def test_what_can_be_done_twice_is_tried_five_times(
    *, call, fault, service, opened, moment, waits
) -> None:
    service.answers(*[fault] * 4, (200, {}))
    async with opened() as connection:
        await calls(connection)[call]()
    assert waits() == [0.25, 0.5, 1, 2] == moment.slept
    service.answers(fault)
    async with opened() as connection:
        with pytest.raises((ServiceError, Unreachable), match="tried 5 times"):
            await calls(connection)[call]()
    assert len(service.received) == 10


@pytest.mark.parametrize("fault", [500, 503, BROKEN])
@pytest.mark.parametrize("call", ["post", "tested patch"])
async def test_what_can_not_be_done_twice_is_not(call, fault, service, opened, moment) -> None:
    service.answers(fault, (200, {}))
    async with opened() as connection:
        with pytest.raises((ServiceError, Unreachable)):
            await calls(connection)[call]()
    assert len(service.received) == 1
    assert moment.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422, 501])
@pytest.mark.parametrize("call", ["get", "post", "patch", "delete"])
async def test_a_refusal_is_final(call, status, service, opened) -> None:
    service.answers(status, (200, {}))
    async with opened() as connection:
        with pytest.raises(ServiceError):
            await calls(connection)[call]()
    assert len(service.received) == 1


async def test_faults_of_several_sorts_are_counted_apart(service, opened, waits) -> None:
    service.answers(500, LIMITED, BROKEN, LIMITED, 503, LIMITED, 500, (200, {}))
    async with opened() as connection:
        await connection.reader.get("/x")
    assert len(service.received) == 8
    assert len(waits()) == 7


async def test_a_busy_server_is_obeyed(service, opened, moment) -> None:
    service.answers((503, None, {"Retry-After": "20"}), (503, None, {"Retry-After": "9999"}), (200, {}))
    async with opened() as connection:
        await connection.reader.get("/x")
    assert moment.slept == [20, 60]


async def test_waits_have_jitter(service, opened, moment) -> None:
    service.answers(500, 500, (200, {}))
    moment.chance = 1.0
    async with opened() as connection:
        await connection.reader.get("/x")
    assert moment.slept == [0.3, 0.6]


@pytest.mark.parametrize("method", ["patch", "post"])
async def test_what_was_just_created_may_take_some_seconds_to_appear(method, service, opened, moment) -> None:
    missing = (404, {"code": "not_found", "message": "Invalid resource identifier"})
    service.answers(missing, missing, missing, (200, {}))
    async with opened() as connection:
        write = getattr(connection.writer, method)
        await write("/x", REPLACE, just_created=True)
        assert moment.slept == [0.2, 0.4, 0.8]
        service.answers(missing)
        start = moment.now
        with pytest.raises(NotFound):
            await write("/x", REPLACE, just_created=True)
        assert 5 <= moment.now - start < 6.5
        sent = len(service.received)
        with pytest.raises(NotFound):
            await write("/x", REPLACE)
        assert len(service.received) == sent + 1


async def test_a_host_that_never_answered_is_not_waited_for_twice(service, opened) -> None:
    async def hang(scope, receive, send) -> None:
        await anyio.sleep(60)

    service.answers(hang)
    async with opened(timeout=0.02) as connection:
        with pytest.raises(Unreachable):
            await connection.reader.get("/x")
        assert len(service.received) == 1
        service.answers((200, {}))
        await connection.reader.get("/x")
        service.answers(hang)
        with pytest.raises(Unreachable, match="tried 2 times"):
            await connection.reader.get("/x")
        assert len(service.received) == 4


async def test_a_cancelled_wait_is_a_cancelled_request(service, opened, moment) -> None:
    service.answers((*LIMITED, {"Retry-After": "5"}), (200, {}))

    async def sleep(seconds: float) -> None:
        await anyio.sleep_forever()

    moment.sleep = sleep
    async with opened() as connection:
        with anyio.move_on_after(0.02) as scope:
            await connection.reader.get("/x")
        assert scope.cancelled_caught
    assert len(service.received) == 1


async def test_events_tell_of_every_try_and_every_wait(service, opened, events) -> None:
    service.answers(BROKEN, 500, LIMITED, (200, {}))
    async with opened() as connection:
        await connection.reader.get("/api/v2/projects", {"filter": "keys:x"})
    told = [
        (type(event).__name__, getattr(event, "status", None), getattr(event, "attempt", None))
        for event in events
    ]
    assert told == [
        ("Exchanged", 0, 1), ("Waiting", None, None), ("Exchanged", 500, 2), ("Waiting", None, None),
        ("Waiting", None, None), ("Exchanged", 429, 3), ("Exchanged", 200, 4),
    ]  # fmt: skip
    assert events[0].trouble == "sandbox broke off the connection in the middle; try again"
    assert events[3].reason == "GET /api/v2/projects: 500"
    assert events[-1].path == "/api/v2/projects"


class Ledger:
    """A pacer that only notes what it is asked and told."""

    def __init__(self) -> None:
        self.heard: list = []

    async def before(self, request) -> None:
        self.heard.append(str(request))

    def after(self, request, answer) -> None:
        self.heard.append(answer.headers.get("x-ratelimit-global-remaining") if answer else None)


async def test_a_pacer_is_asked_before_each_try_and_told_of_each_answer(service, opened) -> None:
    pacer = Ledger()

    async def hang(scope, receive, send) -> None:
        await anyio.sleep(60)

    service.answers(BROKEN, (200, {}, {"X-RateLimit-Global-Remaining": "7"}), hang)
    async with opened(pacer=pacer) as connection:
        await connection.reader.get("/x")
        with anyio.move_on_after(0.02):
            await connection.reader.get("/y")
    assert pacer.heard == ["GET /x", None, "GET /x", "7", "GET /y", None]


@pytest.mark.parametrize(
    ("operations", "twice"),
    [
        ([], True),
        (REPLACE, True),
        ([{"op": "add", "path": "/a"}, {"op": "remove", "path": "/b"}], True),
        (TEST, False),
        ({"comment": "c", "patch": REPLACE}, True),
        ({"comment": "c", "patch": TEST}, False),
        ({"environmentKey": "production", "required": True}, True),
        ([{"op": "add", "path": "/tags/-", "value": "x"}], False),
        ([{"op": "add", "path": "/tags/0", "value": "x"}], False),
        ([{"op": "remove", "path": "/tags/10"}], False),
        ([{"op": "replace", "path": "/tags/0", "value": "x"}], True),
        ([{"op": "move", "path": "/a", "from": "/b"}], False),
        ([{}], False),
        (["x"], False),
        ("x", False),
        (None, False),
    ],
)
def test_a_patch_can_be_sent_twice_where_that_does_the_same_as_once(operations, twice) -> None:
    assert repeatable(operations) is twice
