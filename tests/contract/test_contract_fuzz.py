"""Schemathesis makes up requests, right ones and wrong ones, and judges the sandbox's answers to them.

It knows LaunchDarkly's OpenAPI document, its known defects put right, and nothing of ours. Left alone it
would only ever ask for what does not exist, so most of its requests are led to something that does, and some
get a body that is right as a whole.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest
import schemathesis
from contract import openapi
from contract.openapi import Specification
from contract.samples import BODIES, NOBODY, READER, TOKENS, WRITER, parameters, places, seeded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks

import reconciler.sandbox.app
from reconciler.sandbox.routes import ENDPOINTS

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

EXAMPLES: Final = 25
CHECKS: Final = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
]
WRITER_MOSTLY: Final = (WRITER, WRITER, WRITER, WRITER, WRITER, WRITER, READER, NOBODY)


def operations() -> list[str]:
    """What the sandbox has of the document."""
    specification = openapi.specification()
    found = (specification.find(endpoint.method, endpoint.path) for endpoint in ENDPOINTS)
    return [operation.id for operation in found if operation is not None]


class Stage:
    """An ASGI application in front of the sandbox of the moment, since Schemathesis keeps the one it gets."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("there is nothing to start")
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def schema(specification: Specification, stage: Stage) -> Any:
    """The document as Schemathesis sees it, served by the stage."""
    loaded = schemathesis.openapi.from_dict(specification.document)
    loaded.app = stage
    return loaded


def aimed(case: Case, where: dict[str, Any], *, body: str) -> None:
    """Lead a request to what exists, and give it a better body."""
    case.path_parameters.update(where)
    sample = BODIES.get(str(case.operation.definition.raw.get("operationId")))
    if sample is None or body == "made up":
        return
    if body == "mixed" and isinstance(sample, list) and isinstance(case.body, list):
        case.body = [*sample, *case.body]
    elif body == "mixed" and isinstance(sample, dict) and isinstance(case.body, dict):
        case.body = case.body | sample
    else:
        case.body = sample


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", operations())
def test_it_answers_as_documented(name: str, mode: GenerationMode, schema: Any, stage: Stage):
    statuses: Counter[int] = Counter()
    operation = schema.find_operation_by_id(name)
    bodies = ["made up", "mixed", "right"] if mode is GenerationMode.POSITIVE else ["made up"]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        existing=st.integers(0, 4),
        body=st.sampled_from(bodies),
        token=st.sampled_from(WRITER_MOSTLY),
    )
    def run(case: Case, existing: int, body: str, token: str) -> None:
        with seeded() as store:
            stage.app = reconciler.sandbox.app.create_app(store, tokens=TOKENS)
            aimed(case, parameters(case.path, places(store)) if existing else {}, body=body)
            headers = {"Authorization": token}
            response = case.call(headers=headers)
            statuses[response.status_code] += 1
            case.validate_response(response, checks=CHECKS, headers=headers)

    run()
    assert statuses.total() >= EXAMPLES // 2
    assert any(status < 300 for status in statuses) or mode is GenerationMode.NEGATIVE, statuses
    print(name, mode.value, dict(statuses))
