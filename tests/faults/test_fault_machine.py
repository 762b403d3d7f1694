"""A state machine: manifests change, others change what is live, writes fail; two applies later all is well."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from faults import judge
from faults.bench import (
    Bench,
    create_app,
    delivery,
    documents,
    environment,
    flag_import,
    forget,
    loaded,
    new_store,
    project,
    world_of,
)
from faults.test_fault_matrix import FAULTS, FINE
from reconciler.model.settings import DEFAULTS
from reconciler.planning.plan import Status
from reconciler.sandbox.faults import Fault

KEYS = ("production", "staging", "dev")
COLORS = ("417505", "AA0000", "00ff00")
TAGS = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True)
STORES = "/api/v2/integration-capabilities/featureStore"


class Writers(RuleBasedStateMachine):
    """We and others at one account."""

    def __init__(self) -> None:
        super().__init__()
        self.store = new_store()
        self.bench = Bench(self.store)
        self.project: dict[str, Any] = {}
        self.environments: dict[str, dict[str, Any]] = {"production": {}}
        self.stores: dict[tuple[str, str], dict[str, Any]] = {}
        self.imports: dict[str, Any] | None = None
        self.untouched: dict[tuple[str, ...], Any] = {}
        other = documents(
            project("other"), environment("theirs", of="other"), delivery("Theirs", "other/theirs")
        )
        assert self.bench.go(other).ended() == {Status.APPLIED}
        self.untouched = {where: found for where, found in world_of(self.store).items() if "other" in where}

    def teardown(self) -> None:
        self.store.close()

    @property
    def text(self) -> str:
        return documents(
            project(**self.project),
            *(environment(key, **spec) for key, spec in self.environments.items()),
            *(delivery(name, f"shop/{key}", **spec) for (key, name), spec in self.stores.items()),
            *(() if self.imports is None else (flag_import(**self.imports),)),
        )

    @rule(tags=TAGS)
    def declare_a_project(self, tags: list[str]) -> None:
        self.project = {"tags": tags}

    @rule(
        key=st.sampled_from(KEYS),
        color=st.sampled_from(COLORS),
        tags=TAGS,
        approvals=st.none()
        | st.fixed_dictionaries({"required": st.booleans(), "minNumApprovals": st.integers(1, 5)}),
    )
    def declare_an_environment(
        self, key: str, color: str, tags: list[str], approvals: dict[str, Any] | None
    ) -> None:
        more = {} if approvals is None else {"approvalSettings": approvals}
        self.environments[key] = {"color": color, "tags": tags, **more}

    @rule(
        data=st.data(),
        name=st.sampled_from(["One", "Two"]),
        on=st.booleans(),
        token=st.sampled_from(["FASTLY", "FASTLY_NEW"]),
        place=st.sampled_from(["kv-1", "kv-2"]),
    )
    def declare_a_store(self, data: st.DataObject, name: str, on: bool, token: str, place: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.environments)))
        config = {"storeId": place, "apiToken": {"fromEnv": token}}
        self.stores[key, name] = {"on": on, "config": config}

    @rule(tags=TAGS, workspace=st.sampled_from(["w-1", "w-2"]))
    def declare_an_import(self, tags: list[str], workspace: str) -> None:
        self.imports = {"tags": tags, "workspaceId": workspace}

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Somebody takes a manifest away; what is live stays."""
        if self.stores:
            del self.stores[data.draw(st.sampled_from(sorted(self.stores)))]

    @rule(fine=st.booleans(), comment=st.sampled_from(["", "commit 77"]))
    def set(self, fine: bool, comment: str) -> None:
        self.bench.settings, self.bench.comment = FINE if fine else DEFAULTS, comment

    @rule(data=st.data(), color=st.sampled_from(COLORS), tags=TAGS)
    def another_writer_edits(self, data: st.DataObject, color: str, tags: list[str]) -> None:
        places = sorted(where for where in world_of(self.store) if where[1] == "shop")
        if not places:
            return
        where = data.draw(st.sampled_from(places))
        document = world_of(self.store)[where]
        if where[0] == "environments":
            path, patch = f"/api/v2/projects/shop/environments/{document['key']}", ("/color", color)
        elif where[0] == "featureStore":
            path, patch = f"{STORES}/shop/{where[2]}/fastly/{document['_id']}", ("/tags", tags)
        else:
            path, patch = (
                f"/api/v2/integration-capabilities/flag-import/shop/split/{document['_id']}",
                ("/tags", tags),
            )
        self._send("PATCH", path, [{"op": "replace", "path": patch[0], "value": patch[1]}])

    @rule(data=st.data())
    def another_writer_deletes(self, data: st.DataObject) -> None:
        found = {
            where: each
            for where, each in world_of(self.store).items()
            if where[:2] == ("featureStore", "shop")
        }
        if found:
            where = data.draw(st.sampled_from(sorted(found)))
            self._send("DELETE", f"{STORES}/shop/{where[2]}/fastly/{found[where]['_id']}")

    @rule(
        fault=st.sampled_from(sorted(FAULTS)),
        nth=st.integers(1, 12),
        method=st.sampled_from([None, "POST", "PATCH"]),
    )
    def apply_with_a_fault(self, fault: str, nth: int, method: str | None) -> None:
        forget(self.store)
        before = world_of(self.store)
        ran = self.bench.go(self.text, [Fault(method=method, nth=nth, **FAULTS[fault])])
        after = world_of(self.store)
        judge.check_posts(self.store, after)
        judge.check_secrets(repr(ran))
        if ran.outcomes:
            judge.check_ledger(ran, loaded(self.text), before, after)

    @rule()
    def two_applies_later_all_is_well(self) -> None:
        for _ in range(2):
            ran = self.bench.go(self.text)
            assert ran.error is None
            judge.check_secrets(repr(ran))
        plan = self.bench.plan(self.text)
        if not plan.has_errors:
            assert plan.changes == ()
            judge.check_converged(world_of(self.store), loaded(self.text))

    @invariant()
    def nothing_is_there_twice_and_nothing_of_others_is_touched(self) -> None:
        now = world_of(self.store)
        assert {where: now.get(where) for where in self.untouched} == self.untouched

    def _send(self, method: str, path: str, body: Any = None) -> None:
        async def send() -> None:
            transport = httpx.ASGITransport(create_app(self.store))
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                answer = await client.request(
                    method,
                    path,
                    content=None if body is None else json.dumps(body),
                    headers={
                        "LD-API-Version": "beta" if "integration" in path else "20240415",
                        "Authorization": "api-other",
                        "Content-Type": "application/json",
                    },
                )
                assert answer.status_code < 300, answer.text

        anyio.run(send)


TestWriters = Writers.TestCase
TestWriters.settings = settings(
    max_examples=40,
    stateful_step_count=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
