"""The `config` of an integration: what its variables must be, what is filled in, what is masked.

Which variables an integration has comes from the catalog, as does which of them are secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from reconciler.catalog.integrations import Variable, variables
from reconciler.model.document import Json
from reconciler.sandbox import errors, fields
from reconciler.sandbox.masks import mask
from reconciler.sandbox.options import MaskForm, Options

_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+", re.ASCII)


def stored(capability: str, integration: str, sent: Json, options: Options) -> Mapping[str, Json]:
    """A config as it is stored and read back: defaults filled in, secrets masked, unknown variables dropped.

    400 for a required variable that is missing, and for a value of the wrong type. Of an integration that
    the catalog doesn't know everything is taken, and every string is masked.
    """
    config = fields.members(sent, "config")
    known = variables(capability, integration)
    if known is None:
        return {name: _all_masked(value, options.masks) for name, value in config.items()}
    kept: dict[str, Json] = {}
    for variable in known.values():
        if variable.key in config:
            kept[variable.key] = _value(config[variable.key], variable, options)
        elif variable.required:
            raise errors.invalid(f"config.{variable.key} is required")
        elif variable.default is not None:
            kept[variable.key] = variable.default
    return kept


def _value(value: Json, variable: Variable, options: Options) -> Json:
    name = f"config.{variable.key}"
    if variable.type == "boolean":
        return fields.flag(value, name)
    text = str(fields.text(value, name))
    if variable.type == "enum" and text not in variable.allowed:
        raise errors.invalid(f"{name} must be one of {', '.join(variable.allowed)}")
    if variable.type == "uri" and not _URI.fullmatch(text):
        raise errors.invalid(f"{name} must be a URI")
    return mask(text, options.masks) if variable.secret else text


def _all_masked(value: Json, form: MaskForm) -> Json:
    if isinstance(value, str):
        return mask(value, form)
    if isinstance(value, dict):
        return {name: _all_masked(member, form) for name, member in value.items()}
    return [_all_masked(item, form) for item in value] if isinstance(value, list) else value
