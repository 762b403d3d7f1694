"""Diagnostics: what is wrong, where, and what to do next. Values that are collected, never thrown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.codes import Code, Severity


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file. Lines and columns count from 1; 0 stands for the file as a whole."""

    file: str
    """Relative to the working directory, with `/`; `-` is standard input."""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. The message says what is wrong, the hint what to do next; neither holds a secret."""

    code: Code
    message: str
    position: Position | None = None
    hint: str = ""
    address: Address | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is; goes with the code."""
        return self.code.severity


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings by place, each once."""
    unique = dict.fromkeys(diagnostics)
    nowhere = Position("")
    return tuple(
        sorted(unique, key=lambda found: (found.position or nowhere, found.code.text, found.message))
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding is an error."""
    return any(found.severity is Severity.ERROR for found in diagnostics)
