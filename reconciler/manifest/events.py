"""YAML text to parser events: ruamel's pure parser, its limits enforced early, its errors in plain words.

A stream is read by one parser object that is made for it: ruamel's keep state and are not thread-safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event, ScalarEvent
from ruamel.yaml.scanner import Scanner, ScannerError

from reconciler.manifest.complaints import BAD_ESCAPE, ESCAPE_HINT, complaint
from reconciler.manifest.decode import BrokenYamlError
from reconciler.manifest.parsed import Place
from reconciler.model import codes

MAX_DEPTH: Final = 64
"""How many lists and mappings may stand in each other."""


class Events:
    """The events of one YAML text, and where directives stood in it."""

    def __init__(self, text: str) -> None:
        self._yaml = YAML(typ="safe", pure=True)
        self._yaml.Scanner = _Scanner
        self._parser = self._yaml.get_constructor_parser(text)[1]

    def __iter__(self) -> Iterator[Event]:
        """Every event once. Raises `BrokenYamlError` at the first that the parser can't make."""
        parser = self._parser
        try:
            while parser.check_event():
                yield parser.get_event()
        except MarkedYAMLError as error:
            raise complaint(error, parser.marks) from None
        except (ValueError, OverflowError):
            # The one number that the scanner computes: `chr(0x99999999)` for "\U99999999".
            raise self._broken(BAD_ESCAPE, ESCAPE_HINT) from None
        except (YAMLError, RecursionError, IndexError, AssertionError):
            raise self._broken("The YAML here can't be read.", "Write it in a simpler way.") from None

    def _broken(self, message: str, hint: str) -> BrokenYamlError:
        reader = self._yaml.reader
        return BrokenYamlError(codes.SYNTAX, message, hint, reader.line + 1, reader.column + 1)

    def directives(self, before: int | None) -> list[Place]:
        """Takes the line and column of each directive, before a character of the text or of all."""
        noted: list[tuple[int, int, int]] = self._yaml.scanner.directives
        taken = [(line, column) for index, line, column in noted if before is None or index < before]
        del noted[: len(taken)]
        return taken


class _Scanner(Scanner):
    """ruamel's scanner, but directives are noted instead of obeyed, and depth ends at the limit.

    A `%YAML 1.1` would switch the parser to other rules. And the scanner looks ahead by up to 1,024
    open brackets, in quadratic time, before the parser gets to see the first.
    """

    def reset_scanner(self) -> None:
        super().reset_scanner()
        self.directives: list[tuple[int, int, int]] = []

    def fetch_directive(self) -> None:
        mark = self.reader.get_mark()
        if self.flow_level:
            raise ScannerError(
                "while scanning for the next token",
                None,
                "found character '%' that cannot start any token",
                mark,
            )
        self.unwind_indent(-1)
        self.remove_possible_simple_key()
        self.directives.append((mark.index, mark.line + 1, mark.column + 1))
        while self.reader.peek() not in "\0\r\n":
            self.reader.forward()

    def fetch_flow_collection_start(self, TokenClass: type, to_push: str) -> None:  # noqa: N803 - ruamel's name
        if len(self.indents) + self.flow_level >= MAX_DEPTH:
            raise too_deep(self.reader.line + 1, self.reader.column + 1)
        super().fetch_flow_collection_start(TokenClass, to_push)


def too_deep(line: int, column: int) -> BrokenYamlError:
    """The finding for the list or mapping that is one level too many."""
    return BrokenYamlError(
        codes.LIMIT,
        f"Lists and mappings stand in each other more than {MAX_DEPTH} levels deep here.",
        "No manifest needs that; look for brackets that are opened and never closed.",
        line,
        column,
    )


def place_of(event: Any) -> Place:
    """Line and column, from 1, of an event's node."""
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def plain_text(event: Any) -> str | None:
    """What stands in the file, if the event is a scalar without quotes."""
    return event.value if isinstance(event, ScalarEvent) and event.style is None else None


def is_empty(event: Any) -> bool:
    """Whether nothing at all stands where an event says that there is a scalar."""
    return plain_text(event) == "" and event.start_mark.index == event.end_mark.index
