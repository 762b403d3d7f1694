"""Applying: what is sent, in which order, and what is said of it when something goes wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from reconciler import api
from reconciler.kinds.registry import load_kinds
from reconciler.live.apply import apply
from reconciler.live.bodies import patch_body
from reconciler.live.client import connect
from reconciler.live.connection import Connection
from reconciler.live.observe import observe
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.errors import PlanRefused, SecretError
from reconciler.model.secrets import Secrets
from reconciler.model.shape import Shape
from reconciler.planning.patch import Operation
from reconciler.planning.plan import Change, Outcome, Plan, Status
from reconciler.planning.planner import make_plan
from reconciler.sandbox.app import create_app
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

pytestmark = pytest.mark.anyio

SECRET = "fst-4Zx9Qp7w-K3y"
ENVIRONMENT = {"FASTLY": SECRET, "SPLIT": "adm-8Yh2Lk5v-777"}
ENVIRONMENTS = "/api/v2/projects/p/environments"
DELIVERIES = "/api/v2/integration-capabilities/featureStore/p"


@dataclass
class Sent:
    method: str
    path: str
    body: Any


Behaviour = int | str | tuple[int, Any] | Callable[[], Any]


@dataclass
class Wire:
    """The sandbox, with a log of what was sent to it, and a script of what goes wrong on the way.

    The script has for a method and a path what happens to the next requests: a status, a status with a
    body, `lost before` or `lost after` the service has seen it, or a function to be called meanwhile.
    """

    app: Any
    script: dict[tuple[str, str], list[Behaviour]] = field(default_factory=dict)
    log: list[Sent] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message.get("body", b"")
        method, path = scope["method"], scope["path"]
        self.log.append(Sent(method, path, json.loads(body) if body else None))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await anyio.lowlevel.checkpoint()
            await self._behave(method, path, body, scope, send)
        finally:
            self.at_once -= 1

    async def _behave(self, method: str, path: str, body: bytes, scope: Any, send: Any) -> None:
        steps = self.script.get((method, path)) or [None]
        step: Any = steps.pop(0)

        async def again() -> Any:
            return {"type": "http.request", "body": body}

        async def unheard(message: Any) -> None:
            pass

        if callable(step):
            step()
        elif isinstance(step, int | tuple):
            status, content = step if isinstance(step, tuple) else (step, {"message": "no"})
            await send(
                {
                    "type": "http.response.start",
                    "status": status,
                    "headers": [(b"content-type", b"application/json")],
                }
            )
            await send({"type": "http.response.body", "body": json.dumps(content).encode()})
            return
        elif step == "lost before":
            raise ConnectionResetError
        elif step == "lost after":
            await self.app(scope, again, unheard)
            raise ConnectionResetError
        await self.app(scope, again, send)

    @property
    def writes(self) -> list[Sent]:
        return [each for each in self.log if each.method != "GET"]

    def sent(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.writes]


@dataclass
class World:
    """A sandbox behind a wire, and the manifests for it."""

    wire: Wire
    store: Store
    connection: Connection
    timing: Any

    async def plan(self, *manifests: Mapping[str, Any], secrets: Mapping[str, str] = ENVIRONMENT) -> Plan:
        text = "---\n".join(json.dumps(each) + "\n" for each in manifests)
        loaded = api.load(["-"], stdin=text.encode)
        assert [each for each in loaded.diagnostics if each.severity == "error"] == []
        live = await observe(loaded.declared, load_kinds(), self.connection.reader)
        plan = make_plan(loaded.declared, live, load_kinds(), Secrets(secrets))
        assert not plan.has_errors, plan.diagnostics
        self.wire.log.clear()
        return plan

    async def apply(
        self, plan: Plan, secrets: Mapping[str, str] = ENVIRONMENT, **more: Any
    ) -> dict[str, Outcome]:
        """The outcomes by address, each once."""
        kinds = load_kinds()
        outcomes = await apply(plan, kinds, self.connection, Secrets(secrets), timing=self.timing, **more)
        found = {str(each.change.address): each for each in outcomes}
        assert len(found) == len(outcomes) == len(plan.changes)
        return found

    async def make(self, *manifests: Mapping[str, Any]) -> None:
        """Create what the manifests declare, unseen."""
        outcomes = await self.apply(await self.plan(*manifests))
        assert {each.status for each in outcomes.values()} <= {Status.APPLIED}
        self.wire.log.clear()

    def ids(self, collection: str, **scope: str) -> dict[str, str]:
        with self.store.transaction() as world:
            return {each.get("key", each["name"]): each["_id"] for each in world.every(collection, **scope)}


@pytest.fixture
def opened(moment: Any) -> Callable[..., Any]:
    @asynccontextmanager
    async def open_world(concurrency: int = 8, **options: Any) -> AsyncIterator[World]:
        known: list[str] = [*ENVIRONMENT.values()]
        with Store(None) as store:
            wire = Wire(create_app(store, options=Options(strict_bodies=True, **options)))
            async with connect(
                "http://sandbox",
                "token",
                app=wire,
                timing=moment.timing(),
                concurrency=concurrency,
                secrets=lambda: known,
            ) as connection:
                yield World(wire, store, connection, moment.timing())

    return open_world


def manifest(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any] | None = None) -> dict[str, Any]:
    document = {"apiVersion": "reconciler/v1", "kind": kind, "metadata": metadata}
    return document if spec is None else {**document, "spec": spec}


def project(**more: Any) -> dict[str, Any]:
    return manifest("Project", {"key": "p"}, {"name": "P", **more})


def environment(key: str, **more: Any) -> dict[str, Any]:
    return manifest("Environment", {"project": "p", "key": key}, {"name": key, "color": "417505", **more})


def delivery(name: str, of: str = "e", store: str = "kv", **more: Any) -> dict[str, Any]:
    metadata = {"project": "p", "environment": of, "integration": "fastly", "name": name}
    return manifest(
        "IntegrationDeliveryConfiguration",
        metadata,
        {"config": {"storeId": store, "apiToken": {"fromEnv": "FASTLY"}}, **more},
    )


def flag_import() -> dict[str, Any]:
    config = {"workspaceId": "w", "environmentId": "e"}
    config |= {"workspaceApiKey": {"fromEnv": "SPLIT"}, "ldApiKey": {"fromEnv": "FASTLY"}}  # type: ignore[dict-item]
    return manifest(
        "FlagImportConfiguration", {"project": "p", "integration": "split", "name": "i"}, {"config": config}
    )


def tombstone(kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return manifest(kind, {**metadata, "state": "absent"})


def applied(outcomes: Mapping[str, Outcome]) -> set[str]:
    return {address for address, outcome in outcomes.items() if outcome.status is Status.APPLIED}


async def test_a_project_travels_with_its_environments_in_one_request(opened: Any) -> None:
    async with opened() as world:
        plan = await world.plan(environment("e", tags=["b", "a"]), project(tags=["t"]), environment("f"))
        outcomes = await world.apply(plan)
        [request] = world.wire.writes
        assert (request.method, request.path) == ("POST", "/api/v2/projects")
        assert request.body == {
            "key": "p",
            "name": "P",
            "tags": ["t"],
            "environments": [
                {"key": "e", "name": "e", "color": "417505", "tags": ["b", "a"]},
                {"key": "f", "name": "f", "color": "417505"},
            ],
        }
        assert applied(outcomes) == {"Project/p", "Environment/p/e", "Environment/p/f"}


async def test_of_many_environments_twenty_travel_and_clones_come_after_their_source(opened: Any) -> None:
    async with opened() as world:
        many = [environment(f"e{number:02}") for number in range(25)]
        clone = environment("a-clone", source={"key": "e24"})
        outcomes = await world.apply(await world.plan(project(), clone, *many))
        assert len(applied(outcomes)) == 27
        first, *rest = world.wire.writes
        assert [each["key"] for each in first.body["environments"]] == [
            f"e{number:02}" for number in range(20)
        ]
        assert sorted(each.body["key"] for each in rest) == [
            "a-clone",
            *(f"e{number}" for number in range(20, 25)),
        ]
        keys = [each.body["key"] for each in rest]
        assert keys.index("e24") < keys.index("a-clone")


async def test_approvals_follow_in_a_second_step_with_what_differs_alone(opened: Any) -> None:
    async with opened() as world:
        settings = {
            "required": True,
            "minNumApprovals": 1,
            "requiredApprovalTags": [],
            "autoApplyApprovedChanges": False,
        }
        plan = await world.plan(
            project(),
            environment("e", approvalSettings=settings),
            environment("f", approvalSettings={"required": False, "minNumApprovals": 1}),
        )
        outcomes = await world.apply(plan)
        post, patch = world.wire.writes
        assert all("approvalSettings" not in each for each in post.body["environments"])
        assert (patch.method, patch.path) == ("PATCH", f"{ENVIRONMENTS}/e")
        assert patch.body == [{"op": "replace", "path": "/approvalSettings/required", "value": True}]
        assert applied(outcomes) == {"Project/p", "Environment/p/e", "Environment/p/f"}


async def test_where_the_second_step_fails_the_environment_stands_unprotected(opened: Any) -> None:
    async with opened() as world:
        world.wire.script["PATCH", f"{ENVIRONMENTS}/e"] = [403]
        plan = await world.plan(
            project(),
            environment("e", approvalSettings={"required": True}),
            environment("f"),
            delivery("x"),
            delivery("y", "f"),
        )
        outcomes = await world.apply(plan)
        assert outcomes["Environment/p/e"].unprotected
        assert outcomes["Environment/p/e"].status is Status.FAILED
        assert "403" in outcomes["Environment/p/e"].error
        assert outcomes["Environment/p/e"].attempts == 2, "the create and the second step"
        assert outcomes["IntegrationDeliveryConfiguration/p/e/fastly/x"].status is Status.SKIPPED
        assert applied(outcomes) == {
            "Project/p",
            "Environment/p/f",
            "IntegrationDeliveryConfiguration/p/f/fastly/y",
        }


async def test_an_account_without_approvals_leaves_a_new_environment_unprotected(opened: Any) -> None:
    async with opened(approvals=False) as world:
        outcomes = await world.apply(
            await world.plan(project(), environment("e", approvalSettings={"required": True}))
        )
        assert outcomes["Environment/p/e"].unprotected
        assert applied(outcomes) == {"Project/p"}


async def test_parents_come_first_and_deletes_last(opened: Any) -> None:
    async with opened() as world:
        await world.make(
            project(), environment("e"), environment("old"), delivery("gone", "old"), delivery("kept")
        )
        ids = world.ids("environments", project="p")
        plan = await world.plan(
            tombstone(
                "IntegrationDeliveryConfiguration",
                {"project": "p", "environment": "e", "integration": "fastly", "name": "kept"},
            ),
            tombstone("Environment", {"project": "p", "key": "old", "id": ids["old"]}),
            delivery("new", "fresh"),
            environment("fresh"),
            environment("e", tags=["t"]),
            project(tags=["t"]),
        )
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 6
        sent = world.wire.sent()
        assert sent.index("PATCH /api/v2/projects/p") < sent.index(f"PATCH {ENVIRONMENTS}/e")
        assert sent.index(f"POST {ENVIRONMENTS}") < sent.index(f"POST {DELIVERIES}/fresh/fastly")
        assert [each.startswith("DELETE") for each in sent] == [False] * 4 + [True] * 2


async def test_a_delete_takes_along_what_is_below_in_one_request(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), environment("old"), delivery("x", "old"))
        ids = world.ids("environments", project="p")
        plan = await world.plan(
            tombstone("Environment", {"project": "p", "key": "old", "id": ids["old"]}),
            tombstone(
                "IntegrationDeliveryConfiguration",
                {"project": "p", "environment": "old", "integration": "fastly", "name": "x"},
            ),
        )
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 2
        assert world.wire.sent() == [f"DELETE {ENVIRONMENTS}/old"]


async def test_each_change_is_one_request_and_nothing_is_read_after_a_write(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), delivery("x"), flag_import())
        plan = await world.plan(
            project(name="Q", tags=["t"]),
            environment("e", color="000000", approvalSettings={"required": True}),
            delivery("x", store="other", on=True),
            delivery("new"),
        )
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 4
        assert sorted(each.method for each in world.wire.log) == ["PATCH", "PATCH", "PATCH", "POST"]
        assert all(outcome.attempts == 1 for outcome in outcomes.values())
        assert all(outcome.error == "" for outcome in outcomes.values())


async def test_a_config_is_sent_with_its_secrets_resolved(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), delivery("x"))
        plan = await world.plan(delivery("x", store="other"))
        await world.apply(plan)
        [request] = world.wire.writes
        value = {"storeId": "other", "apiToken": SECRET}
        assert request.body == [{"op": "replace", "path": "/config", "value": value}]
        assert SECRET not in repr(plan)


async def test_at_most_as_many_requests_as_allowed_run_at_once_and_all_of_them_do(opened: Any) -> None:
    async with opened(concurrency=3) as world:
        await world.make(project(), environment("e"))
        plan = await world.plan(*(environment(f"e{number}") for number in range(12)))
        world.wire.most_at_once = 0
        assert len(applied(await world.apply(plan))) == 12
        assert world.wire.most_at_once == 3


async def test_a_failure_skips_what_depends_on_it_and_nothing_else(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        world.wire.script["POST", ENVIRONMENTS] = [
            (400, {"code": "invalid_request", "message": "not this one", "id": "req-1"})
        ]
        plan = await world.plan(
            environment("bad"),
            delivery("below", "bad"),
            delivery("beside"),
            flag_import(),
            environment("e", tags=["t"]),
        )
        outcomes = await world.apply(plan)
        failed = outcomes["Environment/p/bad"]
        assert (failed.status, failed.request_id) == (Status.FAILED, "req-1")
        assert "not this one" in failed.error
        skipped = outcomes["IntegrationDeliveryConfiguration/p/bad/fastly/below"]
        assert (skipped.status, skipped.attempts) == (Status.SKIPPED, 0)
        assert "Environment/p/bad" in skipped.error
        assert len(applied(outcomes)) == 3


async def test_a_failed_project_skips_all_that_is_new_below_it(opened: Any) -> None:
    async with opened() as world:
        world.wire.script["POST", "/api/v2/projects"] = [403]
        plan = await world.plan(
            project(), environment("e"), environment("c", source={"key": "e"}), delivery("x")
        )
        outcomes = await world.apply(plan)
        assert {address: outcome.status for address, outcome in outcomes.items()} == {
            "Project/p": Status.FAILED,
            "Environment/p/e": Status.FAILED,
            "Environment/p/c": Status.SKIPPED,
            "IntegrationDeliveryConfiguration/p/e/fastly/x": Status.SKIPPED,
        }
        assert world.wire.sent() == ["POST /api/v2/projects"]


async def test_after_a_failed_create_nothing_is_deleted_in_its_project(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), environment("old"))
        old = world.ids("environments", project="p")["old"]
        world.wire.script["POST", ENVIRONMENTS] = [403]
        plan = await world.plan(
            environment("new"), tombstone("Environment", {"project": "p", "key": "old", "id": old})
        )
        outcomes = await world.apply(plan)
        assert outcomes["Environment/p/old"].status is Status.SKIPPED
        assert "old" in world.ids("environments", project="p")


async def test_the_key_of_another_is_not_deleted(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), environment("old"))
        old = world.ids("environments", project="p")["old"]
        plan = await world.plan(tombstone("Environment", {"project": "p", "key": "old", "id": old}))
        with world.store.transaction() as held:
            document = held.find("environments", "old", project="p")
            held.replace("environments", "old", {**document, "_id": "of-another"}, project="p")
        outcomes = await world.apply(plan)
        assert outcomes["Environment/p/old"].status is Status.CONFLICT
        assert world.wire.sent() == []
        assert "old" in world.ids("environments", project="p")


async def test_what_is_gone_when_it_is_to_be_deleted_is_done(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), environment("old"), delivery("x"), delivery("y"))
        old = world.ids("environments", project="p")["old"]
        graves = [
            tombstone("Environment", {"project": "p", "key": "old", "id": old}),
            tombstone(
                "IntegrationDeliveryConfiguration",
                {"project": "p", "environment": "e", "integration": "fastly", "name": "x"},
            ),
        ]
        plan = await world.plan(*graves)
        id_ = world.ids("featureStore")["x"]
        world.wire.script["GET", f"{ENVIRONMENTS}/old"] = [404]
        world.wire.script["DELETE", f"{DELIVERIES}/e/fastly/{id_}"] = [404]
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 2


async def test_a_create_whose_answer_was_lost_is_looked_for_and_never_sent_again(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        paths = [f"{DELIVERIES}/e/fastly", ENVIRONMENTS]
        for path in paths:
            world.wire.script["POST", path] = ["lost after"]
        plan = await world.plan(delivery("x"), environment("new", approvalSettings={"required": True}))
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 2
        assert all(outcome.note for outcome in outcomes.values())
        assert sorted(world.wire.sent()) == sorted(
            [f"POST {paths[0]}", f"POST {paths[1]}", f"PATCH {ENVIRONMENTS}/new"]
        )
        assert (
            await world.plan(delivery("x"), environment("new", approvalSettings={"required": True}))
        ).changes == ()


async def test_a_create_that_nobody_saw_is_unknown_and_is_not_sent_again(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        world.wire.script["POST", f"{DELIVERIES}/e/fastly"] = ["lost before"]
        outcomes = await world.apply(await world.plan(delivery("x")))
        [outcome] = outcomes.values()
        assert outcome.status is Status.UNKNOWN
        assert world.wire.sent() == [f"POST {DELIVERIES}/e/fastly"]


async def test_a_project_whose_answer_was_lost_is_finished(opened: Any) -> None:
    async with opened() as world:
        world.wire.script["POST", "/api/v2/projects"] = ["lost after"]
        plan = await world.plan(
            project(), environment("e", approvalSettings={"required": True}), delivery("x")
        )
        outcomes = await world.apply(plan)
        assert len(applied(outcomes)) == 3
        assert world.wire.sent().count("POST /api/v2/projects") == 1
        assert f"PATCH {ENVIRONMENTS}/e" in world.wire.sent()


async def test_a_patch_that_was_lost_is_sent_again_since_it_can_do_no_harm(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        world.wire.script["PATCH", f"{ENVIRONMENTS}/e"] = ["lost after", 503]
        outcomes = await world.apply(await world.plan(environment("e", tags=["t"])))
        assert len(applied(outcomes)) == 1
        assert outcomes["Environment/p/e"].attempts == 3


async def test_what_is_refused_as_a_conflict_was_not_written(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))

        def meanwhile() -> None:
            with world.store.transaction() as held:
                document = held.find("environments", "e", project="p")
                held.replace("environments", "e", {**document, "name": "theirs"}, project="p")

        plan = await world.plan(environment("e", name="mine"))
        meanwhile()
        world.wire.script["PATCH", f"{ENVIRONMENTS}/e"] = [409, 409, 409, 409, 409]
        outcomes = await world.apply(plan)
        assert outcomes["Environment/p/e"].status is Status.CONFLICT
        assert outcomes["Environment/p/e"].attempts < 6


async def test_nothing_is_sent_before_every_secret_is_there(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        plan = await world.plan(delivery("x"), flag_import(), environment("f"), secrets={})
        with pytest.raises(SecretError) as refused:
            await world.apply(plan, {"FASTLY": ""})
        message = str(refused.value)
        assert "FASTLY" in message
        assert "SPLIT" in message
        assert "IntegrationDeliveryConfiguration/p/e/fastly/x" in message
        assert "FlagImportConfiguration/p/split/i" in message
        assert world.wire.log == []


async def test_secrets_that_no_write_sends_are_not_asked_for(opened: Any) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"), delivery("x"))
        plan = await world.plan(delivery("x", on=True), secrets={})
        assert len(applied(await world.apply(plan, {}))) == 1


async def test_a_plan_with_errors_or_without_a_live_side_is_refused(opened: Any) -> None:
    async with opened() as world:
        plan = await world.plan(project(), environment("e"))
        broken = replace(plan, diagnostics=(Diagnostic(codes.UNREAD, "unread"),))
        for refused in (broken, replace(plan, live=False)):
            with pytest.raises(PlanRefused):
                await world.apply(refused)
        assert world.wire.log == []
        warned = replace(plan, diagnostics=(Diagnostic(codes.TWIN, "a twin"),))
        assert len(applied(await world.apply(warned))) == 2


@pytest.mark.parametrize("status", [400, 409, 422, 500])
async def test_a_service_that_repeats_a_secret_is_not_repeated(opened: Any, status: int) -> None:
    async with opened() as world:
        await world.make(project(), environment("e"))
        answer = (
            status,
            {"message": f"bad value {SECRET} or {json.dumps(SECRET)}", "code": SECRET, "id": SECRET},
        )
        world.wire.script["POST", f"{DELIVERIES}/e/fastly"] = [answer]
        outcomes = await world.apply(await world.plan(delivery("x")))
        [outcome] = outcomes.values()
        assert outcome.status is not Status.APPLIED
        assert "bad value (secret)" in outcome.error
        assert SECRET[4:12] not in repr(outcome)


async def test_everybody_hears_of_starts_and_outcomes_as_they_come(opened: Any) -> None:
    async with opened() as world:
        heard: list[str] = []

        def started(change: Change) -> None:
            heard.append(f"start {change.address}")

        def ended(outcome: Outcome) -> None:
            heard.append(f"end {outcome.change.address}")

        plan = await world.plan(project(), environment("e"), delivery("x"))
        await world.apply(plan, on_start=started, on_outcome=ended)
        x = "IntegrationDeliveryConfiguration/p/e/fastly/x"
        assert heard[0] == "start Project/p"
        assert set(heard[1:3]) == {"end Project/p", "end Environment/p/e"}
        assert heard[3:] == [f"start {x}", f"end {x}"]


async def test_an_empty_plan_sends_nothing(opened: Any) -> None:
    async with opened() as world:
        assert await world.apply(Plan()) == {}
        assert world.wire.log == []


@pytest.mark.parametrize("value", ["abc****xyz", "in clear", "(secret)"])
async def test_a_text_never_takes_the_place_of_a_secret(value: str) -> None:
    shape = Shape(members={"config": Shape(members={"token": Shape(secret=True)}, atomic=True)})
    operation = Operation("replace", "/config", {"token": value})
    with pytest.raises(ValueError, match="nothing was sent") as refused:
        patch_body([operation], shape, {})
    assert value not in str(refused.value)


async def test_what_merely_looks_like_a_reference_in_live_data_is_not_resolved(opened: Any) -> None:
    """Whoever can write an undeclared member of the approval service's settings could read any variable of ours."""
    async with opened() as world:
        service = {"serviceKind": "servicenow", "serviceConfig": {"template": "t-1"}}
        await world.make(project(), environment("e", approvalSettings=service))
        with world.store.transaction() as held:
            document = held.find("environments", "e", project="p")
            document["approvalSettings"]["serviceConfig"]["theirs"] = {"fromEnv": "FASTLY"}
            held.replace("environments", "e", document, project="p")
        changed = {**service, "serviceConfig": {"template": "t-2"}}
        plan = await world.plan(environment("e", approvalSettings=changed))
        assert plan.changes[0].needs == ()
        await world.apply(plan)
        [request] = world.wire.writes
        assert request.body[0]["value"] == {"template": "t-2", "theirs": {"fromEnv": "FASTLY"}}


async def test_no_request_carries_a_reference_in_the_place_of_its_value(opened: Any) -> None:
    async with opened() as world:
        await world.apply(await world.plan(project(), environment("e"), delivery("x"), flag_import()))
        bodies = json.dumps([each.body for each in world.wire.writes])
        assert bodies.count(SECRET) == 2
        assert "fromEnv" not in bodies
