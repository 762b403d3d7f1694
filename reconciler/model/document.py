"""JSON documents: their type, their equality, and the pointers (RFC 6901) into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard, final

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Document: TypeAlias = Mapping[str, Json]

# ASCII digits without leading zeros (RFC 6901), and no more of them than a list can have elements.
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")


@final
class Missing:
    """The type of `MISSING`: a member that is not there, which is something else than `null`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


def same(a: Json | Missing, b: Json | Missing) -> bool:
    """Whether two documents are equal as JSON: `1` is `1.0`, `true` is not `1`.

    Python's `==` says that `True == 1`, also deep inside of lists and dicts, so it can't be used.
    """
    if isinstance(a, Mapping):
        return (
            isinstance(b, Mapping)
            and len(a) == len(b)
            and all(key in b and same(value, b[key]) for key, value in a.items())
        )
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if isinstance(a, Sequence):
        return (
            isinstance(b, Sequence)
            and len(a) == len(b)
            and all(same(x, y) for x, y in zip(a, b, strict=True))
        )
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None or a is MISSING or b is MISSING:
        return a is b
    return a == b


def is_list(value: Json | Missing) -> TypeGuard[Sequence[Json]]:
    """Whether a value is a JSON array, whatever Python sequence holds it."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def canonical(document: Json) -> str:
    """One text for all documents that are the `same`: sorted keys, no white space, `1.0` as `1`."""
    return json.dumps(_whole_numbers(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _whole_numbers(document: Json) -> Json:
    if isinstance(document, Mapping):
        return {key: _whole_numbers(value) for key, value in document.items()}
    if isinstance(document, Sequence) and not isinstance(document, str):
        return [_whole_numbers(value) for value in document]
    if isinstance(document, float) and document.is_integer():
        return int(document)
    return document


def pointer(tokens: Iterable[str | int]) -> str:
    """The JSON pointer for a path of member names and indexes; `""` is the whole document."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def tokens(text: str) -> tuple[str, ...]:
    """The member names and indexes of a JSON pointer; the inverse of `pointer`."""
    if text == "":
        return ()
    if not text.startswith("/"):
        raise ValueError(f"a JSON pointer is empty or starts with '/', unlike {text!r}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text[1:].split("/"))


def lookup(document: Json, path: str) -> Json | Missing:
    """What stands at a pointer, or `MISSING`."""
    found: Json = document
    for token in tokens(path):
        if isinstance(found, Mapping):
            if token not in found:
                return MISSING
            found = found[token]
        elif isinstance(found, Sequence) and not isinstance(found, str):
            if not _INDEX.fullmatch(token) or int(token) >= len(found):
                return MISSING
            found = found[int(token)]
        else:
            return MISSING
    return found
