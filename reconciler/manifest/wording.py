"""How findings put fields and values into words: printable, short, and without a trap in them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping

from reconciler.model.document import Json, tokens
from reconciler.model.text import printable as shown

_LONGEST = 48
_NAME = re.compile(r"[\w$-]+")


def printable(text: str, longest: int = _LONGEST) -> str:
    """User text that can stand in a message: on one line, nothing invisible in it, not too long."""
    return shown(text, longest)


def quoted(text: str) -> str:
    """User text in double quotes."""
    return f'"{printable(text)}"'


def field(pointer: str) -> str:
    """A pointer as people write it: `spec.tags[1]`, `spec.config["odd name"]`."""
    said = ""
    for token in tokens(pointer):
        if token.isdecimal():
            said += f"[{token}]"
        elif _NAME.fullmatch(token):
            said += ("." if said else "") + printable(token)
        else:
            said += f"[{quoted(token)}]"
    return said


def sort_of(value: Json) -> str:
    """What sort of value this is, without the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def found(value: Json, raw: str | None = None, *, show: bool = True) -> str:
    """A value in words; its sort alone where it may not be shown. `raw` is how the file writes it."""
    if not show or value is None or not isinstance(value, (bool, int, float, str)):
        return sort_of(value)
    if isinstance(value, str):
        return f"the text {quoted(value)}" if value else "an empty text"
    said = printable(raw if raw is not None else json.dumps(value))
    return said if isinstance(value, bool) else f"the number {said}"


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant, if one is near: other case, or a few letters off."""
    by_case = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[near[0]] if near else None
