"""Schemathesis makes up requests, right ones and wrong ones, and judges the sandbox's answers to them.

It knows LaunchDarkly's OpenAPI document, its known defects put right, and nothing of ours. Left alone it
would ask for what does not exist, with keys that nothing could have, so it is told what the documentation
says in words alone, most of its requests are led to something that exists, and some get a body that is right
as a whole.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from schemathesis import Case, GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.feedback import NO_FEEDBACK

import reconciler.sandbox.app
from contract import openapi
from contract.openapi import Operation, Specification
from contract.samples import (
    BODIES,
    NOBODY,
    READER,
    TOKENS,
    VARIABLES,
    WRITER,
    Stage,
    implemented,
    parameters,
    places,
    pointers,
    seeded,
)

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

EXAMPLES: Final = int(os.environ.get("RECONCILER_EXAMPLES", "40"))
"""For each operation and mode. More of them take longer, and find more."""
CHECKS: Final = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
]
MOSTLY_A_WRITER: Final = (*[WRITER] * 6, READER, NOBODY)

KEY: Final = {"pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$"}
TAGS: Final = {"items": {"type": "string", "pattern": "^[a-zA-Z0-9_.-]{1,64}$"}}
TITLE: Final = {"minLength": 1}
IN_WORDS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "ProjectPost": {"key": KEY, "name": TITLE, "tags": TAGS},
    "EnvironmentPost": {
        "key": KEY,
        "name": TITLE,
        "tags": TAGS,
        "color": {"pattern": "^[0-9a-fA-F]{6}$"},
        "defaultTtl": {"minimum": 0, "maximum": 60},
    },
    "SourceEnv": {"key": {"enum": ["development", "staging", "production", "gone"]}},
    "IntegrationDeliveryConfigurationPost": {"tags": TAGS},
    "FlagImportConfigurationPost": {"tags": TAGS},
}
"""What request schemas leave out, by schema and member."""

OPERATIONS: Final = implemented()


@pytest.fixture(autouse=True)
def the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keeps Hypothesis from trying constants of whatever modules other tests have loaded by now.

    It has no public switch for that. Where it has changed, the tests still hold, with other examples.
    """
    cache = getattr(getattr(providers, "CONSTANTS_CACHE", None), "cache", {})
    cache.clear()
    monkeypatch.setattr(providers, "_get_local_constants", providers.Constants, raising=False)
    yield
    cache.clear()


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def right(specification: Specification, stage: Stage) -> Any:
    """The document for right requests."""
    document = copy.deepcopy(specification.document)
    for schema, members in IN_WORDS.items():
        for member, rules in members.items():
            document["components"]["schemas"][schema]["properties"][member] |= rules
    document["components"]["schemas"]["FormVariableConfig"]["properties"] = {name: {} for name in VARIABLES}
    for operation in OPERATIONS.values():
        if operation.method == "PATCH":
            shown = operation.statuses[200]["content"]["application/json"]["schema"]
            paths = pointers(shown, document["components"]["schemas"])
            content = document["paths"][operation.template]["patch"]["requestBody"]["content"]
            content["application/json"] = {"schema": {"type": "array", "items": patch_operation(paths)}}
    return loaded(document, stage)


@pytest.fixture(scope="module")
def wrong(specification: Specification, stage: Stage) -> Any:
    """The document for wrong requests: without a word of headers, or they would be all that is wrong."""
    document = copy.deepcopy(specification.document)
    del document["security"]
    for operation in OPERATIONS.values():
        raw = document["paths"][operation.template][operation.method.lower()]
        raw["parameters"] = [item for item in raw.get("parameters", ()) if item["in"] != "header"]
    return loaded(document, stage)


def loaded(document: dict[str, Any], stage: Stage) -> Any:
    schema = schemathesis.openapi.from_dict(document)
    schema.app = stage
    return schema


def patch_operation(paths: list[str]) -> dict[str, Any]:
    """The schema of an operation that has something to do with the document."""
    known = {"op": {"enum": ["add", "replace", "remove", "test"]}, "path": {"enum": paths}, "value": {}}
    return {"type": "object", "required": ["op", "path"], "properties": known}


def aimed(case: Case, where: Mapping[str, str], body: str) -> None:
    """Lead a request to what exists, and make its body a better one."""
    case.path_parameters.update(where)
    sample = BODIES.get(str(case.operation.definition.raw.get("operationId")))
    if sample is None or body == "made up":
        return
    if body == "mixed" and isinstance(sample, list) and isinstance(case.body, list):
        case.body = [*sample, *case.body]
    elif body == "mixed" and isinstance(sample, dict) and isinstance(case.body, dict):
        case.body = {**sample, **case.body}
        config = case.body.get("config")
        if isinstance(config, dict):
            case.body["config"] = {**sample["config"], **config}
    else:
        case.body = sample


examined: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_right_requests(name: str, right: Any, stage: Stage):
    operation = right.find_operation_by_id(name)
    statuses: Counter[int] = Counter()

    @examined
    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE, feedback=NO_FEEDBACK),
        place=st.sampled_from(("existing", "existing", "existing", "new integration", "made up")),
        body=st.sampled_from(("right", "made up", "made up", "mixed")),
        token=st.sampled_from(MOSTLY_A_WRITER),
    )
    def run(case: Case, place: str, body: str, token: str) -> None:
        with seeded() as store:
            where = {} if place == "made up" else dict(parameters(case.path, places(store)))
            if place == "new integration" and name == "createIntegrationDeliveryConfiguration":
                where["integrationKey"] = "a-new-one"
            stage.app = reconciler.sandbox.app.create_app(store, tokens=TOKENS)
            aimed(case, where, body)
            response = case.call(headers={"Authorization": token})
            statuses[response.status_code] += 1
            case.validate_response(response, checks=CHECKS, headers={"Authorization": token})

    run()
    assert sum(number for status, number in statuses.items() if status < 300) >= EXAMPLES // 8, statuses


def can_be_wrong(operation: Operation) -> bool:
    """Whether there is something that a request can be wrong in: a body, or a number."""
    types = [parameter["schema"]["type"] for parameter in operation.parameters.values()]
    return "requestBody" in operation.raw or "integer" in types


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if can_be_wrong(one)])
def test_wrong_requests(name: str, wrong: Any, stage: Stage):
    operation, raw = wrong.find_operation_by_id(name), OPERATIONS[name].raw
    statuses: Counter[int] = Counter()

    @examined
    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, feedback=NO_FEEDBACK),
        nowhere=st.integers(0, 5),
        body=st.sampled_from(("made up", "mixed")),
    )
    def run(case: Case, nowhere: int, body: str) -> None:
        with seeded() as store:
            stage.app = reconciler.sandbox.app.create_app(store, tokens=TOKENS)
            # What is wrong in one place is looked at only where all else is right.
            aimed(case, {} if nowhere == 5 else parameters(case.path, places(store)), body)
            version = "beta" if OPERATIONS[name].beta else "20240415"
            response = case.call(headers={"Authorization": WRITER, "LD-API-Version": version})
            statuses[response.status_code] += 1
            assert body == "mixed" or response.status_code >= 400 or "requestBody" not in raw
            case.validate_response(response, checks=CHECKS)

    run()
    assert statuses[400], statuses


# It could find something


def judged(schema: Any, stage: Stage, app: Any) -> Callable[[], None]:
    """One right request to an application, to be judged."""
    case = schema.find_operation_by_id("getProject").Case(path_parameters={"projectKey": "checkout"})
    stage.app = app

    def call() -> None:
        headers = {"Authorization": WRITER}
        case.validate_response(case.call(headers=headers), checks=CHECKS, headers=headers)

    return call


def failures(call: Callable[[], None]) -> set[str]:
    with pytest.raises(FailureGroup) as failed:
        call()
    return {type(failure).__name__ for failure in failed.value.exceptions}


def test_it_notices_that_tokens_are_not_looked_at(right: Any, stage: Stage):
    with seeded() as store:
        judged(right, stage, reconciler.sandbox.app.create_app(store, tokens=TOKENS))()
        assert failures(judged(right, stage, reconciler.sandbox.app.create_app(store))) == {"IgnoredAuth"}


@pytest.mark.parametrize(
    ("status", "kind", "content", "found"),
    [
        (500, b"application/json", b"{}", {"ServerError", "UndefinedStatusCode"}),
        (418, b"application/json", b"{}", {"UndefinedStatusCode"}),
        (404, b"application/json", b"{}", {"JsonSchemaError"}),
        (404, b"application/json", b"{", {"MalformedJson"}),
        (404, b"text/html", b"<html>", {"UndefinedContentType"}),
    ],
)
def test_it_notices_wrong_answers(
    right: Any, stage: Stage, *, status: int, kind: bytes, content: bytes, found: set[str]
):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": content})

    assert failures(judged(right, stage, app)) == found
