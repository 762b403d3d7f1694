"""What the commands share: their options, where to connect to, and what becomes of an error."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import click

from reconciler.api import SANDBOX_STATE, Format, Settings, Target, connect, connect_sandbox, load_settings
from reconciler.cli.exits import Exit
from reconciler.cli.terminal import Terminal
from reconciler.manifest.settings import LoadedSettings
from reconciler.model import codes
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.errors import (
    Blocked,
    Forbidden,
    NoToken,
    PlanFileError,
    PlanRefused,
    ReconcilerError,
    SecretError,
    ServiceError,
    Stale,
    Unauthorized,
    Unreachable,
    UsageError,
    WrongAccount,
)
from reconciler.rendering.budget import SUMMARY, Budget
from reconciler.rendering.lines import Span, line

F = TypeVar("F", bound=Callable[..., Any])

HOST_VARIABLE = "LAUNCHDARKLY_API_HOST"
TOKEN_VARIABLE = "LAUNCHDARKLY_ACCESS_TOKEN"  # noqa: S105 - a name
_TOKEN_BYTES = 16 * 1024

Bounds: TypeAlias = Mapping[str, float | int | None]
"""What the command line says of `--timeout`, `--concurrency` and `--request-timeout`, by parameter name."""

paths = click.argument("paths", nargs=-1, type=click.Path(path_type=str))


def _together(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _format(*formats: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        help="What stdout holds.",
    )


_noise = _together(
    click.option("-v", "--verbose", count=True, help="Show each request on stderr; twice: each wait too."),
    click.option("-q", "--quiet", is_flag=True, help="Only results and errors."),
)

output = _together(_format("text", "json"), _noise)

plan_output = _together(
    _format("text", "markdown", "json"),
    click.option(
        "--max-bytes",
        metavar="N",
        type=click.IntRange(min=1000),
        default=SUMMARY.bytes,
        show_default=True,
        help="How long Markdown may get; the least important is left out first.",
    ),
    _noise,
)

_target = _together(
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

_limits = _together(
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="A bound for the whole run. Also RECONCILER_TIMEOUT; by default none.",
    ),
    click.option(
        "--concurrency",
        metavar="N",
        type=click.IntRange(1, 16),
        help="Requests at once, by default 8. Also RECONCILER_CONCURRENCY.",
    ),
    click.option(
        "--request-timeout",
        metavar="SECONDS",
        type=click.FloatRange(0, 600, min_open=True),
        help="A bound for one try of a request, by default 30. Also RECONCILER_REQUEST_TIMEOUT.",
    ),
)


@dataclass(frozen=True, slots=True)
class Where:
    """Which LaunchDarkly a command is to work on, as it was said on the command line."""

    host: str | None = None
    token_file: Path | None = None
    sandbox: bool = False
    sandbox_state: Path | None = None

    def opened(self, shown: Terminal) -> Target:
        """That target. Raises `UsageError`."""
        return opened(
            host=self.host,
            token_file=self.token_file,
            sandbox=self.sandbox,
            sandbox_state=self.sandbox_state,
            shown=shown,
        )


def target(command: F) -> F:
    """The options of where to work, which the command gets together, as `where`."""

    @functools.wraps(command)
    def packed(**given: Any) -> Any:
        names = [field.name for field in fields(Where)]
        return command(where=Where(**{name: given.pop(name) for name in names}), **given)

    return _target(cast("F", packed))


def limits(command: F) -> F:
    """The options that bound a run, which the command gets together, as `bounds`; see `settled`."""

    @functools.wraps(command)
    def packed(**given: Any) -> Any:
        return command(bounds={name: given.pop(name) for name in _SETTINGS}, **given)

    return _limits(cast("F", packed))


against = click.option(
    "--against",
    metavar="REF|DIR",
    help="Compare with earlier manifests: those of a folder, or where HEAD left a ref. Only what the difference causes "
    "is planned; what was already different stands beside it.",
)

_SETTINGS = {
    "timeout": ("timeout", "RECONCILER_TIMEOUT", float),
    "concurrency": ("concurrency", "RECONCILER_CONCURRENCY", int),
    "request_timeout": ("requestTimeout", "RECONCILER_REQUEST_TIMEOUT", float),
}


def settled(paths: Sequence[str], flags: Bounds) -> LoadedSettings:
    """The settings: a flag before an environment variable before `reconciler.yaml`. Raises `UsageError`."""
    loaded = load_settings(paths)
    over: dict[str, float | int] = {}
    for name, (member, variable, number) in _SETTINGS.items():
        flag, text = flags.get(name), os.environ.get(variable, "")
        if flag is not None:
            over[member] = flag
        elif text:
            try:
                over[member] = number(text)
            except ValueError:
                raise UsageError(f"{variable} must be a number, and it is {text!r}.") from None
    if not over:
        return loaded
    try:
        settings = Settings.model_validate({**loaded.settings.model_dump(exclude_unset=True), **over})
    except ValueError:
        names = ", ".join(_SETTINGS[name][1] for name in _SETTINGS)
        raise UsageError(
            f"One of {names} is out of range; concurrency is 1 to 16, times are more than 0."
        ) from None
    return replace(loaded, settings=settings)


def configured(target: Target, settings: Settings) -> Target:
    """The target with the limits of the settings."""
    target.concurrency = settings.concurrency
    target.timeout = settings.requestTimeout
    target.deadline = settings.timeout
    return target


def terminal(verbose: int, *, quiet: bool) -> Terminal:
    """The terminal with the verbosity that was asked for."""
    return Terminal(-1 if quiet and not verbose else verbose)


def budget(max_bytes: int) -> Budget:
    """How long Markdown on stdout may get."""
    return Budget(bytes=max_bytes)


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
    click.get_current_context().call_on_close(found.close)
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
        raise NoToken(
            f"No access token: set {TOKEN_VARIABLE}, or name a file with --token-file. "
            "To try it without an account, add --sandbox."
        )
    return token, f"The token in {TOKEN_VARIABLE}"


_CODES: tuple[tuple[type[ReconcilerError], Code], ...] = (
    (UsageError, codes.USAGE),
    (SecretError, codes.NO_SECRETS),
    (PlanRefused, codes.REFUSED_PLAN),
    (PlanFileError, codes.BAD_PLAN_FILE),
    (Blocked, codes.BLOCKED),
    (WrongAccount, codes.GUARD_ACCOUNT),
    (Stale, codes.STALE),
    (Unreachable, codes.UNREACHABLE),
    (Unauthorized, codes.UNAUTHORIZED),
    (Forbidden, codes.FORBIDDEN),
    (ServiceError, codes.REFUSED),
)


def diagnostic_of(error: ReconcilerError) -> Diagnostic:
    """An error that ended a command, in the form that JSON output has for findings."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), codes.USAGE)
    return Diagnostic(code, str(error))


def exit_of(error: ReconcilerError) -> Exit:
    """The exit code that an error ends a command with."""
    if isinstance(error, (Blocked, WrongAccount)):
        return Exit.REFUSED
    return Exit.STALE if isinstance(error, Stale) else Exit.ERROR


@contextmanager
def reported(format_: Format, document: Callable[[ReconcilerError], str]) -> Iterator[None]:
    """Turns an error into its sentence on stderr and its exit code; stdout stays one document of JSON.

    `document` makes that one.
    """
    try:
        yield
    except ReconcilerError as error:
        Terminal().say([line(Span("Error: ", "error"), str(error))])
        if format_ == "json":
            click.echo(document(error), nl=False)
        raise click.exceptions.Exit(exit_of(error)) from None
