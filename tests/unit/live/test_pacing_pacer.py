"""The pacer as its callers see it: who goes first, what is told, what ends it."""

import asyncio

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacing_world import run

from reconciler.live.exchange import Answer, Request, Timing, Waiting
from reconciler.live.pacing import FairPacer
from reconciler.live.ratelimit import LONGEST
from reconciler.model.errors import OutOfTime, ServiceError, Unreachable

pytestmark = pytest.mark.anyio

LIMITED = Answer(429)


def told(left: int, reset: float, route: int = 1000) -> dict[str, str]:
    return {
        "x-ratelimit-global-remaining": str(left),
        "x-ratelimit-route-remaining": str(route),
        "x-ratelimit-reset": str(round(reset * 1000)),
    }


@pytest.fixture
def pacer(moment, events) -> FairPacer:
    return FairPacer(moment.timing(), events.append, concurrency=3)


async def settled() -> None:
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


class Going:
    """Requests that wait for their turn, by name, in the order in which they got it."""

    def __init__(self, pacer: FairPacer, group) -> None:
        self.pacer, self.group = pacer, group
        self.went: list[str] = []
        self.requests: dict[str, Request] = {}

    async def wait(self, *names: str, method: str = "GET") -> None:
        for name in names:
            self.requests.setdefault(name, Request(method, f"/api/v2/{name}/x"))
            self.group.start_soon(self._one, name)
        await settled()

    async def _one(self, name: str) -> None:
        await self.pacer.before(self.requests[name])
        self.went.append(name)

    async def end(self, name: str, answer: Answer | None = Answer(200), *, again: bool = False) -> None:  # noqa: B008
        self.pacer.after(self.requests[name], answer)
        if again:
            await self.wait(name)
        await settled()


@pytest.fixture
async def going(pacer):
    async with anyio.create_task_group() as group:
        yield Going(pacer, group)
        group.cancel_scope.cancel()


async def test_the_first_request_goes_alone_and_the_rest_as_there_are_places(going) -> None:
    await going.wait(*"abcdef")
    assert going.went == ["a"]
    await going.end("a")
    assert going.went == [*"abcd"]
    await going.end("c")
    assert going.went == [*"abcde"]
    await going.end("b", None)
    assert going.went == [*"abcdef"]


async def test_whoever_was_limited_goes_before_those_who_wait(going) -> None:
    await going.wait("a")
    await going.end("a")
    await going.wait("b/1", "b/2", "b/3", "b/4", "b/5")
    assert going.went == ["a", "b/1", "b/2", "b/3"]
    await going.end("b/1", LIMITED, again=True)
    # Who stood at the head of the line stays there. After a 429 one goes alone until it is answered.
    assert going.went[4:] == ["b/4"]
    await going.end("b/2")
    await going.end("b/3")
    assert going.went[4:] == ["b/4"]
    await going.end("b/4")
    assert going.went[4:] == ["b/4", "b/1", "b/5"]


async def test_several_429_at_once_are_told_of_once(going, events, moment) -> None:
    await going.wait("a")
    await going.end("a")
    await going.wait(*"bcd")
    for name in "bcd":
        await going.end(name, LIMITED)
    assert events == [Waiting(0.5, "LaunchDarkly's rate limit is reached")]
    await going.wait("e")
    assert moment.slept == [0.5]
    assert going.went[-1] == "e"


async def test_a_route_that_is_used_up_holds_up_no_other(going, moment, events) -> None:
    await going.wait("a")
    limited = Answer(429, headers=told(50, moment.epoch + 8, route=0))
    await going.end("a", limited)
    assert [round(event.seconds, 1) for event in events] == [8]
    await going.wait("b")
    assert going.went == ["a", "b"]
    assert moment.slept == []


async def test_retry_after_holds_up_everyone(going, moment) -> None:
    await going.wait("a")
    await going.end("a", Answer(429, headers=told(50, moment.epoch + 8, route=0) | {"retry-after": "3"}))
    await going.wait("b")
    assert moment.slept == [3]


async def test_a_request_that_is_cancelled_while_it_waits_lets_others_pass(pacer) -> None:
    first = Request("GET", "/x/1")  # all others wait for its answer
    await pacer.before(first)
    went = []

    async def go(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            await pacer.before(Request("GET", f"/x/{name}"))
            went.append(name)

    scopes = {name: anyio.CancelScope() for name in "abc"}
    async with anyio.create_task_group() as group:
        for name, scope in scopes.items():
            group.start_soon(go, name, scope)
        await settled()
        scopes["b"].cancel()
        scopes["a"].cancel()
        await settled()
        pacer.after(first, None)
    assert went == ["c"]


async def test_a_turn_that_comes_with_the_cancellation_is_passed_on(pacer) -> None:
    first = Request("GET", "/x/1")
    await pacer.before(first)
    went = []

    async def go(name: str) -> None:
        await pacer.before(Request("GET", f"/x/{name}"))
        went.append(name)

    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(go, "a")
            await settled()
            group.start_soon(go, "b")
            group.start_soon(go, "c")
            await settled()
            doomed.cancel_scope.cancel()
        pacer.after(first, Answer(200))
    assert went == ["b", "c"]


REMAINDERS = st.sampled_from(["0", "1", "3", "100", "-3", "many", "9" * 30, None])
RESETS = st.one_of(
    st.none(),
    st.sampled_from(["soon", "nan", "-5", "0", "1700000000", "9" * 400]),
    st.integers(-100, 100).map(lambda seconds: str(1_700_000_000_000 + seconds * 1000)),
    st.integers(0, 10**16).map(str),
)
ANSWERS = st.builds(
    lambda status, account, route, reset, retry, date: (
        status,
        {
            name: value
            for name, value in {
                "x-ratelimit-global-remaining": account,
                "x-ratelimit-route-remaining": route,
                "x-ratelimit-reset": reset,
                "retry-after": retry,
                "date": date,
            }.items()
            if value is not None
        },
    ),
    st.sampled_from([200, 200, 404, 429, 500, None]),
    REMAINDERS,
    REMAINDERS,
    RESETS,
    st.sampled_from([None, None, None, "3", "0", "86400", "never"]),
    st.sampled_from([None, None, "Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2028 22:13:20 GMT", "today"]),
)


@given(answers=st.lists(st.tuples(ANSWERS, st.floats(0, 20)), max_size=30), concurrency=st.integers(1, 3))
def test_no_header_holds_up_a_request_for_long(answers, concurrency) -> None:
    """Whatever the service says, or says next: at most a pause, and the rest of a window."""

    async def talk() -> None:
        clock = asyncio.get_running_loop().time
        timing = Timing(clock=clock, epoch=lambda: 1_700_000_000 + clock())
        pacer = FairPacer(timing, lambda _: None, concurrency=concurrency)

        async def ask(status: int | None, headers: dict[str, str], seconds: float) -> None:
            request, asked = Request("GET", "/x"), clock()
            await pacer.before(request)
            waited.append(clock() - asked)
            await anyio.sleep(seconds)
            pacer.after(request, None if status is None else Answer(status, headers=headers))

        places = anyio.Semaphore(concurrency)

        async def in_turn(status: int | None, headers: dict[str, str], seconds: float) -> None:
            async with places:
                await ask(status, headers, seconds)

        async with anyio.create_task_group() as group:
            for (status, headers), seconds in answers:
                group.start_soon(in_turn, status, headers, seconds)

    waited: list[float] = []
    run(talk)
    assert len(waited) == len(answers)
    assert max(waited, default=0) <= concurrency * (2 * LONGEST + 20)


async def test_what_would_have_to_wait_beyond_the_end_of_the_run_is_not_sent(service, opened, moment) -> None:
    service.answers((429, None, {"Retry-After": "20"}), (200, {}))
    async with opened(deadline=30) as connection:
        await connection.writer.post("/x", {})
        assert moment.now == 1_020
        service.answers((429, None, {"Retry-After": "20"}), (200, {}))
        with pytest.raises(OutOfTime, match="POST /x was not sent") as caught:
            await connection.writer.post("/x", {})
        assert not caught.value.sent
        assert "--timeout" in str(caught.value)
        assert "rate limit" in str(caught.value)
    assert moment.now == 1_020
    assert len(service.received) == 3


async def test_nothing_is_sent_once_the_run_is_to_be_over(service, opened, moment) -> None:
    async with opened(deadline=30) as connection:
        moment.now += 30
        with pytest.raises(OutOfTime) as caught:
            await connection.reader.get("/x")
    assert "rate limit" not in str(caught.value)
    assert service.received == []


async def test_a_try_that_may_have_had_an_effect_is_not_forgotten_when_time_is_over(
    service, opened, moment
) -> None:
    service.answers(500, (429, None, {"Retry-After": "20"}))
    async with opened(deadline=10) as connection:
        with pytest.raises(OutOfTime) as caught:
            await connection.writer.patch("/x", [{"op": "replace", "path": "/name", "value": "x"}])
    assert caught.value.sent


async def test_a_retry_that_would_come_too_late_is_left_out(service, opened, moment) -> None:
    service.answers((503, None, {"Retry-After": "20"}), (200, {}))
    async with opened(deadline=10) as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.reader.get("/x")
    assert caught.value.status == 503
    assert moment.slept == []


async def test_a_broken_connection_before_one_that_is_refused_leaves_the_effect_unknown(
    opened, service
) -> None:
    service.answers(
        ConnectionResetError("by peer"), (503, None), (503, None), ConnectionResetError("by peer")
    )
    async with opened() as connection:
        with pytest.raises(Unreachable) as caught:
            await connection.writer.delete("/x")
    assert caught.value.sent
