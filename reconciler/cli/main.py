"""The command line: `reconciler COMMAND [PATHS…]`. Commands are loaded when they are asked for."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import click

from reconciler.cli.exits import Exit

_OUTPUT_ERRORS = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_COMMANDS = {
    "validate": ("validate", "Check manifests, offline."),
    "plan": ("plan", "Show what apply would do. Reads only."),
    "apply": ("apply", "Make LaunchDarkly hold what the manifests declare."),
    "drift": ("drift", "Show how LaunchDarkly differs from the manifests. Reads only."),
    "sandbox": ("sandbox", "An embedded LaunchDarkly to practise on."),
    "schema": ("schema", "The JSON Schemas of manifests and plans."),
}

_HELP = """Declarative GitOps for LaunchDarkly.

YAML manifests say what projects, environments and integration configs should be. `plan` shows the
difference to what LaunchDarkly holds, `apply` makes it go away. There is no state file: what a manifest
does not name is left alone.

\b
Start here, with no account:
  reconciler plan --sandbox examples/storefront
  reconciler apply --sandbox examples/storefront

\b
In earnest:
  export LAUNCHDARKLY_ACCESS_TOKEN=...     an API access token
  reconciler validate manifests/
  reconciler plan manifests/
  reconciler apply manifests/

\b
Exit codes: 0 done or nothing to do, 1 error, 2 changes exist (with --detailed-exitcode),
3 refused by a guard, 4 stale or conflict and nothing written, 5 partly done, 130 interrupted.
"""


class _Lazy(click.Group):
    """A group whose help needs none of its commands' imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"reconciler.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


def _version() -> str:
    try:
        return version("launchdarkly-reconciler")
    except PackageNotFoundError:
        return "unknown (not installed)"


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    del parameter
    if value and not ctx.resilient_parsing:
        click.echo(f"reconciler {_version()}")
        ctx.exit()


@click.command(
    cls=_Lazy, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def cli() -> None:
    """The group; its help stands in `_HELP`."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command line and exit with one of `Exit`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed, and the next file to be opened would get its number
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - it stays open
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        # Python would complain about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # that is somebody who has read enough
            click.echo(f"Error: the output can't be written ({error.strerror}).", err=True)
        code = Exit.ERROR
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="reconciler", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return Exit.INTERRUPTED
    return result if isinstance(result, int) else Exit.OK
