"""Plain scalars to values by YAML 1.2's core schema: null, true and false, numbers, else text.

No dates, no `yes` and `no`, no `1_000`, no octal `010`: those are what other schemas add.
"""

from __future__ import annotations

import re
from typing import Final

from reconciler.model.document import Json

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FIRST = frozenset("-+.0123456789~nNtTfF")
# Python refuses to print integers of more than 4,300 digits; nobody means one of more than a few dozen.
_MOST_DIGITS = 1000


class NotANumberError(ValueError):
    """A number that JSON doesn't have; the message is the end of a sentence that begins with "This"."""


def resolve(text: str) -> Json:
    """The value of a plain scalar. Raises `NotANumberError` for infinity, NaN and what overflows to them."""
    if text and text[0] not in _FIRST:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise NotANumberError("reads as a number of more than a thousand digits")
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base) if base != 10 else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise NotANumberError("reads as a number that is too large to be one")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise NotANumberError("is infinity or not a number, which JSON doesn't have")
    return text


def text_of(value: str) -> str | None:
    """A quoted text with its escaped surrogate pairs joined, as JSON writes emoji; `None` for a lone half."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            return None
    return value
