"""The comment: one for each label, found again, kept, marked; and what becomes of the job where it can't be had."""

from __future__ import annotations

import pytest

from action.conftest import World, git
from action.hub import BOT, LONGEST, Fault


def test_a_second_run_updates_the_comment_with_250_others_between(world: World) -> None:
    world.on_pull_request()
    for number in range(120):
        world.hub.add(7, f"before {number}", "people")
    first = world.act(against="main")
    for number in range(250):
        world.hub.add(7, f"after {number}", "people")
    second = world.act(against="main")
    assert (first.code, second.code) == (0, 0), first.log
    assert len(world.hub.bodies()) == 1
    assert first.outputs["comment-url"] == second.outputs["comment-url"] != ""
    assert [method for method, _ in world.hub.written] == ["POST", "PATCH"]


def test_the_comment_is_found_behind_many_pages(world: World) -> None:
    world.on_pull_request()
    for number in range(450):
        world.hub.add(7, f"before {number}", "people")
    world.act(against="main")
    world.act(against="main")
    assert len(world.hub.bodies()) == 1


def test_each_label_has_a_comment_of_its_own(world: World) -> None:
    world.on_pull_request()
    labels = ["", "eu", "eu=1", 'eu" -->', "us"]
    for label in labels * 2:
        assert world.act(against="main", label=label).code == 0
    assert len(world.hub.bodies()) == len(labels)


@pytest.mark.parametrize(
    ("author", "quoted"), [("stranger", False), (BOT, True)], ids=["of somebody else", "quoted"]
)
def test_a_marker_elsewhere_is_not_taken_for_ours(world: World, author: str, quoted: bool) -> None:
    world.on_pull_request()
    world.act(against="main")
    body = world.hub.bodies()[0]
    world.hub.comments.clear()
    world.hub.add(7, ("> " if quoted else "") + body, author)
    world.act(against="main")
    assert [method for method, _ in world.hub.written] == ["POST", "POST"]


def test_no_changes_any_more_says_so_in_the_same_place(world: World) -> None:
    world.on_pull_request()
    world.act(against="main", comment="changes")
    assert "1 to add, 1 to change" in world.hub.bodies()[0]
    world.manifest.write_text(git(world.workspace, "show", "main:flags/shop.yaml"))
    ran = world.act(against="main", comment="changes")
    assert ran.outputs["changes"] == "false"
    assert len(world.hub.bodies()) == 1
    assert "No changes." in world.hub.bodies()[0]


def test_without_changes_there_is_a_comment_only_if_wanted(world: World) -> None:
    world.on_pull_request()
    world.manifest.write_text(git(world.workspace, "show", "main:flags/shop.yaml"))
    assert world.act(against="main", comment="changes").code == 0
    assert world.act(against="main", comment="false").code == 0
    assert not world.hub.written
    assert world.act(against="main").code == 0
    assert len(world.hub.bodies()) == 1


def test_after_the_merge_the_comment_holds_the_result_and_is_kept(world: World) -> None:
    world.on_pull_request()
    world.act(against="main")
    world.on_push()
    ran = world.act("apply")
    assert ran.code == 0, ran.log
    (body,) = world.hub.bodies()
    assert "Applied: 1 added, 1 changed" in body
    assert "| applied | + <code>Environment/shop/staging</code>" in body
    assert world.merge[:12] in body
    world.on_pull_request()
    world.act(against="main")
    kept, new = world.hub.bodies()
    assert kept == body
    assert "Applied" not in new


def test_a_guard_that_was_lifted_does_not_stand_in_the_result(world: World) -> None:
    world.on_push()
    world.manifest.write_text(world.manifest.read_text().replace("Comments: true", "Comments: false"))
    world.act("apply")
    assert "Apply is blocked" in world.hub.bodies()[0]
    world.act("apply", allow="LDR504@Environment/shop/production")
    (body,) = world.hub.bodies()
    assert "Applied: 1 added, 2 changed" in body
    assert "Apply is blocked" not in body


def test_an_apply_marks_the_plans_of_other_pull_requests(world: World) -> None:
    world.on_pull_request()
    world.act(against="main")
    other = world.hub.bodies()[0]
    world.on_push()
    world.hub.pulls[8] = world.pull(8)
    world.hub.comments[8] = []
    world.hub.add(8, other)
    assert world.act("apply").code == 0
    assert "**Outdated.**" in world.hub.bodies(8)[0]
    assert "**Outdated.**" not in world.hub.bodies(7)[0]
    assert "1 to add, 1 to change" in world.hub.bodies(8)[0]


def test_a_plan_whose_head_has_moved_is_marked(world: World) -> None:
    world.on_pull_request()
    world.hub.pulls[7]["head"]["sha"] = "f" * 40
    world.act(against="main")
    assert f"the branch has moved to {'f' * 12}" in world.hub.bodies()[0]


def test_a_plan_whose_base_has_moved_is_marked_until_the_next(world: World) -> None:
    world.on_pull_request()
    world.hub.refs["heads/main"] = "e" * 40
    world.act(against="main")
    assert f"The base has moved from {world.base[:12]} to {'e' * 12}" in world.hub.bodies()[0]
    world.hub.refs["heads/main"] = world.base
    world.act(against="main")
    assert "**Outdated.**" not in world.hub.bodies()[0]


def test_an_older_run_leaves_the_comment_of_a_later_one(world: World) -> None:
    world.on_pull_request()
    world.act(against="main")
    (body,) = world.hub.bodies()
    later = body.replace(world.head, "f" * 40)
    world.hub.comments[7][0]["body"] = later
    world.hub.pulls[7]["head"]["sha"] = "f" * 40
    ran = world.act(against="main")
    assert ran.code == 0
    assert world.hub.bodies() == [later]
    assert "later commit" in ran.summary


def test_a_plan_that_fails_marks_the_one_that_stands_there(world: World) -> None:
    world.on_pull_request()
    world.act(against="main")
    ran = world.act(against="no-such-ref")
    assert (ran.code, ran.reason) == (1, "error")
    (body,) = world.hub.bodies()
    assert "**Outdated.** Plan of" in body
    assert "1 to add, 1 to change" in body


def test_an_apply_that_is_refused_is_said_and_the_plan_stays(world: World) -> None:
    world.on_pull_request()
    world.act(against="main")
    world.on_push()
    world.hub.refs["heads/main"] = "d" * 40
    assert world.act("apply").code == 4
    (body,) = world.hub.bodies()
    assert "Not applied (stale)" in body
    assert "1 to add, 1 to change" in body
    assert world.act("apply", sandbox="false").code == 1
    (body,) = world.hub.bodies()
    assert "**Not applied** (error)" in body
    assert '"outdated":false' in body


def test_errors_in_manifests_are_in_the_comment(world: World) -> None:
    world.on_pull_request()
    world.manifest.write_text(world.manifest.read_text().replace("color", "colour"))
    ran = world.act(against="main")
    assert (ran.code, ran.reason) == (1, "error")
    assert "LDR203" in world.hub.bodies()[0]


def test_three_thousand_changes_fit_with_their_totals(world: World) -> None:
    world.on_pull_request(fork=True)
    world.hub.read_only = False
    more = "".join(
        f"---\napiVersion: reconciler/v1\nkind: Environment\nmetadata: {{project: shop, key: more-{number}}}\n"
        f"spec: {{name: '{'|@x' * 40}', color: '417505'}}\n"
        for number in range(3_000)
    )
    world.manifest.write_text(world.manifest.read_text() + more)
    ran = world.act(against="main", sandbox="false")
    assert (ran.code, ran.outputs["create"]) == (0, "3001"), ran.log[-3000:]
    assert len(world.hub.bodies()[0]) < LONGEST
    assert "3001 to add" in world.hub.bodies()[0]
    assert "3001 to add" in ran.summary
    assert len(ran.summary.encode()) < 1_000_000


def test_a_length_that_github_counts_otherwise_is_no_failure(world: World) -> None:
    world.on_pull_request()
    world.hub.faults = [
        Fault("POST", "comments", 422, "body is too long (maximum is 65536 characters)", times=1)
    ]
    ran = world.act(against="main")
    assert (ran.code, len(world.hub.bodies())) == (0, 1)


FAILURES = [
    Fault("*", "", 500),
    Fault("*", "", 502, "<html>"),
    Fault("*", "", 404, "Not Found"),
    Fault("*", "", 401, "Bad credentials"),
    Fault("*", "", 403, "Resource not accessible by integration"),
    Fault(
        "*",
        "",
        403,
        "API rate limit exceeded",
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"},
    ),
    Fault("*", "", 429, "You have exceeded a secondary rate limit", {"Retry-After": "3600"}),
    Fault("POST", "comments", 500),
    Fault("POST", "comments", 403, "Resource not accessible by integration"),
    Fault("POST", "comments", 422, "nothing will do"),
    Fault("GET", "comments", 503),
]


@pytest.mark.parametrize("fault", FAILURES, ids=lambda fault: f"{fault.method} {fault.path} {fault.status}")
def test_a_failure_of_github_is_a_warning_and_the_job_is_that_of_the_plan(world: World, fault: Fault) -> None:
    world.on_pull_request()
    world.hub.faults = [Fault(fault.method, fault.path, fault.status, fault.message, fault.headers)]
    ran = world.act(against="main")
    assert (ran.code, ran.reason, ran.outputs["changes"]) == (0, "", "true")
    assert ran.outputs["comment-url"] == ""
    (warning,) = ran.issued("warning")
    assert "no comment" in warning.message
    assert str(fault.status) in warning.message
    assert "no comment" in ran.summary
    assert not world.hub.bodies()


def test_a_passing_failure_is_none(world: World) -> None:
    world.on_pull_request()
    world.hub.faults = [Fault("GET", "comments", 502, times=2), Fault("POST", "", 429, times=1)]
    ran = world.act(against="main")
    assert not ran.issued("warning")
    assert len(world.hub.bodies()) == 1


def test_a_comment_is_never_made_twice(world: World) -> None:
    """The answer to a POST may be lost though it worked."""
    world.on_pull_request()
    world.hub.faults = [Fault("POST", "comments", 504)]
    world.act(against="main")
    assert len(world.hub.written) == 1


def test_where_the_thread_can_not_be_read_whole_nothing_is_posted(world: World) -> None:
    world.on_pull_request()
    for number in range(150):
        world.hub.add(7, f"before {number}", "people")
    world.hub.faults = [Fault("GET", "comments", 500)]
    world.act(against="main")
    assert not world.hub.written


def test_nobody_listening_is_a_warning(world: World) -> None:
    world.on_pull_request()
    world.environment["GITHUB_API_URL"] = "http://127.0.0.1:9"
    ran = world.act(against="main")
    assert ran.code == 0
    assert "can't be reached" in ran.issued("warning")[0].message


def test_without_a_github_token_there_is_no_comment(world: World) -> None:
    world.on_pull_request()
    world.environment["GITHUB_TOKEN"] = ""
    ran = world.act(against="main")
    assert ran.code == 0
    assert "no github-token" in ran.issued("warning")[0].message
    assert not world.hub.asked
