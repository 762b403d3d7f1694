"""The errors of ruamel's scanner and parser as sentences for people.

They never quote the file: what stands at an error may be half of a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ruamel.yaml.error import MarkedYAMLError, StreamMark

from reconciler.manifest.decode import BrokenYamlError
from reconciler.model import codes
from reconciler.model.codes import Code

BAD_ESCAPE: Final = "In double quotes a backslash starts an escape, and this is none."
ESCAPE_HINT: Final = 'Write "\\\\" for a backslash, or use single quotes.'

_QUOTE_IT = "If it is part of a text, put the whole text in quotes."
_INDENT = "Check the indentation: what belongs together starts in the same column."
_ENDS = ("<stream end>", "<document start>", "<document end>")
_CUT_OFF = f"parsing a flow node; .*({'|'.join(_ENDS)})"


def complaint(error: MarkedYAMLError, opened: Sequence[StreamMark]) -> BrokenYamlError:
    """The finding for an error of the parser, at the place where people will look for the mistake.

    `opened` are the places of the lists and mappings that were not closed yet, outermost first.
    """
    context, problem = error.context or "", error.problem or ""
    if re.search(_CUT_OFF, f"{context}; {problem}") and opened:
        error.context_mark = opened[-1]
    for pattern, say in _COMPLAINTS:
        match = re.search(pattern, f"{context}; {problem}", re.DOTALL)
        if match is not None:
            return say(error, match)
    return _broken(error, "This is not valid YAML.", f"{_INDENT} {_QUOTE_IT}")


_Say = Callable[[MarkedYAMLError, "re.Match[str]"], BrokenYamlError]


def _broken(
    error: MarkedYAMLError, message: str, hint: str, *, at_start: bool = False, code: Code = codes.SYNTAX
) -> BrokenYamlError:
    marks = (error.context_mark, error.problem_mark)
    mark = next((mark for mark in (marks if at_start else reversed(marks)) if mark is not None), None)
    line, column = (0, 0) if mark is None else (mark.line + 1, mark.column + 1)
    return BrokenYamlError(code, message, hint, line, column)


def _says(message: str, hint: str, *, at_start: bool = False, code: Code = codes.SYNTAX) -> _Say:
    return lambda error, _: _broken(error, message, hint, at_start=at_start, code=code)


def _bad_character(error: MarkedYAMLError, match: re.Match[str]) -> BrokenYamlError:
    if match[1] == r"\t":
        return _broken(error, "A tab stands here, where YAML takes only spaces.", "Replace tabs with spaces.")
    return _broken(
        error, f"A text can't start with {match[1]} unless it is in quotes.", "Put the text in quotes."
    )


def _not_in_block(error: MarkedYAMLError, match: re.Match[str]) -> BrokenYamlError:
    what = "mapping" if match[1] == "mapping" else "list"
    line = error.context_mark.line + 1
    return _broken(error, f"This fits neither into nor after the {what} that starts in line {line}.", _INDENT)


def _not_in_brackets(error: MarkedYAMLError, match: re.Match[str]) -> BrokenYamlError:
    what, closing, found = ("list" if match[1] == "sequence" else "mapping"), match[2], match[3]
    if found in _ENDS:
        return _broken(
            error,
            f"The {what} that is opened here is never closed.",
            f"Close it with {closing}.",
            at_start=True,
        )
    mark = error.context_mark
    return _broken(
        error,
        f"The {what} that is opened in line {mark.line + 1}, column {mark.column + 1} needs a comma or its {closing} here.",
        f"Add the comma or the {closing}. {_QUOTE_IT}",
    )


# Looked through in order, against "context; problem".
_COMPLAINTS: tuple[tuple[str, _Say], ...] = (
    (r"found character '(.+)' that cannot start any token", _bad_character),
    (
        r"could not find expected ':'",
        _says(
            "Here should be a key, a colon and a space.",
            "Write `key: value`, with the space. Indent text that goes on over several lines, or put it in quotes.",
            at_start=True,
        ),
    ),
    (
        r"mapping values are not allowed here",
        _says(
            "A colon with a space after it can't stand here.",
            f"{_QUOTE_IT} {_INDENT} Or a line above lacks its colon, or the space after it.",
        ),
    ),
    (
        r"(sequence entries|mapping keys) are not allowed here",
        _says("A list item or key can't start here.", f"Begin it on a line of its own. {_INDENT}"),
    ),
    (
        r"scanning an (alias|anchor)",
        _says(
            "A text can't start with * or & unless it is in quotes.", "Put the text in quotes.", at_start=True
        ),
    ),
    (
        r"(parsing|scanning) an? tag|tag handle",
        _says("A tag (`!…`) stands here, and manifests have none.", _QUOTE_IT, at_start=True, code=codes.TAG),
    ),
    (
        r"scanning a block scalar|more indented follow up line",
        _says(
            "The text block that starts here is not well-formed.",
            "After | or > only -, + or an indentation from 1 to 9 may stand on the line; the text begins on the next, evenly indented.",
            at_start=True,
        ),
    ),
    (
        r"scanning a double-quoted scalar",
        _says(BAD_ESCAPE, ESCAPE_HINT),
    ),
    (
        r"scanning a quoted scalar",
        _says("The quotes that are opened here are never closed.", "Close them.", at_start=True),
    ),
    (
        r"scanning a plain scalar",
        _says("A colon can't stand here in a text without quotes.", "Put the text in quotes."),
    ),
    (
        r"expected '<document start>'|after document end marker",
        _says(
            "Something follows here after the end of the document.", f"{_INDENT} `---` separates documents."
        ),
    ),
    (r"parsing a block (mapping|collection); expected <block end>", _not_in_block),
    (r"parsing a flow (sequence|mapping); expected ',' or '(.)', but got '(.+)'", _not_in_brackets),
    (
        _CUT_OFF,
        _says(
            "The list or mapping that is opened here is never closed.", "Close it with ] or }.", at_start=True
        ),
    ),
    (
        r"expected the node content",
        _says("A value is missing here.", f"Write it, or remove what is too much. {_QUOTE_IT}"),
    ),
)
