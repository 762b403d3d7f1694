"""What pydantic's constraints demand, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.manifest.wording import listed, nearest, printable
from reconciler.model.document import Json
from reconciler.model.spec import KEY_PATTERN

_KEY_WORDS = "may have only letters, digits, `_`, `.` and `-`, the first a letter or digit"
# Patterns of `model.spec`, and what a kind may add of the same form.
_PATTERNS = {
    KEY_PATTERN: (_KEY_WORDS, "Remove other characters."),
    r"^[a-zA-Z0-9_.-]*$": (
        "may have only letters, digits, `_`, `.` and `-`",
        "Use `-` or `_` instead of spaces, and remove other characters.",
    ),
    r"^[0-9a-fA-F]{6}$": (
        "must be six hexadecimal digits",
        'Write a color such as "417505", in quotes and without #.',
    ),
}

_Demand = Callable[[Mapping[str, Any], Json], tuple[str, str]]


def constraint(type_: str, context: Mapping[str, Any], message: str, value: Json) -> tuple[str, str]:
    """What is demanded, as the middle of a sentence, and the hint. `message` is pydantic's own, if it may be shown."""
    demand = _DEMANDS.get(type_)
    if demand is not None:
        return demand(context, value)
    reason = printable(message.removeprefix("Value error, ").rstrip("."), longest=200)
    return f"is not allowed ({reason})" if reason else "is not allowed", "Write another value."


def _pattern(context: Mapping[str, Any], _: Json) -> tuple[str, str]:
    pattern = str(context.get("pattern", ""))
    return _PATTERNS.get(pattern, (f"must match the pattern {pattern}", "Write it in this form."))


def _choice(context: Mapping[str, Any], value: Json) -> tuple[str, str]:
    choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    near = nearest(value, choices) if isinstance(value, str) else None
    demand = f"must be {listed(choices)}" if choices else f"must be {context.get('expected')}"
    return demand, f"Did you mean {near}?" if near else "Write one of these."


def _at_least(context: Mapping[str, Any], _: Json) -> tuple[str, str]:
    return f"must be at least {context['ge']}", f"Write {context['ge']} or more."


def _at_most(context: Mapping[str, Any], _: Json) -> tuple[str, str]:
    return f"must be at most {context['le']}", f"Write {context['le']} or less."


def _more_than(context: Mapping[str, Any], _: Json) -> tuple[str, str]:
    return f"must be more than {context['gt']}", "Write a larger number."


def _less_than(context: Mapping[str, Any], _: Json) -> tuple[str, str]:
    return f"must be less than {context['lt']}", "Write a smaller number."


def _longer(context: Mapping[str, Any], value: Json) -> tuple[str, str]:
    least = context["min_length"]
    if least == 1:
        return "must not be empty", "Give it a value, or leave it out to leave it unmanaged."
    return f"must have at least {least} {_parts(value)}", "Write more."


def _shorter(context: Mapping[str, Any], value: Json) -> tuple[str, str]:
    return f"must have at most {context['max_length']} {_parts(value)}", "Shorten it."


def _parts(value: Json) -> str:
    return "characters" if isinstance(value, str) else "items"


_DEMANDS: dict[str, _Demand] = {
    "string_pattern_mismatch": _pattern,
    "literal_error": _choice,
    "enum": _choice,
    "greater_than_equal": _at_least,
    "less_than_equal": _at_most,
    "greater_than": _more_than,
    "less_than": _less_than,
    "string_too_short": _longer,
    "too_short": _longer,
    "string_too_long": _shorter,
    "too_long": _shorter,
}
