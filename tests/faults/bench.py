"""What the tests of faults share: virtual time, a sandbox in this process, and runs of plan and apply in it."""

from __future__ import annotations

import asyncio
import inspect
import json
import random
import selectors
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import anyio

import reconciler
import reconciler.sandbox.app
from reconciler.kinds.registry import load_kinds
from reconciler.live.apply import Interrupt, apply
from reconciler.live.client import connect
from reconciler.live.connection import Connection
from reconciler.live.exchange import Timing
from reconciler.live.observe import observe
from reconciler.live.refresh import refresh
from reconciler.manifest.load import Loaded
from reconciler.model.errors import ReconcilerError
from reconciler.model.secrets import Secrets
from reconciler.model.settings import DEFAULTS, Settings
from reconciler.planning.judgement import judge_with
from reconciler.planning.plan import Outcome, Plan, Status
from reconciler.planning.planner import make_plan
from reconciler.sandbox.faults import Fault, Faults
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

KINDS: Final = load_kinds()
EPOCH: Final = 1_750_000_000.0
VALUES: Final = {
    "FASTLY": "fst-1f0c77aa90e34b21-tail9Z",
    "FASTLY_NEW": "fst-next77aa90e34b21-headQ4",
    "CLOUDFLARE": "cfl-22b18c55e0aa41d7-eyeX01",
    "NETLIFY": "ntl-904b1d2f7a6e4c33-oarK77",
    "SPLIT": "spl-5b6c0d9e8f7a4132-antP55",
    "IMPORT": "api-3c4d5e6f7a8b4910-oxeW88",
}
"""The secrets of the manifests here. None of them may ever be shown."""
# The contract tests listen to every sandbox; here there are too many of the same exchanges.
create_app: Final = inspect.unwrap(reconciler.sandbox.app.create_app)
T = TypeVar("T")


class _Idle(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Never waits: what a loop would wait, its clock is moved by."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        assert ready or timeout is not None, "everybody waits for somebody else"
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which nothing takes time but waiting, and waiting takes none of ours."""

    def __init__(self) -> None:
        self._idle = _Idle()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.now


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run something in virtual time, which starts anew each time."""
    return anyio.run(work, backend_options={"loop_factory": VirtualLoop})


def timing() -> Timing:
    """The time of the running loop; chance that is the same each time."""
    clock = asyncio.get_running_loop().time
    return Timing(clock=clock, epoch=lambda: EPOCH + clock(), random=random.Random(1).random)


def _now() -> int:
    try:
        passed = asyncio.get_running_loop().time()
    except RuntimeError:
        passed = 0.0
    return round((EPOCH + passed) * 1000)


def new_store() -> Store:
    """An empty world in memory, by the clock of the loop that runs."""
    return Store(None, clock=_now)


def copied(store: Store) -> Store:
    """Another world that holds the same, with an empty request log."""
    copy = new_store()
    store._connection.backup(copy._connection)
    forget(copy)
    return copy


def forget(store: Store) -> None:
    """Empty the request log."""
    with store.transaction() as world:
        world._connection.execute("DELETE FROM requests")


def world_of(store: Store) -> dict[tuple[str, ...], dict[str, Any]]:
    """Every document by collection, project, environment and name or key; no two may have the same."""
    with store.transaction() as world:
        rows = world._connection.execute(
            "SELECT collection, project, environment, key, document FROM documents ORDER BY seq"
        ).fetchall()
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for collection, project, environment, key, text in rows:
        document = json.loads(text)
        own = (document["integrationKey"], document["name"]) if "integrationKey" in document else (key,)
        place = (collection, project, environment, *own)
        assert place not in found, f"{place} exists twice"
        found[place] = document
    return found


def requests_of(store: Store) -> list[Any]:
    """The request log."""
    with store.transaction() as world:
        return list(world.requests())


def writes_of(store: Store) -> list[str]:
    """The requests that could change something."""
    return [f"{each.method} {each.path}" for each in requests_of(store) if each.method != "GET"]


def loaded(text: str) -> Loaded:
    """Manifests, which have to be right."""
    found = reconciler.load(["-"], stdin=text.encode)
    assert not [each for each in found.diagnostics if each.severity.value == "error"], found.diagnostics
    return found


@dataclass
class Ran:
    """What became of a plan and its apply."""

    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    error: ReconcilerError | None = None
    notices: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of virtual time."""

    def statuses(self) -> dict[str, Status]:
        """What became of each change, by address."""
        return {str(each.change.address): each.status for each in self.outcomes}

    def of(self, address: str) -> Outcome:
        """The outcome at an address."""
        return next(each for each in self.outcomes if str(each.change.address) == address)

    def ended(self) -> set[Status]:
        """The statuses that there are."""
        return {each.status for each in self.outcomes}


@dataclass
class Bench:
    """A world, and how it is asked."""

    store: Store
    options: Options = field(default_factory=Options)
    values: Mapping[str, str] = field(default_factory=lambda: VALUES)
    settings: Settings = DEFAULTS
    wrap: Callable[[Any], Any] = lambda app: app
    comment: str = ""
    seconds: float = 30.0
    """For one try of a request."""

    def app(self, faults: Iterable[Fault] = ()) -> Any:
        """A sandbox over the world, in which these go wrong."""
        given = tuple(faults)
        return self.wrap(
            create_app(self.store, options=self.options, faults=Faults(given) if given else None)
        )

    def secrets(self) -> Secrets:
        return Secrets(self.values)

    async def with_connection(
        self, app: Any, work: Callable[[Connection, Timing], Awaitable[T]], concurrency: int = 4
    ) -> T:
        moment = timing()
        async with connect(
            "http://sandbox",
            "api-token",
            app=app,
            timing=moment,
            timeout=self.seconds,
            concurrency=concurrency,
        ) as connection:
            return await work(connection, moment)

    async def planned(self, manifests: Loaded, connection: Connection, moment: Timing) -> Plan:
        read_at = moment.clock()
        live = await observe(manifests.declared, KINDS, connection.reader)
        made = make_plan(
            manifests.declared, live, KINDS, self.secrets(), manifests.diagnostics, settings=self.settings
        )
        return replace(made, read_at=read_at, comment=self.comment)

    def plan(self, text: str) -> Plan:
        """The plan for manifests, by a service without faults."""
        manifests = loaded(text)

        async def work(connection: Connection, moment: Timing) -> Plan:
            return await self.planned(manifests, connection, moment)

        return run(lambda: self.with_connection(self.app(), work))

    def go(
        self,
        text: str | None,
        faults: Iterable[Fault] = (),
        *,
        saved: Plan | None = None,
        between: Callable[[], None] | None = None,
        pause: float = 0.0,
        interrupt: Interrupt | None = None,
        concurrency: int = 4,
    ) -> Ran:
        """Plan and apply, or apply a saved plan; `between` happens after the plan, and `pause` seconds pass."""
        ran = Ran()
        manifests = None if text is None else loaded(text)

        async def work(connection: Connection, moment: Timing) -> None:
            start = moment.clock()
            try:
                if manifests is not None:
                    ran.plan = await self.planned(manifests, connection, moment)
                else:
                    assert saved is not None
                    left = await refresh(saved, KINDS, connection.reader, judge_with(self.secrets()))
                    ran.plan = replace(left, read_at=moment.clock())
                if between is not None:
                    between()
                await anyio.sleep(pause)
                if not ran.plan.has_errors:
                    ran.outcomes = await apply(
                        ran.plan,
                        KINDS,
                        connection,
                        self.secrets(),
                        on_notice=ran.notices.append,
                        interrupt=interrupt,
                        timing=moment,
                    )
            except ReconcilerError as error:
                ran.error = error
            ran.seconds = moment.clock() - start

        run(lambda: self.with_connection(self.app(faults), work, concurrency))
        return ran


def documents(*texts: str) -> str:
    return "---\n".join(texts)


def manifest(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any] | None = None) -> str:
    """A manifest; JSON is YAML."""
    body = {} if spec is None else {"spec": spec}
    return (
        json.dumps(
            {"apiVersion": "reconciler/v1", "kind": kind, "metadata": metadata, **body}, ensure_ascii=False
        )
        + "\n"
    )


def project(key: str = "shop", **spec: Any) -> str:
    return manifest("Project", {"key": key}, {"name": key.title(), **spec})


def environment(key: str, of: str = "shop", **spec: Any) -> str:
    return manifest(
        "Environment", {"project": of, "key": key}, {"name": key.title(), "color": "417505", **spec}
    )


def delivery(
    name: str,
    of: str = "shop/production",
    integration: str = "fastly",
    pinned: str | None = None,
    **spec: Any,
) -> str:
    where, within = of.split("/")
    metadata = {"project": where, "environment": within, "integration": integration, "name": name}
    config = {"storeId": f"kv-{name.lower()}", "apiToken": {"fromEnv": "FASTLY"}}
    return manifest(
        "IntegrationDeliveryConfiguration",
        metadata | ({} if pinned is None else {"id": pinned}),
        {"on": True, "config": config, **spec},
    )


def flag_import(
    name: str = "Split", of: str = "shop", tags: Sequence[str] = ("migration",), **config: Any
) -> str:
    return manifest(
        "FlagImportConfiguration",
        {"project": of, "integration": "split", "name": name},
        {
            "tags": list(tags),
            "config": {
                "workspaceApiKey": {"fromEnv": "SPLIT"},
                "workspaceId": "w-1",
                "environmentId": "e-1",
                "ldApiKey": {"fromEnv": "IMPORT"},
                **config,
            },
        },
    )


def tombstone(kind: str, **metadata: Any) -> str:
    return manifest(kind, {**metadata, "state": "absent"})
