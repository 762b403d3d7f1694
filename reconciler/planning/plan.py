"""The plan: changes, each with what it does and where it is declared, and what became of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from reconciler.model.address import Address
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic, Position, has_errors
from reconciler.model.document import Json
from reconciler.model.secrets import SecretReference, Verdict
from reconciler.planning.patch import Operation


class Action(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Worst(StrEnum):
    """How much a change can hurt, worst first."""

    DESTROY = "destroy"
    LOOSENS = "loosens"
    SECRET = "secret"  # noqa: S105 - how much a change can hurt, no credential
    CREATE = "create"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field that a change writes, and where it is declared."""

    pointer: str
    position: Position


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan: what becomes of one resource.

    `before` and `after` are projections on what is declared: neither SDK keys nor undeclared live
    values are in them, and secrets only as references or placeholders.
    """

    action: Action
    address: Address
    id: str = ""
    """The service's id, where the resource exists."""
    before: Mapping[str, Json] | None = None
    after: Mapping[str, Json] | None = None
    patch: tuple[Operation, ...] = ()
    """For an update. A create sends `after`, a delete nothing."""
    via: Address | None = None
    """The resource whose request carries this change, where it has none of its own."""
    position: Position | None = None
    fields: tuple[FieldPlace, ...] = ()
    needs: tuple[SecretReference, ...] = ()
    """The secrets whose values the write sends."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """What the live masks prove about each declared secret, by pointer."""
    critical: bool = False
    """Whether the resource is critical, as it was or as it will be."""
    version: int | None = None
    """The live version that the change was planned for, where it must not move: a whole write of secrets."""
    loosens: tuple[str, ...] = ()
    """Pointers of the protections that it weakens."""
    cascade: tuple[Address, ...] = ()
    """Live resources that a delete takes along."""
    both: tuple[str, ...] = ()
    """With a base: pointers of fields that the manifests change, and that live already held otherwise."""

    @property
    def worst(self) -> Worst:
        """How much it can hurt."""
        if self.action is Action.DELETE:
            return Worst.DESTROY
        if self.loosens:
            return Worst.LOOSENS
        if self.action is Action.CREATE:
            return Worst.CREATE
        return Worst.SECRET if self.needs else Worst.ROUTINE


@dataclass(frozen=True, slots=True)
class Guard:
    """One reason not to apply a plan as it stands."""

    code: Code
    message: str
    address: Address | None = None
    """The one resource that it is about; `None` where it is about a number of them."""

    @property
    def flag(self) -> str:
        """The option that lifts it, as a shell takes it."""
        return "--allow " + shlex.quote(f"{self.code}@{self.address}" if self.address else self.code.text)


@dataclass(frozen=True, slots=True)
class Released:
    """What manifests no longer declare: no longer managed, left as it is."""

    address: Address
    fields: tuple[str, ...] = ()
    """Pointers of the fields that are let go; none for the whole resource."""
    loosens: bool = False
    """Whether a protection is among it, which nothing keeps up from now on."""
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """What a plan was made against, and from what."""

    host: str = ""
    """The host's name; no URL."""
    account: str | None = None
    """The account's id, where the service tells it."""
    commit: str | None = None
    """The commit of the manifests, for the reader."""
    manifests: str | None = None
    """A digest of the manifests, for the reader."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that apply would do, and what was found on the way."""

    changes: tuple[Change, ...] = ()
    guards: tuple[Guard, ...] = ()
    """Why apply would refuse it as it stands."""
    fingerprint: str = ""
    """The same for plans that do the same; see `planning.fingerprint`."""
    binding: Binding = Binding()
    preconditions: Literal["none", "test"] = "none"
    """Whether patches carry test operations."""
    comment: str = ""
    """What patches say in LaunchDarkly's audit log; empty for nothing."""
    drift: tuple[Change, ...] = ()
    """What was different before: with a base beside the changes, else what `drift` found. Never applied."""
    released: tuple[Released, ...] = ()
    """With a base: what is no longer declared."""
    against: str | None = None
    """What the manifests were compared with, where they were."""
    unchanged: int = 0
    """How many declared resources are live as declared."""
    diagnostics: tuple[Diagnostic, ...] = ()
    live: bool = True
    """Whether LaunchDarkly was read for it."""
    read_at: float | None = field(default=None, compare=False)
    """When that was, in seconds of `time.monotonic`; `None` for a plan from a file."""

    @property
    def has_errors(self) -> bool:
        """Whether anything in it keeps it from being applied."""
        return has_errors(self.diagnostics)

    def count(self, action: Action) -> int:
        """How many changes of one action there are."""
        return sum(change.action is action for change in self.changes)


class Status(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    """The request was sent and no answer came: it may have taken effect."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change."""

    change: Change
    status: Status
    error: str = ""
    """What went wrong, as a sentence."""
    unprotected: bool = False
    """A resource was created, but the protection that is declared for it could not be set."""
    note: str = ""
    """What else there is to know where it was applied: fields that the service dropped, an answer that was lost."""
    attempts: int = 0
    """How many requests were sent for it, retries included."""
    started: str = ""
    """When its first request was sent: ISO 8601, UTC."""
    finished: str = ""
    request_id: str = ""
    """The service's id of the failed request, for its support."""
