"""What the members of a fault must be. Values come from a file, so that their types are checked as well."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, final

from reconciler.model.document import Json

METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
NAME: Final = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z", re.ASCII)
"""A header's name."""
VALUE: Final = re.compile(r"^([!-~]([ -~]*[!-~])?)?\Z", re.ASCII)
"""A header's value."""
FRAMING: Final = ("content-length", "transfer-encoding", "connection")
RESET: Final = "x-ratelimit-reset"
RELATIVE: Final = re.compile(r"[+-][0-9]{1,9}(\.[0-9]{1,3})?", re.ASCII)


@final
class FaultError(Exception):
    """Data that is no fault. The message is one sentence that names the entry and the member."""

    def at(self, where: str) -> FaultError:
        """The same, with the entry before the member."""
        return FaultError(f"{where}.{self}.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def members(value: object, name: str, known: Iterable[str]) -> Mapping[str, Json]:
    """An object with no other members than these."""
    if not isinstance(value, Mapping):
        raise FaultError(f"{name} must be an object.")
    names = list(known)
    unknown = [member for member in value if member not in names]
    if unknown:
        raise FaultError(f"{name}.{str(unknown[0])[:60]} is unknown: {name} may have {', '.join(names)}.")
    return value


def required(value: object, name: str, needed: Iterable[str], optional: Iterable[str]) -> Mapping[str, Any]:
    """An object with these members."""
    needed = list(needed)
    found = members(value, name, [*needed, *optional])
    for member in needed:
        if member not in found:
            raise FaultError(f"{name}.{member} is missing")
    return found


def without_fractions(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members, with `2` in the place of `2.0`, which JSON does not tell apart."""
    wanted = set(names)
    return {
        name: int(value) if name in wanted and isinstance(value, float) and value.is_integer() else value
        for name, value in given.items()
    }


def whole(value: object, name: str, low: int, high: int | None = None) -> None:
    """A whole number in a range."""
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= low
    if not fits or (high is not None and value > high):  # type: ignore[operator]
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise FaultError(f"{name} must be a whole number {bounds}, unlike {_shown(value)}")


def seconds(value: object, name: str) -> None:
    """A number of seconds, or none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value) or value < 0:
        raise FaultError(f"{name} must be a number of seconds, unlike {_shown(value)}")


def positive(value: object, name: str) -> None:
    """A number of seconds above 0."""
    seconds(value, name)
    if value == 0:
        raise FaultError(f"{name} must be above 0")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def boolean(value: object, name: str) -> None:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise FaultError(f"{name} must be true or false, unlike {_shown(value)}")


def optional_text(value: object, name: str) -> None:
    """A string that can be sent, or nothing."""
    if value is None:
        return
    if not isinstance(value, str):
        raise FaultError(f"{name} must be a string, unlike {_shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FaultError(f"{name} has half of a surrogate pair, which can't be sent") from None


def one_of(value: object, allowed: Iterable[str], name: str) -> None:
    """One of some words."""
    words = list(allowed)
    if value not in words:
        raise FaultError(f"{name} must be one of {', '.join(words)}, unlike {_shown(value)}")


def method(value: object, name: str) -> None:
    """A method, or any."""
    if value is not None:
        one_of(value, METHODS, name)


def json_value(value: object, name: str) -> None:
    """What JSON can say."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise FaultError(f"{name} must be a JSON value") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON text, whose members have to differ."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FaultError(f"The member {_shown(twice)} stands twice in one object.")
    return found


def path(value: object, name: str) -> None:
    """A glob that a path can match, or any."""
    if value is None:
        return
    optional_text(value, name)
    if not str(value).startswith(("/", "*")):
        raise FaultError(f"{name} must be a glob that begins with '/' or '*', unlike {_shown(value)}")


def headers(value: object, name: str) -> None:
    """Names and values of headers, or `null` for one to leave out."""
    if not isinstance(value, Mapping):
        raise FaultError(f"{name} must be an object, unlike {_shown(value)}")
    for header, content in value.items():
        if not isinstance(header, str) or not NAME.fullmatch(header):
            raise FaultError(f"{name} has a name that no header can have: {_shown(header)}")
        if header.lower() in FRAMING:
            raise FaultError(f"{name}.{header} can't be given: it would break the answer itself")
        if content is not None and not (isinstance(content, str) and VALUE.fullmatch(content)):
            raise FaultError(
                f"{name}.{header} must be a string of plain ASCII, or null, unlike {_shown(content)}"
            )


def hide(value: object, kind: type[object], name: str) -> None:
    """A description of what is hidden, or nothing."""
    if value is not None and not isinstance(value, kind):
        raise FaultError(f"{name} must be an object, unlike {_shown(value)}")
