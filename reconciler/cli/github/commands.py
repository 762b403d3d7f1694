"""Workflow commands: what the runner reads from a step's output, and what it must not take for one."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Final, TextIO

from reconciler.model.text import printable

_MOST: Final = 2_000
"""Characters of one message; the runner cuts longer ones somewhere."""


def command(name: str, message: str, **properties: str | int) -> str:
    """A workflow command as one line, with everything in it that is not ours escaped."""
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    shown = "\n".join(printable(line) for line in text[:_MOST].splitlines())
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class Log(io.TextIOBase):
    """A step's output for text of others: no line of it is a workflow command.

    The runner takes a line that begins with `::` for one, after white space too, and in the old form
    `##[` anywhere in a line.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._held = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Writes each line once it is whole."""
        *lines, self._held = (self._held + text).split("\n")
        for line in lines:
            self._line(line)
        return len(text)

    def flush(self) -> None:
        """Passes on what is whole."""
        self._out.flush()

    def end(self) -> None:
        """Passes on what is left, too."""
        if self._held:
            self._line(self._held)
            self._held = ""
        self._out.flush()

    def _line(self, line: str) -> None:
        for part in line.splitlines() or [""]:  # a lone carriage return ends a line for the runner
            harmless = part.replace("##[", "##\\[")
            if harmless.lstrip().startswith("::"):
                harmless = "\\" + harmless.lstrip()
            self._out.write(harmless + "\n")


@contextmanager
def logged(out: TextIO) -> Iterator[None]:
    """Everything that is printed meanwhile goes to the log, and none of it is a command.

    Commands are stopped as well, until a random token that nobody can foresee. stderr goes the same way:
    the runner reads the two streams side by side, so that nothing would hold what stands in the other.
    """
    token = secrets.token_hex(16)
    log = Log(out)
    out.write(f"::stop-commands::{token}\n")
    out.flush()
    try:
        with redirect_stdout(log), redirect_stderr(log):
            yield
    finally:
        log.end()
        out.write(f"::{token}::\n")
        out.flush()
