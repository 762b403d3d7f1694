"""Text of others, made fit to be shown on one line of a terminal, a log or a comment."""

from __future__ import annotations

import unicodedata

# Cc control, Cf format (bidirectional overrides, zero-width), Cs surrogates, Zl and Zp line and
# paragraph separators: each can forge a line, hide a part of one, or turn its direction.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, most: int | None = None) -> str:
    """The text with control and formatting characters escaped, at most `most` characters of it."""
    if most is not None and len(text) > most:
        text = text[: most - 1] + "…"
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            _escaped(char) if unicodedata.category(char) in _UNPRINTABLE else char for char in text
        )
    # GitHub's runner takes this for the start of a command, wherever it stands in a line.
    return text.replace("##[", "#\\x23[")


def unseen(text: str) -> bool:
    """Whether there are characters in the text that nobody sees, or that change how the rest is seen."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(char) in _UNPRINTABLE for char in text)


def _escaped(char: str) -> str:
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
