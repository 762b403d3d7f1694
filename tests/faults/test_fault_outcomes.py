"""What apply makes of single mishaps: what it does, what it says, and that the next run does just the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from faults import judge
from faults.bench import (
    Bench,
    Ran,
    copied,
    delivery,
    documents,
    environment,
    flag_import,
    forget,
    loaded,
    new_store,
    project,
    requests_of,
    tombstone,
    world_of,
    writes_of,
)
from reconciler.cli.apply import exit_code
from reconciler.cli.exits import Exit
from reconciler.live.apply import Interrupt
from reconciler.live.forms import NO_COMMENT, NO_TESTS
from reconciler.model.settings import PatchForms, Settings
from reconciler.planning.plan import Status
from reconciler.sandbox.faults import Fault, Hide
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

STORES = "/api/v2/integration-capabilities/featureStore"
EDGE = "IntegrationDeliveryConfiguration/shop/production/fastly/Edge"
KEYS = ("one", "two", "three", "four")


def standing(*texts: str) -> Store:
    """A world in which the manifests are applied."""
    store = new_store()
    assert Bench(store).go(documents(*texts)).ended() <= {Status.APPLIED}
    forget(store)
    return store


def edit(store: Store, change: Callable[[dict[str, Any]], None], *where: str) -> None:
    """Another writer's change of a document, by collection, project, environment and key or name."""
    with store.transaction() as world:
        connection = world._connection
        rows = connection.execute(
            "SELECT seq, document FROM documents WHERE collection = ? AND project = ? AND environment = ?",
            where[:3],
        ).fetchall()
        for seq, text in rows:
            document = json.loads(text)
            if where[3] in (document.get("key"), document.get("name")):
                change(document)
                if "version" in document:
                    document["version"] += 1
                connection.execute(
                    "UPDATE documents SET document = ? WHERE seq = ?", (json.dumps(document), seq)
                )
                return
    raise AssertionError(f"there is no {where}")


def four(color: str, **spec: Any) -> list[str]:
    return [environment(key, color=color, **spec) for key in KEYS]


# An environment that can't be patched


def test_a_lasting_500_on_one_environment_stops_its_dependents_and_nothing_else() -> None:
    edge, other = delivery("Edge", "shop/three"), delivery("Other", "shop/four")
    bench = Bench(standing(project(), *four("417505"), edge, other))
    wanted = documents(
        project(),
        *four("AA0000"),
        delivery("Edge", "shop/three", on=False),
        delivery("Other", "shop/four", on=False),
    )
    ran = bench.go(
        wanted, [Fault(method="PATCH", path="/api/v2/projects/shop/environments/three", status=500, times=0)]
    )
    assert ran.statuses() == {
        "Environment/shop/one": Status.APPLIED,
        "Environment/shop/two": Status.APPLIED,
        "Environment/shop/three": Status.FAILED,
        "Environment/shop/four": Status.APPLIED,
        "IntegrationDeliveryConfiguration/shop/three/fastly/Edge": Status.SKIPPED,
        "IntegrationDeliveryConfiguration/shop/four/fastly/Other": Status.APPLIED,
    }
    skipped = ran.of("IntegrationDeliveryConfiguration/shop/three/fastly/Edge")
    assert skipped.error == "Environment/shop/three was not applied"
    assert skipped.attempts == 0
    failed = ran.of("Environment/shop/three")
    assert "was answered 500" in failed.error
    assert failed.attempts >= 2
    assert failed.started <= failed.finished
    assert exit_code(ran.outcomes, interrupted=False) is Exit.PARTIAL

    forget(bench.store)
    again = bench.go(wanted)
    assert set(again.statuses()) == {str(failed.change.address), str(skipped.change.address)}
    assert again.ended() == {Status.APPLIED}
    assert len(writes_of(bench.store)) == 2
    assert bench.plan(wanted).changes == ()


def test_a_failed_update_skips_no_delete_that_does_not_need_it() -> None:
    bench = Bench(standing(project(), *four("417505"), delivery("Edge", "shop/three")))
    gone = tombstone(
        "IntegrationDeliveryConfiguration",
        project="shop",
        environment="three",
        integration="fastly",
        name="Edge",
    )
    ran = bench.go(
        documents(project(), environment("one", color="AA0000"), gone),
        [Fault(method="PATCH", status=500, times=0)],
    )
    assert ran.statuses()["Environment/shop/one"] is Status.FAILED
    assert ran.statuses()["IntegrationDeliveryConfiguration/shop/three/fastly/Edge"] is Status.APPLIED


def test_a_failed_create_skips_the_delete_of_what_it_may_replace() -> None:
    bench = Bench(standing(project(), *four("417505"), delivery("Edge", "shop/three")))
    gone = tombstone(
        "IntegrationDeliveryConfiguration",
        project="shop",
        environment="three",
        integration="fastly",
        name="Edge",
    )
    text = documents(project(), *four("417505"), delivery("Edge 2", "shop/three"), gone)
    ran = bench.go(text, [Fault(method="POST", status=403, times=0)])
    assert sorted(ran.statuses().values()) == [Status.FAILED, Status.SKIPPED]
    assert bench.go(text).ended() == {Status.APPLIED}


# Lost answers


@pytest.mark.parametrize("reads", ["lists", "all"])
@pytest.mark.parametrize("lost", [{"reset": True}, {"status": 500}, {"status": 504}, {"delay": 3600.0}])
def test_a_lost_post_that_shows_late_leaves_one_and_was_said_unknown(
    lost: dict[str, Any], reads: Any
) -> None:
    base = documents(project(), environment("production"))
    bench = Bench(standing(base))
    wanted = documents(base, delivery("Edge"))
    fault = Fault(method="POST", path=STORES + "/*", effect="after", hide=Hide(60, reads), **lost)
    app = bench.app([fault])
    bench.app = lambda faults=(): app  # type: ignore[method-assign]  # what is hidden is known to one sandbox
    ran = bench.go(wanted)
    assert ran.statuses() == {EDGE: Status.UNKNOWN}
    assert ran.of(EDGE).error
    assert exit_code(ran.outcomes, interrupted=False) is Exit.PARTIAL
    assert [each for each in writes_of(bench.store) if each.startswith("POST")] == [
        f"POST {STORES}/shop/production/fastly"
    ]
    assert len([key for key in world_of(bench.store) if key[0] == "featureStore"]) == 1
    later = Bench(bench.store)
    assert later.plan(wanted).changes == ()


def test_a_lost_post_that_shows_in_time_is_applied() -> None:
    base = documents(project(), environment("production"))
    bench = Bench(standing(base))
    app = bench.app([Fault(method="POST", effect="after", reset=True, hide=Hide(3, "all"))])
    bench.app = lambda faults=(): app  # type: ignore[method-assign]
    ran = bench.go(documents(base, delivery("Edge")))
    assert ran.statuses() == {EDGE: Status.APPLIED}
    assert "lost" in ran.of(EDGE).note


def test_twins_of_another_writer_are_reported() -> None:
    base = documents(project(), environment("production"))
    wanted = documents(base, delivery("Edge"))
    bench = Bench(standing(base))
    ran = bench.go(
        wanted,
        [Fault(method="POST", effect="after", reset=True)],
        between=lambda: _quietly(bench.store, delivery("Edge")),
    )
    assert ran.statuses() == {EDGE: Status.UNKNOWN}
    assert "2 of that name" in ran.of(EDGE).error
    assert len([each for each in requests_of(bench.store) if each.method == "POST"]) == 2
    again = bench.plan(wanted)
    assert [each.code.text for each in again.diagnostics if each.severity.value == "error"] == ["LDR402"]


def _quietly(store: Store, text: str) -> None:
    """Another writer creates a delivery configuration."""
    import httpx

    from faults.bench import create_app

    body = json.loads(text)
    spec = {**body["spec"], "config": {"storeId": "kv-edge", "apiToken": "fst-xxxxxxxxxx-l9Z"}}
    where = "/".join(body["metadata"][name] for name in ("project", "environment", "integration"))

    async def send() -> None:
        transport = httpx.ASGITransport(create_app(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            answer = await client.post(
                f"{STORES}/{where}",
                json={"name": body["metadata"]["name"], **spec},
                headers={"LD-API-Version": "beta", "Authorization": "api-other"},
            )
            assert answer.status_code < 300, answer.text

    _elsewhere(lambda: anyio.run(send))


def _elsewhere(work: Callable[[], None]) -> None:
    """Do something beside the running loop."""
    import threading

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_named_create_looks_again_before_it_when_the_plan_is_some_seconds_old() -> None:
    base = documents(project(), environment("production"))
    bench = Bench(standing(base))
    ran = bench.go(
        documents(base, delivery("Edge")),
        between=lambda: _quietly(bench.store, delivery("Edge")),
        pause=11,
    )
    assert ran.statuses() == {EDGE: Status.CONFLICT}
    assert "another writer made one of that name" in ran.of(EDGE).error
    assert exit_code(ran.outcomes, interrupted=False) is Exit.STALE
    assert len([key for key in world_of(bench.store) if key[0] == "featureStore"]) == 1


def test_a_lost_project_that_another_writer_made_has_its_own_environments_only() -> None:
    store = new_store()
    bench = Bench(store)
    wanted = documents(
        project(), environment("production", approvalSettings={"required": True}), environment("mine")
    )
    theirs = documents(project(), environment("production"))
    ran = bench.go(
        wanted,
        [Fault(method="POST", path="/api/v2/projects", reset=True)],
        between=lambda: _elsewhere(lambda: _applied(store, theirs)),
    )
    assert ran.statuses() == {
        "Project/shop": Status.APPLIED,
        "Environment/shop/production": Status.APPLIED,
        "Environment/shop/mine": Status.UNKNOWN,
    }
    judge.check_ledger(ran, loaded(wanted), {}, world_of(store))
    assert bench.go(wanted).ended() == {Status.APPLIED}
    assert bench.plan(wanted).changes == ()


def _applied(store: Store, text: str) -> Ran:
    ran = Bench(store).go(text)
    assert ran.ended() == {Status.APPLIED}
    return ran


def test_a_project_that_another_writer_made_meanwhile() -> None:
    store = new_store()
    wanted = documents(project(), environment("production"), environment("mine"))
    ran = Bench(store).go(
        wanted,
        between=lambda: (
            _elsewhere(lambda: _applied(store, documents(project(), environment("production")))) and None
        ),
    )
    assert ran.statuses() == {
        "Project/shop": Status.APPLIED,
        "Environment/shop/production": Status.APPLIED,
        "Environment/shop/mine": Status.CONFLICT,
    }
    assert Bench(store).go(wanted).ended() == {Status.APPLIED}


# Deletes


def test_what_is_gone_already_is_deleted() -> None:
    bench = Bench(standing(project(), *four("417505"), delivery("Edge", "shop/three")))
    gone = tombstone(
        "IntegrationDeliveryConfiguration",
        project="shop",
        environment="three",
        integration="fastly",
        name="Edge",
    )
    ran = bench.go(gone, [Fault(method="DELETE", status=500, effect="after")])
    assert ran.ended() == {Status.APPLIED}


def test_a_key_that_was_reused_is_left_alone() -> None:
    store = standing(project(), *four("417505"))
    bench = Bench(store)
    where = ("environments", "shop", "", "three")
    text = tombstone("Environment", project="shop", key="three", id=world_of(store)[where]["_id"])
    ran = bench.go(text, between=lambda: edit(store, lambda document: document.update(_id="f" * 24), *where))
    assert ran.ended() == {Status.CONFLICT}
    assert writes_of(store) == []
    assert where in world_of(store)


def test_a_delete_that_can_not_be_checked_is_not_sent() -> None:
    store = standing(project(), *four("417505"))
    where = ("environments", "shop", "", "three")
    text = tombstone("Environment", project="shop", key="three", id=world_of(store)[where]["_id"])
    ran = Bench(store).go(text, [Fault(method="GET", path="*/environments/three", reset=True, times=0)])
    assert ran.ended() == {Status.FAILED}
    assert writes_of(store) == []


@pytest.mark.parametrize(
    ("times", "became"), [(1, Status.APPLIED), (2, Status.APPLIED), (9, Status.CONFLICT)]
)
def test_a_conflict_at_a_delete_is_tried_again(times: int, became: Status) -> None:
    bench = Bench(standing(project(), *four("417505"), delivery("Edge", "shop/three")))
    gone = tombstone(
        "IntegrationDeliveryConfiguration",
        project="shop",
        environment="three",
        integration="fastly",
        name="Edge",
    )
    assert bench.go(gone, [Fault(method="DELETE", status=409, times=times)]).ended() == {became}


# Conflicts


def _moved(document: dict[str, Any]) -> None:
    document["color"] = "00FF00"


CHANGED = documents(project(), environment("production", color="AA0000"))
WHERE = ("environments", "shop", "", "production")


def test_a_conflict_is_tried_again_while_the_change_is_the_right_one() -> None:
    bench = Bench(standing(project(), environment("production")))
    ran = bench.go(CHANGED, [Fault(method="PATCH", status=409, times=2)])
    assert ran.ended() == {Status.APPLIED}
    assert [each.status for each in requests_of(bench.store) if each.method == "PATCH"] == [409, 409, 200]


def test_a_conflict_that_lasts_is_one() -> None:
    bench = Bench(standing(project(), environment("production")))
    ran = bench.go(CHANGED, [Fault(method="PATCH", status=409, times=0)])
    assert ran.ended() == {Status.CONFLICT}
    assert exit_code(ran.outcomes, interrupted=False) is Exit.STALE


def test_a_conflict_is_not_tried_again_where_the_field_moved() -> None:
    store = standing(project(), environment("production"))
    ran = Bench(store).go(
        CHANGED, [Fault(method="PATCH", status=409)], between=lambda: edit(store, _moved, *WHERE)
    )
    assert ran.ended() == {Status.CONFLICT}
    assert "color has changed" in ran.of("Environment/shop/production").error
    assert world_of(store)[WHERE]["color"] == "00FF00"


def test_a_conflict_with_who_did_the_same_is_none() -> None:
    store = standing(project(), environment("production"))
    ran = Bench(store).go(
        CHANGED,
        [Fault(method="PATCH", status=409)],
        between=lambda: edit(store, lambda document: document.update(color="AA0000"), *WHERE),
    )
    assert ran.ended() == {Status.APPLIED}


def test_an_old_plan_looks_again_before_it_writes() -> None:
    store = standing(project(), environment("production"))
    ran = Bench(store).go(CHANGED, between=lambda: edit(store, _moved, *WHERE), pause=61)
    assert ran.ended() == {Status.CONFLICT}
    assert writes_of(store) == []


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_failed_precondition_is_a_conflict(status: Any) -> None:
    store = standing(project(), environment("production"), delivery("Edge"))
    bench = Bench(store, Options(failed_test=status), settings=Settings(preconditions="test"))
    wanted = documents(
        CHANGED, delivery("Edge", config={"storeId": "kv-9", "apiToken": {"fromEnv": "FASTLY_NEW"}})
    )

    def meanwhile() -> None:
        edit(store, _moved, *WHERE)
        edit(store, lambda document: document.update(on=False), "featureStore", "shop", "production", "Edge")

    ran = bench.go(wanted, between=meanwhile)
    assert ran.statuses() == {"Environment/shop/production": Status.CONFLICT, EDGE: Status.SKIPPED}
    assert world_of(store)[WHERE]["color"] == "00FF00"
    assert ran.notices == []
    forget(store)
    assert bench.go(wanted).ended() == {Status.APPLIED}
    bodies = [each.body for each in requests_of(store) if each.method == "PATCH"]
    assert {"op": "test", "path": "/color", "value": "00FF00"} in bodies[0]
    assert [each["path"] for each in bodies[1] if each["op"] == "test"] == ["/on", "/version"]


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_moved_version_is_a_conflict_where_secrets_are_written(status: Any) -> None:
    store = standing(project(), environment("production"), delivery("Edge"))
    bench = Bench(store, Options(failed_test=status), settings=Settings(preconditions="test"))
    wanted = documents(
        project(), delivery("Edge", config={"storeId": "kv-9", "apiToken": {"fromEnv": "FASTLY_NEW"}})
    )
    where = ("featureStore", "shop", "production", "Edge")
    ran = bench.go(wanted, between=lambda: edit(store, lambda document: document.update(tags=["x"]), *where))
    assert ran.statuses() == {EDGE: Status.CONFLICT}
    assert "version counts" in ran.of(EDGE).error


async def whole(receive: Any) -> Any:
    """A request's body in one message."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return {"type": "http.request", "body": bytes(body), "more_body": False}


def refusing(word: str, status: int = 400) -> Callable[[Any], Any]:
    """A service that answers patches whose body holds a word with a status."""

    def wrap(app: Any) -> Any:
        async def serve(scope: Any, receive: Any, send: Any) -> None:
            message = await whole(receive)
            if scope["method"] == "PATCH" and word.encode() in message.get("body", b""):
                body = b'{"code":"invalid_request","message":"Invalid request body"}'
                await send(
                    {
                        "type": "http.response.start",
                        "status": status,
                        "headers": [(b"content-type", b"application/json")],
                    }
                )
                await send({"type": "http.response.body", "body": body})
                return

            async def again() -> Any:
                return message

            await app(scope, again, send)

        return serve

    return wrap


TESTS, COMMENTS = '"op":"test"', '"comment"'


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_service_without_test_operations_is_noticed_once(status: int) -> None:
    bench = Bench(standing(project(), *four("417505")), settings=Settings(preconditions="test"))
    bench.wrap = refusing(TESTS, status)
    ran = bench.go(documents(project(), *four("AA0000")), concurrency=8)
    assert ran.ended() == {Status.APPLIED}
    assert ran.notices == [NO_TESTS]


@pytest.mark.parametrize("preconditions", ["none", "test"])
def test_a_service_without_comments_is_noticed_once(preconditions: Any) -> None:
    bench = Bench(standing(project(), *four("417505")), settings=Settings(preconditions=preconditions))
    bench.options, bench.comment = Options(commented_patches=False), "commit 77"
    ran = bench.go(documents(project(), *four("AA0000")), concurrency=8)
    assert ran.ended() == {Status.APPLIED}
    assert ran.notices == [NO_COMMENT]
    last = [each.body for each in requests_of(bench.store) if each.method == "PATCH"][-1]
    assert [each["op"] for each in last] == (["test", "replace"] if preconditions == "test" else ["replace"])


def test_a_service_without_comments_gets_the_approvals_of_a_new_environment() -> None:
    bench = Bench(new_store(), Options(commented_patches=False), comment="commit 77")
    text = documents(project(), environment("production", approvalSettings={"required": True}))
    ran = bench.go(text)
    assert ran.ended() == {Status.APPLIED}
    assert ran.notices == [NO_COMMENT]
    assert bench.plan(text).changes == ()


def test_a_service_with_neither_is_noticed() -> None:
    bench = Bench(standing(project(), *four("417505")), settings=Settings(preconditions="test"))
    bench.wrap, bench.comment = refusing(TESTS), "commit 77"
    bench.options = Options(commented_patches=False)
    ran = bench.go(documents(project(), *four("AA0000")))
    assert ran.ended() == {Status.APPLIED}
    assert sorted(ran.notices) == sorted([NO_COMMENT, NO_TESTS])


def test_a_refusal_of_what_a_patch_says_is_no_refusal_of_its_form() -> None:
    bench = Bench(standing(project(), *four("417505")), settings=Settings(preconditions="test"))
    bench.wrap, bench.comment = refusing("AA0000"), "commit 77"
    text = documents(project(), environment("one", color="AA0000"), environment("two", color="BB0000"))
    ran = bench.go(text, concurrency=1)
    assert ran.statuses() == {"Environment/shop/one": Status.FAILED, "Environment/shop/two": Status.APPLIED}
    assert ran.notices == []
    last = [each.body for each in requests_of(bench.store) if each.method == "PATCH"][-1]
    assert last["comment"] == "commit 77"
    assert [each["op"] for each in last["patch"]] == ["test", "replace"]


def test_elements_of_a_list_in_another_order_are_a_conflict() -> None:
    store = standing(project(tags=["a", "b", "c"]), environment("production"))
    bench = Bench(store, settings=Settings(patch=PatchForms(lists="elements")))
    text = documents(project(tags=["a", "c", "d"]))

    def meanwhile() -> None:
        edit(store, lambda document: document.update(tags=["b", "a", "c"]), "projects", "", "", "shop")

    ran = bench.go(text, between=meanwhile)
    assert ran.ended() == {Status.CONFLICT}
    assert set(world_of(store)["projects", "", "", "shop"]["tags"]) == {"a", "b", "c"}
    assert bench.go(text).ended() == {Status.APPLIED}
    assert set(world_of(store)["projects", "", "", "shop"]["tags"]) == {"a", "c", "d"}


# What a service does not take over


def dropping(*names: str, methods: tuple[str, ...] = ("PATCH", "POST")) -> Callable[[Any], Any]:
    """A service that ignores some members."""

    def wrap(app: Any) -> Any:
        async def serve(scope: Any, receive: Any, send: Any) -> None:
            message = await whole(receive)
            if scope["method"] in methods and message.get("body"):
                body = json.loads(message["body"])
                if isinstance(body, list):
                    body = [each for each in body if each["path"][1:] not in names]
                else:
                    body = {name: value for name, value in body.items() if name not in names}
                message = {**message, "body": json.dumps(body).encode()}
            headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]

            async def again() -> Any:
                return message

            await app({**scope, "headers": headers}, again, send)

        return serve

    return wrap


def test_a_field_that_the_service_dropped_is_reported() -> None:
    bench = Bench(standing(project(), environment("production"), delivery("Edge")))
    bench.wrap = dropping("defaultTtl", "on", "tags")
    text = documents(
        project(tags=["x"]),
        environment("production", color="AA0000", defaultTtl=9),
        delivery("Edge", on=False),
    )
    ran = bench.go(text)
    assert ran.ended() == {Status.APPLIED}
    assert "did not take over defaultTtl" in ran.of("Environment/shop/production").note
    assert "did not take over tags" in ran.of("Project/shop").note
    assert "did not take over on" in ran.of(EDGE).note
    bench.wrap = lambda app: app
    assert bench.go(text).ended() == {Status.APPLIED}


def test_a_field_that_a_create_dropped_is_reported() -> None:
    bench = Bench(standing(project(), environment("production")))
    bench.wrap = dropping("tags")
    ran = bench.go(documents(project(), delivery("Edge", tags=["x"]), flag_import(tags=["y"])))
    assert ran.ended() == {Status.APPLIED}
    for outcome in ran.outcomes:
        assert "did not take over tags" in outcome.note


@pytest.mark.parametrize("form", ["full", "empty", "absent"])
def test_a_config_that_an_answer_leaves_out_is_not_taken_for_dropped(form: Any) -> None:
    bench = Bench(standing(project(), environment("production")), Options(write_config=form))
    made = documents(project(), delivery("Edge"), flag_import())
    changed = documents(
        project(),
        delivery("Edge", config={"storeId": "kv-9", "apiToken": {"fromEnv": "FASTLY_NEW"}}),
        flag_import(workspaceId="w-9"),
    )
    for text in (made, changed):
        ran = bench.go(text)
        assert ran.ended() == {Status.APPLIED}
        assert [each.note for each in ran.outcomes] == ["", ""]


# Protection


PROTECTED = environment("production", approvalSettings={"required": True, "minNumApprovals": 2})


@pytest.mark.parametrize(
    ("fault", "became"),
    [
        ({"status": 403}, Status.FAILED),
        ({"status": 500}, Status.FAILED),
        ({"reset": True}, Status.UNKNOWN),
        ({"status": 409}, Status.FAILED),
    ],
)
def test_an_environment_without_its_approvals_is_said_to_be_unprotected_first(
    fault: dict[str, Any], became: Status
) -> None:
    from reconciler.rendering import json as rendered
    from reconciler.rendering import text as worded
    from reconciler.rendering.lines import plain

    bench = Bench(new_store())
    wanted = documents(project(), environment("development"), PROTECTED, delivery("Edge"))
    ran = bench.go(wanted, [Fault(method="PATCH", times=0, **fault)])
    found = ran.of("Environment/shop/production")
    assert (found.status, found.unprotected) == (became, True)
    assert ran.statuses()[EDGE] is Status.SKIPPED
    assert exit_code(ran.outcomes, interrupted=False) is Exit.PARTIAL
    assert ran.plan is not None
    ledger: Any = rendered.applied(ran.plan, ran.outcomes, "partial")["outcomes"]
    assert (ledger[0]["address"], ledger[0]["unprotected"]) == ("Environment/shop/production", True)
    lines = plain(worded.summary(ran.outcomes)).splitlines()
    first = next(line for line in lines if "Environment/shop" in line or "protected" in line.lower())
    assert "production" in first
    assert "unprotected" in first.lower()
    assert bench.go(wanted).ended() == {Status.APPLIED}
    assert bench.plan(wanted).changes == ()


def test_an_account_without_approvals() -> None:
    bench = Bench(new_store(), Options(approvals=False))
    wanted = documents(project(), environment("development"), PROTECTED)
    ran = bench.go(wanted)
    found = ran.of("Environment/shop/production")
    assert (found.status, found.unprotected) == (Status.FAILED, True)
    again = bench.plan(wanted)
    assert [each.code.text for each in again.diagnostics if each.severity.value == "error"] == ["LDR407"]


# Interruptions, in virtual time


@pytest.mark.parametrize(("slow", "became"), [(5, Status.APPLIED), (20, Status.UNKNOWN)])
@pytest.mark.parametrize("effect", ["before", "after"])
def test_an_interrupt_lets_what_is_in_flight_end_and_starts_nothing(
    slow: float, became: Status, effect: Any
) -> None:
    store = standing(project(), *four("417505"), delivery("Edge", "shop/one"))
    bench = Bench(store)
    text = documents(project(), *four("AA0000"), delivery("Edge", "shop/one", on=False))
    ran = _interrupted(bench, text, [Fault(method="PATCH", delay=slow, effect=effect, times=0)], after=1)
    statuses = ran.statuses()
    edge = "IntegrationDeliveryConfiguration/shop/one/fastly/Edge"
    assert statuses.pop(edge) is Status.SKIPPED
    assert set(statuses.values()) == {became}
    judge.check_ledger(
        ran, loaded(text), {**world_of(store)}, world_of(store)
    ) if became is Status.APPLIED else None
    assert ran.seconds < 10
    assert bench.go(text).ended() <= {Status.APPLIED}
    assert bench.plan(text).changes == ()


def test_an_interrupt_between_a_create_and_its_approvals_says_unprotected() -> None:
    bench = Bench(new_store())
    text = documents(project(), environment("development"), PROTECTED)
    ran = _interrupted(bench, text, [Fault(method="PATCH", delay=60)], after=1)
    found = ran.of("Environment/shop/production")
    assert (found.status, found.unprotected) == (Status.UNKNOWN, True)
    assert ran.statuses()["Environment/shop/development"] is Status.APPLIED
    assert ran.seconds < 10
    assert bench.go(text).ended() == {Status.APPLIED}


def test_a_second_interrupt_ends_at_once() -> None:
    bench = Bench(standing(project(), *four("417505")))
    ran = _interrupted(
        bench,
        documents(project(), *four("AA0000")),
        [Fault(method="PATCH", delay=60, times=0)],
        after=1,
        again=2,
    )
    assert ran.ended() == {Status.UNKNOWN}
    assert ran.seconds == pytest.approx(3, abs=0.5)


def _interrupted(
    bench: Bench, text: str, faults: list[Fault], *, after: float, again: float | None = None
) -> Ran:
    interrupt = Interrupt()

    def ring() -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        loop.call_later(after, interrupt.stop.set)
        if again is not None:
            loop.call_later(after + again, interrupt.now.set)

    return bench.go(text, faults, between=ring, interrupt=interrupt)


def test_worlds_are_copied_whole() -> None:
    store = standing(project(), *four("417505"))
    assert world_of(copied(store)) == world_of(store)
