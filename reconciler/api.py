"""The library: load manifests, connect, plan, apply, render. A synchronous face over an async core.

import reconciler

manifests = reconciler.load(["manifests"])
with reconciler.connect(token=token) as target:
    plan = reconciler.plan(manifests, target)
    print(reconciler.render(plan))
    outcomes = reconciler.apply(plan, target)
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.kinds.registry import load_kinds
from reconciler.manifest.load import Loaded
from reconciler.manifest.load import load as load_manifests
from reconciler.model.diagnostic import has_errors, in_order
from reconciler.model.document import Json, canonical
from reconciler.model.errors import Blocked, PlanFileError, UsageError
from reconciler.model.kind import Kinds
from reconciler.model.secrets import Secrets
from reconciler.model.settings import DEFAULTS, Settings
from reconciler.model.state import Declared
from reconciler.planning.guards import Allowance, standing
from reconciler.planning.judgement import judge_with, unset
from reconciler.planning.plan import Binding, Change, Outcome, Plan
from reconciler.target import SANDBOX_STATE, Target, connect, connect_sandbox

if TYPE_CHECKING:
    from reconciler.live.connection import Connection
    from reconciler.manifest.settings import LoadedSettings

Format = Literal["text", "json", "markdown"]

__all__ = [
    "SANDBOX_STATE",
    "Allowance",
    "Format",
    "Loaded",
    "Provenance",
    "Settings",
    "Target",
    "apply",
    "check",
    "connect",
    "connect_sandbox",
    "drift",
    "load",
    "load_settings",
    "plan",
    "plan_offline",
    "read_plan",
    "refresh",
    "render",
    "save",
    "schemas",
    "validate",
]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where manifests come from, for whoever reads a saved plan or LaunchDarkly's audit log."""

    commit: str | None = None
    comment: str = ""
    """What patches say where the settings ask for a comment."""


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


def load_settings(paths: Sequence[str | Path], *, directory: Path | None = None) -> LoadedSettings:
    """The settings from `reconciler.yaml` at the root of the manifests, with what is wrong in it."""
    from reconciler.manifest.settings import load_settings as read

    return read([str(path) for path in paths], directory=directory)


def plan(
    manifests: Loaded | Sequence[str | Path],
    target: Target,
    *,
    secrets: Secrets | None = None,
    kinds: Kinds | None = None,
    settings: Settings = DEFAULTS,
    provenance: Provenance = Provenance(),
    bind: bool = False,
    base: Sequence[Declared] | None = None,
) -> Plan:
    """What would make LaunchDarkly hold what the manifests declare. Reads only.

    With a `base`, what earlier manifests declare, the plan holds what the difference to them causes; what
    was already different stands beside it in `drift`.

    Where the manifests have errors nothing is read, and the plan holds their diagnostics alone. With
    `bind` the plan also names the account, as a saved one does. Raises `WrongAccount` where the settings
    pin another account, and `Unauthorized`, `Forbidden` and `Unreachable` where nothing could be read.
    """
    from reconciler.live.account import account_of, check_account
    from reconciler.live.observe import observe
    from reconciler.planning.planner import make_plan

    known = kinds or load_kinds()
    loaded = manifests if isinstance(manifests, Loaded) else load(manifests, kinds=known)
    if has_errors(loaded.diagnostics):
        return Plan(diagnostics=loaded.diagnostics, live=False)
    resolve = secrets or Secrets()

    async def read(connection: Connection) -> Plan:
        account = None
        if settings.account is not None:
            account = await check_account(connection.reader, settings.account, "reconciler.yaml")
        elif bind:
            account = await account_of(connection.reader)
        read_at = time.monotonic()
        live = await observe(loaded.declared, known, connection.reader)
        made = make_plan(
            loaded.declared, live, known, resolve, loaded.diagnostics, settings=settings, base=base
        )
        binding = Binding(target.name, account, provenance.commit, _digest(loaded))
        comment = provenance.comment if settings.comment else ""
        return replace(made, binding=binding, comment=comment, read_at=read_at)

    return target.run(read, resolve)


def plan_offline(
    manifests: Loaded, base: Sequence[Declared], *, kinds: Kinds | None = None, settings: Settings = DEFAULTS
) -> Plan:
    """What the difference to earlier manifests would change, were LaunchDarkly as those say.

    For where it can't be asked. Its `live` is false, and it is never applied.
    """
    from reconciler.planning.planner import plan_offline as make_offline

    if has_errors(manifests.diagnostics):
        return Plan(diagnostics=manifests.diagnostics, live=False)
    return make_offline(
        base, manifests.declared, kinds or load_kinds(), manifests.diagnostics, settings=settings
    )


def drift(
    manifests: Loaded,
    target: Target,
    *,
    secrets: Secrets | None = None,
    kinds: Kinds | None = None,
    settings: Settings = DEFAULTS,
) -> Plan:
    """How LaunchDarkly differs from what the manifests declare, in the plan's `drift`. Reads only.

    Raises as `plan` does.
    """
    from reconciler.live.account import check_account
    from reconciler.live.observe import observe
    from reconciler.planning.planner import find_drift

    known = kinds or load_kinds()
    if has_errors(manifests.diagnostics):
        return Plan(diagnostics=manifests.diagnostics, live=False)
    resolve = secrets or Secrets()

    async def read(connection: Connection) -> Plan:
        if settings.account is not None:
            await check_account(connection.reader, settings.account, "reconciler.yaml")
        live = await observe(manifests.declared, known, connection.reader)
        return find_drift(manifests.declared, live, known, resolve, manifests.diagnostics)

    return target.run(read, resolve)


def _digest(loaded: Loaded) -> str:
    """A digest of what the manifests declare, whatever files it stands in."""
    declared = sorted(
        canonical(
            {
                "address": str(each.address),
                "document": each.document,
                "absent": each.absent,
                "id": each.id,
            }
        )
        for each in loaded.declared
    )
    return "sha256:" + hashlib.sha256("\n".join(declared).encode()).hexdigest()


def save(found: Plan, path: Path) -> None:
    """Write a plan to a file, whole or not at all; see `read_plan`. Raises `UsageError` where it can't be."""
    from reconciler.planning.saved import saved

    beside = path.with_name(path.name + ".part")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(saved(found))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"The plan can't be written to {path} ({error.strerror}).") from None


def read_plan(path: Path, *, kinds: Kinds | None = None) -> Plan:
    """The plan that a file holds. Raises `PlanFileError` where it was cut or altered, or is none."""
    from reconciler.planning.saved import read_saved

    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanFileError(f"The plan {path} can't be read ({error.strerror}).") from None
    return read_saved(data, str(path), kinds or load_kinds())


def refresh(
    found: Plan, target: Target, *, secrets: Secrets | None = None, kinds: Kinds | None = None
) -> Plan:
    """What is still to do of a saved plan.

    Raises `WrongAccount` or `PlanFileError` where it was made for another account or host, `Stale` where
    something that it touches has moved since, and `PlanRefused` where it can't be applied at all.
    """
    from reconciler.live.account import check_account
    from reconciler.live.apply import check_applicable
    from reconciler.live.refresh import refresh as again

    check_applicable(found)
    if found.binding.host != target.name:
        raise PlanFileError(
            f"Nothing was written: the plan was made for the host {found.binding.host}, and this is {target.name}."
        )
    resolve = secrets or Secrets()

    async def read(connection: Connection) -> Plan:
        if found.binding.account is not None:
            await check_account(connection.reader, found.binding.account, "the plan")
        return await again(found, kinds or load_kinds(), connection.reader, judge_with(resolve))

    return target.run(read, resolve)


def apply(
    found: Plan,
    target: Target,
    *,
    secrets: Secrets | None = None,
    kinds: Kinds | None = None,
    allow: Sequence[Allowance] = (),
    on_start: Callable[[Change], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
) -> tuple[Outcome, ...]:
    """Do what the plan says, and nothing else; what became of each change, in the order in which it did.

    `on_start` and `on_outcome` hear of each change as it happens. In the main thread the first SIGINT or
    SIGTERM stops starting changes and calls `on_interrupt`, what is in flight has 8 seconds; the second
    ends that too. Raises `PlanRefused`, `Blocked` and `SecretError` before the first write; after it,
    every error is an outcome.
    """
    from reconciler.live.apply import Interrupt
    from reconciler.live.apply import apply as carry_out
    from reconciler.live.signals import listening

    resolve = secrets or Secrets()
    check(found, secrets=resolve, allow=allow)

    async def write(connection: Connection) -> tuple[Outcome, ...]:
        interrupt = Interrupt()
        async with listening(interrupt, on_interrupt):
            return await carry_out(
                found,
                kinds or load_kinds(),
                connection,
                resolve,
                on_start=on_start,
                on_outcome=on_outcome,
                on_notice=on_notice,
                interrupt=interrupt,
            )

    return target.run(write, resolve)


def check(found: Plan, *, secrets: Secrets | None = None, allow: Sequence[Allowance] = ()) -> None:
    """Raises `PlanRefused`, `Blocked` or `SecretError` where `apply` would, before anybody is asked to approve."""
    from reconciler.live.apply import check_applicable, values_for

    check_applicable(found)
    blocking = standing(found.guards, allow)
    if blocking:
        listed = " ".join(
            f"{guard.code}: {guard.message} If it is meant: {guard.flag}." for guard in blocking
        )
        stand = "a guard stands" if len(blocking) == 1 else f"{len(blocking)} guards stand"
        raise Blocked(f"Nothing was written, since {stand} against it. {listed}")
    values_for(found, secrets or Secrets())


def render(
    found: Plan,
    format: Format = "text",  # noqa: A002
    *,
    kinds: Kinds | None = None,
    max_bytes: int | None = None,
) -> str:
    """The plan as text for people, as JSON in the form `reconciler.plan/1`, or as Markdown for GitHub.

    Markdown gets no longer than `max_bytes`, by default what a comment takes: 65,000 characters.
    """
    if format == "json":
        from reconciler.planning.written import plan_document
        from reconciler.rendering import json

        return json.text(plan_document(found))
    if format == "markdown":
        from reconciler.rendering import markdown
        from reconciler.rendering.budget import COMMENT, Budget

        budget = COMMENT if max_bytes is None else Budget(bytes=max_bytes)
        return markdown.plan(found, kinds or load_kinds(), budget=budget)
    from reconciler.rendering import text
    from reconciler.rendering.lines import plain

    return plain(text.plan(found, kinds or load_kinds()))


def schemas(kinds: Kinds | None = None) -> Mapping[str, Mapping[str, Json]]:
    """The JSON Schemas of manifests and plans, by file name."""
    from reconciler.manifest.schema import schemas as manifest_schemas
    from reconciler.manifest.settings import settings_schema
    from reconciler.planning.form import plan_schema
    from reconciler.sandbox.fault_schema import faults_schema

    return {
        **manifest_schemas(kinds or load_kinds()),
        "plan.schema.json": plan_schema(),
        "settings.schema.json": settings_schema(),
        "faults.schema.json": faults_schema(),
    }
