"""Bytes to text: UTF-8 with or without a byte order mark, and no characters that can't be seen."""

from __future__ import annotations

import re
from typing import Final

from reconciler.model import codes
from reconciler.model.codes import Code

MAX_BYTES: Final = 16 * 1024 * 1024
"""A larger file is refused unread."""

_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# What YAML 1.2 calls not printable, and what YAML 1.1 parsers (ruamel's scanner is one at heart) take
# for line breaks inside of texts: U+0085, U+2028, U+2029; a byte order mark in the middle is invisible.
_REFUSED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LINE_END = re.compile(r"\r\n?|\n")
_NAMED = {"\x00": "a NUL character", "\ufeff": "a byte order mark (U+FEFF)"}


class BrokenYamlError(Exception):
    """A file can't be read any further: one finding, and the place of it in the file (0: the whole)."""

    def __init__(self, code: Code, message: str, hint: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column


def decode(data: bytes) -> str:
    """The text of a file. Raises `BrokenYamlError` where it is too large, or no clean UTF-8."""
    if len(data) > MAX_BYTES:
        raise too_large()
    for mark, name in _ENCODINGS:
        if data.startswith(mark):
            raise BrokenYamlError(
                codes.ENCODING,
                f"The file is {name}, and manifests are UTF-8.",
                "Save it as UTF-8.",
                1,
                1,
            )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8"))
        raise BrokenYamlError(
            codes.ENCODING,
            f"The byte 0x{data[error.start]:02x} here is not UTF-8.",
            "Save the file as UTF-8.",
            line,
            column,
        ) from None
    text = text.removeprefix("\ufeff")
    refused = _REFUSED.search(text)
    if refused is not None:
        raise _unseen(text, refused)
    return text


def too_large() -> BrokenYamlError:
    """The finding for a file above the limit."""
    return BrokenYamlError(
        codes.LIMIT,
        "The file is larger than 16 MiB, which is as much as is read of one.",
        "Split it into several files.",
    )


def _unseen(text: str, refused: re.Match[str]) -> BrokenYamlError:
    char = refused[0]
    line, column = _place(text[: refused.start()])
    named = _NAMED.get(char, f"the invisible character U+{ord(char):04X}")
    hint = (
        "Remove it."
        if char in _NAMED
        else f'Remove it, or write it as "\\u{ord(char):04x}" in double quotes.'
    )
    return BrokenYamlError(
        codes.ENCODING, f"There is {named} here, which YAML doesn't allow.", hint, line, column
    )


def _place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows a text."""
    line, start = 1, 0
    for end in _LINE_END.finditer(before):
        line, start = line + 1, end.end()
    return line, len(before) - start + 1
