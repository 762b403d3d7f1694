"""The small GitHub client: what it tries again, how long it waits, what it makes of odd answers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from action.hub import REPOSITORY, TOKEN, Fault, Hub
from reconciler.cli.github.client import GitHub, GitHubError


class Clock(list[float]):
    """The waits that were asked for."""


@pytest.fixture
def waits() -> Clock:
    return Clock()


@pytest.fixture
def github(hub: Hub, waits: Clock) -> Iterator[GitHub]:
    hub.refs["heads/main"] = "a" * 40
    with GitHub(hub.url + "/", TOKEN, REPOSITORY, sleep=waits.append) as opened:
        yield opened


def test_a_passing_failure_is_tried_again(hub: Hub, github: GitHub, waits: Clock) -> None:
    hub.faults = [Fault("GET", "", 503, times=2)]
    assert github.commit_of("heads/main") == "a" * 40
    assert waits == [0.3, 1.0]


def test_what_github_asks_to_wait_is_waited(hub: Hub, github: GitHub, waits: Clock) -> None:
    hub.faults = [Fault("GET", "", 429, headers={"Retry-After": "7"}, times=1)]
    assert github.commit_of("heads/main") == "a" * 40
    assert waits == [7.0]


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "61"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 600)}],
)
def test_a_long_wait_is_not_waited(hub: Hub, github: GitHub, waits: Clock, headers: dict[str, str]) -> None:
    hub.faults = [Fault("GET", "", 403, "slow down", headers)]
    with pytest.raises(GitHubError, match="403, its rate limit: slow down"):
        github.get("/x")
    assert waits == []


def test_a_refusal_is_final(hub: Hub, github: GitHub, waits: Clock) -> None:
    with pytest.raises(GitHubError, match="404"):
        github.get("/x")
    assert (len(hub.asked), waits) == (1, [])


def test_a_post_is_sent_once_unless_it_was_refused_for_its_rate(hub: Hub, github: GitHub) -> None:
    hub.faults = [Fault("POST", "", 500)]
    with pytest.raises(GitHubError):
        github.post("/issues/1/comments", {"body": "x"})
    assert len(hub.asked) == 1
    hub.faults = [Fault("POST", "", 429, times=1)]
    github.post("/issues/1/comments", {"body": "x"})
    assert len(hub.comments[1]) == 1


def test_a_slow_github_does_not_hold_up_the_job(
    hub: Hub, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("reconciler.cli.github.client.time.monotonic", lambda: now + 91)
    with pytest.raises(GitHubError, match="too long"):
        github.get("/x")
    assert hub.asked == []


def test_what_github_says_is_shown_on_one_line_and_cut(hub: Hub, github: GitHub) -> None:
    hub.faults = [Fault("GET", "", 400, "a\n::error::b\x1b" + "x" * 500)]
    with pytest.raises(GitHubError) as found:
        github.get("/x")
    assert "\n" not in str(found.value)
    assert len(str(found.value)) < 300


@pytest.mark.parametrize("document", [None, [], "x", {"sha": "main"}, {"sha": None}])
def test_an_answer_without_a_commit_is_none(
    hub: Hub, github: GitHub, monkeypatch: pytest.MonkeyPatch, document: object
) -> None:
    monkeypatch.setattr(hub, "answer", lambda *_: (200, document, {}))
    with pytest.raises(GitHubError, match="no commit"):
        github.commit_of("heads/main")


def test_a_branch_name_is_one_ref(hub: Hub, github: GitHub) -> None:
    hub.refs["heads/a/b#c?d%2f é"] = "b" * 40
    assert github.commit_of("heads/a/b#c?d%2f é") == "b" * 40


def test_a_list_that_is_none_is_no_empty_one(
    hub: Hub, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "answer", lambda *_: (200, {}, {}))
    with pytest.raises(GitHubError, match="no list"):
        list(github.pages("/pulls"))


def test_a_list_without_end_is_given_up(hub: Hub, github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.cli.github.client._PAGES", 3)
    monkeypatch.setattr(hub, "answer", lambda *_: (200, [{}], {"Link": '<x>; rel="next"'}))
    with pytest.raises(GitHubError, match="more than"):
        list(github.pages("/pulls"))
