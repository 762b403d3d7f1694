"""User text in Markdown: shown as it is, and never anything else than text."""

from __future__ import annotations

import re
from typing import Final

from reconciler.model.text import printable

LONGEST: Final = 500
"""How many characters of one name or value are shown."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;/()+=-%?\"'")


def code(text: str, most: int = LONGEST) -> str:
    """The text in a code element, where neither mentions nor references are made of it.

    What means something to Markdown, to HTML, to a table or to a workflow command stands as a character
    reference, which is always text.
    """
    return f"<code>{_escaped(text, most)}</code>"


def entities(text: str, most: int = LONGEST) -> str:
    """The text with a character reference for whatever is no plain letter, digit or harmless sign."""
    return _PROSE.sub(rf"\g<0>{_SPLIT}", _escaped(text, most))


_SPLIT = "<!-- -->"
"""Mentions, issue numbers, links and formulas are found in the finished text, so this goes in between."""
_PROSE = re.compile(r"&#58;(?=[a-z0-9+&-])|\bGH-(?=[0-9])", re.IGNORECASE)
"""What GitHub reads in prose only: `:tada:` and `GH-1`."""
_LINK = re.compile(r"www\.|&#58;(?=/)")
"""What links are made of in code elements too: to a Markdown parser text stands between HTML there."""


def _escaped(text: str, most: int) -> str:
    escaped = "".join(
        char if char in _PLAIN or (not char.isascii() and char.isalnum()) else _reference(char)
        for char in printable(text, most)
    )
    return _LINK.sub(lambda found: found[0] + _SPLIT if found[0].endswith(";") else "www&#46;", escaped)


def _reference(char: str) -> str:
    return f"&#{ord(char)};" + (_SPLIT if char in "@#$" else "")


def fenced(lines: list[str], language: str) -> str:
    """Lines in a fenced block. Each has to start with a sign of ours, so that none can end the block.

    HTML is text there, but whoever looks for a hidden marker in the source must not find a forged one. And
    a runner obeys `##[command]` anywhere in a line that is printed.
    """
    harmless = (line.replace("<", "\\u003c").replace("##[", "#\\u0023[") for line in lines)
    return "\n".join((f"```{language}", *harmless, "```")) + "\n"
