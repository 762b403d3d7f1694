"""Styled lines: what renderers for people make, and terminals paint. Text in them is never markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from reconciler.model.document import Json
from reconciler.model.secrets import as_reference
from reconciler.model.text import printable

Style: TypeAlias = Literal[
    "", "create", "update", "delete", "loosens", "bold", "dim", "error", "warning", "info", "good"
]


class Span(NamedTuple):
    """A piece of text in one style."""

    text: str
    style: Style = ""


Line: TypeAlias = tuple[Span, ...]


def line(*parts: str | Span) -> Line:
    """A line of plain texts and spans."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles, each ended by a newline."""
    return "".join("".join(span.text for span in spans) + "\n" for spans in lines)


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def value(document: Json) -> str:
    """A value on one line, as JSON; a secret as where it comes from, never as what it is."""
    reference = as_reference(document)
    if reference is not None:
        return printable(
            f"(secret from {'variable' if reference.source == 'fromEnv' else 'file'} {reference.name})"
        )
    if isinstance(document, Mapping):
        members = ", ".join(
            f"{json.dumps(name, ensure_ascii=False)}: {value(inner)}" for name, inner in document.items()
        )
        return printable("{" + members + "}")
    if isinstance(document, (list, tuple)):
        return "[" + ", ".join(map(value, document)) + "]"
    return printable(json.dumps(document, ensure_ascii=False))
