"""The library: load manifests, connect, plan, apply, render. A synchronous face over an async core.

import reconciler

manifests = reconciler.load(["manifests"])
with reconciler.connect(token=token) as target:
    plan = reconciler.plan(manifests, target)
    print(reconciler.render(plan))
    outcomes = reconciler.apply(plan, target)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from reconciler.kinds.registry import load_kinds
from reconciler.manifest.load import Loaded
from reconciler.manifest.load import load as load_manifests
from reconciler.model.diagnostic import has_errors, in_order
from reconciler.model.document import Json
from reconciler.model.errors import UsageError
from reconciler.model.kind import Kinds
from reconciler.model.secrets import Secrets
from reconciler.planning.judgement import unset
from reconciler.planning.plan import Change, Outcome, Plan

if TYPE_CHECKING:
    from reconciler.live.connection import Connection
    from reconciler.live.exchange import WireEvent

Format = Literal["text", "json"]
T = TypeVar("T")

__all__ = [
    "SANDBOX_STATE",
    "Format",
    "Loaded",
    "Target",
    "apply",
    "connect",
    "connect_sandbox",
    "load",
    "needs",
    "plan",
    "render",
    "schemas",
    "validate",
]

SANDBOX_STATE = Path(".reconciler/sandbox.db")
"""Where the embedded LaunchDarkly keeps its world by default."""


@dataclass
class Target:
    """Where plans are made and applied: a LaunchDarkly, or the sandbox in this process."""

    url: str
    token: str = field(repr=False, default="")
    app: Any = field(repr=False, default=None)
    """The sandbox's ASGI app, where it is one."""
    close: Callable[[], None] = field(repr=False, default=lambda: None)
    concurrency: int = 8
    """Requests at once, at most 16."""
    timeout: float = 30.0
    """Seconds for one request."""
    on_event: Callable[[WireEvent], None] | None = field(repr=False, default=None)
    """Hears of every request and every wait."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def load(
    paths: Sequence[str | Path],
    *,
    directory: Path | None = None,
    stdin: Callable[[], bytes] | None = None,
    kinds: Kinds | None = None,
) -> Loaded:
    """What the manifests at the paths declare, with every mistake that was found in them.

    Paths count from `directory`, by default the working directory; `-` reads from `stdin`. Nothing is
    raised for bad input: see `diagnostics`.
    """
    return load_manifests(
        [str(path) for path in paths], kinds or load_kinds(), directory=directory, stdin=stdin
    )


def validate(
    paths: Sequence[str | Path],
    *,
    stdin: Callable[[], bytes] | None = None,
    secrets: Secrets | None = None,
) -> Loaded:
    """The same as `load`, with a warning for each secret reference that has no value here."""
    loaded = load(paths, stdin=stdin)
    missing = unset(loaded.declared, secrets or Secrets())
    return replace(loaded, diagnostics=in_order([*loaded.diagnostics, *missing]))


def connect(host: str = "", token: str = "", *, origin: str = "The access token") -> Target:
    """A LaunchDarkly to work on. Nothing is sent yet.

    `host` is its name, by default `app.launchdarkly.com`; `http://` is for this machine only. `origin`
    says in errors where the token came from. Raises `UsageError` where one of them can't be used.
    """
    from reconciler.live.host import DEFAULT_HOST, base_url, checked_token

    return Target(base_url(host or DEFAULT_HOST), checked_token(token, origin))


def connect_sandbox(state: Path | None = SANDBOX_STATE) -> Target:
    """The embedded LaunchDarkly, in this process; `None` keeps its world in memory.

    Raises `UsageError` where the file at `state` is no sandbox's world.
    """
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.store import Store, StoreError

    try:
        store = Store(state)
    except StoreError as error:
        raise UsageError(str(error)) from None
    return Target("http://sandbox", "sandbox", create_app(store), store.close)


def plan(
    manifests: Loaded | Sequence[str | Path],
    target: Target,
    *,
    secrets: Secrets | None = None,
    kinds: Kinds | None = None,
) -> Plan:
    """What would make LaunchDarkly hold what the manifests declare. Reads only.

    Where the manifests have errors nothing is read, and the plan holds their diagnostics alone. Raises
    `Unauthorized`, `Forbidden` and `Unreachable` where nothing could be read.
    """
    from reconciler.live.observe import observe
    from reconciler.planning.planner import make_plan

    known = kinds or load_kinds()
    loaded = manifests if isinstance(manifests, Loaded) else load(manifests, kinds=known)
    if has_errors(loaded.diagnostics):
        return Plan(diagnostics=loaded.diagnostics, live=False)
    resolve = secrets or Secrets()

    async def read(connection: Connection) -> Plan:
        live = await observe(loaded.declared, known, connection.reader)
        return make_plan(loaded.declared, live, known, resolve, loaded.diagnostics)

    return _connected(target, resolve, read)


def apply(
    found: Plan,
    target: Target,
    *,
    secrets: Secrets | None = None,
    kinds: Kinds | None = None,
    on_start: Callable[[Change], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> tuple[Outcome, ...]:
    """Do what the plan says, and nothing else; what became of each change, in the order in which it did.

    `on_start` and `on_outcome` hear of each change as it happens. Raises `PlanRefused` and `SecretError`
    before the first write; after it, every error is an outcome.
    """
    from reconciler.live.apply import apply as carry_out

    resolve = secrets or Secrets()

    async def write(connection: Connection) -> tuple[Outcome, ...]:
        return await carry_out(
            found, kinds or load_kinds(), connection, resolve, on_start=on_start, on_outcome=on_outcome
        )

    return _connected(target, resolve, write)


def needs(found: Plan, *, secrets: Secrets | None = None) -> None:
    """Raises `PlanRefused` or `SecretError` where `apply` would, before anybody is asked to approve."""
    from reconciler.live.apply import check_applicable, values_for

    check_applicable(found)
    values_for(found, secrets or Secrets())


def render(found: Plan, format: Format = "text", *, kinds: Kinds | None = None) -> str:  # noqa: A002
    """The plan as text for people, or as JSON in the form `reconciler.plan/1`."""
    if format == "json":
        from reconciler.rendering import json

        return json.text(json.plan(found))
    from reconciler.rendering import text
    from reconciler.rendering.lines import plain

    return plain(text.plan(found, kinds or load_kinds()))


def schemas(kinds: Kinds | None = None) -> Mapping[str, Mapping[str, Json]]:
    """The JSON Schemas of manifests and plans, by file name."""
    from reconciler.manifest.schema import schemas as manifest_schemas
    from reconciler.rendering.plan_schema import plan_schema

    return {**manifest_schemas(kinds or load_kinds()), "plan.schema.json": plan_schema()}


def _connected(target: Target, secrets: Secrets, work: Callable[[Connection], Awaitable[T]]) -> T:
    import anyio

    from reconciler.live.client import connect as open_connection

    async def run() -> T:
        async with open_connection(
            target.url,
            target.token,
            app=target.app,
            secrets=secrets.values,
            concurrency=target.concurrency,
            timeout=target.timeout,
            on_event=target.on_event,
        ) as connection:
            return await work(connection)

    return anyio.run(run)
