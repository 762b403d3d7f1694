"""What a person sees: painted lines where there is a terminal, plain ones elsewhere.

Data goes to stdout; progress, findings and questions go to stderr. User text is never taken as markup,
and piped output is never folded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

import click

from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic
from reconciler.rendering import text
from reconciler.rendering.lines import Line, Style, line, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from reconciler.live.exchange import WireEvent

_STYLES: dict[Style, str] = {
    "": "",
    "create": "green",
    "update": "yellow",
    "delete": "red",
    "loosens": "bold magenta",
    "bold": "bold",
    "dim": "dim",
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "good": "bold green",
}

_LONG_WAIT = 3.0
"""Seconds. A shorter wait before the next try is said only when asked for: the error at the end says it all."""


@dataclass(slots=True)
class Terminal:
    """Where output goes, and how much of it. `verbosity` is -1 for quiet, 0, 1 for each request, 2 for waits."""

    verbosity: int = 0
    _spinner: Status | None = field(default=None, init=False, repr=False)
    """While it turns, everything on stderr has to go above it."""

    def out(self, lines: Iterable[Line]) -> None:
        """Data, on stdout."""
        _write(lines, sys.stdout)

    def raw(self, document: str) -> None:
        """Data that is text already, on stdout."""
        click.echo(document, nl=False)

    def say(self, lines: Iterable[Line]) -> None:
        """What a person has to know, on stderr, also when quiet."""
        with suppress(BrokenPipeError):  # nobody listens any more, and what is under way goes on
            if self._spinner is None:
                _write(lines, sys.stderr)
            else:
                _paint(lines, self._spinner.console)

    def findings(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Findings, on stderr."""
        self.say(text.findings(self.wanted(diagnostics)))

    def wanted(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings to show: only errors when quiet."""
        return [found for found in diagnostics if self.verbosity >= 0 or found.severity is Severity.ERROR]

    def note(self, message: str) -> None:
        """What is good to know, on stderr, unless quiet."""
        if self.verbosity >= 0:
            self.say([line(message)])

    @contextmanager
    def working(self, message: str) -> Iterator[None]:
        """A spinner while something takes its time, in a terminal only."""
        if self.verbosity < 0 or not _colourful(sys.stderr):
            yield
            return
        from rich.console import Console

        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        with console.status(message, spinner="dots") as spinner:
            self._spinner = spinner
            try:
                yield
            finally:
                self._spinner = None

    def progress(self, message: str) -> None:
        """What the spinner says from now on, where there is one."""
        if self._spinner is not None:
            self._spinner.update(message)

    def on_event(self, event: WireEvent) -> None:
        """Shows a wait with its reason and, when verbose, each request. Never headers or bodies."""
        from reconciler.live.exchange import Exchanged

        if isinstance(event, Exchanged):
            if self.verbosity >= 1:
                again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
                answered = event.trouble or str(event.status)
                self.note(f"{event.method} {event.path} {answered} in {event.seconds * 1000:.0f} ms{again}")
        elif event.seconds >= _LONG_WAIT or self.verbosity >= 2:
            self.note(f"Waiting {event.seconds:.1f} s: {event.reason}.")


def _colourful(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(lines: Iterable[Line], stream: TextIO) -> None:
    if not _colourful(stream):
        click.echo(plain(lines), nl=False, file=stream)
        return
    from rich.console import Console

    _paint(lines, Console(file=stream, highlight=False, markup=False, emoji=False))


def _paint(lines: Iterable[Line], console: Console) -> None:
    from rich.text import Text

    for spans in lines:
        console.print(Text.assemble(*((span.text, _STYLES[span.style]) for span in spans)), soft_wrap=True)


def is_interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """What a person answers; the question goes to stderr."""
    click.echo(question, nl=False, err=True)
    return sys.stdin.readline().strip()
