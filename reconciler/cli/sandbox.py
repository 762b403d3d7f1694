"""`reconciler sandbox`: an embedded LaunchDarkly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.api import SANDBOX_STATE
from reconciler.cli.exits import Exit

if TYPE_CHECKING:
    from reconciler.sandbox.faults import Faults
    from reconciler.sandbox.store import Store

_state = click.option(
    "--state",
    "--sandbox-state",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=SANDBOX_STATE,
    show_default=True,
    help="The SQLite file that holds the world.",
)


@click.group("sandbox")
def command() -> None:
    """An embedded LaunchDarkly to practise on: try manifests with no account, or test them in CI.

    It behaves as the real service does, its oddities included, and keeps no secret in clear.
    """


@contextmanager
def _world(state: Path) -> Iterator[Store]:
    from reconciler.sandbox.store import Store, StoreError

    try:
        store = Store(state)
    except StoreError as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(Exit.ERROR) from None
    try:
        yield store
    finally:
        store.close()


def _tokens(given: tuple[str, ...]) -> dict[str, str]:
    tokens: dict[str, str] = {}
    for text in given:
        key, _, role = text.partition(":")
        if not key or role not in ("", "reader", "none"):
            raise click.BadParameter("write KEY, KEY:reader or KEY:none", param_hint="--token")
        tokens[key] = role or "writer"
    return tokens


def _faults(file: Path) -> Faults:
    from reconciler.sandbox.faults import FaultError, Faults

    try:
        return Faults.from_text(file.read_bytes())
    except FaultError as error:
        problem = str(error)
    except OSError as error:
        problem = f"It can't be read ({error.strerror})."
    click.echo(f"Error: {file}: {problem}", err=True)
    raise click.exceptions.Exit(Exit.ERROR)


@command.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8901, show_default=True, help="0 takes any free one."
)
@_state
@click.option(
    "--token",
    "tokens",
    metavar="KEY[:reader|none]",
    multiple=True,
    help="A token that is let in, with what it may do. Without any, every token may do everything.",
)
@click.option(
    "--faults",
    "faults_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A JSON file (faults.schema.json) of what goes wrong: statuses, delays, broken connections, rate limits.",
)
def serve(port: int, state: Path, tokens: tuple[str, ...], faults_file: Path | None) -> int:
    """Serve the sandbox on 127.0.0.1 until Ctrl-C.

    \b
    Then, elsewhere:
      export LAUNCHDARKLY_API_HOST=http://127.0.0.1:8901 LAUNCHDARKLY_ACCESS_TOKEN=anything
      reconciler plan manifests/

    What it was asked stands at GET /__sandbox__/requests, values of configs masked.
    """
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.server import ServeError
    from reconciler.sandbox.server import serve as run

    faults = None if faults_file is None else _faults(faults_file)
    with _world(state) as store:
        app = create_app(store, tokens=_tokens(tokens), faults=faults)
        try:
            run(
                app,
                port=port,
                ready=lambda url: click.echo(f"The sandbox listens on {url} (Ctrl-C stops it).", err=True),
            )
        except ServeError as error:
            click.echo(f"Error: {error}", err=True)
            return Exit.ERROR
    return Exit.OK


@command.command("reset")
@_state
def reset(state: Path) -> int:
    """Empty the sandbox: no project, no request log."""
    with _world(state) as store:
        store.reset()
    click.echo(f"The sandbox in {state} is empty.", err=True)
    return Exit.OK


@command.command("seed")
@_state
def seed(state: Path) -> int:
    """Fill the sandbox with believable data; what exists stays."""
    from reconciler.sandbox.seed import seed as fill

    with _world(state) as store:
        counts = fill(store)
    made = ", ".join(f"{number} {name}" for name, number in counts.items())
    click.echo(f"Added to the sandbox in {state}: {made}.", err=True)
    return Exit.OK
