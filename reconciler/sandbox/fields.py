"""The members of a document that a client may send: what each has to look like, and its default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.model.document import MISSING, Json, Missing
from reconciler.sandbox import errors
from reconciler.sandbox.world import Record

Check: TypeAlias = Callable[[Json, str], Json]
"""The value as it is stored; `ApiError` 400, which names the member, where it is not one."""

_KEY: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", re.ASCII)
_KEY_LENGTH: Final = 100
_TAG: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}", re.ASCII)
_COLOR: Final = re.compile(r"[0-9a-fA-F]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One member: its check and its default; without a default it is required."""

    name: str
    check: Check
    default: Json | Missing = MISSING


def read(sent: Mapping[str, Json], fields: Iterable[Field]) -> Record:
    """The stored form of what was sent, defaults filled in. 400 for the first member that is wrong."""
    return {field.name: _member(sent, field) for field in fields}


def _member(sent: Mapping[str, Json], field: Field) -> Json:
    if field.name in sent:
        return field.check(sent[field.name], field.name)
    if isinstance(field.default, Missing):
        raise errors.invalid(f"{field.name} is required")
    return field.default


def refuse_unknown(sent: Mapping[str, Json], known: Iterable[str]) -> None:
    """400 for members that the service does not know; it says how many, since a name may be a secret."""
    unknown = len(set(sent) - set(known))
    if unknown:
        raise errors.invalid(f"the body has {unknown} unknown member{'s' if unknown > 1 else ''}")


def is_key(text: str) -> bool:
    """Whether a text can be the key of a project or an environment."""
    return len(text) <= _KEY_LENGTH and _KEY.fullmatch(text) is not None


def key(value: Json, name: str) -> Json:
    """A key: letters, digits, `_`, `.`, `-`, beginning with a letter or digit, 1 to 100 characters."""
    if not isinstance(value, str) or not is_key(value):
        raise errors.invalid(
            f"{name} must have 1 to {_KEY_LENGTH} letters, digits, '_', '.' or '-', and begin with a letter or digit"
        )
    return value


def text(value: Json, name: str) -> Json:
    """Any string."""
    if not isinstance(value, str):
        raise errors.invalid(f"{name} must be a string")
    return value


def title(value: Json, name: str) -> Json:
    """A string that is not empty."""
    if text(value, name) == "":
        raise errors.invalid(f"{name} must not be empty")
    return value


def flag(value: Json, name: str) -> Json:
    """A boolean."""
    if not isinstance(value, bool):
        raise errors.invalid(f"{name} must be a boolean")
    return value


def color(value: Json, name: str) -> Json:
    """Six hexadecimal digits, whose case is kept."""
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise errors.invalid(f"{name} must have six hexadecimal digits, without '#'")
    return value


def tags(value: Json, name: str) -> Json:
    """A list of tags: each 1 to 64 letters, digits, `_`, `.`, `-`. Order and repetitions are kept."""
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise errors.invalid(f"{name} must be an array of strings")
    if not all(_TAG.fullmatch(tag) for tag in value):
        raise errors.invalid(f"a tag in {name} must have 1 to 64 letters, digits, '_', '.' or '-'")
    return value


def whole(low: int, high: int) -> Check:
    """A check for whole numbers in a range; `5.0` is one too."""

    def check(value: Json, name: str) -> Json:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise errors.invalid(f"{name} must be a whole number from {low} to {high}")
        return value

    return check


def members(value: Json, name: str) -> Mapping[str, Json]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise errors.invalid(f"{name} must be an object")
    return value
