"""Request bodies: bytes to JSON, strictly, and without any way to break what comes after."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from reconciler.model.document import Json

MAX_BYTES: Final = 4 * 1024 * 1024
"""The longest body. No document here comes near; the service's own bound is not known."""
MAX_DEPTH: Final = 64
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that is no JSON document, and why. It holds none of what was sent."""

    reason: str


def parse(content: bytes) -> Json | Malformed:
    """The JSON document that a body is.

    Stricter than Python's own reader, which takes `NaN`, numbers beyond a float, lone surrogates and
    UTF-16, and recurses as deep as it is told to.
    """
    try:
        document: Json = json.loads(
            content.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        return Malformed("the body is not valid JSON")
    if _SURROGATE.search(content) and not _is_unicode(document):
        return Malformed("the body has half of a surrogate pair")
    if _too_deep(document):
        return Malformed(f"the body is nested more than {MAX_DEPTH} levels deep")
    return document


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _is_unicode(document: Json) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _too_deep(document: Json) -> bool:
    level: list[Json] = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(document: Json) -> list[Json]:
    if isinstance(document, dict):
        return list(document.values())
    return document if isinstance(document, list) else []
