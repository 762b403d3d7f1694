"""The list of what is wrong with the OpenAPI document holds nothing that is not needed."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import jsonschema_rs
import pytest

from contract import openapi
from contract.conftest import Speaker
from contract.defects import DEFECTS, ERRORS, Defect, Impossible, Unlisted, Unnamed, references
from contract.openapi import Exchange, Specification
from contract.samples import NOBODY

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

pytestmark = pytest.mark.anyio


def parts(defect: Defect) -> list[Defect]:
    """The defect for each operation, or schema, alone."""
    if isinstance(defect.mistake, Unnamed):
        return [
            replace(defect, mistake=replace(defect.mistake, schemas=(schema,)))
            for schema in defect.mistake.schemas
        ]
    return [replace(defect, operations=(operation,)) for operation in defect.operations] or [defect]


PARTS: Final = [part for defect in DEFECTS for part in parts(defect)]
Witness = Callable[[Speaker, Specification, Defect], Awaitable[Exchange]]


def sent(**how: Any) -> Witness:
    """An exchange of the defect's operation, with a request that is wrong, or an option that is set."""

    async def witness(speaker: Speaker, specification: Specification, part: Defect) -> Exchange:
        return await speaker.send(specification.operations[part.operations[0]], **how)

    return witness


def failed_test(status: int) -> Witness:
    return sent(body=[{"op": "test", "path": "/name", "value": "another"}], failed_test=status)


async def impossible(speaker: Speaker, specification: Specification, part: Defect) -> Exchange:
    """What the document says might happen; it is not the sandbox that says it."""
    assert isinstance(part.mistake, Impossible)
    exchange = await speaker.send(specification.operations[part.operations[0]])
    return replace(exchange, status=part.mistake.status, answer=b'{"code": "conflict", "message": "No."}')


async def deleted_last(speaker: Speaker, specification: Specification, part: Defect) -> Exchange:
    """The project that was just created has one environment."""
    await speaker.send(specification.operations["postProject"])
    keys = {"projectKey": "loyalty", "environmentKey": "live"}
    return await speaker.send(specification.operations[part.operations[0]], keys=keys)


async def error(speaker: Speaker, specification: Specification, part: Defect) -> Exchange:
    """An answer with each of the error schemas."""
    operations = specification.operations
    mistake = part.mistake
    assert isinstance(mistake, Unnamed)
    (status,) = [status for status, name in ERRORS.items() if name in mistake.schemas]
    match status:
        case 400:
            return await speaker.send(operations["postProject"], body={})
        case 401:
            return await speaker.send(operations["getProject"], token=None)
        case 403:
            return await speaker.send(operations["getProject"], token=NOBODY)
        case 404:
            return await speaker.send(operations["getProject"], keys={"projectKey": "no-such"})
        case 409:
            await speaker.send(operations["postProject"])
            return await speaker.send(operations["postProject"])
        case 422:
            patch = [{"op": "replace", "path": "/version", "value": 9}]
            return await speaker.send(operations["patchIntegrationDeliveryConfiguration"], body=patch)
        case _:
            assert status == 429
            return await speaker.send(operations["getProject"], global_limit=0)


async def viewed(speaker: Speaker, specification: Specification, part: Defect) -> Exchange:
    """A project in the form of that schema."""
    assert isinstance(part.mistake, Unnamed)
    name = "getProject" if part.mistake.schemas == ("Project",) else "patchProject"
    return await speaker.send(specification.operations[name])


WITNESSES: Final[dict[str, Witness]] = {
    "delivery-get-401": sent(token=None),
    "delivery-get-403": sent(token=NOBODY),
    "patch-environment-403": sent(token=NOBODY),
    "identity-403": sent(token=NOBODY),
    "last-environment-400": deleted_last,
    "malformed-id-400": sent(keys={"integrationId": "fake-id"}),
    "test-409": failed_test(409),
    "test-422": failed_test(422),
    "read-409": impossible,
    "list-405": impossible,
    "config-in-delivery-lists": sent(lists_config="absent"),
    "config-in-import-lists": sent(lists_config="absent"),
    "config-after-delivery-create": sent(write_config="absent"),
    "config-after-delivery-patch": sent(write_config="absent"),
    "config-after-import-writes": sent(write_config="absent"),
    "beta-gate-code": sent(version="20240415"),
    "error-id": error,
    "view-rules-flags": viewed,
    "view-rules-segments": viewed,
}
"""For each defect an exchange, which could not be judged rightly without knowing of it."""

APART: Final = {"siblings", "beta-header"}
"""Those that no exchange shows; they have tests of their own below."""


def named(part: Defect) -> str:
    where = part.mistake.schemas if isinstance(part.mistake, Unnamed) else part.operations
    return "-".join([part.name, *where])


def test_names_are_unique_and_every_defect_has_a_witness():
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    assert {defect.name for defect in DEFECTS} == WITNESSES.keys() | APART
    assert all(len(defect.reason) > 20 for defect in DEFECTS)


@pytest.mark.parametrize("part", [part for part in PARTS if part.name not in APART], ids=named)
async def test_it_is_needed(part: Defect, speaker: Speaker, specification: Specification):
    exchange = await WITNESSES[part.name](speaker, specification, part)
    if isinstance(part.mistake, Unlisted | Impossible):
        assert exchange.status == part.mistake.status
    with_it = specification.complaints(exchange, request=False)
    others = [other for other in PARTS if other is not part]
    without = Specification(openapi.document(), others).complaints(exchange, request=False)
    assert bool(with_it) == isinstance(part.mistake, Impossible)
    assert bool(without) != bool(with_it)


@pytest.mark.parametrize("part", [part for part in PARTS if part.name == "beta-header"], ids=named)
async def test_the_beta_header_is_wanted_but_not_declared(
    part: Defect, speaker: Speaker, specification: Specification
):
    (name,) = part.operations
    published = Specification(openapi.document(), [])
    for version, done in (("20240415", False), ("beta", True)):
        exchange = await speaker.send(specification.operations[name], version=version)
        assert (exchange.status < 300) is done, version
    for known, declared in ((published, False), (specification, True)):
        headers = [item["name"] for item in known.operations[name].raw.get("parameters", ())]
        assert ("LD-API-Version" in headers) is declared


def test_the_beta_header_is_listed_for_all_that_the_sandbox_holds_to_be_beta(specification: Specification):
    listed = {name for defect in DEFECTS if defect.name == "beta-header" for name in defect.operations}
    implied = {
        operation.id
        for operation in specification.operations.values()
        if "featureStore" in operation.template
    } | {
        operation.id for operation in specification.operations.values() if "flag-import" in operation.template
    }
    assert listed == implied == {name for name in implied if specification.operations[name].beta}


def test_what_stands_beside_a_reference_contradicts_it(specification: Specification):
    published = copy.deepcopy(openapi.document())
    beside = [reference for reference in references(published) if len(reference) > 1]
    wrong = []
    for reference in beside:
        if "example" in reference:
            target = reference["$ref"].rpartition("/")[2]
            schema = openapi.json_schema(published["components"]["schemas"][target])
            if not jsonschema_rs.Draft202012Validator(schema).is_valid(reference["example"]):
                wrong.append(target)
    assert "UnixMillis" in wrong
    assert len(beside) > len(wrong)
    assert all(len(reference) == 1 for reference in references(specification.document))
