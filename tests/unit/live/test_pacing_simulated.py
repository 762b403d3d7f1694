"""What the pacer reaches beside others, and what it costs them: whole jobs in virtual time."""

from math import ceil

import pytest
from pacing_world import Limiter, Report, Scenario

SEEDS = range(2)


def mean(reports: list[Report], name: str) -> float:
    return sum(getattr(report, name) for report in reports) / len(reports)


def played(make, seeds=SEEDS) -> list[Report]:
    reports = [make(seed).play() for seed in seeds]
    for report in reports:
        assert report.failed == []
        assert max(report.slept, default=0) <= 60
    return reports


@pytest.mark.parametrize(("limit", "share"), [(20, 0.9), (50, 0.95), (100, 0.95), (500, 0.95)])
def test_alone_it_comes_close_to_a_limit_that_it_is_not_told(limit, share) -> None:
    reports = played(lambda seed: Scenario(Limiter(limit), requests=min(10 * limit, 2500), seed=seed))
    assert mean(reports, "reached") >= share
    assert mean(reports, "own") == 0


@pytest.mark.parametrize("used", [0.3, 0.5])
def test_others_keep_what_they_use(used) -> None:
    others = 100 * used
    reports = played(lambda seed: Scenario(Limiter(100), requests=700, others=others, seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") < 0.01
    assert mean(reports, "others") <= 0.02


def test_others_that_come_in_bursts_keep_most_of_it() -> None:
    reports = played(lambda seed: Scenario(Limiter(100), requests=600, others=40, burst=10, seed=seed))
    assert mean(reports, "reached") >= 0.9
    assert mean(reports, "own") < 0.02
    assert mean(reports, "others") <= 0.02


@pytest.mark.parametrize(
    ("skew", "date"), [(-7, False), (-7, True), (-4, False), (4, False), (7, False), (7, True), (300, False)]
)
def test_the_services_clock_may_differ_from_ours(skew, date) -> None:
    reports = played(lambda seed: Scenario(Limiter(skew=skew, date=date), seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") == 0


@pytest.mark.parametrize("skew", [-7, 7])
def test_clocks_that_differ_do_others_no_harm(skew) -> None:
    reports = played(lambda seed: Scenario(Limiter(skew=skew), requests=1300, others=30, seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") < 0.01
    assert mean(reports, "others") <= 0.02


@pytest.mark.parametrize("headers", ["constant", "past", "retry-after"])
def test_headers_that_say_something_else(headers) -> None:
    """The limit instead of what is left, a reset that is over, and a 429 that tells when to try again only."""
    reports = played(lambda seed: Scenario(Limiter(headers=headers), seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") == 0


@pytest.mark.parametrize("headers", ["past", "retry-after"])
def test_headers_that_say_something_else_beside_others(headers) -> None:
    reports = played(lambda seed: Scenario(Limiter(headers=headers), requests=700, others=30, seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") < 0.01
    assert mean(reports, "others") <= 0.02


@pytest.mark.parametrize("headers", ["none", "garbage"])
def test_without_headers_it_still_finishes(headers) -> None:
    reports = played(lambda seed: Scenario(Limiter(headers=headers), seed=seed))
    assert mean(reports, "reached") >= 0.9
    assert mean(reports, "own") < 0.12


@pytest.mark.parametrize(("length", "date"), [(3, False), (30, False), (60, False), (60, True)])
def test_windows_of_another_length(length, date) -> None:
    reports = played(lambda seed: Scenario(Limiter(length=length, date=date), seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") < 0.005


def test_a_window_that_slides() -> None:
    """Half of the limit is what one can have there without a 429 by looking at what is left."""
    reports = played(lambda seed: Scenario(Limiter(sliding=True), requests=500, seed=seed))
    assert mean(reports, "reached") >= 0.4
    assert mean(reports, "own") == 0


def test_a_routes_limit_holds_up_that_route_only() -> None:
    def job(seed: int) -> Scenario:
        return Scenario(
            Limiter(300, 60), requests=240, seed=seed, route=lambda number: "GET" if number < 200 else "POST"
        )

    for report in played(job):
        assert report.own == 0
        assert report.seconds <= 40  # 200 at 60 a window, and the others beside them
        assert any("rate limit for GET /api/v2/projects leaves" in wait.reason for wait in report.waits)


@pytest.mark.parametrize("at_once", [1, 8, 16])
def test_a_job_whose_length_does_not_show_is_found_out(at_once) -> None:
    """Its requests come as others end; what others use is theirs from the second window on."""
    reports = played(lambda seed: Scenario(Limiter(), requests=1300, at_once=at_once, others=30, seed=seed))
    assert mean(reports, "reached") >= 0.95
    assert mean(reports, "own") < 0.01
    assert mean(reports, "others") <= 0.06


@pytest.mark.parametrize("at_once", [None, 8, 16])
@pytest.mark.parametrize(
    ("limit", "requests"), [(20, 19), (20, 20), (100, 1), (100, 8), (100, 50), (100, 100)]
)
def test_a_job_that_fits_is_not_slowed(limit, requests, at_once) -> None:
    for seed in SEEDS:
        for phase in (0, 5, 9):
            scenario = Scenario(Limiter(limit, phase=phase), requests=requests, at_once=at_once, seed=seed)
            report = scenario.play()
            assert report.waits == []
            assert report.slept == []
            assert report.seconds <= 2 * scenario.latency * ceil(requests / scenario.concurrency) + 0.2


def test_the_rest_of_a_job_that_fits_the_last_window_is_not_slowed() -> None:
    report = Scenario(Limiter(phase=9), requests=150).play()
    assert report.seconds < 1 + 2 * 0.16 * ceil(50 / 8) + 0.5


def test_the_user_is_told_once_a_window() -> None:
    report = Scenario(Limiter(phase=0), requests=500).play()
    assert 4 <= len(report.waits) <= 6
    first = report.waits[0]
    assert first.seconds == pytest.approx(10, abs=0.2)
    assert first.reason == "LaunchDarkly's rate limit leaves room for 99 of the 499 requests that wait"


def test_whoever_starts_in_a_window_that_is_used_up_finds_out_with_one_request() -> None:
    limiter = Limiter(phase=5)
    for _ in range(100):
        limiter.take("before", "GET", 0)
    report = Scenario(limiter, requests=50).play()
    assert limiter.refused["own"] == 1
    assert report.seconds < 5 + 50 / 8 * 0.16 + 1


def test_many_requests_at_once_do_not_overshoot() -> None:
    reports = played(
        lambda seed: Scenario(Limiter(), requests=500, concurrency=16, latency=0.5, others=30, seed=seed)
    )
    assert mean(reports, "own") < 0.01
    assert mean(reports, "others") <= 0.02


def test_the_whole_run_is_bounded() -> None:
    report = Scenario(Limiter(phase=0), requests=500, until=25).play()
    assert report.seconds <= 26
    assert report.own == 0
    assert 240 <= report.sent <= 300
    assert len(report.failed) == 500 - report.sent
    assert {type(error).__name__ for error in report.failed} == {"OutOfTime"}
    assert not any(error.sent for error in report.failed)


def test_the_same_chance_gives_the_same_run() -> None:
    one, two = (Scenario(Limiter(), requests=300, others=30, seed=7).play() for _ in range(2))
    assert one == two
