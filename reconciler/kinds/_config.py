"""What the kinds of integration configurations share: the catalog's word on their `config`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping

from reconciler.catalog.integrations import CATALOG, Variable, variables
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import Json, pointer
from reconciler.model.secrets import as_reference
from reconciler.model.shape import Shape
from reconciler.model.state import Declared


def config_shape(capability: str, scope: tuple[str, ...]) -> Callable[[Address, Shape], Shape]:
    """The shape of one configuration: which variables are secret depends on the integration.

    What the catalog doesn't list is treated as secret: an integration's manifest can gain variables
    at any time, and a credential that was shown once is lost.
    """
    place = scope.index("integration")

    def refine(address: Address, shape: Shape) -> Shape:
        known = variables(capability, address.keys[place]) or {}
        members = {name: Shape(secret=variable.concealed) for name, variable in known.items()}
        return shape.with_member(
            "config",
            Shape(members=members, rest=Shape(secret=True), atomic=True, divisible=True, needed=True),
        )

    return refine


def config_check(capability: str, scope: tuple[str, ...]) -> Callable[[Declared], Iterable[Diagnostic]]:
    """The findings of one configuration against the catalog: names, types, required, allowed values."""
    place = scope.index("integration")

    def check(declared: Declared) -> Iterable[Diagnostic]:
        integration = declared.address.keys[place]
        known = variables(capability, integration)
        config = declared.document.get("config")
        if known is None:
            yield _unknown_integration(capability, integration, declared)
        elif isinstance(config, Mapping):
            yield from _check_config(known, integration, config, declared)

    return check


def _unknown_integration(capability: str, integration: str, declared: Declared) -> Diagnostic:
    offered = CATALOG[capability]
    if integration in offered:
        why = f"The variables of integration {integration!r} are not published"
        hint = "Its variables are passed on unchecked, texts by reference."
    else:
        why = f"Integration {integration!r} is not in the catalog"
        near = difflib.get_close_matches(integration, offered, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(sorted(offered))}."
    return Diagnostic(
        codes.UNKNOWN_INTEGRATION,
        f"{why}, so its config can't be checked, and every value in it is treated as a secret.",
        declared.positions.value("/metadata/integration"),
        hint,
        declared.address,
    )


def _check_config(
    known: Mapping[str, Variable], integration: str, config: Mapping[str, Json], declared: Declared
) -> Iterable[Diagnostic]:
    meant = set()
    for name, value in config.items():
        if name in known:
            yield from _check_value(known[name], value, declared)
            continue
        near = difflib.get_close_matches(name, known.keys() - config.keys(), n=1)
        meant.update(near)
        yield Diagnostic(
            codes.UNKNOWN_VARIABLE,
            f"spec.config.{name} is no variable of integration {integration!r}.",
            declared.positions.key(_place(name)),
            f"Did you mean {near[0]}?" if near else f"Its variables are: {', '.join(known)}.",
            declared.address,
        )
    for name, variable in known.items():
        if variable.required and name not in config and name not in meant:
            yield Diagnostic(
                codes.MISSING_VARIABLE,
                f"spec.config lacks {name}, which integration {integration!r} needs.",
                declared.positions.key("/spec/config"),
                f"Add {name}: {{fromEnv: NAME}}." if variable.concealed else f"Add {name}.",
                declared.address,
            )


def _check_value(variable: Variable, value: Json, declared: Declared) -> Iterable[Diagnostic]:
    place = declared.positions.value(_place(variable.key))
    field = f"spec.config.{variable.key}"
    if variable.concealed or as_reference(value) is not None:
        return  # whether a reference stands where it may, the secret rules say
    if variable.type == "boolean":
        if not isinstance(value, bool):
            yield Diagnostic(
                codes.WRONG_TYPE,
                f"{field} must be true or false.",
                place,
                "Write true or false without quotes.",
                declared.address,
            )
    elif isinstance(value, (bool, int, float)):
        yield Diagnostic(
            codes.UNQUOTED,
            f"{field} must be a text, but without quotes YAML reads a {'boolean' if isinstance(value, bool) else 'number'}.",
            place,
            "Put it in quotes.",
            declared.address,
        )
    elif not isinstance(value, str):
        yield Diagnostic(
            codes.WRONG_TYPE, f"{field} must be a text.", place, "Write one text.", declared.address
        )
    elif variable.allowed and value not in variable.allowed:
        yield Diagnostic(
            codes.BAD_VALUE,
            f"{field} is {value!r}, which is not one of: {', '.join(variable.allowed)}.",
            place,
            f"Use one of: {', '.join(variable.allowed)}.",
            declared.address,
        )
    elif variable.type == "uri" and "://" not in value:
        yield Diagnostic(
            codes.BAD_VALUE,
            f"{field} must be a URL with its scheme, like https://example.com/.",
            place,
            "Write the whole URL.",
            declared.address,
        )


def _place(name: str) -> str:
    return pointer(("spec", "config", name))


def config_schema_rules(capability: str) -> Callable[[], list[Json]]:
    """JSON Schema rules that give editors each integration's variables."""

    def rules() -> list[Json]:
        return [
            {
                "if": {
                    "properties": {
                        "metadata": {
                            "properties": {"integration": {"const": integration.key}},
                            "required": ["integration"],
                        }
                    },
                    "required": ["metadata"],
                },
                "then": {
                    "properties": {"spec": {"properties": {"config": _config_schema(integration.variables)}}}
                },
            }
            for integration in CATALOG[capability].values()
            if integration.variables is not None
        ]

    return rules


def _config_schema(listed: tuple[Variable, ...]) -> Json:
    return {
        "properties": {variable.key: _variable_schema(variable) for variable in listed},
        "required": [variable.key for variable in listed if variable.required],
        "additionalProperties": False,
    }


def _variable_schema(variable: Variable) -> Json:
    if variable.concealed:
        return {
            "description": "A secret, by reference: {fromEnv: NAME} or {fromFile: PATH}.",
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {"fromEnv": {"type": "string"}, "fromFile": {"type": "string"}},
            "additionalProperties": False,
        }
    schema: dict[str, Json] = {"type": "boolean" if variable.type == "boolean" else "string"}
    if variable.allowed:
        schema["enum"] = list(variable.allowed)
    if variable.default is not None:
        schema["description"] = f"LaunchDarkly fills in {json.dumps(variable.default)} where it is left out."
    return schema
