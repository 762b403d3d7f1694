"""How long a 429 makes everyone wait."""

import pytest

from reconciler.live.exchange import Answer, Request, Waiting
from reconciler.live.ratelimit import growing, retry_after, wait_after_429

EPOCH = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "streak", "seconds"),
    [
        ({}, 1, 0.5),
        ({}, 2, 1),
        ({}, 5, 8),
        ({}, 6, 10),
        ({}, 10_000, 10),
        ({"x-ratelimit-reset": "1700000007500"}, 1, 7.5),
        ({"x-ratelimit-reset": "1700000000100"}, 1, 0.2),
        ({"x-ratelimit-reset": "1699999990000"}, 1, 0.2),
        ({"x-ratelimit-reset": "1699999990000"}, 4, 1.6),
        ({"x-ratelimit-reset": "1700000000"}, 1, 0.2),  # seconds, by mistake: long past
        ({"x-ratelimit-reset": "1700009999000"}, 1, 60),
        ({"x-ratelimit-reset": "9" * 400}, 1, 0.5),
        ({"x-ratelimit-reset": "soon"}, 1, 0.5),
        ({"x-ratelimit-reset": "nan"}, 1, 0.5),
        ({"x-ratelimit-reset": "-5"}, 1, 0.5),
        ({"x-ratelimit-reset": ""}, 1, 0.5),
        ({"retry-after": "3", "x-ratelimit-reset": "1700000009000"}, 1, 3),
        ({"retry-after": "0"}, 1, 0.2),
        ({"retry-after": "1.5"}, 1, 1.5),
        ({"retry-after": "86400"}, 1, 60),
        ({"retry-after": "inf"}, 1, 0.5),
        ({"retry-after": "soon", "x-ratelimit-reset": "1700000009000"}, 1, 9),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 1, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 -0000"}, 1, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 1, 0.2),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:00 GMT"}, 1, 0.5),
    ],
)
def test_the_wait_after_a_429(headers: dict[str, str], streak: int, seconds: float) -> None:
    assert wait_after_429(headers, streak, EPOCH) == pytest.approx(seconds)


def test_no_retry_after_is_none() -> None:
    assert retry_after({}, EPOCH) is None
    assert growing(1, 0, 5) == 1


@pytest.mark.anyio
async def test_several_429_of_one_pause_are_one_reason_to_wait(moment) -> None:
    told: list = []
    pacer, request = SharedPause(moment.timing(), told.append), Request("GET", "/x")
    limited = Answer(429)
    for _ in range(8):  # all were sent before the first 429 came back
        pacer.after(request, limited)
    assert told == [Waiting(0.5, "LaunchDarkly's rate limit is reached")]
    pacer.after(request, Answer(200))  # so was this one: it does not end the streak
    await pacer.before(request)
    pacer.after(request, limited)
    assert [event.seconds for event in told] == [0.5, 1]
    await pacer.before(request)
    pacer.after(request, None)
    pacer.after(request, limited)
    assert [event.seconds for event in told] == [0.5, 1, 2]
    await pacer.before(request)
    pacer.after(request, Answer(404))
    pacer.after(request, limited)
    assert [event.seconds for event in told] == [0.5, 1, 2, 0.5]


@pytest.mark.anyio
async def test_a_longer_wait_extends_a_pause_and_a_shorter_one_does_not(moment) -> None:
    told: list = []
    pacer, request = SharedPause(moment.timing(), told.append), Request("GET", "/x")
    for seconds in ("5", "1", "9"):
        pacer.after(request, Answer(429, headers={"retry-after": seconds}))
    await pacer.before(request)
    assert [event.seconds for event in told] == [5, 9]
    assert moment.now == 1_009
