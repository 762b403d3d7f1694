"""The JSON Schema of a file of faults, for editors and for whoever writes one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final, get_args

from reconciler.model.document import Json
from reconciler.sandbox.fault import ACTIONS, BODIES, Effect, Reads
from reconciler.sandbox.fault_checks import FRAMING, METHODS, NAME, VALUE
from reconciler.sandbox.faults import RateHeaders

_EMPTY: Final[Json] = [None, False, 0, {}]
"""What a member may have to say that it is as good as not there."""


def faults_schema() -> dict[str, Json]:
    """The JSON Schema of what `Faults.from_json` reads."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler sandbox faults",
        "description": "What goes wrong with which request to the sandbox: `reconciler sandbox serve --faults FILE`.",
        **_object(
            {
                "$schema": {"type": "string"},
                "faults": {"type": "array", "items": {"$ref": "#/$defs/fault"}},
                "rate": {"$ref": "#/$defs/rate"},
            }
        ),
        "$defs": {"fault": _fault(), "hide": _hide(), "rate": _rate()},
    }


def _fault() -> dict[str, Json]:
    exclusive = [
        *combinations(ACTIONS, 2),
        *combinations(BODIES, 2),
        ("headers", "reset"),
    ]
    hidden, decided = _given("hide"), _any("status", "reset")
    rules: list[Json] = [
        {"title": "something happens", **_any(*ACTIONS, "delay", "headers", "hide")},
        *({"not": {"allOf": [_given(one), _given(other)]}} for one, other in exclusive),
        {"if": _any(*BODIES), "then": _given("status")},
        {"if": hidden, "then": {"properties": {"method": {"enum": ["POST", None]}}}},
        {
            "if": {"allOf": [hidden, decided]},
            "then": {"required": ["effect"], "properties": {"effect": {"const": "after"}}},
        },
    ]
    return {
        **_object(
            {
                "method": _said(
                    {"enum": [*METHODS, None]},
                    "The method that the request has, or that its `X-HTTP-Method-Override` says. Any by default.",
                ),
                "path": _said(
                    {"type": ["string", "null"], "pattern": "^[/*]"},
                    "A glob over the path as it is sent, without the query; `*` crosses slashes. Any by default.",
                ),
                "nth": _said(
                    {"type": "integer", "minimum": 1, "default": 1},
                    "Which of the matching requests is the first it happens to.",
                ),
                "times": _said(
                    {"type": "integer", "minimum": 0, "default": 1},
                    "How many matching requests in a row it happens to; 0 is for ever.",
                ),
                "effect": _said(
                    {"enum": list(get_args(Effect)), "default": "before"},
                    "Whether delay, status and reset come before the request takes effect, or after.",
                ),
                "delay": _said({"type": "number", "minimum": 0}, "Seconds."),
                "status": _said(
                    {"type": ["integer", "null"], "minimum": 400, "maximum": 599},
                    "What is answered, with the service's own error body unless one is given.",
                ),
                "json": {"description": "The body of the answer: any JSON value."},
                "text": _said({"type": ["string", "null"]}, "The body of the answer, as plain text."),
                "html": _said({"type": ["string", "null"]}, "The body of the answer, as HTML."),
                "empty": _said({"type": "boolean"}, "Whether the answer has no body."),
                "headers": _headers(),
                "reset": _said({"type": "boolean"}, "Whether the connection breaks instead of an answer."),
                "truncate": _said(
                    {"type": "boolean"},
                    "Whether the answer, after the effect, ends in the middle of its body.",
                ),
                "hide": {"anyOf": [{"$ref": "#/$defs/hide"}, {"type": "null"}]},
            }
        ),
        "allOf": rules,
    }


def _headers() -> dict[str, Json]:
    framing = "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name) for name in FRAMING)
    return _said(
        {
            "type": "object",
            "propertyNames": {"pattern": _pattern(NAME.pattern), "not": {"pattern": f"^({framing})$"}},
            "additionalProperties": {"type": ["string", "null"], "pattern": _pattern(VALUE.pattern)},
        },
        "Headers of the answer, in place of those of the same name; null removes one. `X-Ratelimit-Reset` may be "
        "`past`, or seconds from now as `+5` or `-5`.",
    )


def _hide() -> dict[str, Json]:
    members: dict[str, Json] = {
        "seconds": _said({"type": "number", "exclusiveMinimum": 0}, "From the create on."),
        "reads": _said(
            {"enum": list(get_args(Reads)), "default": "lists"},
            "Which GETs miss it: lists, or also those that name it.",
        ),
    }
    about = "What the request creates takes some time to show."
    return _said({**_object(members), "required": ["seconds"]}, about)


def _rate() -> dict[str, Json]:
    limit: dict[str, Json] = {"type": ["integer", "null"], "minimum": 0}
    return _said(
        _object(
            {
                "global": _said(limit, "Calls of the whole account in one window."),
                "route": _said(limit, "Calls of one method and path pattern in one window."),
                "window": _said(
                    {"type": ["number", "null"], "exclusiveMinimum": 0}, "A window's length in seconds."
                ),
                "headers": _said(
                    {"enum": list(get_args(RateHeaders)), "default": "all"},
                    "What the answers tell of it. `retry-after` is that alone, on a 429; `past` a reset that is "
                    "over; `constant` tells the limit itself as what remains.",
                ),
            }
        ),
        "Rate limits, and what the answers tell of them.",
    )


def _object(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _said(schema: Mapping[str, Json], description: str) -> dict[str, Json]:
    return {**schema, "description": description}


def _given(name: str) -> dict[str, Json]:
    if name == "json":
        return {"required": [name]}
    return {"required": [name], "properties": {name: {"not": {"enum": _EMPTY}}}}


def _any(*names: str) -> dict[str, Json]:
    return {"anyOf": [_given(name) for name in names]}


def _pattern(python: str) -> str:
    return python.replace("\\Z", "$")
