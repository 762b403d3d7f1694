"""What the commands share: their options, where to connect to, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.api import SANDBOX_STATE, Format, Target, connect, connect_sandbox
from reconciler.cli.exits import Exit
from reconciler.cli.terminal import Terminal
from reconciler.model import codes
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.errors import (
    Forbidden,
    PlanRefused,
    ReconcilerError,
    SecretError,
    ServiceError,
    Unauthorized,
    Unreachable,
    UsageError,
)

F = TypeVar("F", bound=Callable[..., Any])

HOST_VARIABLE = "LAUNCHDARKLY_API_HOST"
TOKEN_VARIABLE = "LAUNCHDARKLY_ACCESS_TOKEN"  # noqa: S105 - a name
_TOKEN_BYTES = 16 * 1024

paths = click.argument("paths", nargs=-1, type=click.Path(path_type=str))


def _together(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


output = _together(
    click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="What stdout holds.",
    ),
    click.option("-v", "--verbose", count=True, help="Show each request on stderr; twice: each wait too."),
    click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
)

target = _together(
    click.option(
        "--host",
        metavar="HOST",
        help=f"The LaunchDarkly instance, by default app.launchdarkly.com. Also {HOST_VARIABLE}.",
    ),
    click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help=f"The file that holds the access token. Without it: {TOKEN_VARIABLE}.",
    ),
    click.option(
        "--sandbox", is_flag=True, help="Use the embedded LaunchDarkly in this process. Needs no token."
    ),
    click.option(
        "--sandbox-state",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help=f"Where the sandbox keeps its world, by default {SANDBOX_STATE}. Implies --sandbox.",
    ),
)


def terminal(verbose: int, *, quiet: bool) -> Terminal:
    """The terminal with the verbosity that was asked for."""
    return Terminal(-1 if quiet and not verbose else verbose)


def given(names: Sequence[str]) -> list[str]:
    """The paths to read: the working directory where none is named."""
    return list(names) or ["."]


def stdin() -> bytes:
    """Standard input, for `-`."""
    return sys.stdin.buffer.read()


def opened(
    *,
    host: str | None,
    token_file: Path | None,
    sandbox: bool,
    sandbox_state: Path | None,
    shown: Terminal,
) -> Target:
    """The target that the options and the environment name. Raises `UsageError`."""
    if sandbox or sandbox_state is not None:
        if host is not None or token_file is not None:
            raise UsageError(
                "--sandbox works in this process; leave out --host and --token-file, or leave out --sandbox"
            )
        state = sandbox_state or SANDBOX_STATE
        shown.note(f"This is the sandbox in {state}, not LaunchDarkly.")
        found = connect_sandbox(state)
    else:
        token, origin = _token(token_file)
        found = connect(host or os.environ.get(HOST_VARIABLE, ""), token, origin=origin)
    found.on_event = shown.on_event
    return found


def _token(token_file: Path | None) -> tuple[str, str]:
    if token_file is not None:
        try:
            with token_file.open("rb") as file:
                data = file.read(_TOKEN_BYTES + 1)
        except OSError as error:
            raise UsageError(f"The token file {token_file} can't be read ({error.strerror}).") from None
        if len(data) > _TOKEN_BYTES:
            raise UsageError(f"The token file {token_file} is too large to be a token; check --token-file.")
        return data.decode("utf-8", "replace"), f"The token in {token_file}"
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token.strip():
        raise UsageError(
            f"No access token: set {TOKEN_VARIABLE}, or name a file with --token-file. "
            "To try it without an account, add --sandbox."
        )
    return token, f"The token in {TOKEN_VARIABLE}"


_CODES: tuple[tuple[type[ReconcilerError], Code], ...] = (
    (UsageError, codes.USAGE),
    (SecretError, codes.NO_SECRETS),
    (PlanRefused, codes.REFUSED_PLAN),
    (Unreachable, codes.UNREACHABLE),
    (Unauthorized, codes.UNAUTHORIZED),
    (Forbidden, codes.FORBIDDEN),
    (ServiceError, codes.REFUSED),
)


def diagnostic_of(error: ReconcilerError) -> Diagnostic:
    """An error that ended a command, in the form that JSON output has for findings."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), codes.USAGE)
    return Diagnostic(code, str(error))


@contextmanager
def reported(format_: Format, empty: Callable[[Diagnostic], str]) -> Iterator[None]:
    """Turns an error into its sentence on stderr and exit 1; stdout stays one document of JSON.

    `empty` makes that document from the error's diagnostic.
    """
    try:
        yield
    except ReconcilerError as error:
        click.echo(f"Error: {error}", err=True)
        if format_ == "json":
            click.echo(empty(diagnostic_of(error)), nl=False)
        raise click.exceptions.Exit(Exit.ERROR) from None
