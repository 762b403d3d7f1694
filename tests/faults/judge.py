"""Compares worlds with manifests, and outcomes with worlds, by rules that are written here and nowhere in the tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from faults.bench import VALUES, Ran, requests_of
from reconciler.manifest.load import Loaded
from reconciler.model.address import Address
from reconciler.planning.plan import Action, Status
from reconciler.sandbox.store import Store

World = Mapping[tuple[str, ...], dict[str, Any]]
_COLLECTIONS: Final = {
    "Project": "projects",
    "Environment": "environments",
    "IntegrationDeliveryConfiguration": "featureStore",
    "FlagImportConfiguration": "flag-import",
}
_NEVER_SHOWN: Final = {"source", "namingConvention"}


def place(address: Address) -> tuple[str, ...]:
    """Where the world has the document of an address."""
    keys = address.keys
    match address.kind:
        case "Project":
            within: tuple[str, ...] = ("", "", keys[0])
        case "Environment":
            within = (keys[0], "", keys[1])
        case "IntegrationDeliveryConfiguration":
            within = keys
        case _:
            within = (keys[0], "", *keys[1:])
    return (_COLLECTIONS[address.kind], *within)


def as_declared(declared: Any, stored: Any, name: str = "") -> bool:
    """Whether the world holds what a manifest says."""
    if isinstance(declared, Mapping):
        if set(declared) == {"fromEnv"}:
            value = VALUES[declared["fromEnv"]]
            return isinstance(stored, str) and stored[:3] == value[:3] and stored[-3:] == value[-3:]
        return isinstance(stored, Mapping) and all(
            as_declared(value, stored.get(key), key)
            for key, value in declared.items()
            if key not in _NEVER_SHOWN
        )
    if name in ("tags", "requiredApprovalTags"):
        return set(declared) == set(stored)
    return type(declared) is type(stored) and declared == stored


def check_converged(world: World, manifests: Loaded) -> None:
    """The world is as the manifests say."""
    for declared in manifests.declared:
        stored = world.get(place(declared.address))
        if declared.absent:
            assert stored is None, f"{declared.address} is still there"
        else:
            assert stored is not None, f"{declared.address} is missing"
            assert as_declared(declared.document, stored), f"{declared.address} is not as declared: {stored}"


def check_ledger(ran: Ran, manifests: Loaded, before: World, after: World) -> None:
    """What was reported is what the world shows: applied is there, failed and skipped had no effect."""
    declared = {each.address: each for each in manifests.declared}
    assert ran.plan is not None
    assert len(ran.outcomes) == len({each.change.address for each in ran.outcomes}) == len(ran.plan.changes)
    for outcome in ran.outcomes:
        address, status = outcome.change.address, outcome.status
        was, now = before.get(place(address)), after.get(place(address))
        why = f"{address} is {status.value} ({outcome.error or outcome.note})"
        assert status is Status.APPLIED or outcome.error, f"{why} without a reason"
        if status is Status.APPLIED:
            assert not outcome.unprotected
            if outcome.change.action is Action.DELETE:
                assert now is None, why
            else:
                assert now is not None, f"{why} and not there"
                assert as_declared(declared[address].document, now), f"{why} and not as declared"
        elif outcome.unprotected:
            assert now is not None, f"{why} and not there"
        elif status is not Status.UNKNOWN:
            assert _lasting(was) == _lasting(now), f"{why} and had an effect"


def _lasting(document: Mapping[str, Any] | None) -> Any:
    """A document without what moves by itself."""
    moving = ("version", "_status", "_lastModified", "_version")
    return None if document is None else {key: value for key, value in document.items() if key not in moving}


def check_posts(store: Store, world: World) -> None:
    """No create was sent twice, refusals that had no effect excepted; and nothing was written needlessly."""
    sent: Counter[tuple[str, str]] = Counter()
    for request in requests_of(store):
        if request.method == "POST" and request.status not in (404, 429):
            assert isinstance(request.body, Mapping)
            sent[request.path, str(request.body.get("name") or request.body.get("key"))] += 1
    twice = [name for name, times in sent.items() if times > 1]
    assert not twice, f"sent twice: {twice}"


def check_secrets(*texts: str, values: Iterable[str] = VALUES.values()) -> None:
    """No secret stands in a text."""
    for text in texts:
        for value in values:
            assert value not in text
