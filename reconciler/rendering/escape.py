"""User text in Markdown: shown as it is, and never anything else than text."""

from __future__ import annotations

from typing import Final

from reconciler.model.text import printable

LONGEST: Final = 500
"""How many characters of one name or value are shown."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;/()+=-%$?\"'")


def code(text: str, most: int = LONGEST) -> str:
    """The text in a code element, where neither mentions nor references are made of it.

    What means something to Markdown, to HTML, to a table or to a workflow command stands as a character
    reference, which is always text.
    """
    return f"<code>{entities(text, most)}</code>"


def entities(text: str, most: int = LONGEST) -> str:
    """The text with a character reference for whatever is no plain letter, digit or harmless sign."""
    return "".join(
        char if char in _PLAIN or (not char.isascii() and char.isalnum()) else _reference(char)
        for char in printable(text, most)
    )


def _reference(char: str) -> str:
    # Mentions and issue numbers are found in the finished text, so a comment goes in between.
    return f"&#{ord(char)};" + ("<!-- -->" if char in "@#" else "")


def fenced(lines: list[str], language: str) -> str:
    """Lines in a fenced block. Each has to start with a sign of ours, so that none can end the block.

    HTML is text there, but whoever looks for a hidden marker in the source must not find a forged one.
    """
    return "\n".join((f"```{language}", *(line.replace("<", "\\u003c") for line in lines), "```")) + "\n"
