"""What answers say about rate limits, and how long a 429 makes everyone wait."""

import pytest

from reconciler.live.ratelimit import Limits, Pause, growing, limits, retry_after, wait_after_429

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


def test_several_429_of_one_pause_are_one_reason_to_wait() -> None:
    pause = Pause()
    # All were sent before the first 429 came back.
    assert [pause.limited({}, 9.9, 10, EPOCH) for _ in range(8)] == [0.5, 0, 0, 0, 0, 0, 0, 0]
    pause.passed(9.9)  # so was this one: it does not end the streak
    assert pause.wait(10, 0) == 0.5
    assert pause.limited({}, 10.5, 10.6, EPOCH) == 1
    assert pause.limited({}, 11.6, 11.7, EPOCH) == 2
    pause.passed(13.7)
    assert pause.limited({}, 13.7, 13.8, EPOCH) == 0.5


def test_a_longer_wait_extends_a_pause_and_a_shorter_one_does_not() -> None:
    pause = Pause()
    assert [pause.limited({"retry-after": seconds}, 0, 0, EPOCH) for seconds in ("5", "1", "9")] == [5, 0, 9]
    assert pause.wait(0, 0) == 9
    assert pause.wait(8, 0) == 1
    assert pause.wait(9, 0.9) == 0


def test_a_pause_has_jitter() -> None:
    pause = Pause()
    pause.limited({"retry-after": "10"}, 0, 0, EPOCH)
    assert pause.wait(0, 0.5) == 11


def test_after_a_pause_one_request_shows_whether_it_was_long_enough() -> None:
    pause = Pause()
    assert not pause.tested
    pause.limited({}, 10, 10, EPOCH)
    assert pause.tested
    assert not pause.tried(10)
    assert pause.tried(10.5)
    pause.passed(10)
    assert pause.tested
    pause.passed(10.5)
    assert not pause.tested


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Limits(None, None, None, None)),
        (
            {
                "x-ratelimit-global-remaining": "7",
                "x-ratelimit-route-remaining": "0",
                "x-ratelimit-reset": "1700000007500",
                "date": "Tue, 14 Nov 2023 22:13:20 GMT",
            },
            Limits(7, 0, 1_700_000_007.5, EPOCH),
        ),
        (
            {
                "x-ratelimit-global-remaining": "-1",
                "x-ratelimit-route-remaining": "many",
                "x-ratelimit-reset": "inf",
                "date": "today",
            },
            Limits(None, None, None, None),
        ),
        (
            {
                "x-ratelimit-global-remaining": "1e3",
                "x-ratelimit-route-remaining": "9" * 5000,
                "x-ratelimit-reset": "-1",
                "date": "Tue, 14 Nov 99999999999 22:13:20 GMT",
            },
            Limits(None, None, None, None),
        ),
        ({"x-ratelimit-global-remaining": "\u0663"}, Limits(None, None, None, None)),
    ],
)
def test_headers_are_read_or_left_alone(headers: dict[str, str], expected: Limits) -> None:
    assert limits(headers) == expected
